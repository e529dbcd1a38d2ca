#include <algorithm>
#include <cctype>

#include "tenon/model.h"

namespace tenon {
namespace {

/// A row is found by its parts: all of `parts` between '|' must stand in the text, in lower case; `also` is a second way.
struct Row {
  MessageHelp help;
  const char *parts, *also;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows = {
      {{"M01", "Assertion failed: ... must be an initializer", "TensorRT's parser wanted a constant (a shape, a scale, a pad) where the model computes the value.",
        "Nothing: Tenon takes computed values and folds those that turn out constant. If Tenon reports the node, `tenon check model.onnx` says which value it needs to know while building.", "E3003"},
       "must be an initializer", nullptr},
      {{"M02", "Assertion failed: inputs.at(1).is_weights()", "TensorRT's parser takes the weights of this operator only as constants; the model computes them (Q/DQ, tied or transposed weights).",
        "Nothing: Tenon takes computed weights. They are folded where they are constant and computed at run time elsewhere.", "E3003"},
       "is_weights", "weights must be constant"},
      {{"M03", "getPluginCreator could not find Plugin X version 1", "The engine or model names a plugin, and no library with its creator is loaded, or under another name, version or namespace.",
        "Load the library before the model or engine: `trtexec --staticPlugins=lib.so`, dlopen, or IPluginRegistry::loadLibrary; call initLibNvInferPlugins for the standard ones. Name, version and namespace must agree letter by letter.",
        "E3003"},
       "could not find plugin", "getplugincreator|could not"},
      {{"M04", "No importer registered for op: X. Attempting to import as plugin.", "TensorRT's parser has no importer for this operator and looks for a plugin of that name, which fails unless one is registered.",
        "Run `tenon check model.onnx`: Tenon runs all operators of the default ONNX domain. Operators of other domains need a plugin or an export in standard operators.", "E3003"},
       "no importer registered", "attempting to import as plugin"},
      {{"M05", "Could not find any implementation for node {...}", "Every tactic for the node was rejected: too little workspace, a format or precision that none takes, or a tactic source that is off.",
        "The message lists each tactic with its reason. Raise `trtexec --memPoolSize=workspace:N` or setMemoryPoolLimit(kWORKSPACE), allow more tactic sources, or drop --precisionConstraints=obey.", "E4002"},
       "could not find any implementation", nullptr},
      {{"M06", "... weights have zero count but non-null values", "Weights were given with data and a count of 0.",
        "Set Weights::count to the number of elements (not bytes), or values to nullptr where there are none.", "E2003"},
       "zero count|non-null", "zero count|not null"},
      {{"M07", "... kernel weights has count N but ... null values", "Weights were given with a count and without data, or the data was freed before the build.",
        "Keep the memory behind nvinfer1::Weights alive until the engine is built; a layer without weights takes Weights{type, nullptr, 0}.", "E2003"},
       "count|null values", "non-zero count but null"},
      {{"M08", "CUDA initialization failure with error: N", "NVIDIA's driver is missing, older than the CUDA runtime needs, or shows no GPU to this process (error 35: driver too old; 100: no GPU; 999: restart or reload the driver).",
        "`tenon doctor` names the driver and what is missing. In a container add --gpus all; check CUDA_VISIBLE_DEVICES. --device=cpu runs without a GPU.", "E9001"},
       "cuda initialization failure", nullptr},
      {{"M09", "Cask Error in checkCaskExecError: 7 (Cask Convolution execution)", "A convolution kernel of TensorRT failed while running: usually an earlier kernel wrote out of bounds, the engine was built on another GPU, or memory ran out.",
        "Tenon has no Cask kernels. If a Tenon engine fails while running, `tenon run model.engine --validate` names the first bad tensor, and compute-sanitizer the kernel.", "E9002"},
       "cask error", "checkcaskexecerror"},
      {{"M10", "Cuda Error in ...: 700 (an illegal memory access was encountered), 77 before CUDA 10.1", "A kernel read or wrote outside its buffers: a buffer smaller than its tensor, a host pointer where a device pointer belongs, a plugin, or a context used by two threads at once.",
        "Check the sizes given to setTensorAddress or set_output_buffer; use one context per thread. After this error the process must be started again. compute-sanitizer names the kernel.", "E9002"},
       "illegal memory access", "illegal address"},
      {{"M11", "Cuda Error in ...: 716 (misaligned address), 74 before CUDA 10.1", "A kernel got an address that is not a multiple of what it loads at once, usually an offset inside a larger buffer.",
        "Align tensor addresses to 256 bytes. setTensorAddress refuses unaligned ones and names the tensor.", "E9002"},
       "misaligned address", nullptr},
      {{"M12", "Assertion cublasStatus == CUBLAS_STATUS_SUCCESS failed", "cuBLAS could not be started or used: too little free memory for its workspace, a library of another CUDA version, or a failure of an earlier kernel.",
        "Free device memory, check with `tenon doctor` that one version of cuBLAS is found, or turn it off with --tacticSources=-CUBLAS,-CUBLAS_LT.", "E9002"},
       "cublas_status_success", "cublasstatus"},
      {{"M13", "No implementation obeys reformatting-free rules", "--directIO (or strict I/O formats) forbids a reformat at the inputs or outputs, and no kernel takes the tensor in that format.",
        "Drop --directIO, or choose a format that the warning names as cheapest; chw with the type of the model always works.", "E4002"},
       "reformatting-free", "no implementation obeys"},
      {{"M14", "Engine buffer is full", "A caller's buffer for a serialized engine was smaller than the engine.",
        "Take the size from IHostMemory::size, or save with `--saveEngine`, Engine::save or ICudaEngine::serialize, which size the buffer themselves.", "E7003"},
       "engine buffer is full", nullptr},
      {{"M15", "UFF or Caffe parser calls (createUffParser, createCaffeParser, --uff, --deploy)", "These formats ended with TensorRT 10 and are not read here.",
        "Export to ONNX: `python -m tf2onnx.convert --saved-model DIR --output model.onnx` for TensorFlow, caffe2onnx for Caffe; then --onnx=model.onnx.", "E3003"},
       "uffparser", "caffeparser"},
      {{"M16", "Network has dynamic or shape inputs, but no optimization profile has been defined", "An input has open dims and no profile says which values they take.",
        "Give --minShapes, --optShapes and --maxShapes, or add an IOptimizationProfile; the error prints the calls to add. `tenon` and `trtexec` otherwise take default dims and print them.", "E3007"},
       "no optimization profile", nullptr},
      {{"M17", "Supplied binding dimension [...] for bindings[0] exceed min ~ max range at index 0", "An input was bound at dims outside the profile that the engine was built with.",
        "Stay inside the range that the message names, or build again with wider --minShapes and --maxShapes.", "E2003"},
       "exceed min ~ max range", "setinputshape|range"},
      {{"M18", "Serialization assertion magicTagRead == kMAGIC_TAG failed: Magic tag does not match", "The file is no engine of this library: cut off, damaged, an ONNX file, or an engine that TensorRT wrote.",
        "Compare sizes and build again; engines of TensorRT can't be read, their ONNX models can.", "E7001"},
       "magic tag", "kmagic_tag"},
      {{"M19", "Version tag does not match / The engine plan file is not compatible with this version of TensorRT", "TensorRT runs engines only on the version, and often the GPU, that built them.",
        "Engines of Tenon load on newer versions and on other devices; `tenon build m.engine -o n.engine` measures again there. Engines of TensorRT must be built again from ONNX.", "E7002"},
       "version tag does not match", "engine plan file|not compatible"},
      {{"M20", "Your ONNX model has been generated with INT64 weights, while TensorRT does not natively support INT64", "TensorRT 8 narrows 64-bit integers to 32 bits.",
        "Nothing: Tenon computes with INT64. Only inputs and outputs of the nvinfer1 API at level 8 show as INT32.", ""},
       "int64|does not natively support", nullptr},
      {{"M21", "Some tactics do not have sufficient workspace memory to run", "Faster kernels were left out because their workspace exceeds the limit.",
        "Raise setMemoryPoolLimit(kWORKSPACE) or `trtexec --memPoolSize=workspace:N`.", "E4002"},
       "sufficient workspace", "insufficient workspace"},
      {{"M22", "Error Code 1: Cuda Runtime (out of memory) / OutOfMemory", "The device has less free memory than the engine's weights and activations need.",
        "`tenon inspect m.engine` shows what it needs. Lower the largest batch or --maxShapes, share activation memory between contexts, or use a smaller precision.", "E6001"},
       "out of memory", "outofmemory"},
      {{"M23", "Static model does not take explicit shapes", "Shapes were given for a model whose dims are all fixed.", "Remove --shapes, --minShapes, --optShapes and --maxShapes, or export the model with open dims.", "E2001"},
       "static model does not take", nullptr},
      {{"M24", "Missing scale and zero-point for tensor X, expect fall back to non-int8 implementation", "INT8 was asked for and neither a calibration nor Q/DQ nodes give this tensor a range.",
        "The tensor stays in a higher precision. Put Q/DQ nodes into the model where INT8 is wanted.", ""},
       "missing scale and zero-point", nullptr},
      {{"M25", "Profile 0 has been chosen by another IExecutionContext", "TensorRT 8 lets each optimization profile serve one context at a time.", "Nothing: any number of contexts may use one profile here.", ""},
       "chosen by another iexecutioncontext", "profile|already used by another"},
      {{"M26", "Unsupported ONNX data type: DOUBLE / UINT8 / STRING", "TensorRT's parser knows few element types.", "Nothing: Tenon takes all ONNX element types. Through the nvinfer1 API such inputs show as the nearest type.", ""},
       "unsupported onnx data type", nullptr},
      {{"M27", "UFFParser: The input to the Scale Layer is required to have a minimum of 3 dimensions / Invalid scale mode, nbWeights: N",
        "The UFF parser was given input dims with the batch, or with a dim missing: UFF's batch is implicit, so its dims are those of one sample (C, H, W).",
        "Export to ONNX: `python -m tf2onnx.convert --saved-model DIR --output model.onnx`, where the batch is a dim like others. For addScale of the nvinfer1 API: 3 dims at least beside the batch, and 1 or C or C*H*W weights.", "E2003"},
       "scale layer is required to have a minimum", "invalid scale mode"},
      {{"M28", "UFFParser: X Axis node has op Y, expected Const. The axis must be specified as a Const node.", "The UFF parser reads an axis only as a constant; the model computes it.",
        "Export to ONNX: `python -m tf2onnx.convert --saved-model DIR --output model.onnx`. A computed axis that turns out constant is folded; `tenon check model.onnx` names one that does not.", "E3003"},
       "axis node has op", "axis must be specified as a const"},
      {{"M29", "... kernel weights has count N but M was expected", "The weights given to a layer are not as many as its input channels, kernel and outputs ask for; with UFF models the input dims usually hold the batch, which they must not.",
        "Compare the count, in elements and not bytes, with the layer's dims. For a UFF model export to ONNX: `python -m tf2onnx.convert --saved-model DIR --output model.onnx`.", "E2003"},
       "weights has count|was expected", "weights have count|expected"},
  };
  return kRows;
}

/// How many letters of the text stand in the parts; 0 unless all parts stand in it.
size_t matched(const std::string& text, const char* parts) {
  if (!parts) return 0;
  for (std::string_view rest = parts;;) {
    const size_t end = rest.find('|');
    if (text.find(rest.substr(0, end)) == std::string::npos) return 0;
    if (end == std::string_view::npos) return std::string_view(parts).size();
    rest.remove_prefix(end + 1);
  }
}

/// "Cuda Error in execute: 77" and its like: the number as a word behind "cuda error".
bool names_cuda_error(const std::string& text, std::initializer_list<const char*> numbers) {
  const size_t begin = text.find("cuda error");
  if (begin == std::string::npos) return false;
  for (const char* number : numbers) {
    const size_t at = text.find(number, begin), after = at + std::string_view(number).size();
    if (at == std::string::npos || std::isdigit(static_cast<unsigned char>(text[at - 1]))) continue;
    if (after == text.size() || !std::isdigit(static_cast<unsigned char>(text[after]))) return true;
  }
  return false;
}

}  // namespace

std::vector<MessageHelp> known_messages() {
  std::vector<MessageHelp> all;
  for (const Row& row : rows()) all.push_back(row.help);
  return all;
}

/// Of several rows the one with the longest parts: it says most about the text.
MessageHelp explain_message(const std::string& id_or_message) {
  std::string text = id_or_message;
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  size_t longest = 0;
  MessageHelp found;
  for (const Row& row : rows()) {
    std::string id = row.help.id;
    std::transform(id.begin(), id.end(), id.begin(), [](unsigned char c) { return std::tolower(c); });
    if (text == id) return row.help;
    if (id == "m10" && names_cuda_error(text, {"77", "700"})) return row.help;
    if (id == "m11" && names_cuda_error(text, {"74", "716"})) return row.help;
    const size_t letters = std::max(matched(text, row.parts), matched(text, row.also));
    if (letters <= longest) continue;
    longest = letters;
    found = row.help;
  }
  return found;
}

}  // namespace tenon

#include "base/error.h"

namespace tenon {

std::string error_id(ErrorCode code) { return "E" + std::to_string(static_cast<int>(code)); }

int exit_code(ErrorCode code) {
  if (code == ErrorCode::out_of_time) return 124;
  if (code == ErrorCode::interrupted) return 130;
  return static_cast<int>(code) / 1000;
}

}  // namespace tenon

namespace tenon::core {
namespace {

constexpr ErrorInfo kErrors[] = {
    {ErrorCode::internal, "internal",
     "Tenon found a contradiction in its own work. This is a bug in Tenon, not in your model.",
     "Report it with the command and the model, or the smallest model that shows it. `--opt-level 0` may avoid it "
     "meanwhile."},
    {ErrorCode::usage, "usage", "The command line, or an option given to the library, can't be understood.",
     "The message names the argument. `tenon <verb> --help` lists what each verb takes."},
    {ErrorCode::unknown_name, "unknown_name", "A tensor, node, device or option value of this name does not exist.",
     "Compare the spelling with the names in the message; `tenon inspect <model>` lists all inputs and outputs."},
    {ErrorCode::bad_input, "bad_input", "An input tensor has another type, shape or range than the model accepts.",
     "Convert the input to the type and shape in the message, or build for other shapes with --shapes or --min-shapes, "
     "--opt-shapes and --max-shapes."},
    {ErrorCode::bad_file, "bad_file", "A file can't be read, or its contents are not what its name says.",
     "Check that the path exists and is readable, and that the file is whole: .npy and .npz are NumPy's formats, "
     "without pickled objects."},
    {ErrorCode::not_onnx, "not_onnx", "The file is not an ONNX model, or it was cut off.",
     "Download or export it again and compare sizes. A file of about 130 bytes is often a Git LFS pointer: run `git "
     "lfs pull`."},
    {ErrorCode::invalid_model, "invalid_model", "The model breaks the ONNX specification or contradicts itself.",
     "The message names the node. `tenon check <model>` lists all such nodes at once; exporting again with a current "
     "exporter "
     "usually helps."},
    {ErrorCode::unsupported_operator, "unsupported_operator",
     "The model uses an operator, or a form of one, that Tenon does not run.",
     "`tenon check <model>` lists every such node. Export with a newer opset, or with the operator decomposed into "
     "standard ones."},
    {ErrorCode::bad_external_data, "bad_external_data",
     "Weights stored beside the model are missing, too short, or outside the model's folder.",
     "Keep the data files in the model's own folder, as regular files: links and paths that leave the folder are "
     "refused."},
    {ErrorCode::shape_mismatch, "shape_mismatch", "Two shapes that must agree do not.",
     "The message names the node and both shapes. Often an input shape was given that the model does not support."},
    {ErrorCode::too_large, "too_large", "A size is too large for 64-bit arithmetic, or above the limits Tenon accepts.",
     "Check the shapes given. If the model states this size itself, the file is damaged or hostile."},
    {ErrorCode::needs_shapes, "needs_shapes",
     "The model has open dimensions and does not work at the shapes assumed for them.",
     "Give the shapes, for example --shapes input:1x3x640x640. The message names the inputs."},
    {ErrorCode::odd_weights, "odd_weights", "Weights of a convolution, product, normalization or recurrent cell are NaN or infinite.",
     "The message names the node, the weights and where the first such number is. Often training overflowed, or the file was damaged: "
     "export the model again from a sound checkpoint. --strict-nan keeps such weights, with a warning."},
    {ErrorCode::runtime_index, "runtime_index", "While running, an index pointed outside the tensor it selects from.",
     "The message names the node, the index and the allowed range. Check the input values: ids above the vocabulary "
     "size are usual."},
    {ErrorCode::runtime_value, "runtime_value", "While running, a node got a value that it can't accept.",
     "The message names the node and the value. Check the input values."},
    {ErrorCode::build_failed, "build_failed", "No engine could be built from this model with these options.",
     "The message names the nodes and what was tried. Fewer restrictions (--max-memory, --precision, --exact) leave "
     "more choices."},
    {ErrorCode::no_kernel, "no_kernel", "No kernel can run a node with the options given.",
     "The message lists what was tried and why each was rejected. A larger --max-memory is the usual cure."},
    {ErrorCode::accuracy, "accuracy",
     "The results differ from the reference by more than the tolerance, or hold NaN or infinity.",
     "`tenon compare <model> <engine> --all-tensors` names the first node that differs. If the difference is "
     "acceptable, give "
     "--rtol and --atol."},
    {ErrorCode::out_of_memory, "out_of_memory", "Memory ran out, or a limit on memory was reached.",
     "Use smaller shapes or a smaller batch, or raise --max-memory. `tenon inspect` shows what an engine needs."},
    {ErrorCode::corrupt_engine, "corrupt_engine", "The engine file was damaged or cut off, or is not an engine.",
     "Copy it again and compare sizes, or rebuild it with `tenon build`."},
    {ErrorCode::newer_engine, "newer_engine", "The engine was written by a newer version of Tenon than this one.",
     "Update Tenon, or rebuild the engine with this version."},
    {ErrorCode::write_failed, "write_failed", "A file could not be written. What was there before is unchanged.",
     "Check free space and permissions of the folder in the message."},
    {ErrorCode::bad_timing_cache, "bad_timing_cache", "The timing cache can't be used.",
     "Delete the file: the next build measures again and writes a new one."},
    {ErrorCode::performance_gate, "performance_gate", "The measured speed missed the limit that was asked for.",
     "Run on an idle machine with fixed clocks, or relax the limit."},
    {ErrorCode::no_device, "no_device", "The device asked for is missing or can't be used.",
     "`tenon doctor` says which devices were found and what is missing. --device cpu always works."},
    {ErrorCode::device_failed, "device_failed", "A GPU, or a library that drives it, reported a failure.",
     "The message names the library, its version and what was asked. Turn its tactics off with --tactic-sources, or run on --device cpu; after an illegal address start the process again."},
    {ErrorCode::out_of_time, "out_of_time", "The time limit was reached before there was any result.",
     "Raise --time-limit, or lower --opt-level. A --timing-cache keeps what was measured so far."},
    {ErrorCode::interrupted, "interrupted", "The command was interrupted (Ctrl-C). No engine was written.",
     "Run it again. With --timing-cache it continues with the measurements already made."},
};

}  // namespace

void fail_with(ErrorCode code, std::string message) { throw Error(code, message); }

void assume(bool condition, std::string_view what) {
  if (!condition) fail(ErrorCode::internal, "internal contradiction, please report it: {}", what);
}

std::span<const ErrorInfo> error_table() { return kErrors; }

std::string_view exit_code_name(int exit_code) {
  switch (exit_code) {
    case 0:
      return "ok";
    case 1:
      return "internal";
    case 2:
      return "usage";
    case 3:
      return "invalid_model";
    case 4:
      return "build_failed";
    case 5:
      return "accuracy";
    case 6:
      return "out_of_memory";
    case 7:
      return "engine";
    case 8:
      return "performance";
    case 9:
      return "no_device";
    case 124:
      return "time_limit";
    case 130:
      return "interrupted";
    default:
      return "unknown";
  }
}

}  // namespace tenon::core

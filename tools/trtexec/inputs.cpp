#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "tenon/error.h"
#include "tenon/files.h"
#include "tenon/io_format.h"
#include "trtexec/inference.h"
#include "trtexec/values.h"

namespace tenon::trtexec {
namespace {

template <class Map>
void check_names(const Map& given, const std::vector<TensorInfo>& inputs, const char* flag) {
  for (const auto& entry : given) {
    const bool known = std::any_of(inputs.begin(), inputs.end(), [&](const TensorInfo& input) { return input.name == entry.first; });
    if (!known)
      throw Error(ErrorCode::unknown_name, fmt::format("Cannot find input tensor with name \"{}\" in the engine bindings! Please make sure the input tensor names are correct.\n"
                                                       "Invalid tensor names found in {} flag.",
                                                       entry.first, flag));
  }
}

/// The dims to run an input at; nothing where the engine knows them.
std::vector<std::pair<std::string, Dims>> run_shapes(const std::vector<TensorInfo>& inputs, const InferenceFlags& flags, Log& log) {
  std::vector<std::pair<std::string, Dims>> shapes;
  for (const TensorInfo& input : inputs) {
    const auto optimal = dense_dims(input, input.range.opt);
    const bool open = std::any_of(input.dims.begin(), input.dims.end(), [](int64_t d) { return d < 0; });
    const auto given = flags.shapes.find(input.name);
    if (given != flags.shapes.end()) shapes.emplace_back(given->first, stored_dims(input, given->second));
    else if (open) {
      log.warning(fmt::format("Shape missing for input with dynamic shape: {}Automatically setting shape to: {}", input.name, dims_text(optimal)));
      shapes.emplace_back(input.name, input.range.opt);
    }
  }
  return shapes;
}

/// A file of the bytes as they lie in the input's format, or an .npy file of the dense tensor.
Tensor load_input(const std::string& path, const Tensor& like, const TensorInfo& info) {
  if (path.size() > 4 && path.substr(path.size() - 4) == ".npy") {
    Tensor tensor = from_raw_bits(load_npy(path), like.dtype());
    if (!info.format.empty() && tensor.dims() == dense_dims(info, like.dims())) return pack(info, tensor);
    if (tensor.dims() != like.dims())
      throw Error(ErrorCode::bad_input, fmt::format("{}: expected the dims {}, found {}", path, dims_text(dense_dims(info, like.dims())), dims_text(tensor.dims())));
    return tensor;
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::bad_file, fmt::format("Cannot open file {}!", path));
  Tensor tensor(like.dtype(), like.dims());
  file.read(static_cast<char*>(tensor.data()), tensor.byte_size());
  if (file.gcount() != tensor.byte_size())
    throw Error(ErrorCode::bad_input, fmt::format("Unexpected file size for input file: {}. Note: Expected: {} bytes but only read: {} bytes", path, tensor.byte_size(), file.gcount()));
  return tensor;
}

}  // namespace

NamedValues make_inputs(const Engine& engine, const InferenceFlags& flags, Log& log) {
  const std::vector<TensorInfo> infos = engine.inputs();
  check_names(flags.shapes, infos, "--shapes");
  check_names(flags.inputs, infos, "--loadInputs");
  NamedValues inputs = engine.example_inputs(0, run_shapes(infos, flags, log));
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto& [name, value] = inputs[i];
    const auto file = flags.inputs.find(name);
    if (file == flags.inputs.end()) {
      log.info("Using random values for input " + name);
    } else {
      if (value.kind != Value::Kind::tensor || size_of(value.tensor.dtype()) == 0)
        throw Error(ErrorCode::bad_input, fmt::format("--loadInputs: input '{}' is no tensor of numbers", name));
      log.info(fmt::format("Using values loaded from {} for input {}", file->second, name));
      value = load_input(file->second, value.tensor, infos[i]);
    }
    if (value.kind == Value::Kind::tensor) log.info(fmt::format("Input binding for {} with dimensions {} is created.", name, dims_text(dense_dims(infos[i], value.tensor.dims()))));
  }
  return inputs;
}

}  // namespace tenon::trtexec

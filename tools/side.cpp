#include "side.h"

#include <fmt/format.h>

#include <algorithm>

#include "tenon/compare.h"
#include "tenon/files.h"

namespace tenon::cli {
namespace {

Tensor copy_of(const Tensor& tensor) {
  if (!tensor.defined()) return {};
  Tensor copy(tensor.dtype(), tensor.dims());
  if (tensor.dtype() == DType::string) {
    std::copy_n(tensor.as<std::string>(), tensor.size(), copy.as<std::string>());
  } else {
    std::copy_n(tensor.as<char>(), tensor.byte_size(), copy.as<char>());
  }
  return copy;
}

/// Results stay valid only until the next run.
Value copy_of(const Value& value) {
  if (value.kind == Value::Kind::tensor) return copy_of(value.tensor);
  if (value.kind == Value::Kind::none) return {};
  std::vector<Tensor> sequence;
  for (const Tensor& tensor : value.sequence) sequence.push_back(copy_of(tensor));
  return sequence;
}

}  // namespace

Side::Side(Session& session, const std::string& path, const BuildFlags& flags) : path_(path), kind_(kind_of(path)) {
  if (kind_ == FileKind::npz) return;
  if (kind_ == FileKind::json)
    throw Error(ErrorCode::bad_file, fmt::format("'{}' holds no tensors; profiles are compared with --times", path));
  if (kind_ == FileKind::engine) {
    engine_ = std::make_shared<Engine>(open_engine(session, path, flags));
    return;
  }
  BuildOptions options = flags.options(session);
  options.reference = true;
  options.verify = false;
  engine_ = std::make_shared<Engine>(build_model(session, path, options));
}

std::map<std::string, Value> Side::outputs(const NamedValues& inputs, uint64_t seed) const {
  std::map<std::string, Value> values;
  if (!runs()) {
    for (auto& entry : load_npz(path_)) values[entry.first] = entry.second;
    return values;
  }
  Context context = engine_->create_context();
  set_inputs(context, stored(*engine_, inputs));
  context.run(seed);
  for (const auto& output : dense(*engine_, context.outputs())) values[output.first] = copy_of(output.second);
  return values;
}

std::vector<std::pair<std::string, ObservedTensor>> Side::all_tensors(const NamedValues& inputs, uint64_t seed) const {
  std::vector<std::pair<std::string, ObservedTensor>> tensors;
  Context context = engine_->create_context();
  set_inputs(context, stored(*engine_, inputs));
  context.run_observed(
      [&](const std::string& name, const std::vector<std::string>& nodes, const Value& value) {
        if (!name.empty()) tensors.emplace_back(name, ObservedTensor{copy_of(value), nodes});
      },
      seed);
  return tensors;
}

std::vector<LayerInfo> Side::profile(const NamedValues& inputs) const {
  Context context = engine_->create_context();
  set_inputs(context, stored(*engine_, inputs));
  return context.profile();
}

double Side::tolerance() const {
  double loosest = 0;
  if (runs())
    for (const LayerInfo& layer : engine_->layers())
      loosest = std::max(loosest, default_tolerance(parse_dtype(layer.precision_out)));
  return loosest;
}

std::string Side::description() const {
  if (!runs()) return path_ + " (results)";
  return path_ + (is_model() ? " (reference executor)" : " (engine)");
}

}  // namespace tenon::cli

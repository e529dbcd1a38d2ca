#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/threads.h"
#include "devices/device.h"
#include "ir/evaluate.h"
#include "nvinfer1/builder/builder.h"

namespace tenon::adapter {

using Code = nv::ErrorCode;

namespace {

/// The largest magnitude of each named tensor over all batches.
using Ranges = std::map<std::string, double>;

std::vector<int64_t> batch_dims(const BuildRequest& r, const NetTensor& t, int32_t batch) {
  std::vector<int64_t> dims = t.declared_dims();
  if (r.network.implicit_batch()) {
    dims.insert(dims.begin(), batch);
    return dims;
  }
  const OptimizationProfile* profile = r.config.calibration_profile();
  if (!profile && !r.config.profiles().empty()) profile = r.config.profiles()[0];
  if (!profile) return dims;
  const auto it = profile->dims().find(t.name());
  return it == profile->dims().end() ? dims : it->second.by_kind[1];
}

/// Runs batches until the calibrator has no more.
Ranges observe(const BuildRequest& r, nv::IInt8Calibrator& calibrator) {
  const core::Graph graph = r.network.make_graph({});
  const int32_t batch = std::max(calibrator.getBatchSize(), 1);
  std::vector<const char*> names;
  for (const NetTensor* t : r.network.inputs()) names.push_back(t->name().c_str());
  Ranges ranges;
  core::Threads threads(r.threads > 0 ? r.threads : 1);
  core::EvalOptions options;
  options.observe = [&](core::Value v, const core::HostValue& value) {
    const auto* tensor = std::get_if<core::Tensor>(&value);
    const std::string& name = graph.name_of(v);
    if (name.empty() || !tensor || !core::is_float(tensor->dtype())) return;
    double& most = ranges[name];
    for (float x : core::to_floats(*tensor))
      if (std::isfinite(x)) most = std::max(most, static_cast<double>(std::abs(x)));
  };
  std::vector<void*> bindings(names.size(), nullptr);
  const auto stream = core::find_device(build_device(r.config), 1)->make_stream();
  while (calibrator.getBatch(bindings.data(), names.data(), static_cast<int32_t>(names.size()))) {
    std::vector<core::HostValue> inputs;
    for (size_t i = 0; i < names.size(); ++i) {
      const NetTensor& t = *r.network.inputs()[i];
      core::Tensor tensor(core_type(t.getType()), batch_dims(r, t, batch));
      // Batches lie where bindings do: in device memory where there is a GPU.
      stream->copy(tensor.mutable_bytes().data(), core::Place::host, need(bindings[i], "bindings"), core::Place::device, static_cast<int64_t>(tensor.mutable_bytes().size()));
      stream->wait();
      inputs.emplace_back(std::move(tensor));
    }
    core::evaluate(graph, inputs, threads, options);
  }
  return ranges;
}

const char* algorithm_name(nv::CalibrationAlgoType type) {
  static constexpr const char* kNames[] = {"LegacyCalibration", "EntropyCalibration", "EntropyCalibration2", "MinMaxCalibration"};
  return kNames[static_cast<size_t>(type) % std::size(kNames)];
}

}  // namespace

/// The cache as text: a title, then "<tensor>: <bits of the f32 scale in hex>", as files of TensorRT have it.
void calibrate(const BuildRequest& r) {
  nv::IInt8Calibrator& calibrator = *r.config.getInt8Calibrator();
  size_t length = 0;
  if (calibrator.readCalibrationCache(length) && length > 0) {
    r.reporter.log(nv::ILogger::Severity::kINFO, fmt::format("the calibration cache of {} bytes was read", length));
    return;
  }
  const Ranges ranges = observe(r, calibrator);
  std::string text = fmt::format("TRT-{}-{}\n", NV_TENSORRT_VERSION, algorithm_name(calibrator.getAlgorithm()));
  for (const auto& [name, most] : ranges) {
    const auto scale = static_cast<float>(most / 127);
    uint32_t bits = 0;
    std::memcpy(&bits, &scale, sizeof(bits));
    text += fmt::format("{}: {:08x}\n", name, bits);
  }
  calibrator.writeCalibrationCache(text.data(), text.size());
}

}  // namespace tenon::adapter

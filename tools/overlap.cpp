#include "overlap.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "tenon/error.h"

namespace tenon::cli {
namespace {

constexpr int kQueuedOnOneStream = 16;

Tensor tensor_for_device(const Engine& engine, const Tensor& tensor) {
  if (!tensor.defined() || tensor.dtype() == DType::string) return tensor;
  Tensor copy = engine.host_tensor(tensor.dtype(), tensor.dims());
  if (tensor.byte_size() > 0) std::memcpy(copy.data(), tensor.data(), static_cast<size_t>(tensor.byte_size()));
  return copy;
}

/// The contexts that fit beside each other, at least the first; their own graphs are recorded by the second run.
std::vector<Context> warm(const std::vector<Context>& contexts) {
  std::vector<Context> list;
  for (Context c : contexts) {
    try {
      for (int i = 0; i < 3; ++i) c.run();
    } catch (const Error& e) {
      if (e.code() == ErrorCode::out_of_memory && !list.empty()) break;
      throw;
    }
    list.push_back(c);
  }
  return list;
}

}  // namespace

NamedValues for_device(const Engine& engine, const NamedValues& values) {
  NamedValues moved = values;
  for (auto& value : moved)
    if (value.second.kind == Value::Kind::tensor) value.second.tensor = tensor_for_device(engine, value.second.tensor);
  return moved;
}

void measure_ahead(const std::vector<Context>& contexts, const MeasureOptions& options, Measurement& into) {
  using Clock = std::chrono::steady_clock;
  std::vector<Context> list = warm(contexts);
  const int ahead = list.size() == 1 ? kQueuedOnOneStream : 1;
  const auto begin = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  int64_t runs = 0;
  for (int64_t round = 0; !interrupted() && (runs < options.iterations || seconds() < options.duration_s); ++round)
    for (Context& c : list) {
      if (round % ahead == 0) c.wait();
      c.start();
      ++runs;
    }
  for (Context& c : list) c.wait();
  into.ahead_per_second = static_cast<double>(runs) / seconds();
  into.streams = static_cast<int>(list.size());
  check_interrupted();
}

Binding binding_of(const Measurement& m) {
  const double h2d = m.h2d.median, compute = m.compute.median, d2h = m.d2h.median;
  const bool overlap = m.streams > 1;
  const double device = overlap ? std::max({h2d, compute, d2h}) : h2d + compute + d2h;
  if (m.enqueue.median > device)
    return {"enqueue", "the host queues work more slowly than the GPU does it: a larger batch gives more work to a launch (--sweep-batch 1,2,4,8)"};
  if (!overlap && h2d + d2h > compute / 4) return {"H2D and D2H", "on one stream nothing is computed while data is copied: --streams 2"};
  if (h2d >= compute && h2d >= d2h)
    return {"H2D", "inputs take longer to arrive than to be used: --no-transfers times the network alone; fewer bytes (f16, u8) or inputs already on the GPU help"};
  if (d2h >= compute)
    return {"D2H", "results take longer to leave than to be made: --no-transfers times the network alone; return less, or leave results on the GPU"};
  return {"compute", "the GPU's kernels take longest: --profile shows which; --precision best allows faster types"};
}

}  // namespace tenon::cli

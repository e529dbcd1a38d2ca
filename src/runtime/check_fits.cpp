#include "runtime/check_fits.h"

#include <set>
#include <tuple>

#include "base/checked.h"
#include "base/ledger.h"

namespace tenon::core {

void check_fits(const Device& device, int64_t bytes, const std::string& what) {
  if (device.is_host() || bytes <= 0) return;
  const Device::Memory memory = device.memory();
  if (bytes <= memory.free) return;
  const Ledger& ledger = Ledger::of(device.info().index);
  const std::string limit = ledger.limit() > 0 ? fmt::format(" under the limit of {} (--device-memory-limit)", memory_text(ledger.limit())) : "";
  fail(ErrorCode::out_of_memory, "{} needs {} of GPU memory, {} of {} are free{}; {}. Nothing was allocated", what, memory_text(bytes), memory_text(memory.free),
       memory_text(memory.total), limit, ledger.text());
}

int64_t weight_bytes_on_device(const Graph& g, const Choices& choices) {
  std::set<std::tuple<ConstRef, std::string>> seen;
  int64_t sum = 0;
  for (NodeId id : g.order()) {
    const auto& formats = choices.offers[id].in;
    const auto& inputs = g.node(id).inputs;
    for (size_t i = 0; i < std::min(inputs.size(), formats.size()); ++i) {
      const ConstRef constant = g.constant(inputs[i]);
      if (!constant || constant->dtype() == DType::string || formats[i].place == Place::host || !seen.emplace(constant, formats[i].str()).second) continue;
      sum = checked_add(sum, checked_mul(constant->byte_size() / size_of(constant->dtype()), size_of(stored_as(formats[i], constant->dtype()))));
    }
  }
  return sum;
}

}  // namespace tenon::core

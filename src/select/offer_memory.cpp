#include "select/offer_memory.h"

#include "base/error.h"

namespace tenon::core {
namespace {

int64_t bytes_in(const Format& format, DType dtype, const Dims& dims) {
  return checked_mul(checked_product(dims), size_of(stored_as(format, dtype)));
}

int64_t prepared_bytes(const Problem& p, const Measurement& m, Threads& threads) {
  Weights weights;
  std::string why;
  const auto executable = find_tactic(p.device.kind, m.offer.tactic)->prepare({p, m.offer, m.shapes, weights, threads}, why);
  if (!executable) return 0;
  int64_t sum = executable->workspace_bytes() + weights.packed_bytes();
  for (int i = 0; i < p.inputs(); ++i) {
    const bool reformed = p.input(i).constant && executable->uses_input(i) && m.offer.in[i] != Format{};
    if (reformed) sum += bytes_in(m.offer.in[i], p.input(i).dtype(), m.shapes.in[i]);
  }
  for (int i = 0; i < p.outputs(); ++i)
    if (!p.output(i).type.boxed()) sum += bytes_in(m.offer.out[i], p.output(i).dtype(), m.shapes.out[i]);
  return sum;
}

}  // namespace

int64_t OfferMemory::bytes(const Graph& graph, const Measurement& m, Device& device, const TacticOptions& options, Threads& threads) {
  const auto [entry, is_new] = known_.try_emplace({m.problem.hex(), m.offer.str()}, 0);
  if (!is_new) return entry->second;
  try {
    const auto current = device.use();
    entry->second = prepared_bytes({graph, m.node, device.info(), options}, m, threads);
  } catch (const Error&) {
  }
  return entry->second;
}

}  // namespace tenon::core

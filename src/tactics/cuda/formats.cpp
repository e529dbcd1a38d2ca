#include "tactics/cuda/formats.h"

#include <algorithm>

namespace tenon::core::cuda {
namespace {

bool is_narrowed(const Fact& fact) { return fact.present() && !fact.constant && fact.dtype() == DType::f32; }

bool has_narrowed(const Problem& p) {
  for (int i = 0; i < p.inputs(); ++i)
    if (is_narrowed(p.input(i))) return true;
  for (int i = 0; i < p.outputs(); ++i)
    if (is_narrowed(p.output(i))) return true;
  return false;
}

/// Inputs of the graph keep their own type; false when there is none.
bool widen_graph_inputs(Offer& offer, const Problem& p) {
  bool any = false;
  for (int i = 0; i < p.inputs(); ++i) {
    const Value v = p.node().inputs[static_cast<size_t>(i)];
    if (!v || !is_narrowed(p.input(i)) || !p.graph.node(v.node).as<InputOp>()) continue;
    offer.in[static_cast<size_t>(i)].storage = DType::none;
    any = true;
  }
  return any;
}

bool widen_graph_outputs(Offer& offer, const Problem& p) {
  bool any = false;
  for (const Value& v : p.graph.outputs()) {
    if (v.node != p.id || !is_narrowed(p.output(v.output))) continue;
    offer.out[static_cast<size_t>(v.output)].storage = DType::none;
    any = true;
  }
  return any;
}

/// Memory can be shared only by values of one format.
void keep_share_legal(Offer& offer) {
  if (offer.share == Share::in_place && offer.in[static_cast<size_t>(offer.shared_input)] != offer.out[0]) offer.share = Share::none;
}

}  // namespace

Offer stored_in(Offer offer, const Problem& p, DType storage) {
  for (int i = 0; i < p.inputs(); ++i)
    if (is_narrowed(p.input(i))) offer.in[static_cast<size_t>(i)].storage = storage;
  for (int i = 0; i < p.outputs(); ++i)
    if (is_narrowed(p.output(i))) offer.out[static_cast<size_t>(i)].storage = storage;
  keep_share_legal(offer);
  return offer;
}

std::vector<Offer> in_precisions(const std::vector<Offer>& offers, const Problem& p) {
  std::vector<Offer> result = offers;
  if (!has_narrowed(p)) return result;
  for (DType storage : p.options.precisions)
    if (storage == DType::f16 || storage == DType::bf16)
      for (const Offer& offer : offers) result.push_back(stored_in(offer, p, storage));
  return result;
}

std::vector<Offer> in_precisions_and_across(const std::vector<Offer>& offers, const Problem& p) {
  std::vector<Offer> result = in_precisions(offers, p);
  for (size_t i = offers.size(), end = result.size(); i < end; ++i) {
    Offer from_input = result[i], to_output = result[i];
    for (Offer* offer : {widen_graph_inputs(from_input, p) ? &from_input : nullptr, widen_graph_outputs(to_output, p) ? &to_output : nullptr}) {
      if (!offer) continue;
      keep_share_legal(*offer);
      result.push_back(*offer);
    }
  }
  return result;
}

}  // namespace tenon::core::cuda

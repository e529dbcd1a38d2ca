#include "base/error.h"
#include "engine/graph_codec.h"
#include "ir/subgraphs.h"
#include "plan/bodies.h"

namespace tenon::core {
namespace {

void write_format(ByteWriter& w, const Format& f) {
  w.u8(static_cast<uint8_t>(f.layout.order.size()));
  for (int8_t axis : f.layout.order) w.u8(static_cast<uint8_t>(axis));
  w.u8(static_cast<uint8_t>(f.storage));
  w.u8(static_cast<uint8_t>(f.place));
  w.f64(f.scale);
  w.i64(f.zero);
  w.i64(f.vector);
}

Format read_format(ByteReader& r) {
  Format f;
  const auto rank = r.number<uint8_t>();
  std::vector<bool> seen(rank, false);
  for (int i = 0; i < rank; ++i) {
    const auto axis = r.number<uint8_t>();
    if (axis >= rank || seen[axis]) corrupt("a layout is not a permutation of the axes");
    seen[axis] = true;
    f.layout.order.push_back(static_cast<int8_t>(axis));
  }
  const auto storage = r.number<uint8_t>();
  if (storage > static_cast<uint8_t>(DType::string)) corrupt("a storage type is unknown");
  f.storage = static_cast<DType>(storage);
  const auto place = r.number<uint8_t>();
  if (place > static_cast<uint8_t>(Place::host)) corrupt("a format lies in an unknown place");
  f.place = static_cast<Place>(place);
  f.scale = static_cast<float>(r.number<double>());
  f.zero = static_cast<int32_t>(r.number<int64_t>());
  f.vector = static_cast<int32_t>(r.number<int64_t>());
  return f;
}

void write_formats(ByteWriter& w, const std::vector<Format>& formats) {
  w.u32(static_cast<uint32_t>(formats.size()));
  for (const Format& f : formats) write_format(w, f);
}

std::vector<Format> read_formats(ByteReader& r, size_t expected) {
  const uint32_t count = read_count(r, 27);
  if (count != expected) corrupt("a choice has another number of formats than its node has values");
  std::vector<Format> formats;
  for (uint32_t i = 0; i < count; ++i) formats.push_back(read_format(r));
  return formats;
}

Offer read_offer(ByteReader& r, const Node& n) {
  Offer offer;
  offer.tactic = read_text(r);
  const uint32_t knobs = read_count(r, 12);
  for (uint32_t i = 0; i < knobs; ++i) {
    const std::string name = read_text(r);
    offer.config[name] = r.number<int64_t>();
  }
  offer.in = read_formats(r, n.inputs.size());
  offer.out = read_formats(r, n.outputs.size());
  const auto share = r.number<uint8_t>();
  if (share > static_cast<uint8_t>(Share::parts)) corrupt("a choice shares memory in an unknown way");
  offer.share = static_cast<Share>(share);
  offer.shared_input = r.number<int32_t>();
  if (offer.share != Share::none && (offer.shared_input < 0 || offer.shared_input >= static_cast<int>(n.inputs.size())))
    corrupt("a choice shares the memory of an input that is not there");
  return offer;
}

bool is_leaf(const Node& n) { return n.as<InputOp>() || n.as<ConstantOp>(); }

}  // namespace

void write_choices(ByteWriter& w, const Choices& choices) {
  for (NodeId id = 0; id < static_cast<NodeId>(choices.offers.size()); ++id) {
    const Offer& offer = choices.offers[id];
    if (offer.tactic.empty()) continue;
    w.text(offer.tactic);
    w.u32(static_cast<uint32_t>(offer.config.size()));
    for (const auto& [name, value] : offer.config) {
      w.text(name);
      w.i64(value);
    }
    write_formats(w, offer.in);
    write_formats(w, offer.out);
    w.u8(static_cast<uint8_t>(offer.share));
    w.u32(static_cast<uint32_t>(offer.shared_input));
    if (offer.tactic != kBodiesTactic) continue;
    for (const Choices& body : choices.bodies.at(id)) write_choices(w, body);
  }
}

Choices read_choices(ByteReader& r, const Graph& g) {
  Choices choices;
  choices.offers.resize(g.capacity());
  for (NodeId id = 0; id < g.capacity(); ++id) {
    if (is_leaf(g.node(id))) continue;
    choices.offers[id] = read_offer(r, g.node(id));
    if (choices.offers[id].tactic != kBodiesTactic) continue;
    for (const GraphRef& body : subgraphs(*g.node(id).op)) choices.bodies[id].push_back(read_choices(r, *body));
  }
  return choices;
}

}  // namespace tenon::core

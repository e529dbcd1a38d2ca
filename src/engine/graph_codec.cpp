#include "engine/graph_codec.h"

#include "base/error.h"

namespace tenon::core {
namespace {

constexpr int kMaxDepth = 32;

void write_names(ByteWriter& w, const Node& n) {
  for (const auto& name : n.output_names) w.text(name);
  w.u32(static_cast<uint32_t>(n.origins.size()));
  for (OriginId o : n.origins) w.u32(static_cast<uint32_t>(o));
}

Type read_tensor_type(ByteReader& r) {
  const auto dtype = r.number<uint8_t>();
  if (dtype == 0 || dtype > static_cast<uint8_t>(DType::string)) corrupt("an element type is unknown");
  const auto ranked = r.number<uint8_t>();
  if (ranked > 1) corrupt("a flag is neither 0 nor 1");
  Type t = Type::unranked(static_cast<DType>(dtype));
  t.ranked = ranked == 1;
  const uint32_t rank = read_count(r, 4);
  for (uint32_t i = 0; i < rank; ++i) t.shape.push_back(Dim::parse(read_text(r)));
  if (!t.ranked && rank > 0) corrupt("a tensor of unknown rank has dims");
  if (auto dims = const_dims(t.shape)) {
    for (int64_t d : *dims) if (d < 0) corrupt("a dim is negative");
    checked_product(*dims);
  }
  return t;
}

Type read_type_at(ByteReader& r, int depth) {
  if (depth > kMaxDepth) corrupt("types are nested too deeply");
  switch (static_cast<Type::Kind>(r.number<uint8_t>())) {
    case Type::Kind::absent: return {};
    case Type::Kind::tensor: return read_tensor_type(r);
    case Type::Kind::sequence: return Type::sequence(read_type_at(r, depth + 1));
    case Type::Kind::optional: return Type::optional(read_type_at(r, depth + 1));
  }
  corrupt("a type's kind is unknown");
}

class GraphReader {
 public:
  GraphReader(ByteReader& r, std::span<const ConstRef> constants, int depth) : r_(r), constants_(constants), depth_(depth) {
    if (depth > kMaxDepth) corrupt("graphs are nested too deeply");
  }
  Graph read() {
    g_.name = read_text(r_);
    read_ranges();
    read_origins();
    const uint32_t inputs = read_count(r_, 5);
    for (uint32_t i = 0; i < inputs; ++i) {
      const std::string name = read_text(r_);
      values_.push_back({g_.add_input(name, read_type(r_)).node, 1});
    }
    const uint32_t nodes = read_count(r_, 9);
    for (uint32_t i = 0; i < nodes; ++i) read_node();
    const uint32_t outputs = read_count(r_, 12);
    for (uint32_t i = 0; i < outputs; ++i) {
      const std::string name = read_text(r_);
      const Value v = read_value();
      if (!v) corrupt("an output has no value");
      g_.add_output(name, v);
    }
    return std::move(g_);
  }

 private:
  void read_ranges() {
    const uint32_t count = read_count(r_, 20);
    for (uint32_t i = 0; i < count; ++i) {
      const std::string symbol = read_text(r_);
      Interval range;
      range.low = r_.number<int64_t>();
      range.high = r_.number<int64_t>();
      if (range.low > range.high) corrupt(fmt::format("the range of '{}' is empty", symbol));
      g_.ranges[symbol] = range;
    }
  }
  void read_origins() {
    const uint32_t count = read_count(r_, 8);
    for (uint32_t i = 0; i < count; ++i) {
      std::string name = read_text(r_);
      g_.add_origin({std::move(name), read_text(r_)});
    }
    const uint32_t dropped = read_count(r_, 8);
    for (uint32_t i = 0; i < dropped; ++i) {
      const OriginId origin = read_origin();
      g_.note_dropped(origin, read_text(r_));
    }
  }
  OriginId read_origin() {
    const auto o = r_.number<uint32_t>();
    if (o >= g_.origins().size()) corrupt("an origin's number is out of range");
    return static_cast<OriginId>(o);
  }
  Value read_value() {
    const auto node = r_.number<int32_t>();
    const auto output = r_.number<int32_t>();
    if (node == -1 && output == 0) return {};
    if (node < 0 || node >= static_cast<int32_t>(values_.size()) || output < 0 || output >= values_[node].second)
      corrupt("a node reads a value that is not computed before it");
    return {values_[node].first, output};
  }
  void read_node() {
    OpRef op = read_op(r_, constants_, depth_);
    std::vector<Value> inputs;
    const uint32_t count = read_count(r_, 8);
    for (uint32_t i = 0; i < count; ++i) inputs.push_back(read_value());
    const uint32_t outputs = read_count(r_, 4);
    std::vector<std::string> names;
    for (uint32_t i = 0; i < outputs; ++i) names.push_back(read_text(r_));
    std::vector<OriginId> origins;
    const uint32_t origin_count = read_count(r_, 4);
    for (uint32_t i = 0; i < origin_count; ++i) origins.push_back(read_origin());
    NodeId id;
    if (const auto* constant = as<ConstantOp>(op)) {
      if (!constant->value || !inputs.empty()) corrupt("a constant without a value");
      id = g_.add_constant(constant->value).node;
    } else {
      if (as<InputOp>(op)) corrupt("an input stands among the nodes");
      id = g_.add(op, std::move(inputs), std::move(origins)).node;
    }
    if (g_.node(id).outputs.size() != outputs) corrupt(fmt::format("operator {} has another number of outputs", op->name()));
    for (uint32_t i = 0; i < outputs; ++i) g_.set_name({id, static_cast<int32_t>(i)}, names[i]);
    values_.push_back({id, static_cast<int32_t>(outputs)});
  }

  ByteReader& r_;
  std::span<const ConstRef> constants_;
  int depth_;
  Graph g_;
  std::vector<std::pair<NodeId, int32_t>> values_;  // node number in the file -> node, number of outputs
};

}  // namespace

void corrupt(std::string_view what) {
  fail(ErrorCode::corrupt_engine, "the engine file is damaged: {}; build it again", what);
}

std::string read_text(ByteReader& r) {
  const auto bytes = r.number<uint32_t>();
  return std::string(r.text(bytes));
}

uint32_t read_count(ByteReader& r, size_t least) {
  const auto count = r.number<uint32_t>();
  if (count > r.left() / least) corrupt(fmt::format("a list claims {} entries in {} bytes", count, r.left()));
  return count;
}

int64_t ConstantTable::add(const ConstRef& c) {
  const auto [it, is_new] = index_.emplace(c, static_cast<int64_t>(constants_.size()));
  if (is_new) constants_.push_back(c);
  return it->second;
}

void write_type(ByteWriter& w, const Type& t) {
  w.u8(static_cast<uint8_t>(t.kind));
  if (t.element) return write_type(w, *t.element);
  if (!t.is_tensor()) return;
  w.u8(static_cast<uint8_t>(t.dtype));
  w.u8(t.ranked);
  w.u32(static_cast<uint32_t>(t.shape.size()));
  for (const Dim& d : t.shape) w.text(d.str());
}

Type read_type(ByteReader& r) { return read_type_at(r, 0); }

void write_graph(ByteWriter& w, const Graph& g, ConstantTable& constants) {
  w.text(g.name);
  std::set<std::string> symbols;
  for (Value in : g.inputs())
    for (const Dim& d : g.type(in).shape) d.collect_symbols(symbols);
  Ranges ranges;
  for (const auto& [symbol, range] : g.ranges) if (symbols.count(symbol)) ranges.emplace(symbol, range);
  w.u32(static_cast<uint32_t>(ranges.size()));
  for (const auto& [symbol, range] : ranges) {
    w.text(symbol);
    w.i64(range.low);
    w.i64(range.high);
  }
  w.u32(static_cast<uint32_t>(g.origins().size()));
  for (const Origin& o : g.origins()) {
    w.text(o.name);
    w.text(o.operation);
  }
  w.u32(static_cast<uint32_t>(g.dropped().size()));
  for (const auto& [origin, why] : g.dropped()) {
    w.u32(static_cast<uint32_t>(origin));
    w.text(why);
  }
  w.u32(static_cast<uint32_t>(g.inputs().size()));
  std::map<NodeId, int32_t> number;
  for (size_t i = 0; i < g.inputs().size(); ++i) {
    w.text(g.input_name(static_cast<int>(i)));
    write_type(w, g.type(g.inputs()[i]));
    number.emplace(g.inputs()[i].node, static_cast<int32_t>(i));
  }
  const auto write_value = [&](Value v) {
    w.u32(static_cast<uint32_t>(v ? number.at(v.node) : -1));
    w.u32(static_cast<uint32_t>(v.output));
  };
  std::vector<NodeId> nodes = g.order();
  std::erase_if(nodes, [&](NodeId id) { return g.node(id).as<InputOp>() != nullptr; });
  w.u32(static_cast<uint32_t>(nodes.size()));
  for (NodeId id : nodes) {
    const Node& n = g.node(id);
    write_op(w, *n.op, constants);
    w.u32(static_cast<uint32_t>(n.inputs.size()));
    for (Value v : n.inputs) write_value(v);
    w.u32(static_cast<uint32_t>(n.outputs.size()));
    write_names(w, n);
    number.emplace(id, static_cast<int32_t>(number.size()));
  }
  w.u32(static_cast<uint32_t>(g.outputs().size()));
  for (size_t i = 0; i < g.outputs().size(); ++i) {
    w.text(g.output_name(static_cast<int>(i)));
    write_value(g.outputs()[i]);
  }
}

Graph read_graph(ByteReader& r, std::span<const ConstRef> constants, int depth) { return GraphReader(r, constants, depth).read(); }

}  // namespace tenon::core

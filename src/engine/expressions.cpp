#include "engine/expressions.h"

#include "base/error.h"

namespace tenon::core {
namespace {

struct Entry {
  OpRef op;
  std::vector<int64_t> inputs;
  int output = 0;
};

/// Resolves entries however they refer to each other; a cycle is an error.
class Resolver {
 public:
  Resolver(const std::vector<ConstRef>& plain, std::map<int64_t, Entry> entries)
      : plain_(plain), entries_(std::move(entries)), done_(plain.size()), under_way_(plain.size()) {}

  std::vector<ConstRef> run() {
    for (size_t i = 0; i < plain_.size(); ++i) resolve(static_cast<int64_t>(i), 0);
    return std::move(done_);
  }

 private:
  ConstRef resolve(int64_t index, int depth) {
    if (done_[index]) return done_[index];
    if (under_way_[index] || depth > 1000) corrupt("a constant's expression refers to itself");
    const auto entry = entries_.find(index);
    if (entry == entries_.end()) return done_[index] = plain_[index];
    under_way_[index] = true;
    std::vector<ConstRef> inputs;
    for (int64_t i : entry->second.inputs) inputs.push_back(i < 0 ? nullptr : resolve(i, depth + 1));
    check(entry->second, inputs, plain_[index]->type());
    return done_[index] = Constant::expression(entry->second.op, std::move(inputs), entry->second.output, plain_[index]->type());
  }
  static void check(const Entry& entry, const std::vector<ConstRef>& inputs, const Type& type) {
    Graph g;
    std::vector<Value> values;
    for (const ConstRef& c : inputs) values.push_back(c ? g.add_constant(c) : Value());
    const Value first = g.add(entry.op, values);
    const auto& outputs = g.node(first.node).outputs;
    if (entry.output < 0 || entry.output >= static_cast<int>(outputs.size()) || !(outputs[entry.output].type == type))
      corrupt("a constant's expression has another type than the constant");
  }

  const std::vector<ConstRef>& plain_;
  std::map<int64_t, Entry> entries_;
  std::vector<ConstRef> done_;
  std::vector<bool> under_way_;
};

ConstantTable constants_of(const Graph& graph, ByteWriter& w) {
  ConstantTable table;
  write_graph(w, graph, table);
  return table;
}

void collect(const ConstRef& c, std::map<std::string, ConstRef>& into, std::set<ConstRef>& seen) {
  if (!c || !seen.insert(c).second) return;
  if (!c->name().empty()) into.emplace(c->name(), c);
  for (const ConstRef& input : c->inputs()) collect(input, into, seen);
}

class Substitution {
 public:
  explicit Substitution(const std::map<std::string, Tensor>& weights) : weights_(weights) {}
  ConstRef operator()(const ConstRef& c) {
    if (!c) return c;
    auto& result = memo_[c];
    if (!result) result = make(c);
    return result;
  }

 private:
  ConstRef make(const ConstRef& c) {
    if (!c->is_expression()) {
      const auto found = weights_.find(c->name());
      if (c->name().empty() || found == weights_.end()) return c;
      if (found->second.dtype() != c->dtype() || found->second.dims() != c->dims())
        fail(ErrorCode::bad_input, "weights '{}' are {}{}, the new ones {}{}", c->name(), to_string(c->dtype()), dims_to_string(c->dims()),
             to_string(found->second.dtype()), dims_to_string(found->second.dims()));
      return Constant::make(found->second, c->name());
    }
    std::vector<ConstRef> inputs;
    for (const ConstRef& input : c->inputs()) inputs.push_back((*this)(input));
    return inputs == c->inputs() ? c : Constant::expression(c->op(), std::move(inputs), c->output(), c->type());
  }
  const std::map<std::string, Tensor>& weights_;
  std::map<ConstRef, ConstRef> memo_;
};

}  // namespace

void write_expressions(ByteWriter& w, ConstantTable& table) {
  ByteWriter entries;
  uint32_t count = 0;
  for (size_t i = 0; i < table.constants().size(); ++i) {
    const ConstRef c = table.constants()[i];
    if (!c->is_expression()) continue;
    ++count;
    entries.i64(static_cast<int64_t>(i));
    entries.u32(static_cast<uint32_t>(c->output()));
    entries.u32(static_cast<uint32_t>(c->inputs().size()));
    for (const ConstRef& input : c->inputs()) entries.i64(input ? table.add(input) : -1);
    write_op(entries, *c->op(), table);
  }
  w.u32(count);
  w.raw(entries.bytes().data(), entries.bytes().size());
}

std::vector<ConstRef> read_expressions(std::span<const std::byte> bytes, const std::vector<ConstRef>& plain) {
  ByteReader r(bytes, ErrorCode::corrupt_engine, "the expressions of constants");
  const auto size = static_cast<int64_t>(plain.size());
  std::map<int64_t, Entry> entries;
  const uint32_t count = read_count(r, 16);
  for (uint32_t i = 0; i < count; ++i) {
    const auto index = r.number<int64_t>();
    if (index < 0 || index >= size) corrupt("an expression is of no constant");
    Entry entry;
    entry.output = static_cast<int>(r.number<uint32_t>() & 0x7fffffff);
    const uint32_t inputs = read_count(r, 8);
    for (uint32_t k = 0; k < inputs; ++k) {
      entry.inputs.push_back(r.number<int64_t>());
      if (entry.inputs.back() < -1 || entry.inputs.back() >= size) corrupt("an expression reads no constant");
    }
    entry.op = read_op(r, plain, 0);
    entries[index] = std::move(entry);
  }
  if (r.left() != 0) corrupt("the expressions have bytes left over");
  return Resolver(plain, std::move(entries)).run();
}

std::map<std::string, ConstRef> named_weights(const Graph& graph) {
  ByteWriter w;
  std::map<std::string, ConstRef> weights;
  std::set<ConstRef> seen;
  const ConstantTable table = constants_of(graph, w);
  for (const ConstRef& c : table.constants()) collect(c, weights, seen);
  return weights;
}

Graph with_weights(const Graph& graph, const std::map<std::string, Tensor>& weights) {
  ByteWriter w;
  std::vector<ConstRef> constants = constants_of(graph, w).constants();
  Substitution substitute(weights);
  for (ConstRef& c : constants) c = substitute(c);
  ByteReader r(w.bytes(), ErrorCode::internal, "a graph");
  return read_graph(r, constants);
}

}  // namespace tenon::core

#include "build/odd_weights.h"

#include <atomic>
#include <cstring>

#include "ir/subgraphs.h"
#include "passes/bodies.h"

namespace tenon::core {
namespace {

/// Numbers whose exponent has all of these bits set; with a bit of the rest set too, NaN.
template <class Bits>
struct OddPattern {
  Bits exponent, mantissa;
  bool matches(Bits bits) const { return (bits & exponent) == exponent; }
};

/// Calls `f` with the pattern of a float type; does nothing for other types.
template <class F>
void with_pattern(DType dtype, F f) {
  switch (dtype) {
    case DType::f64: return f(OddPattern<uint64_t>{0x7ff0000000000000, 0x000fffffffffffff});
    case DType::f32: return f(OddPattern<uint32_t>{0x7f800000, 0x007fffff});
    case DType::f16: return f(OddPattern<uint16_t>{0x7c00, 0x03ff});
    case DType::bf16: return f(OddPattern<uint16_t>{0x7f80, 0x007f});
    default: return;
  }
}

template <class Bits>
Bits bits_at(const std::byte* data, int64_t i) {
  Bits bits;
  std::memcpy(&bits, data + static_cast<size_t>(i) * sizeof bits, sizeof bits);
  return bits;
}

/// The inner loop has a fixed length and no way out, so that it becomes vector instructions.
template <class Bits>
bool any_odd(const std::byte* data, int64_t begin, int64_t end, OddPattern<Bits> pattern) {
  constexpr int64_t kBlock = 1024;
  for (; begin + kBlock <= end; begin += kBlock) {
    Bits found = 0;
    for (int64_t i = 0; i < kBlock; ++i) found |= static_cast<Bits>(pattern.matches(bits_at<Bits>(data, begin + i)));
    if (found) return true;
  }
  for (; begin < end; ++begin)
    if (pattern.matches(bits_at<Bits>(data, begin))) return true;
  return false;
}

bool any_odd(const Tensor& t, Threads& threads) {
  std::atomic<bool> odd = false;
  with_pattern(t.dtype(), [&](auto pattern) {
    threads.parallel_ranges(t.size(), int64_t{1} << 17, [&](int64_t begin, int64_t end) {
      if (any_odd(t.bytes().data(), begin, end, pattern)) odd = true;
    });
  });
  return odd;
}

/// "1 NaN and 0 infinite numbers of 108, the first at [0,2,1,1]".
std::string describe_odd(const Tensor& t) {
  int64_t nan = 0, infinite = 0, first = -1;
  with_pattern(t.dtype(), [&](auto pattern) {
    for (int64_t i = 0; i < t.size(); ++i) {
      const auto bits = bits_at<decltype(pattern.exponent)>(t.bytes().data(), i);
      if (!pattern.matches(bits)) continue;
      ++((bits & pattern.mantissa) != 0 ? nan : infinite);
      if (first < 0) first = i;
    }
  });
  Dims index(t.dims().size());
  for (int64_t axis = t.rank() - 1; axis >= 0; --axis) {
    index[axis] = first % t.dim(axis);
    first /= t.dim(axis);
  }
  return fmt::format("{} NaN and {} infinite numbers of {}, the first at {}", nan, infinite, t.size(), dims_to_string(index));
}

/// The first input of a node that may be a weight; nothing for nodes that have none.
std::optional<int> first_weight(const Op& op) {
  static const std::map<std::string_view, int> kFirst = {
      {"Conv", 1}, {"ConvTranspose", 1}, {"DeformConv", 1}, {"MatMul", 0}, {"Einsum", 0}, {"MatMulNBits", 1}, {"QLinearMatMul", 1},
      {"BatchNorm", 1}, {"LayerNorm", 1}, {"GroupNorm", 1}, {"LSTM", 1}, {"GRU", 1}, {"RNN", 1}};
  const auto found = kFirst.find(op.name());
  return found == kFirst.end() ? std::nullopt : std::optional(found->second);
}

bool is_weight(const Op& op, int input) {
  const auto first = first_weight(op);
  return first && input >= *first;
}

bool moves_only(const Op& op) {
  static const std::set<std::string_view> kOps = {"Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Cast"};
  return kOps.count(op.name()) > 0;
}

/// A constant and the name it has where it is defined.
struct Source {
  ConstRef constant;
  std::string name;
};

class Walk {
 public:
  using Visit = FunctionRef<void(const Graph&, NodeId, int input, const Source&)>;
  explicit Walk(Visit visit) : visit_(visit) {}

  /// Every input of a node that is constant; `given` are the sources of the graph's own inputs.
  void run(const Graph& g, const std::vector<Source>& given = {}) {
    std::map<NodeId, Source> inputs;
    for (size_t i = 0; i < given.size(); ++i) inputs[g.inputs()[i].node] = given[i];
    for (NodeId id : g.order()) {
      const Node& n = g.node(id);
      for (const Captures& c : captures_of(n)) {
        std::vector<Source> captured(c.body->inputs().size());
        for (int i = 0; i < c.count; ++i) captured[c.body_first + i] = source(g, n.inputs[c.node_first + i], inputs);
        run(*c.body, captured);
      }
      for (size_t i = 0; i < n.inputs.size(); ++i)
        if (const Source s = source(g, n.inputs[i], inputs); s.constant) visit_(g, id, static_cast<int>(i), s);
    }
  }

 private:
  static Source source(const Graph& g, Value v, const std::map<NodeId, Source>& inputs) {
    while (v && moves_only(*g.node(v.node).op)) v = g.node(v.node).inputs[0];
    if (!v) return {};
    if (const auto given = inputs.find(v.node); given != inputs.end()) return given->second;
    if (!g.node(v.node).as<ConstantOp>()) return {};
    const ConstRef constant = g.constant(v);
    return {constant, g.name_of(v).empty() ? constant->name() : g.name_of(v)};
  }

  Visit visit_;
};

std::string sentence(const Graph& g, NodeId id, int input, bool weights, const Source& s, const Tensor& value) {
  const std::string name = s.name.empty() ? fmt::format("of input {}", input) : fmt::format("'{}'", s.name);
  return fmt::format("{}: its {} {} {} {}", g.describe_node(id), weights ? "weights" : "constant", name, weights ? "hold" : "holds", describe_odd(value));
}

}  // namespace

bool holds_odd_numbers(const Tensor& t) {
  bool odd = false;
  with_pattern(t.dtype(), [&](auto pattern) { odd = any_odd(t.bytes().data(), 0, t.size(), pattern); });
  return odd;
}

std::vector<std::string> odd_weights(const Graph& g, Threads& threads) {
  std::vector<std::string> sentences;
  std::map<const Constant*, bool> known;
  Walk([&](const Graph& graph, NodeId id, int input, const Source& s) {
    if (!is_weight(*graph.node(id).op, input)) return;
    const auto [entry, is_new] = known.emplace(s.constant.get(), false);
    if (is_new) entry->second = any_odd(s.constant->value(), threads);
    if (entry->second) sentences.push_back(sentence(graph, id, input, true, s, s.constant->value()));
  }).run(g);
  return sentences;
}

std::vector<std::string> odd_constants(const Graph& g) {
  std::vector<std::string> sentences;
  Walk([&](const Graph& graph, NodeId id, int input, const Source& s) {
    const Op& op = *graph.node(id).op;
    if (is_weight(op, input) || moves_only(op) || !subgraphs(op).empty()) return;
    const Tensor value = s.constant->value();
    if (holds_odd_numbers(value)) sentences.push_back(sentence(graph, id, input, false, s, value));
  }).run(g);
  return sentences;
}

}  // namespace tenon::core

#include "build/odd_weights.h"

#include <cmath>
#include <cstring>

#include "ir/subgraphs.h"

namespace tenon::core {
namespace {

struct OddCount {
  int64_t nan = 0, infinite = 0;
};

/// Numbers of which the exponent's bits are all ones.
template <class Bits>
OddCount count_odd(std::span<const std::byte> bytes, Bits exponent, Bits mantissa) {
  OddCount count;
  for (size_t at = 0; at + sizeof(Bits) <= bytes.size(); at += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, bytes.data() + at, sizeof bits);
    if ((bits & exponent) == exponent) ++((bits & mantissa) != 0 ? count.nan : count.infinite);
  }
  return count;
}

OddCount count_odd(const Tensor& t) {
  switch (t.dtype()) {
    case DType::f64: return count_odd<uint64_t>(t.bytes(), 0x7ff0000000000000, 0x000fffffffffffff);
    case DType::f32: return count_odd<uint32_t>(t.bytes(), 0x7f800000, 0x007fffff);
    case DType::f16: return count_odd<uint16_t>(t.bytes(), 0x7c00, 0x03ff);
    case DType::bf16: return count_odd<uint16_t>(t.bytes(), 0x7f80, 0x007f);
    default: return {};
  }
}

}  // namespace

bool holds_odd_numbers(const Tensor& t) {
  const OddCount count = count_odd(t);
  return count.nan + count.infinite > 0;
}

std::vector<std::string> odd_weights(const Graph& g) {
  std::vector<std::string> sentences;
  for (NodeId id : g.order()) {
    const Node& n = g.node(id);
    for (const GraphRef& body : subgraphs(*n.op))
      for (std::string& s : odd_weights(*body)) sentences.push_back(std::move(s));
    for (Value v : n.inputs) {
      if (!v || !g.node(v.node).as<ConstantOp>()) continue;
      const Tensor value = g.constant(v)->value();
      const OddCount count = count_odd(value);
      if (count.nan + count.infinite == 0) continue;
      sentences.push_back(fmt::format("{}: its weights '{}' hold {} NaN and {} infinite numbers of {}, expected finite ones; was training stopped by an overflow, or the file damaged?",
                                      g.describe_node(id), g.name_of(v), count.nan, count.infinite, value.size()));
    }
  }
  return sentences;
}

}  // namespace tenon::core

#pragma once
#include <map>
#include <vector>

#include "base/bytes.h"
#include "engine/format.h"
#include "ir/graph.h"
#include "plan/choices.h"

namespace tenon::core {

/// The constants of a graph and its subgraphs, in the order of first use.
class ConstantTable {
 public:
  int64_t add(const ConstRef&);
  const std::vector<ConstRef>& constants() const { return constants_; }

 private:
  std::map<ConstRef, int64_t> index_;
  std::vector<ConstRef> constants_;
};

void write_type(ByteWriter&, const Type&);
Type read_type(ByteReader&);
void write_graph(ByteWriter&, const Graph&, ConstantTable&);
/// Rebuilds the graph node by node, inferring every fact again. Fails with corrupt_engine.
Graph read_graph(ByteReader&, std::span<const ConstRef> constants, int depth = 0);
void write_op(ByteWriter&, const Op&, ConstantTable&);
OpRef read_op(ByteReader&, std::span<const ConstRef> constants, int depth);
void write_choices(ByteWriter&, const Choices&);
Choices read_choices(ByteReader&, const Graph&);

std::string read_text(ByteReader&);
/// A count of things of at least `least` bytes each: more than the bytes left can hold is an error.
uint32_t read_count(ByteReader&, size_t least);
[[noreturn]] void corrupt(std::string_view what);

}  // namespace tenon::core

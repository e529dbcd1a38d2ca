#pragma once
#include <string>
#include <string_view>

#include "ir/graph.h"

namespace tenon::core {

/// One line a node; constants up to 64 elements in full, others by type and hash (`parse` refuses those).
///   graph main(x: f32[N,4]) {
///     %1 = Constant{value=f32[4]{1, 2, 3, 4}}
///     %2 = Binary{kind=add}(%x, %1) : f32[N,4]  # 'add'
///     return y = %2
///   }
std::string print(const Graph&);
/// Fails with the line and column of what it did not understand.
Graph parse(std::string_view text, const OpRegistry&);

}  // namespace tenon::core

#pragma once
#include "passes/driver.h"

namespace tenon::core {

/// Attention whose queries, keys and values are views of one tensor becomes a Fused node that reads them where they lie; on devices
/// that have a kernel for it.
void pack_attention(Graph&, PassContext&);

/// True when these values are read once each, as the queries, keys and values of one Attention.
bool feed_one_attention(const Graph&, std::vector<Value> values);

}  // namespace tenon::core

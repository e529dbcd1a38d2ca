#pragma once
#include "ir/tensor.h"
#include "tenon/tensor.h"

namespace tenon::core {

/// Both directions share the bytes; the result keeps them alive.
Tensor to_core(const tenon::Tensor&);
tenon::Tensor to_public(const Tensor&);
HostValue to_core(const tenon::Value&);
tenon::Value to_public(const HostValue&);

}  // namespace tenon::core

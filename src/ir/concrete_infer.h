#pragma once
#include "base/error.h"
#include "ir/op.h"

namespace tenon::core {

/// Inference where dims are numbers, so a requirement either holds or not; sizes that depend on data stay open.
class ConcreteInfer : public InferContext {
 public:
  using InferContext::InferContext;
  Dim unknown(std::string_view, std::optional<Dim>) override { return Dim::symbol("open"); }
  void require_equal(const Dim& a, const Dim& b, std::string_view what) override {
    if (equal(a, b) == Tri::no) fail(ErrorCode::shape_mismatch, "{}: {} and {} must be equal", what, a.str(), b.str());
  }
};

}  // namespace tenon::core

#pragma once
#include "base/error.h"
#include "ir/type.h"

namespace tenon::core {

/// Contents are carried for these types only; i32 wrap-around is out of reach of shapes.
inline bool carries_content(DType dtype) {
  return dtype == DType::i64 || dtype == DType::i32 || dtype == DType::boolean;
}

/// 1 for yes, 0 for no.
inline std::optional<Dim> as_content(Tri t) {
  if (t == Tri::unknown) return std::nullopt;
  return Dim(t == Tri::yes ? 1 : 0);
}

/// Sets the content of `result` to f(0), f(1), ... when its shape is known, small and of rank 0 or 1, and f gives every
/// element. An overflow in `f` means that nothing is known.
template <class F>
void carry_content(Fact& result, F&& f) {
  if (!result.type.ranked || result.rank() > 1 || !carries_content(result.dtype())) return;
  const auto dims = const_dims(result.shape());
  if (!dims || checked_product(*dims) > kMaxContent) return;
  std::vector<Dim> content;
  try {
    for (int64_t i = 0; i < checked_product(*dims); ++i) {
      std::optional<Dim> element = f(i);
      if (!element) return;
      content.push_back(*std::move(element));
    }
  } catch (const Error&) {
    return;
  }
  result.content = std::move(content);
}

/// Element i of a rank 0 or 1 tensor that is broadcast to rank 1.
inline const Dim& broadcast_element(const std::vector<Dim>& elements, int64_t i) {
  return elements.size() == 1 ? elements[0] : elements[i];
}

}  // namespace tenon::core

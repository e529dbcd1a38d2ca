#include "tactics/narrow_rows.h"

#include <algorithm>

#include "base/checked.h"
#include "tactics/support.h"

namespace tenon::core {

NarrowRows::NarrowRows(int64_t rows, int64_t length, int lanes)
    : rows_(rows),
      length_(length),
      lanes_(std::min<int64_t>(lanes, rows)),
      widen_(cpu::find_strip_function("widen", DType::bf16, DType::f32, 0)),
      narrow_(cpu::find_strip_function("narrow", DType::bf16, DType::f32, 0)) {}

int64_t NarrowRows::workspace_bytes() const {
  return checked_mul(checked_mul(lanes_, round_up(length_, 16)), static_cast<int64_t>(sizeof(float)));
}

void NarrowRows::run(const Args& args, Threads& threads, FunctionRef<void(int64_t, float*)> compute) const {
  const int64_t bytes = length_ * size_of(DType::bf16);
  threads.parallel(lanes_, [&](int64_t lane) {
    float* values = reinterpret_cast<float*>(args.workspace) + lane * round_up(length_, 16);
    for (int64_t r = rows_ * lane / lanes_; r < rows_ * (lane + 1) / lanes_; ++r) {
      widen_({values, {args.in[0].data + r * bytes, nullptr, nullptr}, length_, 0, 0});
      compute(r, values);
      narrow_({args.out[0].data + r * bytes, {values, nullptr, nullptr}, length_, 0, 0});
    }
  });
}

void add_narrow_offers(std::vector<Offer>& offers, const Problem& p) {
  if (!allows_bf16(p)) return;
  const size_t plain = offers.size();
  for (size_t i = 0; i < plain; ++i) {
    Offer narrow = offers[i];
    narrow.in[0].storage = narrow.out[0].storage = DType::bf16;
    offers.push_back(std::move(narrow));
  }
}

}  // namespace tenon::core

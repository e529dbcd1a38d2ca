#include "tactics/reorder.h"

#include "base/half.h"
#include "ir/tensor.h"
#include "kernels/cpu/box_copy.h"

namespace tenon::core {
namespace {

constexpr int64_t kGrain = 1 << 14;

using Convert = void (*)(const void* in, void* out, int64_t begin, int64_t end);

template <class From, class To>
void convert(const void* in, void* out, int64_t begin, int64_t end) {
  const From* x = static_cast<const From*>(in);
  To* y = static_cast<To*>(out);
  for (int64_t i = begin; i < end; ++i) {
    if constexpr (std::is_same_v<From, float>) y[i] = from_float<To>(x[i]);
    else if constexpr (std::is_same_v<To, float>) y[i] = to_float(x[i]);
    else y[i] = from_float<To>(to_float(x[i]));
  }
}

/// Storage types stand for one another only among the float types that kernels store.
Convert conversion(DType from, DType to) {
  if (from == DType::f32) return to == DType::f16 ? &convert<float, F16> : to == DType::bf16 ? &convert<float, BF16> : nullptr;
  if (from == DType::f16) return to == DType::f32 ? &convert<F16, float> : to == DType::bf16 ? &convert<F16, BF16> : nullptr;
  if (from == DType::bf16) return to == DType::f32 ? &convert<BF16, float> : to == DType::f16 ? &convert<BF16, F16> : nullptr;
  return nullptr;
}

class HostReorder : public Executable {
 public:
  HostReorder(DType dtype, const Dims& dims, const Format& from, const Format& to)
      : from_(stored_as(from, dtype)), to_(stored_as(to, dtype)), count_(checked_product(dims)),
        copy_(size_of(to_), dims, strides_of(from.layout, dims), strides_of(to.layout, dims)) {
    if (from_ == to_) return;
    convert_ = conversion(from_, to_);
    assume(convert_ != nullptr, "a storage type is one that a float type converts to");
    moves_ = !same_memory(from.layout, to.layout, dims);
  }
  int64_t workspace_bytes() const override { return convert_ && moves_ ? checked_mul(count_, size_of(to_)) : 0; }
  std::string kernel_name() const override { return convert_ ? fmt::format("reorder:{}_{}", to_string(from_), to_string(to_)) : "reorder"; }
  void run(State*, const Args& args, Threads& threads) const override {
    if (!convert_) return copy_.run(args.in[0].data, args.out[0].data, threads);
    std::byte* converted = moves_ ? args.workspace : args.out[0].data;
    threads.parallel_ranges(count_, kGrain, [&](int64_t begin, int64_t end) { convert_(args.in[0].data, converted, begin, end); });
    if (moves_) copy_.run(converted, args.out[0].data, threads);
  }

 private:
  DType from_, to_;
  int64_t count_;
  cpu::BoxCopy copy_;
  Convert convert_ = nullptr;
  bool moves_ = true;
};

}  // namespace

void reorder(const void* in, void* out, int64_t element_size, std::span<const int64_t> dims, const Layout& from,
             const Layout& to, Threads& threads) {
  cpu::BoxCopy(element_size, dims, strides_of(from, dims), strides_of(to, dims)).run(in, out, threads);
}

std::shared_ptr<const Executable> host_reorder(DType dtype, const Dims& dims, const Format& from, const Format& to) {
  return std::make_shared<HostReorder>(dtype, dims, from, to);
}

}  // namespace tenon::core

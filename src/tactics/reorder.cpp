#include "tactics/reorder.h"

#include "ir/tensor.h"
#include "kernels/cpu/box_copy.h"
#include "kernels/cpu/strip_functions.h"

namespace tenon::core {
namespace {

constexpr int64_t kReorderGrain = 1 << 14;

/// Storage types stand for one another only among the float types that kernels store.
cpu::StripFunction conversion(DType from, DType to) {
  if (from == DType::f32) return cpu::find_strip_function("narrow", to, to, 0);
  return to == DType::f32 ? cpu::find_strip_function("widen", from, from, 0) : nullptr;
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
    threads.parallel_ranges(count_, kReorderGrain, [&](int64_t begin, int64_t end) {
      convert_({converted + begin * size_of(to_), {args.in[0].data + begin * size_of(from_), nullptr, nullptr}, end - begin, 0, 0});
    });
    if (moves_) copy_.run(converted, args.out[0].data, threads);
  }

 private:
  DType from_, to_;
  int64_t count_;
  cpu::BoxCopy copy_;
  cpu::StripFunction convert_ = nullptr;
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

#include "tactics/reorder.h"

#include "kernels/cpu/box_copy.h"

namespace tenon::core {

void reorder(const void* in, void* out, int64_t element_size, std::span<const int64_t> dims, const Layout& from,
             const Layout& to, Threads& threads) {
  cpu::BoxCopy(element_size, dims, strides_of(from, dims), strides_of(to, dims)).run(in, out, threads);
}

}  // namespace tenon::core

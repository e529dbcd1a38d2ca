#pragma once
#include "cuda/compile.h"
#include "cuda/loops.h"
#include "ir/tensor.h"

namespace tenon::core::cuda {

/// The kernels' type for moving elements of 1, 2, 4, 8 or 16 bytes.
std::string_view raw_name(int64_t size);
/// The text that moves elements of one type to another (equal types: any of this size).
KernelText box_text(DType from, DType to);

/// Moves a box of elements between two strided arrays in device memory: layout changes, slices, concatenations, broadcasts
/// (a source stride of 0), with conversion of the elements. Prepared once for its dims and strides.
class BoxKernel {
 public:
  /// Strides count elements and may be negative in the source; target elements must not overlap.
  BoxKernel(DType from, DType to, const Dims& dims, const Dims& from_strides, const Dims& to_strides, int compute);
  void launch(const void* from, void* to, cudaStream_t) const;
  /// "rows", "tiles", "pixels", "single" or "nothing".
  const std::string& name() const { return name_; }

 private:
  /// BoxArgs of the kernel.
  struct Parameters {
    const void* from = nullptr;
    void* to = nullptr;
    uint32_t count = 0, loops = 0;
    Divider extents[8];
    int64_t from_strides[8] = {}, to_strides[8] = {};
    uint32_t step = 0, unused = 0, rows = 0, columns = 0;
    int64_t row_stride = 0, column_stride = 0;
  };
  struct Prepared {
    Kernel kernel;
    Parameters parameters;
    unsigned blocks = 0, threads = 128;
  };
  Prepared one_by_one(const Loops&, int64_t width, const char* entry) const;
  bool prepare_tiles(Loops);
  bool prepare_pixels(const Loops&);
  void peel(Loops&);

  const Module* module_ = nullptr;
  int64_t from_size_, to_size_;
  std::string name_ = "nothing";
  Prepared wide_, single_;
  int64_t alignment_ = 1;  // that `wide_` needs
  int64_t pieces_ = 0, from_piece_ = 0, to_piece_ = 0;  // launches of an outer loop; strides in bytes
};

}  // namespace tenon::core::cuda

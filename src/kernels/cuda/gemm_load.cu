// How tiles of the operands of gemm.cu get into shared memory. A tile lies there line by line: a line holds the elements
// that are neighbours in memory, and 16 bytes more, so that 8 lines start in different banks; for products of warpgroups no more,
// but its chunks are exchanged as warpgroup.cu says.

constexpr int kVector = 16 / sizeof(SCALAR);
constexpr int kThreads = WARPS_M * WARPS_N * 32;
constexpr int kPadding = WARPGROUPS ? 0 : 16;

/// Where the 16 bytes at index `chunk` of a line lie in it.
__device__ inline int chunk_at(int line, int chunk) { return (WARPGROUPS ? chunk ^ line % 8 : chunk) * 16; }

/// 16 bytes of a line, of which the first `valid` elements are read and the rest is zero. VECTOR: elements that are
/// known to be readable and aligned together.
template <int VECTOR>
__device__ inline void load_chunk(unsigned char* to, const SCALAR* from, int valid, const SCALAR* anywhere) {
#pragma unroll
  for (int i = 0; i < kVector; i += VECTOR) {
    const bool real = i < valid;
    if (VECTOR * sizeof(SCALAR) >= 4) {
      copy_async<VECTOR * sizeof(SCALAR) >= 4 ? VECTOR * (int)sizeof(SCALAR) : 4>(to + i * sizeof(SCALAR), real ? from + i : anywhere, real);
    } else {
      SCALAR zero = {};
      *reinterpret_cast<SCALAR*>(to + i * sizeof(SCALAR)) = real ? from[i] : zero;
    }
  }
}

/// LINES lines of LENGTH elements, out of a matrix of `lines` lines of `length` elements that are `step` apart.
template <int LINES, int LENGTH, int VECTOR>
struct TileLoader {
  static constexpr int kLineBytes = LENGTH * (int)sizeof(SCALAR) + kPadding;
  static constexpr int kBytes = LINES * kLineBytes;
  static constexpr int kChunks = LENGTH / kVector;
  static constexpr int kPasses = (LINES * kChunks + kThreads - 1) / kThreads;

  const SCALAR* from;
  i64 step;
  int lines, length;
  __device__ void operator()(unsigned char* to, int first_line, int first) const {
#pragma unroll
    for (int i = 0; i < kPasses; ++i) {
      const int at = (int)threadIdx.x + i * kThreads;
      if (LINES * kChunks % kThreads != 0 && at >= LINES * kChunks) break;
      const int line = at / kChunks, chunk = at % kChunks, column = first + chunk * kVector;
      const bool inside = first_line + line < lines;
      load_chunk<VECTOR>(to + line * kLineBytes + chunk_at(line, chunk), from + (first_line + line) * step + column, inside ? length - column : 0, from);
    }
  }
};

#if CONV
/// LINES output pixels; each line is LENGTH elements of what the kernel sees there. Called with `first` growing by LENGTH.
template <int LINES, int LENGTH, int VECTOR>
struct PixelLoader {
  static constexpr int kLineBytes = LENGTH * (int)sizeof(SCALAR) + kPadding;
  static constexpr int kBytes = LINES * kLineBytes;
  static constexpr int kChunks = LENGTH / kVector;
  static constexpr int kPasses = LINES * kChunks / kThreads;
  static_assert(kThreads % kChunks == 0 && LINES * kChunks % kThreads == 0, "a thread keeps its column");

  const SCALAR* image;
  i64 origin[kPasses];  // of the image of each line
  int top[kPasses], left[kPasses];
  int kernel_row, kernel_column, channel;

  __device__ PixelLoader(const GemmArgs& p, const SCALAR* x, int first_line, int first) : image(x) {
    const int pixels = p.out_h * p.out_w;
#pragma unroll
    for (int i = 0; i < kPasses; ++i) {
      const int line = first_line + ((int)threadIdx.x + i * kThreads) / kChunks;
      const int n = line / pixels, pixel = line % pixels;
      origin[i] = (i64)n * p.height * p.width * p.pixel;
      top[i] = line < p.m ? pixel / p.out_w * p.stride_h - p.pad_h : -(1 << 29);
      left[i] = pixel % p.out_w * p.stride_w - p.pad_w;
    }
    const int k = first + (int)threadIdx.x % kChunks * kVector, tap = k / p.channels;
    channel = k % p.channels;
    kernel_row = tap / p.kernel_w;
    kernel_column = tap % p.kernel_w;
  }

  __device__ void load_vectors(const GemmArgs& p, unsigned char* to) const {
    const int down = kernel_row * p.dilation_h, right = kernel_column * p.dilation_w;
#pragma unroll
    for (int i = 0; i < kPasses; ++i) {
      const int at = (int)threadIdx.x + i * kThreads, y = top[i] + down, x = left[i] + right;
      const bool inside = kernel_row < p.kernel_h && (u32)y < (u32)p.height && (u32)x < (u32)p.width;
      const SCALAR* from = image + origin[i] + ((i64)y * p.width + x) * p.pixel + channel;
      load_chunk<kVector>(to + at / kChunks * kLineBytes + chunk_at(at / kChunks, at % kChunks), inside ? from : image, inside ? kVector : 0, image);
    }
  }
  __device__ void advance(const GemmArgs& p) {
    for (channel += LENGTH; channel >= p.channels; channel -= p.channels)
      if (++kernel_column == p.kernel_w) {
        kernel_column = 0;
        ++kernel_row;
      }
  }
  /// Channels that do not fill vectors: each piece of a chunk has a tap of its own.
  __device__ void load_pieces(const GemmArgs& p, unsigned char* to, int first) const {
    constexpr int kPiece = VECTOR * (int)sizeof(SCALAR) >= 4 ? VECTOR * (int)sizeof(SCALAR) : 4;
    for (int i = 0; i < kPasses; ++i) {
      const int at = (int)threadIdx.x + i * kThreads;
      unsigned char* chunk = to + at / kChunks * kLineBytes + chunk_at(at / kChunks, at % kChunks);
#pragma unroll
      for (int j = 0; j < kVector; j += VECTOR) {
        const int k = first + at % kChunks * kVector + j, tap = k / p.channels, row = tap / p.kernel_w;
        const int y = top[i] + row * p.dilation_h, x = left[i] + tap % p.kernel_w * p.dilation_w;
        const bool inside = row < p.kernel_h && (u32)y < (u32)p.height && (u32)x < (u32)p.width;
        const SCALAR* from = inside ? image + origin[i] + ((i64)y * p.width + x) * p.pixel + k % p.channels : image;
        SCALAR zero = {};
        if (VECTOR * sizeof(SCALAR) >= 4)
          copy_async<kPiece>(chunk + j * sizeof(SCALAR), from, inside);
        else
          *reinterpret_cast<SCALAR*>(chunk + j * sizeof(SCALAR)) = inside ? *from : zero;
      }
    }
  }
  __device__ void operator()(const GemmArgs& p, unsigned char* to, int first) {
    if (VECTOR == kVector) {
      load_vectors(p, to);
      advance(p);
    } else {
      load_pieces(p, to, first);
    }
  }
};
#endif

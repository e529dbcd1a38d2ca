// Products of a warpgroup (four warps) out of shared memory; for compute capability 9.0 alone. Tiles are lines of 128 bytes along
// k, groups of eight lines at multiples of 1024 bytes; the chunk of 16 bytes at index c of line l lies at index c ^ l % 8.

#ifndef TENON_EMULATED
#define SHARED_TILES(name) extern __shared__ __align__(1024) unsigned char name[]

/// Products may read what this thread wrote to shared memory, from the next barrier on.
__device__ inline void show_to_products() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
/// Before the first product after registers of the sums were written.
__device__ inline void fence_sums() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ inline void commit_products() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
__device__ inline void wait_products() { asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory"); }
/// Keeps the compiler from moving sums across this place.
template <int N>
__device__ inline void hold(float (&d)[N][4]) {
#pragma unroll
  for (int i = 0; i < N; ++i) asm volatile("" : "+f"(d[i][0]), "+f"(d[i][1]), "+f"(d[i][2]), "+f"(d[i][3])::"memory");
}

/// The descriptor of a tile: its address, 1024 bytes from one group of lines to the next, chunks exchanged within 128 bytes.
__device__ inline u64 tile_at(const unsigned char* address) {
  return (u64)(((u32)__cvta_generic_to_shared(address) & 0x3ffff) >> 4) | 1ull << 16 | (1024ull >> 4) << 32 | 1ull << 62;
}

// d (64 x N) += a (64 lines) * b (N lines), 16 of k at the given addresses. A warp has 16 lines of a, its registers are those of
// `multiply`. The sums are there after wait_products.
#define SUM_4(i) "+f"(d[i][0]), "+f"(d[i][1]), "+f"(d[i][2]), "+f"(d[i][3])
#define SUM_16(i) SUM_4(i), SUM_4(i + 1), SUM_4(i + 2), SUM_4(i + 3)
#define DEFINE_PRODUCTS(TAG, NAME) \
  __device__ inline void start_product(TAG, float (&d)[4][4], const unsigned char* a, const unsigned char* b) { \
    asm volatile("{.reg .pred add; setp.ne.u32 add, 1, 0; wgmma.mma_async.sync.aligned.m64n32k16.f32." NAME "." NAME " " \
      "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15}, " \
      "%16, %17, add, 1, 1, 0, 0;}" : SUM_16(0) : "l"(tile_at(a)), "l"(tile_at(b)) : "memory"); \
  } \
  __device__ inline void start_product(TAG, float (&d)[8][4], const unsigned char* a, const unsigned char* b) { \
    asm volatile("{.reg .pred add; setp.ne.u32 add, 1, 0; wgmma.mma_async.sync.aligned.m64n64k16.f32." NAME "." NAME " " \
      "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15," \
      " %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, " \
      "%32, %33, add, 1, 1, 0, 0;}" : SUM_16(0), SUM_16(4) : "l"(tile_at(a)), "l"(tile_at(b)) : "memory"); \
  } \
  __device__ inline void start_product(TAG, float (&d)[16][4], const unsigned char* a, const unsigned char* b) { \
    asm volatile("{.reg .pred add; setp.ne.u32 add, 1, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32." NAME "." NAME " " \
      "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15," \
      " %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31," \
      " %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47," \
      " %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, " \
      "%64, %65, add, 1, 1, 0, 0;}" : SUM_16(0), SUM_16(4), SUM_16(8), SUM_16(12) : "l"(tile_at(a)), "l"(tile_at(b)) : "memory"); \
  }
DEFINE_PRODUCTS(f16, "f16")
DEFINE_PRODUCTS(bf16, "bf16")
#endif

#pragma once
// Runs the text of hand-written CUDA kernels on the host, one block after the other, each thread as a fiber: what they
// compute with tensor cores, warp exchanges, barriers and asynchronous copies is checked without a GPU. Threads take turns in
// random order, copies arrive as late as they may, and shared memory starts as NaN, so that a missing barrier shows.
#include <cmath>
#include <cstring>
#include <functional>
#include <random>

#include "base/half.h"

#define TENON_EMULATED 1
#define __device__
#define __shared__ static
#define KERNEL(threads) inline void
#define SHARING_KERNEL(threads, blocks) inline void
#define SHARED_MEMORY(name) unsigned char* name = ::tenon::core::emulated::shared_memory()
#pragma GCC diagnostic ignored "-Wunknown-pragmas"

namespace tenon::core::emulated {

struct Index {
  unsigned x = 1, y = 1, z = 1;
};
/// Of the thread whose turn it is.
extern Index threadIdx, blockIdx, gridDim;

struct Grid {
  Index blocks;
  unsigned threads = 1;
  size_t shared_bytes = 0;
  unsigned cluster = 1;  // blocks along z that run together
};
/// Runs `kernel` for every thread. Throws std::runtime_error when threads wait for each other in vain or leave shared memory.
void launch(const Grid&, const std::function<void()>& kernel);

unsigned char* shared_memory();
void block_barrier();
void cluster_barrier();
inline void cluster_arrive() {}
inline void cluster_wait() { cluster_barrier(); }
/// The place in block `rank` of the cluster that corresponds to `mine`.
const void* remote(const void* mine, int rank);
/// What this lane gives, then what each of the 32 lanes gave; `bytes` up to 64.
const unsigned char (*gather(const void* given, size_t bytes))[64];
/// Shared memory at an address that must be a multiple of `alignment`.
const unsigned char* check_shared(const void* address, size_t bytes, size_t alignment);
void start_copy(void* to, const void* from, size_t bytes, bool real);
void commit_copies();
void wait_copies(size_t newest);

// What the prelude gives kernels.
typedef long long i64;
typedef unsigned short u16;
typedef unsigned int u32;
struct f16 {
  u16 bits;
};
struct bf16 {
  u16 bits;
};
inline float to_float(f16 x) { return core::to_float(F16{x.bits}); }
inline float to_float(bf16 x) { return core::to_float(BF16{x.bits}); }
inline f16 to_f16(float x) { return {from_float<F16>(x).bits}; }
inline bf16 to_bf16(float x) { return {from_float<BF16>(x).bits}; }
inline float __uint_as_float(u32 x) {
  float y;
  std::memcpy(&y, &x, 4);
  return y;
}
inline u32 __float_as_uint(float x) {
  u32 y;
  std::memcpy(&y, &x, 4);
  return y;
}
inline float __expf(float x) { return std::exp(x); }
inline float at_least(float x, float low) { return x < low ? low : x; }
inline float at_most(float x, float high) { return x > high ? high : x; }
inline float __fdividef(float x, float y) { return x / y; }
inline float __saturatef(float x) { return x > 0 ? x < 1 ? x : 1 : 0; }
template <class T> T min(T a, T b) { return b < a ? b : a; }
template <class T> T max(T a, T b) { return a < b ? b : a; }
inline void wait_for_previous() {}
inline void __syncthreads() { block_barrier(); }
inline void __syncwarp() { gather(nullptr, 0); }

// What tile.cu says in PTX.
inline u32 pack_halves(float low, float high) { return to_f16(low).bits | static_cast<u32>(to_f16(high).bits) << 16; }
void load_matrices(u32 (&r)[4], const void* row);
void load_matrices_transposed(u32 (&r)[4], const void* row);
void multiply(f16, float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1);
void multiply(bf16, float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1);
void multiply(float, float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1);
template <int BYTES>
void copy_async(void* to, const void* from, bool real) {
  check_shared(to, BYTES, BYTES);
  start_copy(to, from, BYTES, real);
}
template <int N>
void wait_copies() {
  wait_copies(N);
}
template <int N>
void load_remote(float (&to)[N], const float* mine, int rank) {
  std::memcpy(to, remote(mine, rank), sizeof to);
}
// What warpgroup.cu says in PTX: products happen as late as they may.
#define SHARED_TILES SHARED_MEMORY
inline void show_to_products() {}
inline void fence_sums() {}
inline void commit_products() {}
void wait_products();
template <int N>
void hold(float (&)[N][4]) {}
/// Adds rows 16 * (warp % 4) + lane / 4 and 8 more of `a` times `columns` lines of `b` to this lane's sums.
void queue_product(float (*pair)(u32 word_a, u32 word_b), float (*d)[4], int columns, const unsigned char* a, const unsigned char* b);
template <class T>
float multiply_pair(u32 x, u32 y) {
  const T low{static_cast<u16>(x)}, high{static_cast<u16>(x >> 16)};
  return to_float(low) * to_float(T{static_cast<u16>(y)}) + to_float(high) * to_float(T{static_cast<u16>(y >> 16)});
}
template <class T, int N>
void start_product(T, float (&d)[N][4], const unsigned char* a, const unsigned char* b) {
  queue_product(multiply_pair<T>, d, N * 8, a, b);
}
float from_lane(float x, int lane);
float exchange(float x, int lanes);
inline float power_of_two(float x) { return std::exp2(x); }

#include "kernels/cuda/attention_args.cu"
#include "kernels/cuda/depthwise_args.cu"
#include "kernels/cuda/expand_args.cu"
#include "kernels/cuda/gemm_args.cu"
#include "kernels/cuda/pool_args.cu"
#include "kernels/cuda/squeeze_args.cu"
#include "kernels/cuda/stem_args.cu"
#include "kernels/cuda/tile.cu"
#include "kernels/cuda/warpgroup.cu"

}  // namespace tenon::core::emulated

// Vectors and the instructions of tensor cores, as the hand-written kernels use them. A host emulation replaces what stands
// under TENON_EMULATED.
#define INFINITE __uint_as_float(0x7f800000u)

template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
  T v[N];
};

#ifndef TENON_EMULATED
#define KERNEL(threads) extern "C" __global__ void __launch_bounds__(threads)
/// Of which a multiprocessor holds at least so many blocks, where shared memory allows.
#define SHARING_KERNEL(threads, blocks) extern "C" __global__ void __launch_bounds__(threads, blocks)
#define SHARED_MEMORY(name) extern __shared__ __align__(128) unsigned char name[]

/// x, or the bound where x lies beyond it; NaN stays NaN.
__device__ inline float at_least(float x, float low) {
#if __CUDA_ARCH__ >= 800
  float y;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(y) : "f"(x), "f"(low));
  return y;
#else
  return x < low ? low : x;
#endif
}
__device__ inline float at_most(float x, float high) {
#if __CUDA_ARCH__ >= 800
  float y;
  asm("min.NaN.f32 %0, %1, %2;" : "=f"(y) : "f"(x), "f"(high));
  return y;
#else
  return x > high ? high : x;
#endif
}

/// Two halves in one word, `low` in the low bits.
__device__ inline u32 pack_halves(float low, float high) {
#if __CUDA_ARCH__ >= 800
  u32 y;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(y) : "f"(high), "f"(low));
  return y;
#else
  return to_f16(low).bits | (u32)to_f16(high).bits << 16;
#endif
}

// Matrices of 8 rows of 16 bytes; lane l gives the address of row l % 8 of matrix l / 8. Lane l receives from matrix i the
// 4 bytes at column l % 4 of row l / 4; transposed (16-bit elements): elements 2 (l % 4) and the next of column l / 4.
__device__ inline void load_matrices(u32 (&r)[4], const void* row) {
  const u32 at = (u32)__cvta_generic_to_shared(row);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at) : "memory");
}
__device__ inline void load_matrices_transposed(u32 (&r)[4], const void* row) {
  const u32 at = (u32)__cvta_generic_to_shared(row);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at) : "memory");
}

// d (16 x 8) += a (16 x 32 bytes, row by row) * b (32 bytes x 8, column by column).
__device__ inline void multiply(f16, float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
__device__ inline void multiply(bf16, float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
__device__ inline u32 round_tf32(u32 x) {
  u32 y;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y) : "f"(__uint_as_float(x)));
  return y;
}
__device__ inline void multiply(float, float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(round_tf32(a[0])), "r"(round_tf32(a[1])), "r"(round_tf32(a[2])), "r"(round_tf32(a[3])), "r"(round_tf32(b0)), "r"(round_tf32(b1)));
}

/// Starts a copy of BYTES to shared memory, or of zeros; `from` must be an address that can be read all the same.
template <int BYTES>
__device__ inline void copy_async(void* to, const void* from, bool real) {
  const u32 at = (u32)__cvta_generic_to_shared(to);
  if (BYTES == 16)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at), "l"(from), "r"(real ? 16 : 0) : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], %3, %2;" ::"r"(at), "l"(from), "r"(real ? BYTES : 0), "n"(BYTES) : "memory");
}
__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
/// Waits for all but the newest N groups of this thread's copies.
template <int N>
__device__ inline void wait_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

// Blocks of a cluster (compute capability 9.0) read each other's shared memory between two of their barriers.
__device__ inline void cluster_barrier() { asm volatile("barrier.cluster.arrive.aligned;\n\tbarrier.cluster.wait.aligned;" ::: "memory"); }
/// Such a barrier in two halves.
__device__ inline void cluster_arrive() { asm volatile("barrier.cluster.arrive.aligned;" ::: "memory"); }
__device__ inline void cluster_wait() { asm volatile("barrier.cluster.wait.aligned;" ::: "memory"); }
/// What block `rank` of the cluster has where `mine` lies here.
template <int N>
__device__ inline void load_remote(float (&to)[N], const float* mine, int rank) {
  u32 at;
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(at) : "r"((u32)__cvta_generic_to_shared(mine)), "r"(rank));
  if (N % 4 == 0) {
#pragma unroll
    for (int i = 0; i < N; i += 4)
      asm volatile("ld.shared::cluster.v4.f32 {%0,%1,%2,%3}, [%4];"
                   : "=f"(to[i % N]), "=f"(to[(i + 1) % N]), "=f"(to[(i + 2) % N]), "=f"(to[(i + 3) % N]) : "r"(at + i * 4));
  } else {
#pragma unroll
    for (int i = 0; i < N; ++i) asm volatile("ld.shared::cluster.f32 %0, [%1];" : "=f"(to[i]) : "r"(at + i * 4));
  }
}

__device__ inline float exchange(float x, int lanes) { return __shfl_xor_sync(0xffffffffu, x, lanes); }
__device__ inline float from_lane(float x, int lane) { return __shfl_sync(0xffffffffu, x, lane); }
__device__ inline float power_of_two(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
#endif

__device__ inline float to_float(float x) { return x; }
__device__ inline u32 pack_bfloats(float low, float high) {
#if !defined(TENON_EMULATED) && __CUDA_ARCH__ >= 800
  u32 y;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(y) : "f"(high), "f"(low));
  return y;
#else
  return to_bf16(low).bits | (u32)to_bf16(high).bits << 16;
#endif
}
__device__ inline void assign(f16& to, float x) { to = to_f16(x); }
__device__ inline void assign(bf16& to, float x) { to = to_bf16(x); }
__device__ inline void assign(float& to, float x) { to = x; }
__device__ inline u32 pack_two(f16, float low, float high) { return pack_halves(low, high); }
__device__ inline u32 pack_two(bf16, float low, float high) { return pack_bfloats(low, high); }

template <int N, class T>
__device__ inline void load_floats(float (&to)[N], const T* from) {
  const Pack<T, N> pack = *reinterpret_cast<const Pack<T, N>*>(from);
#pragma unroll
  for (int i = 0; i < N; ++i) to[i] = to_float(pack.v[i]);
}
template <int N, class T>
__device__ inline void store_floats(T* to, const float (&from)[N]) {
  Pack<T, N> pack;
#pragma unroll
  for (int i = 0; i < N; ++i) assign(pack.v[i], from[i]);
  *reinterpret_cast<Pack<T, N>*>(to) = pack;
}
/// The sum over a warp, in every lane.
__device__ inline float warp_sum(float x) {
#pragma unroll
  for (int lanes = 16; lanes; lanes /= 2) x += exchange(x, lanes);
  return x;
}

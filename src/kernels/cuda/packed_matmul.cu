// y = a @ w^T + bias, w stored in BITS bits with a scale and a zero point for each block of a row. A warp computes one column of
// ROWS rows; a lane takes the values of 4 bytes at a time.
constexpr int ROWS = 4;
constexpr int VALUES = 32 / BITS;

struct PackedArgs {
  const IN* a;
  const u8* w;            // [n][blocks][block bytes]
  const SCALE* scales;    // [n][blocks]
  const ZERO* zeros;      // [n][blocks], or packed in rows of whole bytes; null: half of the range
  const i32* groups;      // the block whose scale belongs to each k; null: its own
  const SCALE* bias;
  OUT* y;
  u32 m, n, k, blocks, block_shift, packed_zeros;
};

extern "C" __global__ void __launch_bounds__(128) product(const PackedArgs p) {
  wait_for_previous();
  const u32 column = blockIdx.x * 4 + threadIdx.x / 32, lane = threadIdx.x % 32, row = blockIdx.y * ROWS;
  if (column >= p.n) return;
  const u32 row_bytes = (p.blocks << p.block_shift) / 8 * BITS;
  const u32* words = reinterpret_cast<const u32*>(p.w + i64(column) * row_bytes);  // rows are whole words
  const SCALE* scales = p.scales + i64(column) * p.blocks;
  float sums[ROWS] = {};
  for (u32 first = lane * VALUES; first < p.k; first += 32 * VALUES) {
    const u32 word = words[first / VALUES];
    u32 known = ~0u;
    float scale = 0, zero = 0;
    float values[VALUES];
#pragma unroll
    for (int i = 0; i < VALUES; ++i) {
      const u32 k = first + i;
      values[i] = 0;
      if (k >= p.k) continue;
      const u32 block = p.groups ? u32(p.groups[k]) : k >> p.block_shift;
      if (block != known) {
        known = block;
        scale = block < p.blocks ? float(Element<SCALE>::get(scales[block])) : 0.0f;
        zero = float(1 << (BITS - 1));
        if (p.zeros && block < p.blocks) {
          if (p.packed_zeros) {
            const u32 row_of_zeros = (p.blocks * BITS + 7) / 8, bit = block * BITS;
            zero = float(reinterpret_cast<const u8*>(p.zeros)[i64(column) * row_of_zeros + bit / 8] >> (bit % 8) & ((1 << BITS) - 1));
          } else {
            zero = float(Element<ZERO>::get(p.zeros[i64(column) * p.blocks + block]));
          }
        }
      }
      values[i] = (float(word >> (i * BITS) & ((1 << BITS) - 1)) - zero) * scale;
    }
#pragma unroll
    for (int r = 0; r < ROWS; ++r) {
      if (row + r >= p.m) break;
      const IN* a = p.a + i64(row + r) * p.k + first;
#pragma unroll
      for (int i = 0; i < VALUES; ++i)
        if (first + i < p.k) sums[r] += float(Element<IN>::get(a[i])) * values[i];
    }
  }
#pragma unroll
  for (int r = 0; r < ROWS; ++r) {
    const float sum = fold_warp<Sum>(sums[r]);
    if (lane == 0 && row + r < p.m)
      p.y[i64(row + r) * p.n + column] = Element<OUT>::put(sum + (p.bias ? float(Element<SCALE>::get(p.bias[column])) : 0.0f));
  }
}

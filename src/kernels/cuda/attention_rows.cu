// Attention of any size in f32, one warp for each query. Compiled with: SCALAR, MASK_TYPE, SINK (types), MASK. Shared memory:
// depth + width floats for each warp. blockIdx is (queries / 4, head, batch).

constexpr int kWarps = 4;

/// q . k[key]; every lane has a key of its own.
__device__ inline float product(const float* q, const SCALAR* k, int depth) {
  float sum = 0;
  for (int d = 0; d < depth; ++d) sum += q[d] * to_float(k[d]);
  return sum;
}

KERNEL(kWarps * 32) attention_rows(const AttentionArgs p) {
  wait_for_previous();
  SHARED_MEMORY(shared);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, query = blockIdx.x * kWarps + warp;
  const int batch = blockIdx.z, head = blockIdx.y, group = head / (p.heads / p.groups);
  if (query >= p.queries) return;
  float* q = reinterpret_cast<float*>(shared) + warp * (p.depth + p.width);
  float* result = q + p.depth;
  const SCALAR* from = static_cast<const SCALAR*>(p.q) + batch * p.q_step.batch + head * p.q_step.head + query * p.q_step.row;
  const SCALAR* k = static_cast<const SCALAR*>(p.k) + batch * p.k_step.batch + group * p.k_step.head;
  const SCALAR* v = static_cast<const SCALAR*>(p.v) + batch * p.v_step.batch + group * p.v_step.head;
  const MASK_TYPE* mask = mask_of(p, batch, head, query);
  for (int d = lane; d < p.depth; d += 32) q[d] = to_float(from[d]);
  for (int e = lane; e < p.width; e += 32) result[e] = 0;
  __syncwarp();

  const Visible visible = visible_keys(p, batch, query);
  float largest = HIDDEN, sum = 0;
  for (int first = visible.first; first < visible.last; first += 32) {
    const int key = first + lane;
    float score = HIDDEN;
    if (key < visible.last) score = finished_score(p, mask, key, product(q, k + key * p.k_step.row, p.depth));
    float top = fmaxf(largest, score);
#pragma unroll
    for (int lanes = 16; lanes; lanes /= 2) top = fmaxf(top, exchange(top, lanes));
    const float base = top == HIDDEN ? 0.0f : top;
    const float scale = exp2f(largest - base), weight = exp2f(score - base);
    largest = top;
    sum = sum * scale + weight;  // of this lane's keys
    const int count = min(32, visible.last - first);
    for (int start = 0; start < p.width; start += 32) {
      const int e = start + lane;
      float total = e < p.width ? result[e] * scale : 0.0f;
      for (int j = 0; j < count; ++j) {
        const float w = from_lane(weight, j);
        if (e < p.width) total += w * to_float(v[(first + j) * p.v_step.row + e]);
      }
      if (e < p.width) result[e] = total;
    }
  }
  sum = warp_sum(sum);
  float factor = largest == HIDDEN ? 0.0f : 1 / sum;
  if (p.sink && largest != HIDDEN) {
    const float extra = to_float(static_cast<const SINK*>(p.sink)[head]) * kLog2E, top = fmaxf(extra, largest);
    const float shrink = exp2f(largest - top);
    factor = shrink / (sum * shrink + exp2f(extra - top));
  }
  SCALAR* y = static_cast<SCALAR*>(p.y) + batch * p.y_step.batch + head * p.y_step.head + query * p.y_step.row;
  for (int e = lane; e < p.width; e += 32) assign(y[e], result[e] * factor);
}

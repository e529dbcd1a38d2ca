// Which keys a query sees, and what is added to its scores. Compiled with: MASK_TYPE (a type; MASK is 0 when there is none, 1 for
// one that is added, 2 for one that shows).

constexpr float kLog2E = 1.4426950408889634f;
#define HIDDEN (-INFINITE)

/// Keys [first, last) that lengths, causality and windows leave to a query.
struct Visible {
  int first, last;
};
__device__ inline int clamp_to(i64 x, int low, int high) { return x < low ? low : x > high ? high : (int)x; }
__device__ inline Visible visible_keys(const AttentionArgs& p, int batch, int query) {
  Visible v = {0, p.keys};
  if (p.lengths) v.last = clamp_to(p.lengths[batch], 0, p.keys);
  const i64 far = 1ll << 60, offset = p.offsets ? p.offsets[batch * p.offset_step] : 0;
  const i64 position = (offset < -far ? -far : offset > far ? far : offset) + query;
  if (p.right >= 0) v.last = clamp_to(position + p.right + 1, 0, v.last);
  if (p.left >= 0) v.first = clamp_to(position - p.left, 0, v.last);
  return v;
}

/// The score of a visible key in the logarithm of base 2: what q . k becomes.
__device__ inline float finished_score(const AttentionArgs& p, [[maybe_unused]] const MASK_TYPE* mask_row, [[maybe_unused]] int key,
                                       float product) {
  float x = product * p.scale;
  if (p.softcap > 0) x = p.softcap * tanhf(x / p.softcap);
  x *= kLog2E;
#if MASK
  if (key >= p.mask_columns) return HIDDEN;
#if MASK == 2
  if (!mask_row[key]) return HIDDEN;
#else
  const float added = to_float(mask_row[key]);
  if (added == HIDDEN) return HIDDEN;
  x = fmaxf(x + added * kLog2E, -1e30f);  // a huge finite mask hides nothing when it is everywhere
#endif
#endif
  return x;
}
__device__ inline const MASK_TYPE* mask_of(const AttentionArgs& p, int batch, int head, int query) {
  return static_cast<const MASK_TYPE*>(p.mask) + batch * p.mask_step.batch + head * p.mask_step.head + query * p.mask_step.row;
}

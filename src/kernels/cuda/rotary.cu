// Pairs of elements of each head turned by the angle of their token: (c*a - s*b, s*a + c*b); the other elements stay.
struct RotaryArgs {
  const IN* x;
  OUT* y;
  const ANGLE *cosine, *sine;
  const i64* positions;      // null: one row of angles for each token of each sample
  u32 count;                 // of pairs and elements that stay, over all heads
  u32 from_first;            // positions holds the first one
  Divider parts, size_heads; // of a head; `heads` where tokens come first, else `tokens`
  u32 packed, half, size, tokens;
  u32 interleaved, heads;
  i64 limit;                 // rows of angles
};

extern "C" __global__ void rotary(const RotaryArgs a) {
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  const u32 head = a.parts.divide(index), part = index - head * a.parts.divisor;  // heads in the order of memory
  const u32 outer = a.size_heads.divide(head), inner = head - outer * a.size_heads.divisor;
  // Of tokens first: outer is sample * tokens + token. Else outer is sample * heads + head, inner the token.
  const u32 token = a.packed ? outer : outer / a.heads * a.tokens + inner;
  const i64 at = i64(head) * a.size;
  if (part >= a.half) {
    const i64 kept = at + a.half + part;
    a.y[kept] = Element<OUT>::put(Element<IN>::get(a.x[kept]));
    return;
  }
  i64 row = token;
  if (a.positions) row = a.from_first ? a.positions[0] + token % a.tokens : a.positions[token];
  const bool known = row >= 0 && row < a.limit;
  const float c = known ? float(Element<ANGLE>::get(a.cosine[row * a.half + part])) : 0.0f;
  const float s = known ? float(Element<ANGLE>::get(a.sine[row * a.half + part])) : 0.0f;
  const i64 first = at + (a.interleaved ? 2 * part : part), second = a.interleaved ? first + 1 : first + a.half;
  const float p = float(Element<IN>::get(a.x[first])), q = float(Element<IN>::get(a.x[second]));
  a.y[first] = Element<OUT>::put(c * p - s * q);
  a.y[second] = Element<OUT>::put(s * p + c * q);
}

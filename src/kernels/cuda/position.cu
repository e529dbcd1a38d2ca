// Elements (units of UNIT) that are there or not by where they stand.
struct PositionArgs {
  const void* x;
  UNIT* y;
  const i64* numbers;  // the diagonal of `triangle`, or null for `diagonal`; the lengths of `reverse`
  u32 count;
  u32 upper;           // of `triangle`
  Divider columns, rows;
  i64 diagonal;
  uint4 one;           // its first bytes are the 1 of `eye`
};

// The elements on and above (else below) a diagonal; zeros elsewhere.
extern "C" __global__ void triangle(const PositionArgs a) {
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  const u32 line = a.columns.divide(index), column = index - line * a.columns.divisor;
  const i64 row = line - a.rows.divide(line) * a.rows.divisor, k = a.numbers ? *a.numbers : a.diagonal;
  const i64 least = -i64(a.rows.divisor), most = a.columns.divisor;
  const i64 first = row + (k < least ? least : k > most ? most : k);
  const bool kept = a.upper ? i64(column) >= first : i64(column) <= first;
  a.y[index] = kept ? static_cast<const UNIT*>(a.x)[index] : UNIT();
}

extern "C" __global__ void eye(const PositionArgs a) {
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  const u32 row = a.columns.divide(index);
  const bool one = i64(index - row * a.columns.divisor) - i64(row) == a.diagonal;
  a.y[index] = one ? *reinterpret_cast<const UNIT*>(&a.one) : UNIT();
}

// [rows][columns][inner], or where `upper` [columns][rows][inner], of `diagonal` inner elements: the first numbers[row] of
// the columns of each row are turned around.
extern "C" __global__ void reverse(const PositionArgs a) {
  wait_for_previous();
  const u32 index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= a.count) return;
  const u32 inner = u32(a.diagonal), place = index / inner, inside = index - place * inner;
  const u32 slow = a.upper ? a.rows.divide(place) : a.columns.divide(place);
  const u32 fast = place - slow * (a.upper ? a.rows.divisor : a.columns.divisor);
  const u32 row = a.upper ? fast : slow, column = a.upper ? slow : fast;
  const i64 length = a.numbers[row];
  const u32 from = column < length && length <= a.columns.divisor ? u32(length) - 1 - column : column;
  const u32 source = a.upper ? from * a.rows.divisor + row : row * a.columns.divisor + from;
  a.y[index] = static_cast<const UNIT*>(a.x)[i64(source) * inner + inside];
}

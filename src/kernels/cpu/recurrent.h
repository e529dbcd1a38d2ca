#pragma once
#include <array>
#include <cstddef>
#include <vector>

#include "base/threads.h"
#include "kernels/cpu/strip_functions.h"

namespace tenon::core::cpu {

enum class Cell { lstm, gru, rnn };

/// f(x) with its parameters, after x was limited to [-clip, clip] (0: no limit).
struct CellFunction {
  StripFunction function = nullptr;
  float alpha = 0, beta = 0, clip = 0;
  void operator()(float* x, int64_t n) const;
};

struct RecurrentShape {
  Cell cell = Cell::lstm;
  int64_t steps = 0, batch = 0, inputs = 0, hidden = 0, directions = 1;
  bool reverse = false;  // the only direction
  bool input_forget = false, linear_before_reset = false;
  std::vector<std::array<CellFunction, 3>> functions;  // per direction: f, g, h
  int64_t gates() const { return cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1; }
  int64_t width() const { return gates() * hidden; }
};

/// Null where absent. W and R come packed, see `RecurrentKernel::pack`.
struct RecurrentArgs {
  const float *x, *w, *r, *bias, *initial_h, *initial_c, *peepholes;
  const std::byte* lengths;
  bool wide_lengths;  // i64, else i32
  float *y, *last_h, *last_c;
};

/// LSTM, GRU and RNN as ONNX defines them. The inputs of all steps are projected in one product; then each step is a
/// product with R and vectorised gates. Directions run side by side.
class RecurrentKernel {
 public:
  explicit RecurrentKernel(RecurrentShape);
  int64_t workspace_bytes() const;
  /// Fails with runtime_value for lengths outside [0, steps].
  void run(const RecurrentArgs&, std::byte* workspace, Threads&) const;

  /// W or R [D, G*H, columns] as panels of each gate's rows.
  static int64_t packed_floats(int64_t gates, int64_t hidden, int64_t columns);
  static void pack(const float* weights, int64_t gates, int64_t hidden, int64_t columns, float* to);

 private:
  int64_t direction_floats() const;
  RecurrentShape s_;
};

}  // namespace tenon::core::cpu

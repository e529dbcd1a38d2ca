#include "kernels/cpu/recurrent.h"

#include <algorithm>
#include <cstring>

#include "base/checked.h"
#include "base/error.h"
#include "kernels/cpu/matrix_tile.h"
#include "kernels/cpu/transpose_tile.h"

namespace tenon::core::cpu {
namespace {

constexpr int64_t kSmallProduct = 1 << 15;  // multiply-adds below which one thread is enough
constexpr int64_t kRowBlock = 48;           // rows of projected inputs in one piece of work

int64_t panels_of(int64_t columns) { return (columns + matrix_panel() - 1) / matrix_panel(); }
int64_t gate_floats(int64_t hidden, int64_t depth) { return panels_of(hidden) * matrix_panel() * depth; }

/// Vector arithmetic on rows.
struct Rows {
  StripFunction add_ = find_f32_function("add", 0), mul_ = find_f32_function("mul", 0),
                sub_ = find_f32_function("sub", 1);
  void add(float* to, const float* x, int64_t n) const { add_({to, {to, x, nullptr}, n, 0, 0}); }
  void mul(float* to, const float* x, int64_t n) const { mul_({to, {to, x, nullptr}, n, 0, 0}); }
  void product(float* to, const float* x, const float* y, int64_t n) const { mul_({to, {x, y, nullptr}, n, 0, 0}); }
  void one_minus(float* to, const float* x, int64_t n) const {
    constexpr float kOne = 1;
    sub_({to, {&kOne, x, nullptr}, n, 0, 0});
  }
};

/// One direction of one call.
class Direction {
 public:
  Direction(const RecurrentShape& s, const RecurrentArgs& args, int64_t d, float* memory, Threads& threads)
      : s_(s),
        args_(args),
        d_(d),
        n_(s.hidden),
        width_(s.width()),
        threads_(threads),
        f_(s.functions[static_cast<size_t>(d)][0]),
        g_(s.functions[static_cast<size_t>(d)][1]),
        out_(s.functions[static_cast<size_t>(d)][2]) {
    projected_ = memory;
    h_ = projected_ + s.steps * s.batch * width_;
    c_ = h_ + s.batch * n_;
    spare_ = c_ + s.batch * n_;
    gates_ = spare_ + s.batch * n_;
  }

  void run() {
    start(args_.initial_h, h_);
    if (s_.cell == Cell::lstm) start(args_.initial_c, c_);
    project();
    for (int64_t step = 0; step < s_.steps; ++step) run_step(step);
    std::copy_n(h_, s_.batch * n_, args_.last_h + d_ * s_.batch * n_);
    if (s_.cell == Cell::lstm) std::copy_n(c_, s_.batch * n_, args_.last_c + d_ * s_.batch * n_);
  }

 private:
  void start(const float* from, float* to) {
    if (from)
      std::copy_n(from + d_ * s_.batch * n_, s_.batch * n_, to);
    else
      std::fill_n(to, s_.batch * n_, 0.0f);
  }

  bool resets_product() const { return s_.cell == Cell::gru && s_.linear_before_reset; }
  const float* r_bias() const { return args_.bias ? args_.bias + (2 * d_ + 1) * width_ : nullptr; }

  /// x W' plus the biases: both, but for the one inside a product that a gate resets.
  void project() {
    const int64_t rows = s_.steps * s_.batch, size = gate_floats(n_, s_.inputs);
    threads_.parallel((rows + kRowBlock - 1) / kRowBlock, [&](int64_t piece) {
      const int64_t begin = piece * kRowBlock, count = std::min(kRowBlock, rows - begin);
      for (int64_t g = 0; g < s_.gates(); ++g)
        multiply_packed(args_.x + begin * s_.inputs, s_.inputs, args_.w + (d_ * s_.gates() + g) * size,
                        projected_ + begin * width_ + g * n_, width_, count, s_.inputs, n_, matrix_panel() * s_.inputs,
                        1);
      for (int64_t r = begin; r < begin + count && args_.bias; ++r) {
        rows_.add(projected_ + r * width_, args_.bias + 2 * d_ * width_, width_);
        rows_.add(projected_ + r * width_, r_bias(), resets_product() ? 2 * n_ : width_);
      }
    });
  }

  /// from R' for the gates [first, last), into `gates_`.
  void recur(const float* from, int64_t first, int64_t last) {
    const int64_t size = gate_floats(n_, n_), panel = matrix_panel(), panels = panels_of(n_);
    const int64_t grain = std::max<int64_t>(1, kSmallProduct / std::max<int64_t>(1, s_.batch * n_ * panel));
    threads_.parallel_ranges((last - first) * panels, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t g = first + i / panels, j = i % panels * panel;
        multiply_packed(from, n_, args_.r + (d_ * s_.gates() + g) * size + j * n_, gates_ + g * n_ + j, width_,
                        s_.batch, n_, std::min(panel, n_ - j), 0, 1);
      }
    });
  }

  int64_t length(int64_t sample) const {
    if (!args_.lengths) return s_.steps;
    const int64_t n = args_.wide_lengths ? reinterpret_cast<const int64_t*>(args_.lengths)[sample]
                                         : reinterpret_cast<const int32_t*>(args_.lengths)[sample];
    if (n < 0 || n > s_.steps)
      fail(ErrorCode::runtime_value, "sequence_lens must be in [0, {}], found {}", s_.steps, n);
    return n;
  }

  void run_step(int64_t step) {
    const bool two_products = s_.cell == Cell::gru && !s_.linear_before_reset;
    recur(h_, 0, two_products ? 2 : s_.gates());
    if (two_products) {
      for (int64_t b = 0; b < s_.batch; ++b) reset_state(step, b);
      recur(spare_, 2, 3);
    }
    const bool reverse = s_.directions == 1 ? s_.reverse : d_ == 1;
    for (int64_t b = 0; b < s_.batch; ++b) {
      const int64_t n = length(b), time = reverse ? n - 1 - step : step;
      float* y = args_.y + (((step < n ? time : step) * s_.directions + d_) * s_.batch + b) * n_;
      if (step >= n) {
        std::fill_n(y, n_, 0.0f);
        continue;
      }
      const float* x = projected_ + (time * s_.batch + b) * width_;
      float *gates = gates_ + b * width_, *h = h_ + b * n_;
      if (s_.cell == Cell::lstm)
        lstm(x, gates, h, c_ + b * n_, spare_ + b * n_);
      else if (s_.cell == Cell::gru)
        gru(x, gates, h, two_products);
      else
        rnn(x, gates, h);
      std::copy_n(h, n_, y);
    }
  }

  void rnn(const float* x, float* gates, float* h) {
    rows_.add(gates, x, n_);
    f_(gates, n_);
    std::copy_n(gates, n_, h);
  }

  /// Gates i, o, f, c.
  void lstm(const float* x, float* gates, float* h, float* c, float* spare) {
    float *i = gates, *o = gates + n_, *forget = gates + 2 * n_, *candidate = gates + 3 * n_;
    rows_.add(gates, x, width_);
    add_peephole(i, 0, c, spare);
    add_peephole(forget, 2, c, spare);
    f_(i, n_);
    if (s_.input_forget)
      rows_.one_minus(forget, i, n_);
    else
      f_(forget, n_);
    g_(candidate, n_);
    rows_.mul(c, forget, n_);
    rows_.mul(candidate, i, n_);
    rows_.add(c, candidate, n_);
    add_peephole(o, 1, c, spare);
    f_(o, n_);
    std::copy_n(c, n_, spare);
    out_(spare, n_);
    rows_.product(h, o, spare, n_);
  }
  void add_peephole(float* gate, int64_t index, const float* c, float* spare) {
    if (!args_.peepholes) return;
    rows_.product(spare, args_.peepholes + (d_ * 3 + index) * n_, c, n_);
    rows_.add(gate, spare, n_);
  }

  /// Gates z and r of sample b, and r h for the second product.
  void reset_state(int64_t step, int64_t b) {
    float *gates = gates_ + b * width_, *reset = spare_ + b * n_;
    const int64_t n = length(b);
    std::fill_n(reset, n_, 0.0f);
    if (step >= n) return;
    const bool reverse = s_.directions == 1 ? s_.reverse : d_ == 1;
    open_gates(projected_ + ((reverse ? n - 1 - step : step) * s_.batch + b) * width_, gates);
    rows_.product(reset, gates + n_, h_ + b * n_, n_);
  }
  void open_gates(const float* x, float* gates) {
    rows_.add(gates, x, 2 * n_);
    f_(gates, 2 * n_);
  }

  /// Gates z, r, h: h' = (1 - z) candidate + z h.
  void gru(const float* x, float* gates, float* h, bool gates_are_open) {
    float *z = gates, *r = gates + n_, *candidate = gates + 2 * n_;
    if (!gates_are_open) {
      open_gates(x, gates);
      if (args_.bias) rows_.add(candidate, r_bias() + 2 * n_, n_);
      rows_.mul(candidate, r, n_);
    }
    rows_.add(candidate, x + 2 * n_, n_);
    g_(candidate, n_);
    rows_.mul(h, z, n_);
    rows_.one_minus(z, z, n_);
    rows_.mul(candidate, z, n_);
    rows_.add(h, candidate, n_);
  }

  const RecurrentShape& s_;
  const RecurrentArgs& args_;
  int64_t d_, n_, width_;
  Threads& threads_;
  const CellFunction &f_, &g_, &out_;
  Rows rows_;
  float *projected_, *h_, *c_, *spare_, *gates_;
};

}  // namespace

void CellFunction::operator()(float* x, int64_t n) const {
  if (clip > 0)
    for (int64_t i = 0; i < n; ++i) x[i] = std::clamp(x[i], -clip, clip);
  function({x, {x, nullptr, nullptr}, n, alpha, beta});
}

RecurrentKernel::RecurrentKernel(RecurrentShape shape) : s_(std::move(shape)) {}

int64_t RecurrentKernel::packed_floats(int64_t gates, int64_t hidden, int64_t columns) {
  return checked_mul(gates, gate_floats(hidden, columns));
}

void RecurrentKernel::pack(const float* weights, int64_t gates, int64_t hidden, int64_t columns, float* to) {
  const int64_t panel = matrix_panel();
  for (int64_t gate = 0; gate < gates; ++gate, weights += hidden * columns)
    for (int64_t j = 0; j < hidden; j += panel, to += panel * columns) {
      std::memset(to, 0, static_cast<size_t>(panel * columns) * sizeof(float));
      transpose_block(reinterpret_cast<const uint32_t*>(weights + j * columns), columns,
                      reinterpret_cast<uint32_t*>(to), panel, std::min(panel, hidden - j), columns);
    }
}

int64_t RecurrentKernel::direction_floats() const {
  const int64_t projected = checked_mul(checked_mul(s_.steps, s_.batch), s_.width());
  return checked_add(projected, checked_mul(s_.batch, 3 * s_.hidden + s_.width()));
}

int64_t RecurrentKernel::workspace_bytes() const {
  return checked_mul(checked_mul(s_.directions, direction_floats()), static_cast<int64_t>(sizeof(float)));
}

void RecurrentKernel::run(const RecurrentArgs& args, std::byte* workspace, Threads& threads) const {
  auto* memory = reinterpret_cast<float*>(workspace);
  const auto run = [&](int64_t d) { Direction(s_, args, d, memory + d * direction_floats(), threads).run(); };
  if (s_.directions == 1)
    run(0);
  else
    threads.parallel(s_.directions, run);
}

}  // namespace tenon::core::cpu

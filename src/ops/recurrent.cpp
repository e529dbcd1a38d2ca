#include "ops/recurrent.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ops/gemm.h"
#include "ops/work_values.h"

namespace tenon::core {
namespace {

enum Input { kX, kW, kR, kBias, kLengths, kInitialH, kInitialC, kPeepholes };

constexpr RecurrentActivation kActivations[] = {
    {"relu", false, false, 0, 0},      {"tanh", false, false, 0, 0},           {"sigmoid", false, false, 0, 0},
    {"affine", true, true, 1, 0},      {"leaky_relu", true, false, 0.01, 0},   {"thresholded_relu", true, false, 1, 0},
    {"scaled_tanh", true, true, 1, 1}, {"hard_sigmoid", true, true, 0.2, 0.5}, {"elu", true, false, 1, 0},
    {"softsign", false, false, 0, 0},  {"softplus", false, false, 0, 0},
};

/// An activation with its parameters and the clip before it.
template <class T>
class Gate {
 public:
  Gate(const Recurrent& op, int64_t index, bool clips = true)
      : alpha_(static_cast<T>(op.alpha.at(index))),
        beta_(static_cast<T>(op.beta.at(index))),
        clip_(clips ? static_cast<T>(op.clip) : T(0)) {
    const RecurrentActivation* a = find_recurrent_activation(op.activations.at(index));
    assume(a != nullptr, "infer has checked the names of the activations");
    kind_ = a - kActivations;
  }
  T operator()(T x) const {
    if (clip_ > 0) x = std::clamp(x, -clip_, clip_);
    switch (kind_) {
      case 0:
        return std::max(x, T(0));
      case 1:
        return std::tanh(x);
      case 2:
        return 1 / (1 + std::exp(-x));
      case 3:
        return alpha_ * x + beta_;
      case 4:
        return x >= 0 ? x : alpha_ * x;
      case 5:
        return x >= alpha_ ? x : T(0);
      case 6:
        return alpha_ * std::tanh(beta_ * x);
      case 7:
        return std::clamp(alpha_ * x + beta_, T(0), T(1));
      case 8:
        return x >= 0 ? x : alpha_ * (std::exp(x) - 1);
      case 9:
        return x / (1 + std::abs(x));
      default:
        return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
    }
  }

 private:
  T alpha_, beta_, clip_;
  int64_t kind_ = 0;
};

struct Sizes {
  int64_t steps, batch, inputs, hidden, directions, gates;
  std::vector<int64_t> lengths;
};

Sizes resolve(const Recurrent& op, const EvalContext& cx, int64_t gates) {
  const Tensor &x = cx.tensor(kX), &r = cx.tensor(kR);
  if (x.rank() != 3 || r.rank() != 3) fail(ErrorCode::shape_mismatch, "X and R must have rank 3");
  Sizes s{x.dim(0), x.dim(1), x.dim(2), r.dim(2), op.directions(), gates, {}};
  expect_dims(cx.tensor(kW), {s.directions, gates * s.hidden, s.inputs}, "W");
  expect_dims(r, {s.directions, gates * s.hidden, s.hidden}, "R");
  if (cx.has(kBias)) expect_dims(cx.tensor(kBias), {s.directions, 2 * gates * s.hidden}, "B");
  for (int i : {kInitialH, kInitialC})
    if (cx.has(i)) expect_dims(cx.tensor(i), {s.directions, s.batch, s.hidden}, "the initial state");
  if (cx.has(kPeepholes)) expect_dims(cx.tensor(kPeepholes), {s.directions, 3 * s.hidden}, "P");
  s.lengths.assign(static_cast<size_t>(s.batch), s.steps);
  if (cx.has(kLengths)) {
    expect_dims(cx.tensor(kLengths), {s.batch}, "sequence_lens");
    s.lengths = to_int64s(cx.tensor(kLengths));
    for (int64_t n : s.lengths)
      if (n < 0 || n > s.steps)
        fail(ErrorCode::runtime_value, "sequence_lens must be in [0, {}], found {}", s.steps, n);
  }
  return s;
}

/// Parameters of one direction: the products of the inputs and W for all steps, both biases added, and R.
template <class T>
class Weights {
 public:
  Weights(const EvalContext& cx, const Sizes& s, int64_t d)
      : threads_(cx.threads()), hidden_(s.hidden), width_(s.gates * s.hidden) {
    const Reals<T> x(cx.tensor(kX)), w(cx.tensor(kW)), r(cx.tensor(kR));
    r_ = PackedMatrix<T>({r.data() + d * width_ * hidden_, 1, hidden_}, hidden_, width_, threads_);
    projected_.assign(static_cast<size_t>(checked_mul(s.steps * s.batch, width_)), T(0));
    w_bias_.assign(static_cast<size_t>(width_), T(0));
    r_bias_ = w_bias_;
    if (cx.has(kBias)) {
      const Reals<T> b(cx.tensor(kBias));
      std::copy_n(b.data() + d * 2 * width_, width_, w_bias_.begin());
      std::copy_n(b.data() + d * 2 * width_ + width_, width_, r_bias_.begin());
    }
    gemm<T>(s.steps * s.batch, width_, s.inputs, {x.data(), s.inputs, 1},
            {w.data() + d * width_ * s.inputs, 1, s.inputs}, projected_.data(), width_, threads_);
    for (size_t i = 0; i < projected_.size(); ++i) projected_[i] += w_bias_[i % width_];
  }
  int64_t width() const { return width_; }
  const T* projected(int64_t step, int64_t batch, int64_t sample) const {
    return projected_.data() + (step * batch + sample) * width_;
  }
  const T* r_bias() const { return r_bias_.data(); }
  /// out [rows, width] = h [rows, hidden] @ R^T + bias of R.
  void recur(int64_t rows, const T* h, std::vector<T>& out) const {
    for (size_t i = 0; i < out.size(); ++i) out[i] = r_bias_[i % width_];
    gemm<T>(rows, {h, hidden_, 1}, r_, out.data(), width_, threads_);
  }

 private:
  Threads& threads_;
  int64_t hidden_, width_;
  PackedMatrix<T> r_;
  std::vector<T> projected_, w_bias_, r_bias_;
};

template <class T>
std::vector<T> initial_state(const EvalContext& cx, const Sizes& s, int input, int64_t d) {
  std::vector<T> state(static_cast<size_t>(s.batch * s.hidden), T(0));
  if (cx.has(input))
    std::copy_n(Reals<T>(cx.tensor(input)).data() + d * s.batch * s.hidden, state.size(), state.begin());
  return state;
}

/// `cell(weights, x, h)` makes the step of all samples: x[b] is the row of projected inputs of sample b, null past its
/// end.
template <class T, class Cell>
void run_direction(const EvalContext& cx, const Sizes& s, int64_t d, bool reverse, std::vector<T>& h, T* y, Cell cell) {
  const Weights<T> weights(cx, s, d);
  std::vector<const T*> rows(static_cast<size_t>(s.batch));
  for (int64_t step = 0; step < s.steps; ++step) {
    const auto time = [&](int64_t b) { return reverse ? s.lengths[b] - 1 - step : step; };
    for (int64_t b = 0; b < s.batch; ++b)
      rows[b] = step < s.lengths[b] ? weights.projected(time(b), s.batch, b) : nullptr;
    cell(weights, rows, h);
    for (int64_t b = 0; b < s.batch; ++b)
      if (rows[b])
        std::copy_n(h.data() + b * s.hidden, s.hidden, y + ((time(b) * s.directions + d) * s.batch + b) * s.hidden);
  }
}

/// Runs all directions; `make_cell(d)` gives the cell of direction d, `done(d)` is called after it.
template <class T, class MakeCell, class Done>
std::vector<HostValue> run(const Recurrent& op, const EvalContext& cx, const Sizes& s, MakeCell make_cell, Done done) {
  const DType dtype = cx.tensor(kX).dtype();
  RealResult<T> y(dtype, {s.steps, s.directions, s.batch, s.hidden}), last(dtype, {s.directions, s.batch, s.hidden});
  for (int64_t d = 0; d < s.directions; ++d) {
    std::vector<T> h = initial_state<T>(cx, s, kInitialH, d);
    run_direction<T>(cx, s, d, op.direction == Direction::reverse || d == 1, h, y.data(), make_cell(d));
    std::copy(h.begin(), h.end(), last.data() + d * s.batch * s.hidden);
    done(d);
  }
  return {y.finish(), last.finish()};
}

template <class T>
std::vector<HostValue> evaluate_lstm(const LSTM& op, const EvalContext& cx) {
  const Sizes s = resolve(op.common, cx, 4);
  const int64_t n = s.hidden;
  RealResult<T> last_c(cx.tensor(kX).dtype(), {s.directions, s.batch, n});
  const Reals<T> peepholes = cx.has(kPeepholes) ? Reals<T>(cx.tensor(kPeepholes)) : Reals<T>();
  std::vector<T> c, zeros(static_cast<size_t>(3 * n), T(0));
  const auto make_cell = [&](int64_t d) {
    c = initial_state<T>(cx, s, kInitialC, d);
    const T* p = peepholes ? peepholes.data() + d * 3 * n : zeros.data();
    return [&, p, f = Gate<T>(op.common, 3 * d), g = Gate<T>(op.common, 3 * d + 1),
            out = Gate<T>(op.common, 3 * d + 2, false), gates = std::vector<T>()](
               const Weights<T>& weights, const std::vector<const T*>& x, std::vector<T>& h) mutable {
      gates.resize(static_cast<size_t>(s.batch * 4 * n));
      weights.recur(s.batch, h.data(), gates);
      for (int64_t b = 0; b < s.batch; ++b) {
        if (!x[b]) continue;
        const T *rec = gates.data() + b * 4 * n, *in = x[b];
        for (int64_t j = 0; j < n; ++j) {
          T& cell = c[b * n + j];
          const T i = f(in[j] + rec[j] + p[j] * cell);
          const T forget = op.input_forget ? 1 - i : f(in[2 * n + j] + rec[2 * n + j] + p[2 * n + j] * cell);
          cell = forget * cell + i * g(in[3 * n + j] + rec[3 * n + j]);
          h[b * n + j] = f(in[n + j] + rec[n + j] + p[n + j] * cell) * out(cell);
        }
      }
    };
  };
  auto outputs = run<T>(op.common, cx, s, make_cell,
                        [&](int64_t d) { std::copy(c.begin(), c.end(), last_c.data() + d * s.batch * n); });
  outputs.push_back(last_c.finish());
  return outputs;
}

template <class T>
std::vector<HostValue> evaluate_gru(const GRU& op, const EvalContext& cx) {
  const Sizes s = resolve(op.common, cx, 3);
  const int64_t n = s.hidden;
  const auto make_cell = [&](int64_t d) {
    return [&, f = Gate<T>(op.common, 2 * d), g = Gate<T>(op.common, 2 * d + 1), rec = std::vector<T>(s.batch * 3 * n),
            again = std::vector<T>(s.batch * 3 * n), reset = std::vector<T>(s.batch * n)](
               const Weights<T>& weights, const std::vector<const T*>& x, std::vector<T>& h) mutable {
      weights.recur(s.batch, h.data(), rec);
      const auto sum = [&](int64_t b, int64_t i) { return x[b][i] + rec[b * 3 * n + i]; };
      for (int64_t b = 0; b < s.batch; ++b)
        for (int64_t j = 0; j < n && x[b]; ++j) reset[b * n + j] = f(sum(b, n + j));
      if (!op.linear_before_reset) {
        std::vector<T> kept(h);
        for (size_t i = 0; i < kept.size(); ++i) kept[i] *= reset[i];
        weights.recur(s.batch, kept.data(), again);
      }
      for (int64_t b = 0; b < s.batch; ++b)
        for (int64_t j = 0; j < n && x[b]; ++j) {
          const int64_t at = b * n + j, hidden = b * 3 * n + 2 * n + j;
          const T z = f(sum(b, j));
          const T next = g(x[b][2 * n + j] + (op.linear_before_reset ? reset[at] * rec[hidden] : again[hidden]));
          h[at] = (1 - z) * next + z * h[at];
        }
    };
  };
  return run<T>(op.common, cx, s, make_cell, [](int64_t) {});
}

template <class T>
std::vector<HostValue> evaluate_rnn(const RNN& op, const EvalContext& cx) {
  const Sizes s = resolve(op.common, cx, 1);
  const auto make_cell = [&](int64_t d) {
    return [&, f = Gate<T>(op.common, d), rec = std::vector<T>(s.batch * s.hidden)](
               const Weights<T>& weights, const std::vector<const T*>& x, std::vector<T>& h) mutable {
      weights.recur(s.batch, h.data(), rec);
      for (int64_t b = 0; b < s.batch; ++b)
        for (int64_t j = 0; j < s.hidden && x[b]; ++j) h[b * s.hidden + j] = f(x[b][j] + rec[b * s.hidden + j]);
    };
  };
  return run<T>(op.common, cx, s, make_cell, [](int64_t) {});
}

}  // namespace

const RecurrentActivation* find_recurrent_activation(std::string_view name) {
  for (const RecurrentActivation& a : kActivations)
    if (a.name == name) return &a;
  return nullptr;
}

std::vector<HostValue> LSTM::evaluate(const EvalContext& cx) const {
  return with_float_type(cx.tensor(kX).dtype(), [&]<class T>(T) { return evaluate_lstm<T>(*this, cx); });
}
std::vector<HostValue> GRU::evaluate(const EvalContext& cx) const {
  return with_float_type(cx.tensor(kX).dtype(), [&]<class T>(T) { return evaluate_gru<T>(*this, cx); });
}
std::vector<HostValue> RNN::evaluate(const EvalContext& cx) const {
  return with_float_type(cx.tensor(kX).dtype(), [&]<class T>(T) { return evaluate_rnn<T>(*this, cx); });
}

}  // namespace tenon::core

#pragma once
#include <complex>
#include <cstdint>
#include <vector>

namespace tenon::core {

using Complex = std::complex<double>;

/// Discrete Fourier transforms of one length: y[k] = sum over n of x[n] exp(-2 pi i k n / length). Even lengths are
/// split in halves, odd ones summed up.
class Fourier {
 public:
  explicit Fourier(int64_t length);
  int64_t length() const { return static_cast<int64_t>(turns_.size()); }
  std::vector<Complex> forward(const std::vector<Complex>& x) const;
  /// With the opposite sign, divided by the length.
  std::vector<Complex> inverse(std::vector<Complex> x) const;

 private:
  void transform(const Complex* x, int64_t stride, int64_t n, Complex* y) const;
  std::vector<Complex> turns_;  // exp(-2 pi i k / length)
};

}  // namespace tenon::core

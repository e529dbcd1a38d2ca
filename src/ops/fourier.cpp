#include "ops/fourier.h"

#include <cmath>
#include <numbers>

namespace tenon::core {

Fourier::Fourier(int64_t length) : turns_(static_cast<size_t>(length)) {
  for (int64_t k = 0; k < length; ++k)
    turns_[k] = std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(length));
}

void Fourier::transform(const Complex* x, int64_t stride, int64_t n, Complex* y) const {
  const int64_t turn = length() / n;  // exp(-2 pi i k / n) = turns_[k * turn]
  if (n % 2 == 1) {
    for (int64_t k = 0; k < n; ++k) {
      Complex sum = 0;
      for (int64_t i = 0; i < n; ++i) sum += x[i * stride] * turns_[i * k % n * turn];
      y[k] = sum;
    }
    return;
  }
  const int64_t half = n / 2;
  transform(x, 2 * stride, half, y);
  transform(x + stride, 2 * stride, half, y + half);
  for (int64_t k = 0; k < half; ++k) {
    const Complex even = y[k], odd = y[k + half] * turns_[k * turn];
    y[k] = even + odd;
    y[k + half] = even - odd;
  }
}

std::vector<Complex> Fourier::forward(const std::vector<Complex>& x) const {
  std::vector<Complex> y(x.size());
  if (!x.empty()) transform(x.data(), 1, length(), y.data());
  return y;
}

std::vector<Complex> Fourier::inverse(std::vector<Complex> x) const {
  for (Complex& v : x) v = std::conj(v);
  std::vector<Complex> y = forward(x);
  for (Complex& v : y) v = std::conj(v) / static_cast<double>(length());
  return y;
}

}  // namespace tenon::core

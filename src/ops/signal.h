#pragma once
#include "ir/op.h"

namespace tenon::core {

/// DFT(x [..., 1 or 2], length?: i64[], axis?: i64[]) along that axis, or the field; the last axis holds the real and
/// imaginary parts. x is cut or filled up with zeros to `length` (default: its size; for a one-sided inverse 2 * (size
/// - 1)). `onesided` gives the first length/2 + 1 values; with `inverse` it takes them and gives a real signal. The
/// inverse divides by the length.
struct DFT : OpDef<DFT> {
  static constexpr std::string_view op_name = "DFT";
  int64_t axis = -2;
  bool inverse = false, onesided = false;
  void fields(FieldVisitor& v) override {
    v.visit("axis", axis);
    v.visit("inverse", inverse);
    v.visit("onesided", onesided);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// STFT(x [B,L,1 or 2], step: i64[], window? [N], length?: i64[]): the DFT of frames of N samples, `step` apart, each
/// times the window -> [B, (L - N) / step + 1, N or N/2 + 1, 2]. N is the length, the window's size or L.
struct STFT : OpDef<STFT> {
  static constexpr std::string_view op_name = "STFT";
  bool onesided = true;
  void fields(FieldVisitor& v) override { v.visit("onesided", onesided); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

enum class WindowKind { hann, hamming, blackman };
std::span<const std::string_view> enum_names(WindowKind);

/// CosineWindow(size: i64[]) -> [size]: a0 - a1 cos(2 pi n / N) + a2 cos(4 pi n / N), N = size if periodic, else size
/// - 1.
struct CosineWindow : OpDef<CosineWindow> {
  static constexpr std::string_view op_name = "CosineWindow";
  WindowKind kind = WindowKind::hann;
  bool periodic = true;
  DType dtype = DType::f32;
  void fields(FieldVisitor& v) override {
    visit_enum(v, "kind", kind);
    v.visit("periodic", periodic);
    v.visit("dtype", dtype);
  }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

/// MelWeightMatrix(bins: i64[], dft_length: i64[], sample_rate: i64[], lower_hertz, upper_hertz) -> [dft_length/2 + 1,
/// bins]: triangles of height 1 over bands that are equally wide on the scale 2595 log10(1 + hertz / 700).
struct MelWeightMatrix : OpDef<MelWeightMatrix> {
  static constexpr std::string_view op_name = "MelWeightMatrix";
  DType dtype = DType::f32;
  void fields(FieldVisitor& v) override { v.visit("dtype", dtype); }
  std::vector<Fact> infer(InferContext&) const override;
  std::vector<HostValue> evaluate(const EvalContext&) const override;
};

}  // namespace tenon::core

#include "ops/signal.h"

#include "onnx/ops_linear.h"

namespace tenon::core {
namespace {

void import_dft(ImportContext& cx) {
  DFT op;
  op.inverse = cx.integer("inverse", 0) != 0;
  op.onesided = cx.integer("onesided", 0) != 0;
  if (cx.opset() < 20) op.axis = cx.integer("axis", 1);
  cx.output(0, cx.add(op, {cx.required(0, "input"), cx.input(1), cx.opset() < 20 ? Value() : cx.input(2)}));
}

void import_stft(ImportContext& cx) {
  STFT op;
  op.onesided = cx.integer("onesided", 1) != 0;
  cx.output(0, cx.add(op, {cx.required(0, "signal"), cx.required(1, "frame_step"), cx.input(2), cx.input(3)}));
}

template <WindowKind kind>
void import_window(ImportContext& cx) {
  CosineWindow op;
  op.kind = kind;
  op.periodic = cx.integer("periodic", 1) != 0;
  op.dtype = cx.dtype("output_datatype", DType::f32);
  cx.output(0, cx.add(op, {cx.required(0, "size")}));
}

void import_mel_weight_matrix(ImportContext& cx) {
  MelWeightMatrix op;
  op.dtype = cx.dtype("output_datatype", DType::f32);
  std::vector<Value> inputs;
  for (int i = 0; i < 5; ++i) inputs.push_back(cx.required(i, "a parameter of the bands"));
  cx.output(0, cx.add(op, inputs));
}

}  // namespace

void register_signal(ImportTable& table) {
  table.add("", "DFT", import_dft);
  table.add("", "STFT", import_stft);
  table.add("", "HannWindow", import_window<WindowKind::hann>);
  table.add("", "HammingWindow", import_window<WindowKind::hamming>);
  table.add("", "BlackmanWindow", import_window<WindowKind::blackman>);
  table.add("", "MelWeightMatrix", import_mel_weight_matrix);
}

}  // namespace tenon::core

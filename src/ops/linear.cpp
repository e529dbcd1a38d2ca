#include "ops/all.h"
#include "ops/attention.h"
#include "ops/linalg.h"
#include "ops/matmul.h"
#include "ops/matmul_quantized.h"
#include "ops/random.h"
#include "ops/recurrent.h"
#include "ops/signal.h"

namespace tenon::core {

void register_linear_ops(OpRegistry& r) {
  r.add<MatMul>();
  r.add<Einsum>();
  r.add<MatMulInteger>();
  r.add<QLinearMatMul>();
  r.add<MatMulNBits>();
  r.add<Det>();
  r.add<Inverse>();
  r.add<Attention>();
  r.add<CacheAppend>();
  r.add<LinearAttention>();
  r.add<RotaryEmbedding>();
  r.add<LSTM>();
  r.add<GRU>();
  r.add<RNN>();
  r.add<DFT>();
  r.add<STFT>();
  r.add<CosineWindow>();
  r.add<MelWeightMatrix>();
  r.add<Random>();
  r.add<Bernoulli>();
  r.add<Multinomial>();
}

}  // namespace tenon::core

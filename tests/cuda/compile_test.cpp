// Every kernel text compiles for every architecture. Needs NVRTC, no GPU.
#include <gtest/gtest.h>

#include <bit>

#include "codegen/cuda/pointwise.h"
#include "cuda/compile.h"
#include "cuda/loops.h"
#include "ops/fused.h"
#include "ops/pointwise.h"
#include "tactics/cuda/box_kernel.h"
#include "tactics/cuda/contract.h"
#include "tactics/cuda/packed_matmul.h"
#include "tactics/cuda/texts.h"
#include "tactics/tactic.h"

extern const char* const kernel_text_attention_rows;
extern const char* const kernel_text_flash_attention;
extern const char* const kernel_text_depthwise;
extern const char* const kernel_text_gemm;
extern const char* const kernel_text_skinny;
extern const char* const kernel_text_gather;
extern const char* const kernel_text_reduce;
extern const char* const kernel_text_pool;
extern const char* const kernel_text_squeeze;
extern const char* const kernel_text_stem;
extern const char* const kernel_text_softmax;
extern const char* const kernel_text_layer_norm;
extern const char* const kernel_text_box;

namespace tenon::core::cuda {
namespace {

/// One for each way in which the texts differ between architectures, and the newest.
constexpr int kArchs[] = {75, 80, 90, 120};

class Compile : public testing::Test {
 protected:
  void SetUp() override {
    const std::string why = why_no_compiler();
    if (!why.empty()) GTEST_SKIP() << why;
    const std::vector<int> known = compiler_archs();
    for (int arch : kArchs)
      if (std::count(known.begin(), known.end(), arch)) archs_.push_back(arch);
  }
  void expect_compiles(const KernelText& text, const std::string& what) {
    for (int arch : archs_) expect_compiles(text, what, arch);
  }
  void expect_compiles(const KernelText& text, const std::string& what, int arch) {
    SCOPED_TRACE(what);
    EXPECT_NO_THROW(EXPECT_GT(compile_only(text, arch).size(), 0u)) << error_of(text, arch);
  }
  static std::string error_of(const KernelText& text, int arch) try {
    compile_only(text, arch);
    return {};
  } catch (const std::exception& e) {
    return e.what();
  }
  std::vector<int> archs_;
};

Fact fact(DType dtype) { return Fact::tensor(dtype, {Dim::symbol("N"), 4, 8}); }

/// The text of one op on inputs of a dtype, stored as `storage`.
KernelText text_of(OpRef op, const std::vector<DType>& inputs, DType storage) {
  Graph graph;
  std::vector<Value> values;
  for (size_t i = 0; i < inputs.size(); ++i)
    values.push_back(graph.add_input("x" + std::to_string(i), fact(inputs[i]).type));
  const NodeId id = graph.add(std::move(op), values).node;
  std::string why;
  const auto form = lower(graph, id, why);
  if (!form || !can_generate(*form, why)) return {};
  Offer offer;
  offer.in.resize(inputs.size());
  offer.out.resize(1);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i] == DType::f32) offer.in[i].storage = storage;
  if (form->dtype(form->results[0]) == DType::f32) offer.out[0].storage = storage;
  return {pointwise_text(*form, offer).text, {}};
}

/// Adds what an op on two operands of `dtype` computes as one more result of the form.
void add_result(LoopForm& form, const OpRef& op, int arity, DType dtype) try {
  Graph graph;
  std::vector<Value> values;
  for (int i = 0; i < arity; ++i) values.push_back(graph.add_input("x" + std::to_string(i), fact(dtype).type));
  const NodeId id = graph.add(op, values).node;
  std::string why;
  const auto one = lower(graph, id, why);
  if (!one || one->body.size() != 1 || !can_generate(*one, why)) return;
  form.body.push_back(one->body[0]);
  form.results.push_back(form.values() - 1);
} catch (const Error&) {  // the op does not take this type
}

TEST_F(Compile, PointwiseKinds) {
  for (DType dtype : {DType::f32, DType::i32, DType::u64, DType::boolean, DType::f64}) {
    LoopForm form;
    form.operands = {{0, nullptr, fact(dtype)}, {1, nullptr, fact(dtype)}};
    for (size_t k = 0; k < enum_names(UnaryKind{}).size(); ++k)
      add_result(form, std::make_shared<Unary>(static_cast<UnaryKind>(k), 0.5, 0.25), 1, dtype);
    for (size_t k = 0; k < enum_names(BinaryKind{}).size(); ++k)
      add_result(form, std::make_shared<Binary>(static_cast<BinaryKind>(k)), 2, dtype);
    EXPECT_GT(form.results.size(), dtype == DType::f32 ? 50u : 4u) << to_string(dtype);
    Offer offer;
    offer.in.resize(2);
    offer.out.resize(form.results.size());
    expect_compiles({pointwise_text(form, offer).text, {}}, "all kinds of " + std::string(to_string(dtype)), 90);
  }
}

TEST_F(Compile, PointwiseStorages) {
  for (DType storage : {DType::none, DType::f16, DType::bf16})
    expect_compiles(text_of(std::make_shared<Unary>(UnaryKind::gelu_erf), {DType::f32}, storage), "gelu");
  expect_compiles(text_of(std::make_shared<Where>(), {DType::boolean, DType::f32, DType::f32}, DType::f16), "where");
}

TEST_F(Compile, Casts) {
  const DType types[] = {DType::f32, DType::f64, DType::f16, DType::bf16,   DType::i8,  DType::i16,
                         DType::i32, DType::i64, DType::u8,  DType::u16,    DType::u32, DType::u64,
                         DType::i4,  DType::u4,  DType::i2,  DType::boolean};
  for (DType from : {DType::f32, DType::f64, DType::f16, DType::i64, DType::u64, DType::u4, DType::boolean}) {
    LoopForm form;
    form.operands = {{0, nullptr, fact(from)}};
    for (DType to : types) add_result(form, std::make_shared<Cast>(to), 1, from);
    EXPECT_GE(form.results.size(), 15u) << to_string(from);
    Offer offer;
    offer.in.resize(1);
    offer.out.resize(form.results.size());
    expect_compiles({pointwise_text(form, offer).text, {}}, "casts of " + std::string(to_string(from)), 90);
  }
}

TEST_F(Compile, Moves) {
  expect_compiles(box_text(DType::f32, DType::bf16), "moves that convert");
  for (DType dtype : {DType::boolean, DType::f16, DType::f32, DType::i64, DType::c128})
    expect_compiles(box_text(dtype, dtype), "moves", 90);
}

TEST_F(Compile, Rows) {
  const RowShape warp{true, 32, 3, 8};
  expect_compiles(softmax_text(DType::f16, DType::f32, true, warp), "softmax");
  expect_compiles(layer_norm_text(DType::bf16, DType::bf16, DType::f32, DType::f16, false, warp, true), "layer norm");
  for (const RowShape& shape : {RowShape{true, 512, 4, 4}, RowShape{true, 128, 5, 1}, RowShape{}}) {
    expect_compiles(softmax_text(DType::f16, DType::f32, false, shape), "softmax", 90);
    expect_compiles(layer_norm_text(DType::f32, DType::bf16, DType::f32, DType::f16, true, shape, false), "RMS norm", 90);
  }
  expect_compiles(softmax_text(DType::f64, DType::f64, false, {}), "softmax of f64", 90);
}

TEST_F(Compile, Reductions) {
  for (size_t k = 0; k < enum_names(ReduceKind{}).size(); ++k) {
    const auto kind = static_cast<ReduceKind>(k);
    expect_compiles(reduce_text(kind, DType::f16, DType::f32, DType::f32), "reduce", k % 2 ? 90 : 75);
    expect_compiles(reduce_text(kind, DType::i32, DType::i32, DType::i32), "reduce integers", k % 2 ? 80 : 120);
  }
  expect_compiles(reduce_text(ReduceKind::mean, DType::f64, DType::f64, DType::f64), "mean of f64");
  expect_compiles(reduce_text(ReduceKind::max, DType::boolean, DType::boolean, DType::boolean), "max of bool", 90);
}

TEST_F(Compile, Gathers) {
  expect_compiles(gather_text(DType::f32, DType::f16), "gather and convert");
  expect_compiles(gather_text(DType::boolean, DType::boolean), "gather of bytes", 90);
  expect_compiles(gather_text(DType::c128, DType::c128), "gather of 16 bytes", 90);
}

TEST_F(Compile, Resizes) {
  for (int64_t unit : {1, 16}) expect_compiles(pick_text(unit), "pick", 90);
  expect_compiles(resample_text(DType::f32, DType::bf16), "resample");
  expect_compiles(resample_text(DType::f16, DType::f16), "resample", 90);
}

TEST_F(Compile, Orders) {
  expect_compiles(arg_reduce_text(DType::f16, DType::i64, true, true, false), "arg min", 75);
  expect_compiles(arg_reduce_text(DType::i32, DType::i32, false, false, true), "hardmax", 90);
  expect_compiles(scan_text(DType::bf16, DType::f32, false, true, true), "running sum", 80);
  expect_compiles(scan_text(DType::i64, DType::i64, true, false, false), "running product", 90);
  expect_compiles(top_k_text(DType::f32, DType::f16, true), "top k");
  for (DType dtype : {DType::f64, DType::u32, DType::u8}) expect_compiles(top_k_text(dtype, dtype, false), "bottom k", 90);
}

TEST_F(Compile, Layers) {
  expect_compiles(group_norm_text(DType::f16, DType::f16, DType::f32, DType::f32, true), "group norm");
  expect_compiles(group_norm_text(DType::f32, DType::bf16, DType::f32, DType::f32, false), "group norm", 90);
  expect_compiles(neighbours_text(DType::f32, DType::f16), "LRN", 75);
  expect_compiles(quantize_text(DType::f32, DType::i8, DType::f32, DType::i8, DType::f32, true, false), "quantize", 75);
  expect_compiles(quantize_text(DType::bf16, DType::u4, DType::bf16, DType::u4, DType::bf16, true, true), "quantize blocks", 90);
  expect_compiles(quantize_text(DType::i8, DType::f16, DType::f32, DType::i8, DType::f32, false, true), "dequantize", 80);
  for (int64_t unit : {1, 16}) expect_compiles(position_text(unit), "positions", 90);
  expect_compiles(one_hot_text(4, DType::f32), "one hot", 80);
  expect_compiles(packed_matmul_text(DType::f16, DType::f16, DType::f16, DType::u8, 4), "packed product", 80);
  expect_compiles(packed_matmul_text(DType::f32, DType::f32, DType::f32, DType::f32, 2), "packed product", 90);
  expect_compiles(contract_text(DType::u8, DType::i8, DType::i32), "integer product", 75);
  expect_compiles(contract_text(DType::f64, DType::f64, DType::f64), "product of doubles", 90);
  expect_compiles(rotary_text(DType::f16, DType::f16, DType::f32), "rotary", 90);
  for (int cell : {0, 1, 2}) expect_compiles(recurrent_text(DType::f16, DType::f32, DType::f16, cell), "recurrent", cell == 2 ? 75 : 90);
}

TEST_F(Compile, Indexed) {
  for (SampleMode mode : {SampleMode::linear, SampleMode::nearest, SampleMode::cubic})
    expect_compiles(sample_text(DType::f16, DType::f32, DType::f32, mode, SamplePadding::reflection, false, true), "sample", 90);
  expect_compiles(sample_text(DType::f32, DType::f32, DType::f16, SampleMode::linear, SamplePadding::zeros, true, false), "sample", 75);
  expect_compiles(scatter_fold_text(DType::f32, DType::f16, ScatterReduction::add), "scatter", 75);
  expect_compiles(scatter_fold_text(DType::u8, DType::u8, ScatterReduction::max), "scatter", 90);
}

TEST_F(Compile, TheSameFormGivesTheSameText) {
  const auto text = [] {
    return text_of(std::make_shared<Binary>(BinaryKind::add), {DType::f32, DType::f32}, DType::f16).text;
  };
  EXPECT_EQ(text(), text());
}

TEST_F(Compile, ErrorsHoldTheLog) {
  EXPECT_NE(error_of({"extern \"C\" __global__ void wrong() { undefined_name(); }", {}}, 90).find("undefined_name"),
            std::string::npos);
}

int count(std::string_view text, std::string_view what) {
  int result = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++result;
  return result;
}

TEST(KernelTexts, EveryKernelWaitsForThePreviousOne) {
  for (std::string_view text : {kernel_text_attention_rows, kernel_text_flash_attention, kernel_text_depthwise, kernel_text_gemm, kernel_text_skinny, kernel_text_pool, kernel_text_squeeze,
                                kernel_text_stem, kernel_text_softmax, kernel_text_layer_norm, kernel_text_box,
                                kernel_text_gather, kernel_text_reduce}) {
    const int kernels = count(text, "\nKERNEL(") + count(text, "\nSHARING_KERNEL(") + count(text, "\nextern \"C\" __global__");
    EXPECT_GT(kernels, 0) << text;
    EXPECT_EQ(count(text, "wait_for_previous();"), kernels) << text;
  }
}

TEST(Divider, IsDivision) {
  for (int64_t divisor : {1, 2, 3, 7, 10, 64, 641, 65537, 1 << 30, (1 << 30) + 1, 2147483647})
    for (uint32_t n : {0u, 1u, 6u, 7u, 12345u, 65536u, 1u << 30, (1u << 30) + 1, 2147483646u, 2147483647u})
      EXPECT_EQ(Divider(divisor).divide(n), n / static_cast<uint32_t>(divisor)) << n << " / " << divisor;
}

TEST(Loops, CollapseKeepsEveryAddress) {
  Loops loops = Loops::of({2, 1, 3, 4, 5}, {{60, 60, 20, 5, 1}, {0, 7, 0, 5, 1}});
  loops.collapse();
  EXPECT_EQ(loops.extents, (std::vector<int64_t>{20, 6}));
  EXPECT_EQ(loops.strides[0], (std::vector<int64_t>{1, 20}));
  EXPECT_EQ(loops.strides[1], (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(loops.vector_width(8), 4);
  Loops one = Loops::of({1, 1}, {{1, 1}});
  one.collapse();
  EXPECT_EQ(one.extents, (std::vector<int64_t>{1}));
}

}  // namespace
}  // namespace tenon::core::cuda

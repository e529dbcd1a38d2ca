#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"
#include "ir/evaluate.h"
#include "ops/all.h"
#include "ops/conv.h"
#include "ops/conv_integer.h"
#include "ops/fold.h"
#include "ops/loss.h"
#include "ops/normalize.h"
#include "ops/resize.h"
#include "ops/roi.h"
#include "ops/sample.h"

namespace tenon::core {
namespace {

Tensor random_tensor(Dims dims, DType dtype = DType::f32, uint32_t seed = 1) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> distribution(-1, 1);
  std::vector<double> values(static_cast<size_t>(checked_product(dims)));
  for (double& v : values) v = distribution(generator);
  return from_doubles(dtype, std::move(dims), values);
}

/// The inputs of one op with the symbolic types they are declared with.
struct Given {
  std::string shape;  // "N,3,H,W"; empty: a constant
  Tensor value;
};

Shape shape_of(const std::string& text) {
  Shape shape;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    shape.push_back(Dim::parse(text.substr(at, end - at)));
    at = end + 1;
  }
  return shape;
}

std::vector<Tensor> run(const Op& op, const std::vector<Given>& given) {
  Graph graph;
  std::vector<Value> values;
  std::vector<HostValue> host;
  Bindings bindings;
  for (const Given& g : given) {
    if (!g.value.defined())
      values.emplace_back();
    else if (g.shape.empty())
      values.push_back(graph.add_constant(g.value));
    else {
      const std::string name = "x" + std::to_string(values.size());
      const Type type = Type::tensor(g.value.dtype(), shape_of(g.shape));
      values.push_back(graph.add_input(name, type));
      host.emplace_back(g.value);
      bind_symbols(type, g.value, {}, bindings, name);
    }
  }
  const Value first = graph.add(OpRef(op.clone()), values);
  const int outputs = static_cast<int>(graph.node(first.node).outputs.size());
  for (int i = 0; i < outputs; ++i) graph.add_output("y" + std::to_string(i), Graph::output(first, i));
  Threads threads(2);
  std::vector<Tensor> results;
  for (const HostValue& value : evaluate(graph, host, threads)) results.push_back(std::get<Tensor>(value));
  for (int i = 0; i < outputs; ++i) {
    const Type& type = graph.type(Graph::output(first, i));
    EXPECT_EQ(type.dtype, results[i].dtype());
    EXPECT_EQ(evaluate(type.shape, bindings), results[i].dims()) << to_string(type.shape);
  }
  return results;
}

Tensor run_one(const Op& op, const std::vector<Given>& given) { return run(op, given)[0]; }

std::pair<ErrorCode, std::string> error_of(const Op& op, const std::vector<Given>& given) {
  try {
    run(op, given);
  } catch (const Error& e) {
    return {e.code(), e.what()};
  }
  return {ErrorCode::internal, "no error"};
}

void expect_near(const Tensor& a, const Tensor& b, double tolerance) {
  ASSERT_EQ(a.dims(), b.dims());
  const auto x = to_doubles(a), y = to_doubles(b);
  for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], y[i], tolerance) << "element " << i;
}

/// The definition of a 2-D convolution, in double.
Tensor plain_conv(const Tensor& x, const Tensor& w, int64_t group, int64_t stride, int64_t pad, int64_t dilation) {
  const int64_t m = w.dim(0), c = w.dim(1), k = w.dim(2);
  const int64_t out_h = (x.dim(2) + 2 * pad - (k - 1) * dilation - 1) / stride + 1;
  const int64_t out_w = (x.dim(3) + 2 * pad - (k - 1) * dilation - 1) / stride + 1;
  const auto in = to_doubles(x), weights = to_doubles(w);
  std::vector<double> out;
  for (int64_t n = 0; n < x.dim(0); ++n)
    for (int64_t o = 0; o < m; ++o)
      for (int64_t i = 0; i < out_h * out_w; ++i) {
        double sum = 0;
        for (int64_t l = 0; l < c * k * k; ++l) {
          const int64_t h = i / out_w * stride + l / k % k * dilation - pad,
                        v = i % out_w * stride + l % k * dilation - pad;
          const int64_t channel = o / (m / group) * c + l / (k * k);
          if (h < 0 || v < 0 || h >= x.dim(2) || v >= x.dim(3)) continue;
          sum += weights[o * c * k * k + l] * in[((n * x.dim(1) + channel) * x.dim(2) + h) * x.dim(3) + v];
        }
        out.push_back(sum);
      }
  return from_doubles(x.dtype(), {x.dim(0), m, out_h, out_w}, out);
}

TEST(Conv, EqualsItsDefinition) {
  struct Sizes {
    int64_t channels, out, group, size, kernel, stride, pad, dilation;
  };
  for (const Sizes& s :
       {Sizes{3, 8, 1, 9, 3, 2, 1, 1}, Sizes{70, 17, 1, 6, 3, 1, 1, 1}, Sizes{6, 6, 6, 20, 3, 1, 1, 1},
        Sizes{6, 12, 6, 11, 5, 2, 2, 2}, Sizes{8, 16, 2, 7, 1, 1, 0, 1}, Sizes{4, 4, 1, 1, 1, 1, 0, 1}}) {
    Conv op;
    op.group = s.group;
    op.window.strides = {s.stride, s.stride};
    op.window.pads = {s.pad, s.pad, s.pad, s.pad};
    op.window.dilations = {s.dilation, s.dilation};
    for (DType dtype : {DType::f32, DType::f64, DType::f16, DType::bf16}) {
      const Tensor x = random_tensor({2, s.channels, s.size, s.size + 1}, dtype);
      const Tensor w = random_tensor({s.out, s.channels / s.group, s.kernel, s.kernel}, dtype, 2);
      const double tolerance = dtype == DType::f64   ? 1e-12
                               : dtype == DType::f32 ? 5e-5
                               : dtype == DType::f16 ? 2e-2
                                                     : 0.15;
      const std::string channels = std::to_string(s.channels);
      expect_near(run_one(op, {{"N," + channels + ",H,W", x}, {"", w}}),
                  plain_conv(x, w, s.group, s.stride, s.pad, s.dilation), tolerance);
    }
  }
}

TEST(Conv, BiasThenResidualThenActivation) {
  Conv op;
  op.activation = {"leaky_relu", 0.5, 0};
  const Tensor x = tensor_of<float>({1, 1, 1, 2}, {1, 2}), w = tensor_of<float>({1, 1, 1, 1}, {3});
  const Tensor bias = tensor_of<float>({1}, {-10}), residual = tensor_of<float>({1, 1, 1, 2}, {1, 20});
  const Tensor y = run_one(op, {{"N,1,H,W", x}, {"", w}, {"", bias}, {"N,1,H,W", residual}});
  EXPECT_EQ(y.values<float>()[0], -3);  // (3 - 10 + 1) / 2
  EXPECT_EQ(y.values<float>()[1], 16);
}

TEST(Conv, SaysWhatDoesNotFit) {
  const Tensor x = random_tensor({1, 3, 8, 8});
  Conv op;
  auto [code, text] = error_of(op, {{"N,3,8,8", x}, {"", random_tensor({4, 5, 3, 3})}});
  EXPECT_EQ(code, ErrorCode::shape_mismatch);
  EXPECT_NE(text.find("expected 5, found 3"), std::string::npos) << text;
  EXPECT_EQ(error_of(op, {{"N,3,8,8", x}, {"", random_tensor({4, 3, 9, 9})}}).first, ErrorCode::shape_mismatch);
  EXPECT_EQ(error_of(op, {{"N,C,8,8", x}, {"", random_tensor({4, 5, 3, 3})}}).first, ErrorCode::shape_mismatch);
  op.window.strides = {0, 1};
  EXPECT_EQ(error_of(op, {{"N,3,8,8", x}, {"", random_tensor({4, 3, 3, 3})}}).first, ErrorCode::invalid_model);
  op.window.strides = {INT64_MAX, 1};
  op.window.dilations = {INT64_MAX, 1};
  EXPECT_EQ(error_of(op, {{"N,3,8,8", x}, {"", random_tensor({4, 3, 3, 3})}}).first, ErrorCode::too_large);
  op = Conv();
  op.group = 0;
  EXPECT_EQ(error_of(op, {{"N,3,8,8", x}, {"", random_tensor({4, 3, 3, 3})}}).first, ErrorCode::invalid_model);
}

TEST(ConvTranspose, IsTheTransposeOfConv) {
  // <conv(a), b> = <a, transposed(b)> for every a and b.
  for (int64_t group : {1, 2})
    for (int64_t stride : {1, 2}) {
      const Tensor w = random_tensor({6, 4 / group, 3, 3}), a = random_tensor({2, 4, 7, 9}, DType::f32, 3);
      Conv forward;
      forward.group = group;
      forward.window.strides = {stride, stride};
      forward.window.pads = {1, 0, 1, 0};
      const Tensor y = run_one(forward, {{"N,4,H,W", a}, {"", w}});
      const Tensor b = random_tensor(y.dims(), DType::f32, 4);
      ConvTranspose back;
      back.group = group;
      back.window = forward.window;
      const Tensor x = run_one(back, {{"N,6,H,W", b}, {"", w}});
      ASSERT_EQ(x.dims(), a.dims());
      double left = 0, right = 0;
      for (int64_t i = 0; i < y.size(); ++i) left += y.values<float>()[i] * b.values<float>()[i];
      for (int64_t i = 0; i < x.size(); ++i) right += x.values<float>()[i] * a.values<float>()[i];
      EXPECT_NEAR(left, right, 1e-3);
    }
}

TEST(ConvInteger, SubtractsZeroPoints) {
  ConvInteger op;
  const Tensor x = tensor_of<uint8_t>({1, 1, 1, 2}, {0, 255}), w = tensor_of<int8_t>({2, 1, 1, 1}, {-128, 127});
  const Tensor y =
      run_one(op, {{"1,1,1,2", x}, {"", w}, {"", tensor_of<uint8_t>({}, {1})}, {"", tensor_of<int8_t>({2}, {0, -1})}});
  EXPECT_EQ(std::vector<int32_t>(y.values<int32_t>().begin(), y.values<int32_t>().end()),
            (std::vector<int32_t>{128, 254 * -128, -128, 254 * 128}));
}

TEST(Pool, SymbolicShapesHoldForEverySize) {
  for (int64_t size = 3; size < 12; ++size)
    for (int64_t kernel : {1, 2, 3})
      for (int64_t stride : {1, 2, 3, 5})
        for (bool ceil_mode : {false, true})
          for (AutoPad auto_pad : {AutoPad::notset, AutoPad::same_upper, AutoPad::same_lower, AutoPad::valid}) {
            Pool op;
            op.kind = size % 2 ? PoolKind::max : PoolKind::average;
            op.with_indices = op.kind == PoolKind::max;
            op.window.kernel = {kernel, kernel};
            op.window.strides = {stride, stride};
            op.window.auto_pad = auto_pad;
            op.ceil_mode = ceil_mode;
            if (auto_pad == AutoPad::notset && kernel > 1) op.window.pads = {1, 0, 1, 1};
            run(op, {{"N,C,H,W", random_tensor({2, 2, size, size + 1})}});
          }
}

TEST(Pool, PropagatesNaNAndFindsIndices) {
  Pool op;
  op.window.kernel = {2};
  op.with_indices = true;
  const auto y = run(op, {{"1,1,L", tensor_of<float>({1, 1, 4}, {1, NAN, 0, 3})}});
  EXPECT_TRUE(std::isnan(y[0].values<float>()[0]) && std::isnan(y[0].values<float>()[1]));
  EXPECT_EQ(y[0].values<float>()[2], 3);
  EXPECT_EQ(y[1].values<int64_t>()[2], 3);
}

TEST(MaxUnpool, RefusesAnIndexOutside) {
  MaxUnpool op;
  op.window.kernel = {2};
  op.window.strides = {2};
  const Tensor x = tensor_of<float>({1, 1, 2}, {5, 6});
  const Tensor y = run_one(op, {{"1,1,L", x}, {"1,1,L", tensor_of<int64_t>({1, 1, 2}, {1, 2})}});
  EXPECT_EQ(std::vector<float>(y.values<float>().begin(), y.values<float>().end()), (std::vector<float>{0, 5, 6, 0}));
  for (int64_t index : {int64_t{-1}, int64_t{4}, INT64_MAX})
    EXPECT_EQ(error_of(op, {{"1,1,L", x}, {"1,1,L", tensor_of<int64_t>({1, 1, 2}, {1, index})}}).first,
              ErrorCode::runtime_index);
}

TEST(Softmax, IsStableAndSumsToOne) {
  const Tensor x = tensor_of<float>({2, 3}, {1000, 1001, 1002, -1000, 0, 1000});
  Softmax op;
  Tensor y = run_one(op, {{"N,3", x}});
  EXPECT_NEAR(y.values<float>()[2], 0.665241, 1e-5);
  EXPECT_EQ(y.values<float>()[5], 1);
  op.log = true;
  y = run_one(op, {{"N,3", x}});
  EXPECT_NEAR(y.values<float>()[0], -2.407606, 1e-5);
  EXPECT_EQ(y.values<float>()[3], -2000);
  EXPECT_TRUE(run_one(op, {{"N,0", Tensor(DType::f32, {2, 0})}}).size() == 0);
  op.axis = 2;
  EXPECT_EQ(error_of(op, {{"N,3", x}}).first, ErrorCode::invalid_model);
}

TEST(LayerNorm, ParametersBroadcastFromTheRight) {
  const Tensor x = random_tensor({2, 3, 4});
  LayerNorm op;
  op.axis = 1;
  const auto plain = run(op, {{"N,3,4", x}});
  EXPECT_EQ(plain[1].dims(), (Dims{2, 1, 1}));
  const Tensor scale = tensor_of<float>({3, 1}, {1, 2, 3});
  const Tensor scaled = run_one(op, {{"N,3,4", x}, {"", scale}});
  for (int64_t i = 0; i < 24; ++i)
    EXPECT_NEAR(scaled.values<float>()[i], plain[0].values<float>()[i] * static_cast<float>(i / 4 % 3 + 1), 1e-5);
  EXPECT_EQ(error_of(op, {{"N,3,4", x}, {"", tensor_of<float>({2, 1}, {1, 2})}}).first, ErrorCode::shape_mismatch);
}

TEST(Resize, ScalesGiveSymbolicSizes) {
  for (float factor : {2.0f, 0.5f, 1.5f, 0.75f, 1.0f, 3.0f})
    for (int64_t size = 2; size < 9; ++size)
      for (ResizeMode mode : {ResizeMode::nearest, ResizeMode::linear, ResizeMode::cubic}) {
        Resize op;
        op.mode = mode;
        run(op, {{"N,C,H", random_tensor({1, 2, size})}, {}, {"", tensor_of<float>({3}, {1, 1, factor})}});
      }
}

TEST(Resize, MovesElementsOfAnyType) {
  Resize op;
  op.coordinates = ResizeCoordinates::asymmetric;
  op.nearest = ResizeNearest::floor;
  const Tensor y =
      run_one(op, {{"2", tensor_of<std::string>({2}, {"a", "b"})}, {}, {}, {"", tensor_of<int64_t>({1}, {4})}});
  EXPECT_EQ(y.values<std::string>()[1], "a");
  EXPECT_EQ(y.values<std::string>()[2], "b");
  op.mode = ResizeMode::linear;
  const Tensor z = run_one(op, {{"2", tensor_of<uint8_t>({2}, {0, 255})}, {}, {}, {"", tensor_of<int64_t>({1}, {4})}});
  EXPECT_EQ(z.values<uint8_t>()[1], 128);  // 127.5 to even
}

TEST(Resize, RefusesBadScalesAndSizes) {
  const Tensor x = random_tensor({1, 4});
  Resize op;
  for (float bad : {0.0f, -1.0f, NAN, INFINITY})
    EXPECT_EQ(error_of(op, {{"1,4", x}, {}, {"", tensor_of<float>({2}, {1, bad})}}).first, ErrorCode::bad_input);
  EXPECT_EQ(error_of(op, {{"1,4", x}, {}, {"", tensor_of<float>({2}, {1, 3e38f})}}).first, ErrorCode::too_large);
  EXPECT_EQ(error_of(op, {{"1,4", x}, {}, {"", tensor_of<float>({1}, {2})}}).first, ErrorCode::invalid_model);
  EXPECT_EQ(error_of(op, {{"1,4", x}, {}, {}, {"", tensor_of<int64_t>({2}, {1, -4})}}).first, ErrorCode::bad_input);
}

TEST(GridSample, SurvivesAnyCoordinate) {
  const Tensor x = random_tensor({1, 2, 3, 4});
  const Tensor grid = tensor_of<float>({1, 1, 4, 2}, {NAN, INFINITY, -INFINITY, 0, 1e30f, -1e30f, 0, 0});
  for (SampleMode mode : {SampleMode::linear, SampleMode::nearest, SampleMode::cubic})
    for (SamplePadding padding : {SamplePadding::zeros, SamplePadding::border, SamplePadding::reflection})
      for (bool align_corners : {false, true}) {
        GridSample op;
        op.mode = mode;
        op.padding = padding;
        op.align_corners = align_corners;
        EXPECT_EQ(run_one(op, {{"N,2,3,4", x}, {"N,1,G,2", grid}}).dims(), (Dims{1, 2, 1, 4}));
      }
}

TEST(RoiAlign, RefusesAnotherImageAndHugeRegions) {
  RoiAlign op;
  const Tensor x = random_tensor({1, 2, 4, 4}), box = tensor_of<float>({1, 4}, {0, 0, 3, 3});
  EXPECT_EQ(error_of(op, {{"N,2,4,4", x}, {"R,4", box}, {"R", tensor_of<int64_t>({1}, {1})}}).first,
            ErrorCode::runtime_index);
  const Tensor huge = tensor_of<float>({1, 4}, {0, 0, 3e38f, 3});
  EXPECT_EQ(error_of(op, {{"N,2,4,4", x}, {"R,4", huge}, {"R", tensor_of<int64_t>({1}, {0})}}).first,
            ErrorCode::bad_input);
}

TEST(NegativeLogLikelihood, RefusesAnUnknownClass) {
  NegativeLogLikelihood op;
  const Tensor x = random_tensor({2, 3});
  EXPECT_EQ(error_of(op, {{"N,3", x}, {"N", tensor_of<int64_t>({2}, {0, 3})}}).first, ErrorCode::runtime_index);
  op.ignore = 3;
  EXPECT_NEAR(to_doubles(run_one(op, {{"N,3", x}, {"N", tensor_of<int64_t>({2}, {0, 3})}}))[0], -x.values<float>()[0],
              1e-6);
}

}  // namespace
}  // namespace tenon::core

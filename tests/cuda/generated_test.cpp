// Generated kernels against the reference.
#include <cmath>
#include <cuda_runtime_api.h>

#include "base/error.h"
#include "cuda/check.h"
#include "fixture.h"
#include "ops/fused.h"
#include "ops/index.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "tactics/cuda/list.h"
#include "tactics/cuda/reorder.h"
#include "tactics/reorder.h"

namespace tenon::core::cuda {
namespace {

class Generated : public OnGpu {
 protected:
  std::mt19937 random_{7};
  const std::vector<const Tactic*> tactics_ = generated_tactics();

  Dims dims(int rank) {
    const int64_t choices[] = {1, 2, 3, 5, 8, 16, 17, 33, 64};
    Dims result;
    int64_t size = 1;
    for (int i = 0; i < rank; ++i) {
      result.push_back(random_() % 40 == 0 ? 0 : choices[random_() % (size > 500 ? 3 : 9)]);
      size *= std::max<int64_t>(result.back(), 1);
    }
    return result;
  }
  /// Dims that broadcast to `to`.
  Dims operand_dims(const Dims& to) {
    Dims result = to;
    for (int64_t& d : result)
      if (random_() % 4 == 0) d = 1;
    if (random_() % 4 == 0) result.erase(result.begin(), result.begin() + static_cast<int64_t>(random_() % (result.size() + 1)));
    return result;
  }
  template <class T>
  void expect(std::string_view tactic, T op, std::vector<HostValue> inputs, std::vector<int> constants = {}, Tolerance t = {}) {
    TacticCase test{std::make_shared<T>(std::move(op)), std::move(inputs), std::move(constants), {}};
    test.options.precisions = {DType::f16, DType::bf16};
    expect_on_gpu(tactics_, tactic, test, t);
  }
};

/// Those ops that take the dtype, each a result of one body on the same operands, at most 12 to a body.
std::vector<Fused> bodies_of(const std::vector<OpRef>& ops, DType dtype, int rank, int arity) {
  std::vector<Fused> bodies;
  std::shared_ptr<Graph> body;
  const auto finish = [&] {
    if (!body || body->outputs().empty()) return;
    bodies.emplace_back();
    bodies.back().body = body;
    body = nullptr;
  };
  for (const OpRef& op : ops) {
    if (!body) {
      body = std::make_shared<Graph>();
      Shape shape;
      for (int i = 0; i < rank; ++i) shape.push_back(Dim::symbol("d" + std::to_string(i)));
      for (int i = 0; i < arity; ++i) body->add_input("x" + std::to_string(i), Type::tensor(dtype, shape));
    }
    try {
      body->add_output("y" + std::to_string(body->outputs().size()), body->add(op, body->inputs()));
    } catch (const Error&) {  // the op does not take this type
      continue;
    }
    if (body->outputs().size() == 12) finish();
  }
  finish();
  return bodies;
}

TEST_F(Generated, UnaryKinds) {
  std::vector<OpRef> ops;
  for (size_t k = 0; k < enum_names(UnaryKind{}).size(); ++k) ops.push_back(std::make_shared<Unary>(static_cast<UnaryKind>(k), 0.5, 0.25));
  for (DType dtype : {DType::f32, DType::f64, DType::i32, DType::f16, DType::boolean, DType::u8})
    for (const Fused& fused : bodies_of(ops, dtype, 3, 1)) {
      const TacticCase test{std::make_shared<Fused>(fused), {random_tensor(dtype, {3, 5, 37}, random_)}, {}, {}};
      expect_on_gpu(tactics_, "generated_pointwise", test, dtype == DType::f16 ? Tolerance{4e-3, 4e-3} : Tolerance{2e-5, 2e-5});
    }
}

TEST_F(Generated, BinaryKinds) {
  std::vector<OpRef> ops;
  for (size_t k = 0; k < enum_names(BinaryKind{}).size(); ++k) ops.push_back(std::make_shared<Binary>(static_cast<BinaryKind>(k)));
  for (DType dtype : {DType::f32, DType::f64, DType::i32, DType::i64, DType::u8, DType::boolean, DType::bf16}) {
    const double low = is_float(dtype) ? 0.25 : 1, high = dtype == DType::boolean ? 2 : 5;
    for (const Fused& fused : bodies_of(ops, dtype, 2, 2)) {
      const std::vector<HostValue> inputs{random_tensor(dtype, {17, 40}, random_, low, high), random_tensor(dtype, {17, 40}, random_, low, high)};
      const TacticCase test{std::make_shared<Fused>(fused), inputs, {}, {}};
      expect_on_gpu(tactics_, "generated_pointwise", test, dtype == DType::bf16 ? Tolerance{4e-2, 4e-2} : Tolerance{2e-5, 2e-5});
    }
  }
}

TEST_F(Generated, BroadcastingInEveryFormat) {
  for (int round = 0; round < 60; ++round) {
    const Dims shape = dims(static_cast<int>(random_() % 6));
    std::vector<HostValue> inputs{random_tensor(DType::boolean, operand_dims(shape), random_),
                                  random_tensor(DType::f32, operand_dims(shape), random_), random_tensor(DType::f32, shape, random_)};
    expect("generated_pointwise", Where(), inputs, random_() % 2 ? std::vector<int>{1} : std::vector<int>{});
  }
}

TEST_F(Generated, Casts) {
  const DType types[] = {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i8,  DType::i16, DType::i32,
                         DType::i64, DType::u8,  DType::u16, DType::u32,  DType::u64, DType::i4,  DType::boolean};
  // Quarters, which every storage type holds: a cast to an integer of a number that was rounded first is another number.
  const auto quarters = [&](DType type) {
    std::vector<double> values = to_doubles(random_tensor(type, {7, 33}, random_));
    for (double& x : values) x = std::round(4 * x) / 4;
    return from_doubles(type, {7, 33}, values);
  };
  std::vector<OpRef> ops;
  for (DType to : types) ops.push_back(std::make_shared<Cast>(to));
  for (DType from : types)
    for (const Fused& fused : bodies_of(ops, from, 2, 1)) expect("generated_pointwise", fused, {quarters(from)});
}

TEST_F(Generated, Transposes) {
  for (int round = 0; round < 60; ++round) {
    const int rank = 1 + static_cast<int>(random_() % 5);
    Transpose op;
    for (int i = 0; i < rank; ++i) op.permutation.push_back(i);
    std::shuffle(op.permutation.begin(), op.permutation.end(), random_);
    const DType types[] = {DType::f32, DType::f16, DType::u8, DType::i64};
    expect("device_copy", op, {random_tensor(types[random_() % 4], dims(rank), random_)});
  }
}

TEST_F(Generated, ConcatsAndSlices) {
  for (int round = 0; round < 40; ++round) {
    const int rank = 1 + static_cast<int>(random_() % 4);
    const Dims shape = dims(rank);
    Concat concat;
    concat.axis = static_cast<int64_t>(random_() % static_cast<unsigned>(rank));
    std::vector<HostValue> inputs;
    for (int i = 0; i < 3; ++i) {
      Dims one = shape;
      one[static_cast<size_t>(concat.axis)] = 1 + static_cast<int64_t>(random_() % 20);
      inputs.push_back(random_tensor(DType::f32, one, random_));
    }
    expect("device_copy", concat, inputs);
    Dims x = shape;
    for (int64_t& d : x) d += 3;
    const Tensor starts = tensor_of<int64_t>({1}, {x[0] - 1}), ends = tensor_of<int64_t>({1}, {-100000}),
                 axes = tensor_of<int64_t>({1}, {0}), steps = tensor_of<int64_t>({1}, {-1 - static_cast<int64_t>(random_() % 2)});
    expect("device_copy", Slice(), {random_tensor(DType::f32, x, random_), starts, ends, axes, steps}, {1, 2, 3, 4});
  }
}

TEST_F(Generated, PadsTilesAndExpansions) {
  const Tensor x = random_tensor(DType::f32, {2, 3, 8, 16}, random_);
  expect("device_copy", Pad(), {x, tensor_of<int64_t>({8}, {0, 1, 2, 3, 0, 0, 1, -2}), HostValue(), HostValue()}, {1});
  expect("device_copy", Pad(), {x, tensor_of<int64_t>({8}, {0, 0, 1, 1, 0, 0, 1, 1}), scalar(DType::f32, 3.5), HostValue()}, {1, 2});
  expect("device_copy", Tile(), {x, tensor_of<int64_t>({4}, {1, 2, 1, 3})}, {1});
  expect("device_copy", Expand(), {random_tensor(DType::f32, {3, 1, 16}, random_), tensor_of<int64_t>({4}, {2, 1, 5, 1})}, {1});
}

TEST_F(Generated, Softmaxes) {
  for (const Dims& shape : {Dims{3, 5, 8}, Dims{2, 3, 128}, Dims{4, 1000}, Dims{2, 3, 7, 49}, Dims{1, 4104}, Dims{2, 20000}, Dims{3, 40, 33}})
    for (bool log : {false, true}) {
      Softmax op;
      op.axis = static_cast<int64_t>(random_() % shape.size());
      if (shape.back() > 100 || random_() % 2) op.axis = -1;
      op.log = log;
      expect("device_softmax", op, {random_tensor(DType::f32, shape, random_, -9, 9)});
    }
  expect("device_softmax", Softmax(), {random_tensor(DType::f64, {3, 100}, random_, -9, 9)});
}

TEST_F(Generated, LayerNorms) {
  for (const Dims& shape : {Dims{6, 8}, Dims{2, 3, 768}, Dims{5, 1023}, Dims{3, 4096}, Dims{2, 20000}, Dims{2, 7, 5, 6}})
    for (bool rms : {false, true}) {
      LayerNorm op;
      op.rms = rms;
      op.axis = shape.size() == 4 ? 2 : -1;
      const Dims row(shape.begin() + (shape.size() == 4 ? 2 : static_cast<int64_t>(shape.size()) - 1), shape.end());
      std::vector<HostValue> inputs{random_tensor(DType::f32, shape, random_), random_tensor(DType::f32, row, random_), HostValue()};
      if (!rms) inputs[2] = random_tensor(DType::f32, row, random_);
      expect("device_layer_norm", op, inputs, random_() % 2 ? std::vector<int>{1, 2} : std::vector<int>{}, {1e-4, 1e-4});
    }
}

TEST_F(Generated, Reductions) {
  for (int round = 0; round < 40; ++round) {
    Reduce op;
    op.kind = static_cast<ReduceKind>(round % 10);
    op.keepdims = random_() % 2;
    const int rank = 1 + static_cast<int>(random_() % 4);
    Dims shape = dims(rank);
    for (int64_t& d : shape) d = std::max<int64_t>(d, 1);
    std::vector<int64_t> axes;
    for (int64_t a = 0; a < rank; ++a)
      if (random_() % 2) axes.push_back(a);
    const bool near_one = op.kind == ReduceKind::prod && round < 30;  // products of others leave the range of f16
    const Tensor x = random_tensor(round < 30 ? DType::f32 : DType::i32, shape, random_, near_one ? 0.98 : 0.5, near_one ? 1.02 : 3);
    expect("device_reduce", op, {x, tensor_of<int64_t>({static_cast<int64_t>(axes.size())}, axes)}, {1}, {1e-4, 1e-4});
  }
  Reduce sum;
  expect("device_reduce", sum, {random_tensor(DType::f32, {3, 100000}, random_, 0, 1), tensor_of<int64_t>({1}, {1})}, {1}, {1e-3, 1e-4});
  expect("device_reduce", sum, {random_tensor(DType::f32, {20000, 40}, random_, 0, 1), tensor_of<int64_t>({1}, {0})}, {1}, {1e-3, 1e-4});
}

TEST_F(Generated, GathersAndScatters) {
  const auto indices = [&](DType dtype, Dims shape, int64_t length) {
    return random_tensor(dtype, std::move(shape), random_, static_cast<double>(-length), static_cast<double>(length));
  };
  for (int64_t inner : {1, 3, 8, 64}) {
    const Tensor x = random_tensor(DType::f32, {4, 7, inner}, random_);
    Gather gather;
    for (gather.axis = 0; gather.axis < 3; ++gather.axis)
      expect("device_gather", gather, {x, indices(DType::i64, {2, 3}, x.dim(gather.axis))}, gather.axis ? std::vector<int>{} : std::vector<int>{0});
    GatherElements elements;
    elements.axis = 1;
    expect("device_gather", elements, {x, indices(DType::i32, {3, 9, inner}, 7)});
    GatherND nd;
    expect("device_gather", nd, {x, indices(DType::i64, {5, 2}, 4)});
    nd.batch_dims = 1;
    expect("device_gather", nd, {x, indices(DType::i64, {4, 3, 1}, 7)});
    ScatterElements scatter;
    scatter.axis = 1;
    Tensor distinct(DType::i64, {4, 2, inner});
    for (int64_t i = 0; i < distinct.size(); ++i) distinct.mutable_data<int64_t>()[i] = i / inner % 2 ? -1 : 3;
    expect("device_gather", scatter, {x, distinct, random_tensor(DType::f32, {4, 2, inner}, random_)});
    expect("device_gather", ScatterND(), {x, tensor_of<int64_t>({2, 2}, {0, 6, -1, 2}), random_tensor(DType::f32, {2, inner}, random_)});
  }
}

TEST_F(Generated, Reorders) {
  Threads threads(1);
  for (int round = 0; round < 80; ++round) {
    const int rank = 3 + static_cast<int>(random_() % 3);
    Dims shape = dims(rank);
    if (round % 3 == 0) shape[1] = 2 + static_cast<int64_t>(random_() % 3), shape.back() = 8 * (1 + static_cast<int64_t>(random_() % 9));  // a picture
    const DType storages[] = {DType::none, DType::f16, DType::bf16};
    Format from, to;
    (random_() % 2 ? from : to).layout = channels_last(rank);
    from.storage = storages[random_() % 3];
    to.storage = storages[random_() % 3];
    SCOPED_TRACE(dims_to_string(shape) + " " + from.str() + " -> " + to.str());
    const Tensor value = random_tensor(DType::f32, shape, random_, -4, 4);
    const Tensor narrow = from_doubles(stored_as(from, DType::f32), shape, to_doubles(value));
    Tensor source(narrow.dtype(), shape), found(stored_as(to, DType::f32), shape), plain(found.dtype(), shape);
    reorder(narrow.bytes().data(), source.mutable_bytes().data(), size_of(source.dtype()), shape, {}, from.layout, threads);
    void *in = nullptr, *out = nullptr;
    check(cudaMalloc(&in, static_cast<size_t>(source.byte_size()) + 1), "memory");
    check(cudaMalloc(&out, static_cast<size_t>(found.byte_size()) + 1), "memory");
    check(cudaMemcpy(in, source.bytes().data(), static_cast<size_t>(source.byte_size()), cudaMemcpyHostToDevice), "copy");
    const TensorArg from_arg{static_cast<std::byte*>(in), &shape}, to_arg{static_cast<std::byte*>(out), &shape};
    Args args;
    args.in = {&from_arg, 1};
    args.out = {&to_arg, 1};
    device_reorder(DType::f32, shape, from, to)->run(nullptr, args, threads);
    check(cudaMemcpy(found.mutable_bytes().data(), out, static_cast<size_t>(found.byte_size()), cudaMemcpyDeviceToHost), "copy");
    cudaFree(in);
    cudaFree(out);
    reorder(found.bytes().data(), plain.mutable_bytes().data(), size_of(found.dtype()), shape, to.layout, {}, threads);
    const Tensor expected = from_doubles(plain.dtype(), shape, to_doubles(narrow));
    EXPECT_TRUE(std::equal(expected.bytes().begin(), expected.bytes().end(), plain.bytes().begin()));
  }
}

}  // namespace
}  // namespace tenon::core::cuda

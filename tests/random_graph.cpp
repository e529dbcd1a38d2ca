#include "random_graph.h"

#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "base/file.h"
#include "devices/device.h"
#include "engine/graph_codec.h"
#include "ir/compare.h"
#include "ops/conv.h"
#include "ops/matmul.h"
#include "ops/normalize.h"
#include "ops/pointwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "passes/optimize.h"
#include "runtime/execution.h"
#include "select/select.h"

namespace tenon::core {
namespace {

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  Graph make(int size) {
    g_.ranges["N"] = {1, 4};
    const int64_t channels = pick({3, 8, 16, 24}), height = pick({1, 5, 8, 14}), width = pick({4, 7, 16});
    values_.push_back(g_.add_input("x", Type::tensor(DType::f32, {Dim::symbol("N"), Dim(channels), Dim(height), Dim(width)})));
    for (int made = 0, tries = 0; made < size && tries < 20 * size; ++tries) {
      const Value v = step(any_value());
      if (!v) continue;
      name(v, made++);
      values_.push_back(v);
    }
    add_outputs();
    return std::move(g_);
  }

 private:
  template <class T>
  T pick(std::initializer_list<T> from) { return *(from.begin() + random_() % from.size()); }
  bool chance(int one_in) { return random_() % one_in == 0; }
  /// Recent values more often, so that graphs are deep and still branch.
  Value any_value() {
    const size_t back = chance(3) ? random_() % values_.size() : random_() % std::min<size_t>(values_.size(), 3);
    return values_[values_.size() - 1 - back];
  }
  const Shape& shape(Value v) const { return g_.type(v).shape; }
  int rank(Value v) const { return static_cast<int>(shape(v).size()); }
  std::optional<int64_t> size_of_axis(Value v, int axis) const {
    const Dim& dim = shape(v)[axis];
    return dim.is_const() ? std::optional(dim.value()) : std::nullopt;
  }
  Value constant(Dims dims, double low, double high) {
    Tensor t(DType::f32, dims);
    std::uniform_real_distribution<float> numbers(static_cast<float>(low), static_cast<float>(high));
    for (float& x : t.mutable_values<float>()) x = numbers(random_);
    return g_.add_constant(std::move(t));
  }
  Value integers(std::vector<int64_t> numbers) {
    Tensor t(DType::i64, {static_cast<int64_t>(numbers.size())});
    std::copy(numbers.begin(), numbers.end(), t.mutable_values<int64_t>().begin());
    return g_.add_constant(std::move(t));
  }
  void name(Value v, int number) {
    g_.set_name(v, "v" + std::to_string(number));
  }
  template <class T>
  Value add(T op, std::vector<Value> inputs) {
    const std::string label = "n" + std::to_string(g_.origins().size());
    return g_.add(std::move(op), std::move(inputs), {g_.add_origin({label, std::string(T::op_name)})});
  }

  Value step(Value x) {
    switch (random_() % 13) {
      case 0: case 1: return convolution(x);
      case 2: return pooling(x);
      case 3: return batch_norm(x);
      case 4: case 5: return unary(x);
      case 6: return binary_with_constant(x);
      case 7: return binary_with_value(x);
      case 8: return matmul(x);
      case 9: return normalization(x);
      case 10: return reduction(x);
      case 11: return movement(x);
      default: return concat(x);
    }
  }
  Value convolution(Value x) {
    if (rank(x) != 4 || !size_of_axis(x, 1)) return {};
    const auto height = size_of_axis(x, 2), width = size_of_axis(x, 3);
    if (!height || !width || *height < 1 || *width < 1) return {};
    const int64_t in = *size_of_axis(x, 1), kernel = pick({1, 3, 5});
    Conv conv;
    conv.group = chance(3) ? in : 1;
    const int64_t out = conv.group > 1 ? in : pick({4, 8, 16, 20});
    conv.window.pads.assign(4, kernel / 2);
    conv.window.strides.assign(2, pick({1, 1, 2}));
    const double scale = 1 / std::sqrt(static_cast<double>(in / conv.group * kernel * kernel));
    std::vector<Value> inputs{x, constant({out, in / conv.group, kernel, kernel}, -scale, scale)};
    if (chance(2)) inputs.push_back(constant({out}, -1, 1));
    return add(conv, std::move(inputs));
  }
  Value pooling(Value x) {
    if (rank(x) != 4 || !size_of_axis(x, 2) || !size_of_axis(x, 3)) return {};
    Pool pool;
    pool.kind = pick({PoolKind::max, PoolKind::average});
    pool.global = chance(4);
    if (!pool.global) {
      if (*size_of_axis(x, 2) < 3 || *size_of_axis(x, 3) < 3) return {};
      pool.window.kernel = {3, 3};
      pool.window.strides.assign(2, pick({1, 2}));
      pool.window.pads.assign(4, pick({0, 1}));
      pool.count_include_pad = chance(2);
    }
    return add(pool, {x});
  }
  Value batch_norm(Value x) {
    if (rank(x) < 2 || !size_of_axis(x, 1)) return {};
    const Dims dims{*size_of_axis(x, 1)};
    return add(BatchNorm(), {x, constant(dims, 0.5, 1.5), constant(dims, -1, 1), constant(dims, -0.5, 0.5), constant(dims, 0.5, 1.5)});
  }
  Value unary(Value x) {
    using enum UnaryKind;
    const Unary op = pick({Unary(relu), Unary(sigmoid), Unary(tanh), Unary(abs), Unary(neg), Unary(hard_sigmoid, 0.2, 0.5), Unary(hard_swish),
                           Unary(leaky_relu, 0.1), Unary(gelu_erf), Unary(swish, 1), Unary(elu, 1), Unary(softplus)});
    return add(op, {x});
  }
  Value binary_with_constant(Value x) {
    Dims dims;
    if (rank(x) >= 2 && size_of_axis(x, 1) && chance(2)) {
      dims.assign(rank(x) - 1, 1);
      dims[0] = *size_of_axis(x, 1);
    }
    const auto kind = pick({BinaryKind::add, BinaryKind::sub, BinaryKind::mul, BinaryKind::div, BinaryKind::min, BinaryKind::max});
    const Value c = constant(dims, 0.5, 1.5);
    return add(Binary(kind), chance(2) || kind == BinaryKind::div ? std::vector<Value>{x, c} : std::vector<Value>{c, x});
  }
  Value binary_with_value(Value x) {
    const Value y = any_value();
    if (shape(x) != shape(y)) return {};
    return add(Binary(pick({BinaryKind::add, BinaryKind::sub, BinaryKind::mul, BinaryKind::max})), {x, y});
  }
  Value matmul(Value x) {
    if (rank(x) < 2 || !size_of_axis(x, rank(x) - 1)) return {};
    const int64_t in = *size_of_axis(x, rank(x) - 1), out = pick({1, 6, 16, 33});
    const double scale = 1 / std::sqrt(static_cast<double>(in));
    const Value product = add(MatMul(), {x, constant({in, out}, -scale, scale)});
    return chance(2) ? add(Binary(BinaryKind::add), {product, constant({out}, -1, 1)}) : product;
  }
  Value normalization(Value x) {
    const auto last = size_of_axis(x, rank(x) - 1);
    if (!last || *last < 2) return {};
    if (chance(2)) {
      Softmax softmax;
      softmax.axis = -1 - static_cast<int64_t>(random_() % rank(x));
      return add(softmax, {x});
    }
    return add(LayerNorm(), {x, constant({*last}, 0.5, 1.5), constant({*last}, -1, 1)});
  }
  Value reduction(Value x) {
    if (rank(x) < 2) return {};
    Reduce reduce;
    reduce.kind = pick({ReduceKind::sum, ReduceKind::mean, ReduceKind::max, ReduceKind::l2});
    reduce.keepdims = chance(2);
    return add(reduce, {x, integers({1 + static_cast<int64_t>(random_() % (rank(x) - 1))})});
  }
  Value movement(Value x) {
    switch (random_() % 4) {
      case 0: return add(Flatten(), {x});
      case 1: {
        const int axis = static_cast<int>(random_() % rank(x));
        const auto size = size_of_axis(x, axis);
        if (!size || *size < 2) return {};
        return add(Slice(), {x, integers({1}), integers({*size}), integers({axis}), integers({pick<int64_t>({1, 2})})});
      }
      case 2: {
        if (rank(x) != 4) return {};
        return add(Reshape(), {x, integers({0, 0, -1})});
      }
      default: {
        Transpose transpose;
        for (int i = 0; i < rank(x); ++i) transpose.permutation.push_back(i);
        std::shuffle(transpose.permutation.begin() + (chance(2) ? 1 : 0), transpose.permutation.end(), random_);
        return add(transpose, {x});
      }
    }
  }
  Value concat(Value x) {
    const Value y = any_value();
    if (rank(x) < 2 || rank(x) != rank(y)) return {};
    Concat concat;
    concat.axis = 1;
    for (int i = 0; i < rank(x); ++i)
      if (i != 1 && shape(x)[i] != shape(y)[i]) return {};
    return add(concat, {x, y});
  }
  void add_outputs() {
    int outputs = 0;
    for (const Value v : values_)
      if (g_.use_count(v) == 0 || v == values_.back()) g_.add_output("y" + std::to_string(outputs++), v);
  }

  std::mt19937_64 random_;
  Graph g_;
  std::vector<Value> values_;
};

}  // namespace

Graph random_graph(uint64_t seed, int size) { return Generator(seed).make(size); }

Built build_graph(const Graph& graph, int threads, int64_t chaos_seed) {
  Graph optimized = graph;
  PassReport passes;
  optimize(optimized, {}, {}, passes);
  EngineData data;
  data.graph = normalized(optimized);
  data.profile.ranges = graph.ranges;
  data.profile.opt["N"] = 2;
  BuildOptions options;
  options.device = "cpu";
  options.threads = threads;
  options.chaos_seed = chaos_seed;
  options.verify = false;
  return rebuild(std::move(data), options);
}

std::vector<std::byte> engine_bytes(const EngineData& data) {
  const std::string path = std::filesystem::temp_directory_path() / fmt::format("tenon-test-{}.engine", getpid());
  AtomicFile file(path);
  save_engine(data, file);
  file.commit();
  const auto mapped = MappedFile::open(path);
  std::vector<std::byte> copy(mapped->bytes().begin(), mapped->bytes().end());
  std::filesystem::remove(path);
  return copy;
}

std::vector<HostValue> run_program(const std::shared_ptr<const Program>& program, std::span<const HostValue> inputs) {
  Execution execution(program);
  for (size_t i = 0; i < inputs.size(); ++i) execution.set_input(static_cast<int>(i), inputs[i]);
  execution.run();
  std::vector<HostValue> outputs;
  for (size_t i = 0; i < program->graph().outputs().size(); ++i) {
    HostValue value = execution.output(static_cast<int>(i)).value();
    // The bytes belong to the execution.
    if (auto* t = std::get_if<Tensor>(&value)) value = from_floats(t->dtype(), t->dims(), to_floats(*t));
    outputs.push_back(std::move(value));
  }
  return outputs;
}

std::string differences(const Graph& g, std::span<const HostValue> actual, std::span<const HostValue> expected) {
  for (size_t i = 0; i < expected.size(); ++i) {
    const Comparison c = compare_values(actual[i], expected[i], default_tolerance(DType::f32));
    if (!c.pass) return fmt::format("output '{}': {}", g.output_name(static_cast<int>(i)), c.why);
  }
  return "";
}

}  // namespace tenon::core

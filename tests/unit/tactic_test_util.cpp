#include "tactic_test_util.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "tactics/reorder.h"

namespace tenon::core {
namespace {

/// Memory of one argument with a fence of known bytes behind it.
class Memory {
 public:
  explicit Memory(int64_t bytes) : bytes_(bytes), tensor_(DType::u8, {bytes + kFence}) {
    std::fill_n(tensor_.mutable_data<uint8_t>(), bytes + kFence, uint8_t{0xa5});
  }
  std::byte* data() { return tensor_.mutable_bytes().data(); }
  bool fence_is_whole() const {
    const auto fence = tensor_.values<uint8_t>().subspan(static_cast<size_t>(bytes_));
    return std::all_of(fence.begin(), fence.end(), [](uint8_t byte) { return byte == 0xa5; });
  }

 private:
  static constexpr int64_t kFence = 64;
  int64_t bytes_;
  Tensor tensor_;
};

Threads& team() {
  static Threads threads(3);
  return threads;
}

Dims dims_of(const HostValue& value) {
  const auto* tensor = std::get_if<Tensor>(&value);
  return tensor ? tensor->dims() : Dims{};
}

class TacticTrial {
 public:
  TacticTrial(const TacticCase& test, Tolerance tolerance) : test_(test), tolerance_(tolerance), node_(test, team()) {
    device_.threads = team().size();
    device_.features = "avx2 fma";
    if (__builtin_cpu_supports("avx512f")) device_.features += " avx512f";
  }

  std::vector<std::string> run() {
    const Problem problem{node_.graph, node_.node, device_, test_.options};
    std::vector<std::string> ran;
    for (const Tactic* tactic : tactics_for("cpu")) {
      std::string why;
      const std::vector<Offer> offers = tactic->offers(problem, why);
      if (offers.empty()) {
        EXPECT_NE(why, "") << tactic->name() << " gives no reason";
      }
      for (const Offer& offer : offers) {
        SCOPED_TRACE(describe(*test_.op) + " by " + offer.str());
        if (const auto kernel = run(problem, *tactic, offer)) ran.push_back(offer.tactic + " " + *kernel + (stores_bf16(offer) ? " in bf16" : ""));
      }
    }
    return ran;
  }

 private:
  static bool stores_bf16(const Offer& offer) {
    const auto stores = [](const Format& f) { return f.storage == DType::bf16; };
    return std::any_of(offer.in.begin(), offer.in.end(), stores) || std::any_of(offer.out.begin(), offer.out.end(), stores);
  }

  std::optional<std::string> run(const Problem& problem, const Tactic& tactic, const Offer& offer) {
    EXPECT_EQ(offer.in.size(), test_.inputs.size());
    EXPECT_EQ(offer.out.size(), node_.expected.size());
    const NodeShapes& shapes = node_.shapes;
    std::string why;
    const auto executable = tactic.prepare({problem, offer, shapes, weights_, team()}, why);
    if (!executable) {
      EXPECT_NE(why, "") << "a refusal needs a reason";
      return {};
    }
    if (offer.share == Share::view) {
      check_view(offer, shapes, tactic.offsets({problem, offer, shapes, weights_, team()}));
      return executable->kernel_name();
    }
    execute(*executable, offer, shapes, false);
    if (offer.share == Share::in_place) execute(*executable, offer, shapes, true);
    return executable->kernel_name();
  }

  static void fill(Memory& memory, const Tensor& tensor, const Format& format) {
    const Tensor stored = stored_in(format, tensor, team());
    std::copy(stored.bytes().begin(), stored.bytes().end(), memory.data());
  }

  void check_view(const Offer& offer, const NodeShapes& shapes, const std::vector<int64_t>& offsets) {
    const Tensor& input = std::get<Tensor>(test_.inputs[static_cast<size_t>(offer.shared_input)]);
    Memory memory(input.byte_size());
    fill(memory, input, offer.in[static_cast<size_t>(offer.shared_input)]);
    ASSERT_EQ(offsets.size(), shapes.out.size());
    for (size_t k = 0; k < offsets.size(); ++k) compare(k, {memory.data() + offsets[k], &shapes.out[k]}, offer.out[k]);
  }

  void execute(const Executable& executable, const Offer& offer, const NodeShapes& shapes, bool in_place) {
    std::vector<Memory> in, out;
    std::vector<TensorArg> in_args, out_args;
    for (size_t i = 0; i < test_.inputs.size(); ++i) {
      const auto* tensor = std::get_if<Tensor>(&test_.inputs[i]);
      in.emplace_back(tensor ? tensor->size() * size_of(stored_as(offer.in[i], tensor->dtype())) : 0);
      const bool read = tensor && executable.uses_input(static_cast<int>(i));
      if (read) fill(in.back(), *tensor, offer.in[i]);
      in_args.push_back({read ? in.back().data() : nullptr, &shapes.in[i]});
    }
    for (size_t i = 0; i < node_.expected.size(); ++i) {
      const auto* tensor = std::get_if<Tensor>(&node_.expected[i]);
      out.emplace_back(tensor ? tensor->size() * size_of(stored_as(offer.out[i], tensor->dtype())) : 0);
      out_args.push_back({tensor ? out.back().data() : nullptr, &shapes.out[i]});
    }
    if (in_place) out_args[0].data = in_args[offer.shared_input].data;
    Memory workspace(executable.workspace_bytes());
    const std::vector<const HostValue*> no_in(in.size(), nullptr);
    const std::vector<HostValue*> no_out(out.size(), nullptr);
    Args args{in_args, out_args, no_in, no_out, workspace.data(), 0};
    const auto state = executable.make_state();
    for (int repeat = 0; repeat < (in_place ? 1 : 2); ++repeat) executable.run(state.get(), args, team());
    for (const Memory& m : out) EXPECT_TRUE(m.fence_is_whole()) << "wrote behind an output";
    for (const Memory& m : in) EXPECT_TRUE(m.fence_is_whole()) << "wrote behind an input";
    EXPECT_TRUE(workspace.fence_is_whole()) << "wrote behind the workspace";
    for (size_t i = 0; i < node_.expected.size(); ++i) compare(i, out_args[i], offer.out[i]);
  }

  void compare(size_t i, const TensorArg& arg, const Format& format) {
    const auto* expected = std::get_if<Tensor>(&node_.expected[i]);
    if (expected) expect_output(i, *expected, arg.data, format, tolerance_, team());
  }

  const TacticCase& test_;
  Tolerance tolerance_;
  TestNode node_;
  DeviceInfo device_;
  TestWeights weights_;
};

}  // namespace

Tensor random_tensor(DType dtype, Dims dims, std::mt19937& random, double low, double high) {
  std::vector<double> values(static_cast<size_t>(checked_product(dims)));
  std::uniform_real_distribution<double> real(low, high);
  for (double& v : values) v = is_float(dtype) ? real(random) : std::floor(real(random));
  return from_doubles(dtype, std::move(dims), values);
}

Tensor random_tensor(DType dtype, Dims dims, std::mt19937& random) {
  if (is_float(dtype)) return random_tensor(dtype, std::move(dims), random, -2, 2);
  if (dtype == DType::boolean) return random_tensor(dtype, std::move(dims), random, 0, 2);
  return random_tensor(dtype, std::move(dims), random, is_signed_integer(dtype) ? -9 : 0, 10);
}

std::shared_ptr<const void> TestWeights::packed(const ConstRef& constant, const std::string& key, int64_t,
                                                FunctionRef<std::shared_ptr<const void>(const Tensor&)> make) {
  const std::lock_guard lock(mutex_);
  auto& entry = packed_[{constant.get(), key}];
  if (!entry) entry = make(constant->value());
  return entry;
}

TestNode::TestNode(const TacticCase& test, Threads& threads) {
  std::vector<Value> values;
  for (size_t i = 0; i < test.inputs.size(); ++i) values.push_back(add_input(test, static_cast<int>(i)));
  node = graph.add(test.op, values).node;
  expected = test.op->evaluate(EvalContext(test.inputs, threads));
  for (const HostValue& v : test.inputs) shapes.in.push_back(dims_of(v));
  for (const HostValue& v : expected) shapes.out.push_back(dims_of(v));
}

Value TestNode::add_input(const TacticCase& test, int i) {
  const auto* tensor = std::get_if<Tensor>(&test.inputs[static_cast<size_t>(i)]);
  if (!tensor) return {};
  if (std::count(test.constants.begin(), test.constants.end(), i)) return graph.add_constant(*tensor);
  return graph.add_input("x" + std::to_string(i),
                         Type::tensor(tensor->dtype(), Shape(tensor->dims().begin(), tensor->dims().end())));
}

Tensor stored_in(const Format& format, const Tensor& tensor, Threads& threads) {
  const DType dtype = stored_as(format, tensor.dtype());
  const Tensor source = dtype == tensor.dtype() ? tensor : from_doubles(dtype, tensor.dims(), to_doubles(tensor));
  Tensor stored(dtype, source.dims());
  reorder(source.bytes().data(), stored.mutable_bytes().data(), size_of(dtype), source.dims(), {}, format.layout, threads);
  return stored;
}

void expect_output(size_t i, const Tensor& expected, const void* bytes, const Format& format, Tolerance tolerance, Threads& threads) {
  Tensor found(stored_as(format, expected.dtype()), expected.dims());
  reorder(bytes, found.mutable_bytes().data(), size_of(found.dtype()), found.dims(), format.layout, {}, threads);
  const std::vector<double> a = to_doubles(expected), b = to_doubles(found);
  for (size_t e = 0; e < a.size(); ++e) {
    if (std::isnan(a[e]) && std::isnan(b[e])) continue;
    if (a[e] == b[e] || std::abs(a[e] - b[e]) <= tolerance.absolute + tolerance.relative * std::abs(a[e])) continue;
    ADD_FAILURE() << "output " << i << " " << dims_to_string(expected.dims()) << " element " << e << ": expected " << a[e]
                  << ", found " << b[e];
    return;
  }
}

void expect_ran(const std::vector<std::string>& ran, std::string_view tactic, const TacticCase& test) {
  const auto is_it = [&](const std::string& s) { return std::string_view(s).substr(0, tactic.size()) == tactic; };
  EXPECT_TRUE(std::any_of(ran.begin(), ran.end(), is_it)) << "no offer of '" << tactic << "' ran for " << describe(*test.op);
}

std::vector<std::string> check_tactics(const TacticCase& test, Tolerance tolerance) {
  return TacticTrial(test, tolerance).run();
}

void expect_tactic(const TacticCase& test, std::string_view tactic, Tolerance tolerance) {
  expect_ran(check_tactics(test, tolerance), tactic, test);
}

}  // namespace tenon::core

#include <gtest/gtest.h>

#include "fake_gpu.h"
#include "ir/text.h"
#include "ops/all.h"
#include "plan/knobs.h"
#include "runtime/execution.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

/// Reads `held` for input 1.
class HoldingExecutable : public Executable {
 public:
  HoldingExecutable(std::shared_ptr<const Executable> inner, Tensor held) : inner_(std::move(inner)), held_(std::move(held)) {}
  bool uses_input(int i) const override { return i != 1; }
  std::string kernel_name() const override { return inner_->kernel_name(); }
  void run(State* state, const Args& args, Threads& threads) const override {
    const TensorArg in[] = {args.in[0], {const_cast<std::byte*>(held_.bytes().data()), &held_.dims()}};
    Args with_held = args;
    with_held.in = in;
    inner_->run(state, with_held, threads);
  }

 private:
  std::shared_ptr<const Executable> inner_;
  Tensor held_;
};

/// A library's kernel: its number is settled by the dims that it is first made for.
class NumberedExecutable : public Executable, public Numbered {
 public:
  NumberedExecutable(std::shared_ptr<const Executable> inner, int64_t number) : inner_(std::move(inner)), number_(number) {}
  Config knobs() const override { return {{"@number", number_}}; }
  std::string kernel_name() const override { return inner_->kernel_name(); }
  void run(State* state, const Args& args, Threads& threads) const override { inner_->run(state, args, threads); }

 private:
  std::shared_ptr<const Executable> inner_;
  int64_t number_;
};

/// Runs anything with the reference kernel of the CPU and counts what it was prepared for.
class CountingTactic : public Tactic {
 public:
  CountingTactic(std::string name, bool slow) : name_(std::move(name)), slow_(slow) {}
  std::string_view name() const override { return name_; }
  bool slow_to_prepare() const override { return slow_; }
  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!why.empty() || !reason.empty()) {
      why = reason;
      return {};
    }
    Offer offer = row_major_offer(p, name_);
    for (Format& format : offer.out) format.storage = results;
    if (p.inputs() > 1) offer.in[1].storage = constants;
    return {offer};
  }
  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    rows.push_back(cx.shapes.out[0][0]);
    if (refuses) return nullptr;
    if (numbers) asked.push_back(has_knobs(cx.offer.config) ? cx.offer.config.at("@number") : -1);
    auto executable = find_tactic("cpu", "reference")->prepare({cx.problem, row_major_offer(cx.problem, "reference"), cx.shapes, cx.weights, cx.threads}, why);
    if (numbers) return std::make_shared<NumberedExecutable>(std::move(executable), cx.shapes.out[0][0]);
    return holds ? std::make_shared<HoldingExecutable>(std::move(executable), cx.weights.plain(cx.problem.input(1).constant)) : executable;
  }
  mutable std::vector<int64_t> rows;
  mutable std::vector<int64_t> asked;  // the number of each preparation, -1 without one
  bool refuses = false, holds = false, numbers = false;
  std::string reason;  // why it offers nothing
  DType constants = DType::none, results = DType::none;  // how the offer stores them

 private:
  std::string name_;
  bool slow_;
};

class CudaLikeGpu : public FakeGpu {
 public:
  CudaLikeGpu() { info_.kind = "cuda"; }
  const DeviceInfo& info() const override { return info_; }

 private:
  DeviceInfo info_;
};

/// A network whose rows are open, tuned for four, on a GPU with a slow tactic and a quick one.
class RuntimeStandIn : public testing::Test {
 protected:
  RuntimeStandIn() : before_(tactics_for("cuda").begin(), tactics_for("cuda").end()) { set_cuda_tactics({&slow, &other, &quick, find_tactic("cpu", "reference")}); }
  ~RuntimeStandIn() override { set_cuda_tactics(before_); }

  void run(int64_t rows) {
    if (!execution) {
      Graph g = parse(net, op_registry());
      Choices choices;
      for (const NodeId id : g.order()) {
        std::string why;
        choices.offers.resize(static_cast<size_t>(id) + 1);
        choices.offers[id] = slow.offers({g, id, gpu->info(), options}, why)[0];
      }
      execution.emplace(std::make_shared<const Program>(Program::Setup{g, choices, gpu, options, tuned}, std::make_shared<Threads>(1), std::make_shared<Weights>()));
    }
    execution->set_input(0, Tensor(DType::f32, {rows, 8}));
    execution->run();
    const Tensor y = std::get<Tensor>(execution->output(0).value());
    EXPECT_EQ(y.dims(), (Dims{rows, 8}));
    EXPECT_EQ(reinterpret_cast<const float*>(y.bytes().data())[0], 1);  // exp(0), or 0 + 1
  }

  void SetUp() override { other.reason = "not for this"; }

  std::string net = "graph net(x: f32[N,8]) {\n%y = Unary{kind=exp}(%x) return y = %y\n}\n";
  const std::string plus_one = "graph net(x: f32[N,8]) {\n%w = Constant{value=f32[8]{1,1,1,1,1,1,1,1}} %y = Binary{kind=add}(%x, %w) return y = %y\n}\n";
  CountingTactic slow{"slow", true}, other{"other", false}, quick{"quick", false};
  Bindings tuned{{"N", 4}};
  TacticOptions options;
  std::shared_ptr<CudaLikeGpu> gpu = std::make_shared<CudaLikeGpu>();
  std::optional<Execution> execution;

 private:
  std::vector<const Tactic*> before_;
};

TEST_F(RuntimeStandIn, RunsDimsThatAreNotTheTunedOnes) {
  run(4);
  run(2);
  run(9);
  run(4);
  EXPECT_EQ(slow.rows, (std::vector<int64_t>{4}));
  EXPECT_EQ(quick.rows, (std::vector<int64_t>{4, 2, 9}));  // at the tuned dims so that the others find it ready
}

TEST_F(RuntimeStandIn, RunsTheKernelThatWasSettledAtTheTunedDims) {
  quick.numbers = true;
  run(2);
  run(9);
  EXPECT_EQ(quick.rows, (std::vector<int64_t>{4, 4, 2, 9}));  // chosen by the library, then made by its number
  EXPECT_EQ(quick.asked, (std::vector<int64_t>{-1, 4, 4, 4}));
  EXPECT_TRUE(slow.rows.empty());
}

TEST_F(RuntimeStandIn, IsNotNeededWhereAllDimsAreFixed) {
  tuned.clear();
  run(2);
  EXPECT_EQ(slow.rows, (std::vector<int64_t>{2}));
  EXPECT_TRUE(quick.rows.empty());
}

TEST_F(RuntimeStandIn, MayHoldConstantsInAnotherForm) {
  net = plus_one;
  quick.constants = DType::f16;
  quick.holds = true;
  run(4);
  run(2);
  EXPECT_EQ(slow.rows, (std::vector<int64_t>{4}));
  EXPECT_EQ(quick.rows, (std::vector<int64_t>{4, 2}));
}

TEST_F(RuntimeStandIn, DoesNotReadConstantsThatAreInAnotherForm) {
  net = plus_one;
  quick.constants = DType::f16;
  run(2);
  EXPECT_EQ(slow.rows, (std::vector<int64_t>{2}));
}

TEST_F(RuntimeStandIn, WritesWhatTheChosenKernelWrites) {
  quick.results = DType::f16;
  run(2);
  EXPECT_EQ(slow.rows, (std::vector<int64_t>{2}));
  EXPECT_TRUE(quick.rows.empty());
}

TEST_F(RuntimeStandIn, GivesWayToTheChosenKernelWhereItRefuses) {
  quick.refuses = true;
  run(2);
  EXPECT_EQ(slow.rows, (std::vector<int64_t>{2}));
}

}  // namespace
}  // namespace tenon::core

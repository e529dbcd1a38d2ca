#include <gtest/gtest.h>

#include "fake_gpu.h"
#include "ir/text.h"
#include "ops/all.h"
#include "runtime/execution.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

/// Runs anything with the reference kernel of the CPU and counts what it was prepared for.
class CountingTactic : public Tactic {
 public:
  CountingTactic(std::string name, bool slow) : name_(std::move(name)), slow_(slow) {}
  std::string_view name() const override { return name_; }
  bool slow_to_prepare() const override { return slow_; }
  std::vector<Offer> offers(const Problem& p, std::string&) const override { return {row_major_offer(p, name_)}; }
  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    rows.push_back(cx.shapes.out[0][0]);
    return refuses ? nullptr : find_tactic("cpu", "reference")->prepare(cx, why);
  }
  mutable std::vector<int64_t> rows;
  bool refuses = false;

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
  RuntimeStandIn() : before_(tactics_for("cuda").begin(), tactics_for("cuda").end()) { set_cuda_tactics({&slow, &quick, find_tactic("cpu", "reference")}); }
  ~RuntimeStandIn() override { set_cuda_tactics(before_); }

  void run(int64_t rows) {
    if (!execution) {
      Graph g = parse("graph net(x: f32[N,8]) {\n%y = Unary{kind=exp}(%x) return y = %y\n}\n", op_registry());
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
    EXPECT_EQ(reinterpret_cast<const float*>(y.bytes().data())[0], 1);  // exp(0)
  }

  CountingTactic slow{"slow", true}, quick{"quick", false};
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

TEST_F(RuntimeStandIn, IsNotNeededWhereAllDimsAreFixed) {
  tuned.clear();
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

#include <gtest/gtest.h>

#include "base/ledger.h"
#include "build/strip_names.h"
#include "fake_gpu.h"
#include "ir/text.h"
#include "ops/all.h"
#include "runtime/check_fits.h"
#include "runtime/execution.h"
#include "runtime/in_use.h"
#include "select/candidates.h"

namespace tenon::core {
namespace {

constexpr const char* kNet = "graph net(x: f32[4,8]) {\n%w = Constant{value=f32[8]{1,2,3,4,5,6,7,8}} %a = Binary{kind=mul}(%x, %w) %y = Unary{kind=exp}(%a) return y = %y\n}\n";

template <class F>
std::string message_of(ErrorCode code, F&& f) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A small network on a GPU that is none.
class RuntimeDevice : public testing::Test {
 protected:
  RuntimeDevice() {
    Graph g = parse(kNet, op_registry());
    g.name = "net";
    g.add_origin({"times w", "Mul"});  // without any the engine was built to tell no names
    const Candidates candidates = find_candidates(g, gpu->info(), {});
    program = std::make_shared<const Program>(Program::Setup{g, first_offers(candidates), gpu, {}}, std::make_shared<Threads>(1), std::make_shared<Weights>());
  }
  std::unique_ptr<Execution> execution() const {
    auto e = std::make_unique<Execution>(program);
    e->set_input(0, x);
    return e;
  }
  std::shared_ptr<FakeGpu> gpu = std::make_shared<FakeGpu>();
  std::shared_ptr<const Program> program;
  Tensor x{DType::f32, {4, 8}};
};

TEST_F(RuntimeDevice, StartAndWaitAreARun) {
  const auto run = execution(), halves = execution();
  run->run();
  halves->start();
  halves->wait();
  const Tensor a = std::get<Tensor>(run->output(0).value()), b = std::get<Tensor>(halves->output(0).value());
  EXPECT_TRUE(std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end()));
}

TEST_F(RuntimeDevice, WithoutTransfersInputsStayAsTheyWere) {
  const auto e = execution();
  e->run();
  reinterpret_cast<float*>(x.mutable_bytes().data())[0] = 100;
  e->set_input(0, x);
  RunOptions options;
  options.transfers = false;
  e->run(options);
  e->run(options);
  options.transfers = true;
  const auto first = [&] { return reinterpret_cast<const float*>(std::get<Tensor>(e->output(0).value()).bytes().data())[0]; };
  EXPECT_EQ(first(), 1);  // exp(0): on the device the old input is read
  e->run(options);
  EXPECT_GT(first(), 1e30f);
}

TEST_F(RuntimeDevice, AContextThatDoesNotFitTakesNothing) {
  gpu->free_bytes = 100;
  const auto e = execution();
  const int64_t before = gpu->allocated;
  const std::string text = message_of(ErrorCode::out_of_memory, [&] { e->run(); });
  EXPECT_TRUE(contains(text, "a context of engine 'net' needs") && contains(text, "100 bytes of ") && contains(text, "this process holds")) << text;
  EXPECT_EQ(gpu->allocated, before);
  gpu->free_bytes = int64_t{1} << 30;
  e->run();
  EXPECT_GT(gpu->allocated, before);
}

TEST_F(RuntimeDevice, WeightsAreCountedOnceForEachFormat) {
  EXPECT_EQ(weight_bytes_on_device(program->graph(), program->choices()), 32);
  gpu->free_bytes = 31;
  EXPECT_TRUE(contains(message_of(ErrorCode::out_of_memory, [&] { check_fits(*gpu, 32, "engine 'net'"); }), "Nothing was allocated"));
  gpu->free_bytes = 32;
  check_fits(*gpu, 32, "engine 'net'");
}

TEST_F(RuntimeDevice, AFaultNamesEngineStepsAndTool) {
  const auto culprit = execution(), next = execution();
  culprit->run();
  gpu->fault_text = "an illegal memory access was encountered";
  const std::string text = message_of(ErrorCode::device_failed, [&] { next->run(); });
  for (const char* part : {"illegal memory access", "engine 'net'", "compute-sanitizer --tool memcheck", "start it anew"}) EXPECT_TRUE(contains(text, part)) << text;
  // Both executions ran on the device; either may be at fault.
  EXPECT_NE(text.find("engine 'net' on stream"), text.rfind("engine 'net' on stream")) << text;
  for (const Step& step : program->plan().steps)
    if (step.kind == Step::Kind::run) {
      EXPECT_TRUE(contains(text, program->graph().display_name(step.node))) << text;
    }
}

TEST_F(RuntimeDevice, RangesNameEachStepOnlyWhileAProfilerListens) {
  const auto e = execution();
  e->run();
  EXPECT_TRUE(gpu->ranges_seen.empty());
  gpu->profiler_listens = true;
  e->run();
  ASSERT_FALSE(gpu->ranges_seen.empty());
  EXPECT_EQ(gpu->ranges_seen.size() % 2, 0u);
  EXPECT_EQ(gpu->ranges_seen.back(), "end");
  EXPECT_FALSE(contains(gpu->ranges_seen.front(), " | "));
  gpu->ranges_seen.clear();
  e->set_verbosity(Verbosity::detailed);
  e->run();
  EXPECT_TRUE(contains(gpu->ranges_seen.front(), "| step ") && contains(gpu->ranges_seen.front(), "f32[4,8]")) << gpu->ranges_seen.front();
  gpu->ranges_seen.clear();
  e->set_verbosity(Verbosity::none);
  e->run();
  EXPECT_TRUE(gpu->ranges_seen.empty());
}

TEST_F(RuntimeDevice, AddressesAreCheckedWhenTheyChange) {
  const auto e = execution();
  alignas(256) std::byte memory[128] = {};
  e->set_device_input(0, memory, {4, 8});
  e->set_device_input(0, memory, {4, 8});
  e->set_output_buffer(0, memory, Place::device);
  ASSERT_EQ(gpu->checked.size(), 2u);
  EXPECT_EQ(gpu->checked[0].second, "input 'x'");
  EXPECT_EQ(gpu->checked[1].second, "output 'y'");
}

TEST(InUse, ASecondUserIsRefused) {
  std::atomic<bool> flag{false};
  {
    const InUse first(flag);
    EXPECT_TRUE(contains(message_of(ErrorCode::usage, [&] { const InUse second(flag); }), "two threads use one context"));
  }
  const InUse again(flag);
}

TEST(Ledger, CountsByOwnerAndKeepsTheLimit) {
  Ledger ledger;
  int a = 0, b = 0;
  {
    const std::string name = "resnet";
    const Ledger::Owner owner(name);
    ledger.took(&a, 2 << 20);
  }
  ledger.took(&b, 1 << 20);
  EXPECT_EQ(ledger.held(), 3 << 20);
  EXPECT_EQ(ledger.text(), "this process holds 3.0 MiB of it: no engine 1.0 MiB, 'resnet' 2.0 MiB");
  ledger.check(int64_t{1} << 40, "anything");
  ledger.set_limit(4 << 20);
  EXPECT_EQ(ledger.usable(100 << 20), 1 << 20);
  EXPECT_EQ(ledger.usable(10), 10);
  ledger.check(1 << 20, "a buffer");
  EXPECT_TRUE(contains(message_of(ErrorCode::out_of_memory, [&] { ledger.check((1 << 20) + 1, "a buffer"); }), "--device-memory-limit) is 4.0 MiB"));
  ledger.gave_back(&a);
  ledger.gave_back(&a);
  EXPECT_EQ(ledger.held(), 1 << 20);
}

TEST(StripNames, OnlyInputsAndOutputsKeepTheirs) {
  Graph g = parse(kNet, op_registry());
  const Graph bare = without_names(g);
  EXPECT_EQ(bare.input_name(0), "x");
  EXPECT_EQ(bare.output_name(0), "y");
  EXPECT_TRUE(bare.origins().empty());
  for (NodeId id : bare.order()) {
    if (bare.node(id).as<InputOp>()) continue;
    for (const std::string& name : bare.node(id).output_names) EXPECT_EQ(name, "");
  }
  EXPECT_EQ(bare.order().size(), g.order().size());
}

}  // namespace
}  // namespace tenon::core

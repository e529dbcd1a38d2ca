// Concat and Split that move nothing: how many steps are left, which inputs are still copied, and that results stay right.
#include <algorithm>

#include "devices/device.h"
#include "ir/evaluate.h"
#include "ir/text.h"
#include "ops/all.h"
#include "ops/shape.h"
#include "rewrite_test_util.h"
#include "runtime/execution.h"
#include "select/candidates.h"

namespace tenon::core {
namespace {

bool is_plain(const Offer& offer) {
  const auto plain = [](const Format& f) { return f == Format{}; };
  return std::all_of(offer.in.begin(), offer.in.end(), plain) && std::all_of(offer.out.begin(), offer.out.end(), plain);
}

/// A program whose nodes take their first offers that are row-major, which are those of "parts" where it has any.
class PlanParts : public testing::Test {
 protected:
  void make(const std::string& text) {
    before = parse(text, op_registry());
    const auto device = find_device("cpu", 2);
    const Candidates candidates = find_candidates(before, device->info(), {});
    Choices choices = first_offers(candidates);
    for (NodeId id : before.order()) {
      const auto& offers = candidates.offers[id];
      const auto first = std::find_if(offers.begin(), offers.end(), is_plain);
      if (first != offers.end()) choices.offers[id] = *first;
    }
    auto threads = std::make_shared<Threads>(2);
    program = std::make_shared<const Program>(Program::Setup{before, choices, device, {}}, threads, std::make_shared<Weights>());
  }
  const Plan& plan() const { return program->plan(); }
  int count(Step::Kind kind) const {
    return static_cast<int>(std::count_if(plan().steps.begin(), plan().steps.end(), [&](const Step& s) { return s.kind == kind; }));
  }
  int parts() const {
    return static_cast<int>(std::count_if(plan().slots.begin(), plan().slots.end(), [](const Slot& s) { return s.part.step >= 0; }));
  }
  void expect(int run, int view, int part) {
    EXPECT_EQ(count(Step::Kind::run), run);
    EXPECT_EQ(count(Step::Kind::view), view);
    EXPECT_EQ(count(Step::Kind::reorder), 0);
    EXPECT_EQ(parts(), part);
    for (int round = 0; round < 2; ++round) expect_agrees();
  }
  void expect_agrees() {
    const auto inputs = random_inputs(before);
    Threads threads(2);
    const auto expected = evaluate(before, inputs, threads);
    Execution execution(program);
    for (size_t i = 0; i < inputs.size(); ++i) execution.set_input(static_cast<int>(i), inputs[i]);
    execution.run();
    for (size_t i = 0; i < expected.size(); ++i)
      expect_close(std::get<Tensor>(expected[i]), std::get<Tensor>(execution.output(static_cast<int>(i)).value()), before.output_name(static_cast<int>(i)));
  }

  Graph before;
  std::shared_ptr<const Program> program;
};

constexpr const char* kHead = "graph g(x: f32[1,4,5,6]) {\n";

TEST_F(PlanParts, BranchesWriteIntoTheirConcat) {
  make(std::string(kHead) + "%a = Pool{kernel=[3,3], pads=[1,1,1,1]}(%x) %b = Softmax{axis=3}(%x) %c = Pool{kind=average, kernel=[3,3], pads=[1,1,1,1]}(%x)\n"
       "%1 = Concat{axis=1}(%a, %b, %c) %2 = Softmax{axis=1}(%1) return y = %2 }");
  expect(4, 1, 3);
}

TEST_F(PlanParts, AConcatOfConcatsAndAViewIsOneBuffer) {
  make(std::string(kHead) + "%s = Constant{value=i64[4]{1,2,10,6}} %a = Softmax{axis=3}(%x) %b = Softmax{axis=2}(%x) %c = Softmax{axis=1}(%x)\n"
       "%1 = Concat{axis=1}(%a, %b) %2 = Concat{axis=1}(%c, %1) %d = Reshape(%a, %s) %e = Softmax{axis=2}(%d) %3 = Softmax{axis=1}(%2) return y = %3, z = %e }");
  expect(5, 3, 4);
}

TEST_F(PlanParts, SplitsAreViewsAndTheirWholeMayBeAPart) {
  make(std::string(kHead) + "%s = Constant{value=i64[2]{1,3}} %a = Softmax{axis=3}(%x) %b = Split{axis=1, outputs=2}(%a, %s) %d = Softmax{axis=3}(%b.1)\n"
       "%1 = Concat{axis=1}(%a, %d) %2 = Softmax{axis=2}(%1) %e = Softmax{axis=2}(%b) return y = %2, z = %e }");
  expect(4, 2, 2);
}

TEST_F(PlanParts, PartsOfASplitAreCopied) {
  make(std::string(kHead) + "%a = Softmax{axis=3}(%x) %b = Split{axis=1, outputs=2}(%a) %1 = Concat{axis=1}(%b.1, %b) %2 = Softmax{axis=2}(%1) return y = %2 }");
  expect(3, 1, 0);
}

TEST_F(PlanParts, AValueGivenTwiceIsCopiedOnce) {
  make(std::string(kHead) + "%a = Softmax{axis=3}(%x) %1 = Concat{axis=1}(%a, %a) %2 = Softmax{axis=2}(%1) return y = %2 }");
  expect(3, 0, 1);
}

TEST_F(PlanParts, AValueLiesInOneConcatOnly) {
  make(std::string(kHead) + "%a = Softmax{axis=3}(%x) %b = Softmax{axis=2}(%x) %1 = Concat{axis=1}(%a, %b) %2 = Concat{axis=1}(%b, %a)\n"
       "%3 = Binary(%1, %2) %4 = Softmax{axis=2}(%3) return y = %4 }");
  EXPECT_EQ(parts(), 2);
  expect_agrees();
}

TEST_F(PlanParts, InputsConstantsAndOutputsAreCopied) {
  make("graph g(x: f32[1,2]) {\n%c = Constant{value=f32[1,2]{1,2}} %a = Softmax{axis=1}(%x) %b = Softmax{axis=1}(%a) %1 = Concat{axis=0}(%x, %c, %a, %b) return y = %1, z = %a }");
  expect(3, 0, 1);
}

TEST_F(PlanParts, AnAxisBeforeItKeepsTheCopy) {
  make("graph g(x: f32[2,4,5,6]) {\n%a = Softmax{axis=3}(%x) %b = Softmax{axis=2}(%x) %1 = Concat{axis=1}(%a, %b) return y = %1 }");
  expect(3, 0, 0);
  make("graph g(x: f32[N,4,5,6]) {\n%a = Softmax{axis=3}(%x) %b = Softmax{axis=2}(%x) %1 = Concat{axis=0}(%a, %b) return y = %1 }");
  expect(2, 1, 2);
}

TEST_F(PlanParts, NothingIsOverwrittenThatIsReadThroughAPartOrAWhole) {
  make(std::string(kHead) + "%a = Softmax{axis=3}(%x) %1 = Concat{axis=1}(%a, %x) %3 = Softmax{axis=3}(%1) %4 = Softmax{axis=2}(%a) return y = %3, z = %4 }");
  expect_agrees();
  make(std::string(kHead) + "%a = Softmax{axis=3}(%x) %1 = Concat{axis=1}(%a, %x) %4 = Unary{kind=relu}(%a) %3 = Softmax{axis=3}(%1) return y = %3, z = %4 }");
  expect_agrees();
}

TEST_F(PlanParts, ASegmentThatKnowsNoDimsKeepsTheCopy) {
  // How many elements of x are not 0 is known only after %a was computed.
  make("graph g(x: f32[4]) {\n%a = Softmax{axis=0}(%x) %n = NonZero(%x) %i = Cast{to=f32}(%n) %s = Constant{value=i64[1]{0}} %f = Reduce{kind=sum, keepdims=false}(%i, %s)\n"
       "%1 = Concat{axis=0}(%a, %f) return y = %1 }");
  expect_agrees();
}

TEST_F(PlanParts, TakesNoMoreMemoryThanPartsAndWhole) {
  make("graph g(x: f32[1,64,16,16]) {\n%a = Softmax{axis=3}(%x) %b = Softmax{axis=2}(%x) %1 = Concat{axis=1}(%a, %b) %2 = Softmax{axis=1}(%1) return y = %2 }");
  Execution execution(program);
  execution.set_input(0, random_inputs(before)[0]);
  execution.bind();
  const int64_t whole = 2 * 64 * 16 * 16 * 4;
  EXPECT_LE(execution.planned_bytes(), 2 * whole);
}

}  // namespace
}  // namespace tenon::core

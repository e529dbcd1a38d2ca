// Measuring in child processes: what a death or a silence costs, and the program that builds for a GPU start.
#include <gtest/gtest.h>
#include <unistd.h>

#include "devices/device.h"
#include "ir/subgraphs.h"
#include "ir/text.h"
#include "ops/all.h"
#include "ops/matmul.h"
#include "runtime/tuned_shapes.h"
#include "select/remote.h"
#include "select/supervise.h"

namespace tenon::core {
namespace {

enum class Fate { fine, hangs, dies, dies_preparing, breaks_device };

/// A worker whose measurements end as listed.
class Scripted {
 public:
  explicit Scripted(std::vector<Fate> fates) : fates_(std::move(fates)) {}
  std::unique_ptr<WorkerProcess> start(size_t first, size_t last, size_t together) {
    ++starts;
    int ends[2];
    if (::pipe(ends) != 0) return nullptr;
    const pid_t pid = ::fork();
    if (pid == 0) {
      play(ends[1], first, std::min(last, fates_.size()), together);
      ::_exit(0);
    }
    ::close(ends[1]);
    return std::make_unique<WorkerProcess>(pid, ends[0]);
  }
  int starts = 0;

 private:
  void play(int fd, size_t first, size_t last, size_t together) const {
    for (size_t begin = first; begin < last; begin += together) {
      const size_t end = std::min(last, begin + together);
      for (size_t i = begin; i < end; ++i) {
        if (fates_[i] == Fate::dies_preparing) ::_exit(9);
        write_answer(fd, answer_of(Answer::Kind::prepared, i));
      }
      for (size_t i = begin; i < end; ++i) {
        write_answer(fd, answer_of(Answer::Kind::begins, i));
        if (fates_[i] == Fate::hangs) ::sleep(60);
        if (fates_[i] == Fate::dies) ::_exit(7);
        const bool lost = fates_[i] == Fate::breaks_device;
        write_answer(fd, answer_of(lost ? Answer::Kind::lost : Answer::Kind::done, i, {static_cast<double>(i), 5, lost ? "illegal address" : ""}));
        if (lost) return;
      }
    }
  }
  std::vector<Fate> fates_;
};

std::vector<std::string> results(Scripted& worker, size_t count, size_t together) {
  std::vector<std::string> found;
  WorkerEvents events;
  events.done = [&](size_t i, const CostRecord& record) {
    EXPECT_EQ(i, found.size());
    found.push_back(record.rejection.empty() ? std::to_string(static_cast<int>(record.us)) : record.rejection);
    return true;
  };
  events.waits = [] { return true; };
  const auto start = [&](size_t first, size_t last, size_t t) { return worker.start(first, last, t); };
  EXPECT_FALSE(supervise(start, count, together, 3, events));
  return found;
}

TEST(MeasuringProcess, OneThatDiesOrHangsCostsOneRejection) {
  Scripted worker({Fate::fine, Fate::dies, Fate::fine, Fate::hangs, Fate::breaks_device, Fate::fine});
  EXPECT_EQ(results(worker, 6, 3),
            (std::vector<std::string>{"0", "the measuring process ended with 7", "2", "it did not finish within 3 s", "illegal address", "5"}));
  EXPECT_EQ(worker.starts, 4);
}

TEST(MeasuringProcess, ADeathAmongSeveralIsFoundOneByOne) {
  Scripted worker({Fate::fine, Fate::fine, Fate::dies_preparing, Fate::fine, Fate::fine, Fate::fine});
  EXPECT_EQ(results(worker, 6, 4), (std::vector<std::string>{"0", "1", "the measuring process ended with 9", "3", "4", "5"}));
}

TEST(MeasuringProcess, WithoutAWorkerTheRestIsLeft) {
  WorkerEvents events;
  events.waits = [] { return true; };
  EXPECT_EQ(supervise([](size_t, size_t, size_t) { return nullptr; }, 3, 1, 1, events), size_t{0});
}

/// How many offers of a graph of `data`, the engine's own or a body, the program measures; all of them must be.
size_t measured_by_program(const EngineData& data, const Graph& graph, const Bindings& tuned, Device& device) {
  const Candidates candidates = find_candidates(graph, data.device, data.options);
  std::vector<Measurement> list;
  for (NodeId id = 0; id < graph.capacity(); ++id)
    for (const Offer& offer : candidates.offers[id])
      if (const auto shapes = tuned_shapes(graph, id, tuned)) list.push_back({id, offer, *shapes, {}});
  RemoteWorkers remote(data, {graph, tuned, list}, device, true);
  std::vector<double> times;
  WorkerEvents events;
  events.done = [&](size_t, const CostRecord& record) {
    EXPECT_EQ(record.rejection, "");
    times.push_back(record.us);
    return true;
  };
  events.waits = [] { return true; };
  const auto left = supervise([&](size_t a, size_t b, size_t t) { return remote.start(a, b, t); }, list.size(), 2, 60, events);
  EXPECT_FALSE(left) << remote.why();
  EXPECT_EQ(times.size(), list.size());
  EXPECT_GT(times.at(0), 0);
  return list.size();
}

TEST(MeasuringProcess, TheProgramMeasuresWhatItIsGiven) {
  const auto device = find_device("cpu", 1);
  EngineData data;
  const Value x = data.graph.add_input("x", Type::tensor(DType::f32, Shape{16, 32}));
  const Value y = data.graph.add(std::make_shared<MatMul>(), {x, data.graph.add_constant(Tensor(DType::f32, Dims{32, 24})), Value{}, Value{}});
  data.graph.add_output("y", y);
  data.graph = normalized(data.graph);
  data.device = device->info();
  EXPECT_GT(measured_by_program(data, data.graph, {}, *device), 1u);
}

TEST(MeasuringProcess, AndBodies) {
  const auto device = find_device("cpu", 1);
  EngineData data;
  data.graph = normalized(parse("graph g(c: bool[], x: f32[N,64]) {\n%1 = If{then_branch=graph t(a: f32[M,64]) { %2 = Softmax{axis=1}(%a) return r = %2 }, "
                                "else_branch=graph e(a: f32[M,64]) { %2 = Unary{kind=exp}(%a) return r = %2 }}(%c, %x, %x)\nreturn y = %1\n}", op_registry()));
  data.device = device->info();
  data.profile.ranges["N"] = {1, 8};
  data.profile.opt["N"] = 4;
  size_t found = 0;
  for (NodeId id : data.graph.order())
    for (const GraphRef& body : subgraphs(*data.graph.node(id).op)) {
      ++found;
      EXPECT_GT(measured_by_program(data, *body, {{"M", 4}}, *device), 1u);
    }
  EXPECT_EQ(found, 2u);
}

}  // namespace
}  // namespace tenon::core

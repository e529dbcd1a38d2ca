#include "select/worker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstring>

#include "base/error.h"
#include "select/measure_list.h"
#include "select/remote.h"
#include "select/supervise.h"

namespace tenon::core {
namespace {

/// The child of a fork: shares the parent's graph copy-on-write, has a thread team of its own, never returns.
[[noreturn]] void measure_as_fork(int fd, const Graph& graph, const TacticOptions& options, const std::vector<Measurement>& list, size_t first, Device& device) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGPIPE, SIG_DFL);
  {
    Threads threads(device.info().threads);
    MeasureEvents events;
    events.done = [&](size_t index, const CostRecord& record) { return write_answer(fd, answer_of(Answer::Kind::done, index, record)); };
    measure_list(graph, list, first, list.size(), 1, device, options, threads, events);
  }
  ::_exit(0);
}

std::unique_ptr<WorkerProcess> fork_worker(const Graph& graph, const TacticOptions& options, const std::vector<Measurement>& list, size_t first, Device& device) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail(ErrorCode::build_failed, "no pipe for the measuring process: {}", std::strerror(errno));
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    measure_as_fork(ends[1], graph, options, list, first, device);
  }
  ::close(ends[1]);
  if (pid > 0) return std::make_unique<WorkerProcess>(pid, ends[0]);
  ::close(ends[0]);
  fail(ErrorCode::build_failed, "the measuring process could not be started: {}", std::strerror(errno));
}

void measure_in_process(const Graph& graph, const TacticOptions& options, const std::vector<Measurement>& list, size_t first, size_t together, Device& device, const WorkerEvents& events) {
  Threads threads(device.info().threads);
  MeasureEvents inner;
  inner.in_turn = events.in_turn;
  inner.held_down = events.held_down;
  inner.done = events.done;
  measure_list(graph, list, first, list.size(), together, device, options, threads, inner);
}

}  // namespace

void measure_in_worker(const EngineData& data, const Graph& graph, const Bindings& tuned, const std::vector<Measurement>& list, Device& device, double limit_s,
                       const Log& log, const WorkerEvents& events) {
  if (list.empty()) return;
  if (device.is_host()) {
    supervise([&](size_t first, size_t, size_t) { return fork_worker(graph, data.options, list, first, device); }, list.size(), 1, limit_s, events);
    return;
  }
  RemoteWorkers remote(data, {graph, tuned, list}, device, events.in_turn);
  const auto start = [&](size_t first, size_t last, size_t together) { return remote.start(first, last, together); };
  const auto left = supervise(start, list.size(), kTogether, limit_s, events);
  if (!left) return;
  log.warning("select", "kernels are measured in this process, which a faulty one takes down: {}", remote.why());
  measure_in_process(graph, data.options, list, *left, kTogether, device, events);
}

}  // namespace tenon::core

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include <atomic>
#include <thread>

#include "base/error.h"
#include "select/measure.h"
#include "tactics/foresight.h"

namespace tenon::core {
namespace {

struct Answer {
  uint32_t index;
  int32_t samples;
  double us;
  char rejection[240];
};

bool write_all(int fd, const void* data, size_t bytes) {
  const char* p = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t n = ::write(fd, p, bytes);
    if (n <= 0) return false;
    p += n;
    bytes -= static_cast<size_t>(n);
  }
  return true;
}

/// The child: shares the parent's graph copy-on-write, has a thread team of its own, never returns.
[[noreturn]] void work(int fd, const Graph& graph, const std::vector<Measurement>& list, size_t first, Device& device, const TacticOptions& options) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGPIPE, SIG_DFL);
  {
    Threads threads(device.info().threads);
    for (size_t i = first; i < list.size(); ++i) {
      Weights weights;  // of one measurement: packed copies of a large model must not add up
      const CostRecord record = measure_here(graph, list[i], device, options, weights, threads);
      Answer answer{};
      answer.index = static_cast<uint32_t>(i);
      answer.samples = record.samples;
      answer.us = record.us;
      std::strncpy(answer.rejection, record.rejection.c_str(), sizeof answer.rejection - 1);
      if (!write_all(fd, &answer, sizeof answer)) break;
    }
  }
  ::_exit(0);
}

class Worker {
 public:
  Worker(const Graph& graph, const std::vector<Measurement>& list, size_t first, Device& device, const TacticOptions& options) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) fail(ErrorCode::build_failed, "no pipe for the measuring process: {}", std::strerror(errno));
    pid_ = ::fork();
    if (pid_ < 0) fail(ErrorCode::build_failed, "the measuring process could not be started: {}", std::strerror(errno));
    if (pid_ == 0) {
      ::close(ends[0]);
      work(ends[1], graph, list, first, device, options);
    }
    ::close(ends[1]);
    fd_ = ends[0];
  }
  ~Worker() {
    ::close(fd_);
    ::kill(pid_, SIGKILL);
    if (!reaped_) ::waitpid(pid_, nullptr, 0);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// The next answer; nothing, with a sentence, when the child died or did not answer in time.
  bool next(Answer& answer, double limit_s, std::string& why) {
    pollfd p{fd_, POLLIN, 0};
    const int ready = ::poll(&p, 1, static_cast<int>(limit_s * 1000));
    if (ready == 0) {
      why = fmt::format("it did not finish within {} s", limit_s);
      return false;
    }
    size_t got = 0;
    while (got < sizeof answer) {
      const ssize_t n = ::read(fd_, reinterpret_cast<char*>(&answer) + got, sizeof answer - got);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      got += static_cast<size_t>(n);
    }
    if (got == sizeof answer) return true;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    reaped_ = true;
    why = WIFSIGNALED(status) ? fmt::format("it crashed ({})", ::strsignal(WTERMSIG(status))) : fmt::format("the measuring process ended with {}", WEXITSTATUS(status));
    return false;
  }

 private:
  pid_t pid_ = -1;
  int fd_ = -1;
  bool reaped_ = false;
};

/// Threads that compile what is measured later, until the end of their life.
class Ahead {
 public:
  Ahead(const Graph& graph, const std::vector<Measurement>& list, const DeviceInfo& device, const TacticOptions& options) {
    const auto work = [this, &graph, &list, &device, &options] {
      for (size_t i = next_++; i < list.size() && !stop_; i = next_++) work_ahead(graph, list[i], device, options);
    };
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < std::min(cores, 16u); ++i) threads_.emplace_back(work);
  }
  ~Ahead() {
    stop_ = true;
    for (std::thread& t : threads_) t.join();
  }

 private:
  static void work_ahead(const Graph& graph, const Measurement& m, const DeviceInfo& device, const TacticOptions& options) {
    const auto* foresight = dynamic_cast<const Foresight*>(find_tactic(device.kind, m.offer.tactic));
    if (!foresight) return;
    Weights weights;
    Threads alone(1);
    const Problem problem{graph, m.node, device, options};
    foresight->work_ahead({problem, m.offer, m.shapes, weights, alone});
  }

  std::atomic<size_t> next_{0};
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

void measure_in_process(const Graph& graph, const std::vector<Measurement>& list, Device& device, const TacticOptions& options,
                        const std::function<bool(size_t, const CostRecord&)>& done) {
  const Ahead ahead(graph, list, device.info(), options);
  Threads threads(device.info().threads);
  for (size_t i = 0; i < list.size(); ++i) {
    Weights weights;
    if (!done(i, measure_here(graph, list[i], device, options, weights, threads))) return;
  }
}

}  // namespace

void measure_in_worker(const Graph& graph, const std::vector<Measurement>& list, Device& device, const TacticOptions& options, double limit_s,
                       const std::function<bool(size_t, const CostRecord&)>& done) {
  if (!device.is_host()) return measure_in_process(graph, list, device, options, done);
  for (size_t at = 0; at < list.size();) {
    Worker worker(graph, list, at, device, options);
    while (at < list.size()) {
      Answer answer{};
      CostRecord record;
      const bool answered = worker.next(answer, limit_s, record.rejection);
      if (answered) {
        record.us = answer.us;
        record.samples = answer.samples;
        record.rejection = answer.rejection;
      }
      const bool more = done(at++, record);
      if (!more) return;
      if (!answered) break;
    }
  }
}

}  // namespace tenon::core

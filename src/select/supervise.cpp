#include "select/supervise.h"

#include <algorithm>

namespace tenon::core {
namespace {

constexpr double kTimingLimitS = 20;  // of one kernel that is ready; compilers may take longer

class Supervisor {
 public:
  Supervisor(const StartWorker& start, size_t count, size_t together, double limit_s, const WorkerEvents& events)
      : start_(start), count_(count), together_(together), limit_s_(limit_s), events_(events) {}

  bool run() {
    while (at_ < count_) {
      // After a death whose cause is not known, one at a time up to where the cause must lie.
      const bool careful = at_ < careful_until_;
      const size_t last = careful ? std::min(careful_until_, count_) : count_;
      const auto worker = start_(at_, last, careful ? 1 : together_);
      if (!worker) return false;
      if (!follow(*worker, last, careful || together_ == 1)) return true;
    }
    return true;
  }
  size_t reached() const { return at_; }

 private:
  // False: stop.
  bool follow(WorkerProcess& worker, size_t last, bool alone) {
    bool begun = alone, timing = false;
    while (at_ < last) {
      Answer answer;
      std::string why;
      if (!worker.next(answer, timing ? std::min(limit_s_, kTimingLimitS) : limit_s_, why)) {
        if (begun) return events_.done(at_++, {0, 0, why});
        careful_until_ = at_ + together_;
        return true;
      }
      if (answer.kind == Answer::Kind::prepared && !events_.waits()) return false;
      if (answer.kind == Answer::Kind::begins) begun = timing = true;
      if (answer.kind != Answer::Kind::done && answer.kind != Answer::Kind::lost) continue;
      begun = alone;
      timing = false;
      if (!events_.done(at_++, {answer.us, answer.samples, answer.rejection, answer.throttled != 0, answer.workspace})) return false;
      if (answer.kind == Answer::Kind::lost) return true;
    }
    return true;
  }

  const StartWorker& start_;
  size_t count_, together_;
  double limit_s_;
  const WorkerEvents& events_;
  size_t at_ = 0, careful_until_ = 0;
};

}  // namespace

std::optional<size_t> supervise(const StartWorker& start, size_t count, size_t together, double limit_s, const WorkerEvents& events) {
  Supervisor supervisor(start, count, together, limit_s, events);
  if (supervisor.run()) return std::nullopt;
  return supervisor.reached();
}

}  // namespace tenon::core

#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>

namespace tenon::core {

/// What a measuring process writes to its pipe: small enough that writes from several threads do not mix.
struct Answer {
  enum class Kind : uint32_t { ready, prepared, begins, done, lost };
  Kind kind = Kind::done;  // lost: done, and the device no longer works in this process
  uint32_t index = 0;
  int32_t samples = 0;
  uint32_t throttled = 0;
  double us = 0;
  int64_t workspace = 0;
  char rejection[400] = "";
};
bool write_answer(int fd, const Answer&);

/// A child that measures, and the end of its pipe. It is killed with this object.
class WorkerProcess {
 public:
  WorkerProcess(pid_t pid, int fd) : pid_(pid), fd_(fd) {}
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  /// The next answer; false, with a sentence, when the child died or did not answer in time.
  bool next(Answer&, double limit_s, std::string& why);

 private:
  pid_t pid_;
  int fd_;
  bool reaped_ = false;
};

}  // namespace tenon::core

#include "select/worker_process.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tenon::core {

bool write_answer(int fd, const Answer& answer) {
  ssize_t n;
  do n = ::write(fd, &answer, sizeof answer);
  while (n < 0 && errno == EINTR);
  return n == static_cast<ssize_t>(sizeof answer);
}

WorkerProcess::~WorkerProcess() {
  ::close(fd_);
  if (reaped_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool WorkerProcess::next(Answer& answer, double limit_s, std::string& why) {
  pollfd p{fd_, POLLIN, 0};
  if (::poll(&p, 1, static_cast<int>(limit_s * 1000)) == 0) {
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
  answer.rejection[sizeof answer.rejection - 1] = '\0';
  if (got == sizeof answer) return true;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  reaped_ = true;
  why = WIFSIGNALED(status) ? fmt::format("it crashed ({})", ::strsignal(WTERMSIG(status))) : fmt::format("the measuring process ended with {}", WEXITSTATUS(status));
  return false;
}

}  // namespace tenon::core

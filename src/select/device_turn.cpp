#include "select/device_turn.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace tenon::core {
namespace {

constexpr auto kPause = std::chrono::milliseconds(50);
constexpr int kPausesPerCall = 20;

/// Another user's file is opened, not made: the folder for temporary files may forbid the latter.
int open_lock(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  return fd >= 0 ? fd : ::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
}

}  // namespace

DeviceTurn::DeviceTurn(const std::string& device, const std::function<void()>& waits) : fd_(open_lock("/tmp/tenon-" + device + ".lock")) {
  for (int pauses = 1; fd_ >= 0 && ::flock(fd_, LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR); ++pauses) {
    std::this_thread::sleep_for(kPause);
    if (pauses % kPausesPerCall == 0) waits();
  }
}

DeviceTurn::~DeviceTurn() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace tenon::core

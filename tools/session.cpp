#include "session.h"

#include <unistd.h>

#include <csignal>

#include "tenon/error.h"

namespace tenon::cli {
namespace {

volatile std::sig_atomic_t interrupt_seen = 0;

extern "C" void on_interrupt(int) {
  if (interrupt_seen) _exit(130);
  interrupt_seen = 1;
}

}  // namespace

bool interrupted() { return interrupt_seen != 0; }

void watch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void check_interrupted() {
  if (interrupted()) throw Error(ErrorCode::interrupted, "interrupted");
}

}  // namespace tenon::cli

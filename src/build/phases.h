#pragma once
#include <chrono>

#include "base/error.h"
#include "tenon/engine.h"

namespace tenon::core {

/// Times the phases of a build, reports progress and asks whether to go on.
class Phases {
 public:
  Phases(const BuildOptions& options, BuildReport& report) : options_(options), report_(report), begin_(Clock::now()) {}

  template <class F>
  decltype(auto) run(const std::string& phase, F&& f) {
    progress(phase, 0, 0);
    const Timer timer{report_, phase, Clock::now()};
    return f();
  }
  void progress(const std::string& phase, int64_t done, int64_t total) {
    if (options_.progress) options_.progress({phase, done, total, seconds()});
    if (options_.cancelled && options_.cancelled()) fail(ErrorCode::interrupted, "the build was interrupted");
  }
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Timer {
    BuildReport& report;
    std::string phase;
    Clock::time_point begin;
    /// A phase that runs again takes longer.
    ~Timer() {
      const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
      for (auto& [name, total] : report.phases)
        if (name == phase) {
          total += seconds;
          return;
        }
      report.phases.emplace_back(phase, seconds);
    }
  };
  const BuildOptions& options_;
  BuildReport& report_;
  Clock::time_point begin_;
};

}  // namespace tenon::core

#include "base/threads.h"

#include <immintrin.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"

namespace tenon::core {
namespace {

constexpr auto kSpin = std::chrono::microseconds(50), kSpinBusy = std::chrono::microseconds(1000);
constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040;

/// Flush-to-zero for one scope.
class FlushDenormals {
 public:
  FlushDenormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | kFlushToZero | kDenormalsAreZero); }
  ~FlushDenormals() { _mm_setcsr((_mm_getcsr() & ~kModes) | (saved_ & kModes)); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  static constexpr unsigned kModes = kFlushToZero | kDenormalsAreZero;
  unsigned saved_;
};

thread_local bool inside_piece = false;

class InsidePiece {
 public:
  InsidePiece() : before_(inside_piece) { inside_piece = true; }
  ~InsidePiece() { inside_piece = before_; }

 private:
  bool before_;
};

}  // namespace

/// A region is published by storing its number and an open bit in `state_`. A worker joins by raising the count of
/// active threads in the same word, which succeeds only while the region is open; the caller closes it once no piece is
/// left and then waits for those that joined. So the region's fields are never written while a worker may read them,
/// and a worker that wakes late costs nothing.
struct Threads::Impl {
  explicit Impl(int count) {
    workers_.reserve(static_cast<size_t>(count - 1));
    try {
      for (int i = 1; i < count; ++i) workers_.emplace_back([this] { work(); });
    } catch (...) {
      stop();
      throw;
    }
  }
  ~Impl() { stop(); }

  int size() const { return static_cast<int>(workers_.size()) + 1; }
  void add_busy(int by) { busy_.fetch_add(by, std::memory_order_relaxed); }

  void run(int64_t pieces, FunctionRef<void(int64_t)> body) {
    std::lock_guard turn(turn_);
    open_region(pieces, body);
    take_pieces();
    close_region();
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  static constexpr uint64_t kActive = 0xffff, kOpen = 0x10000, kNext = 0x20000;

  /// Polls `ready` for at most as long as the team may spin.
  template <class F>
  bool spin_until(F ready) const {
    const auto begin = std::chrono::steady_clock::now();
    do {
      for (int i = 0; i < 32; ++i) {
        if (ready()) return true;
        _mm_pause();
      }
    } while (std::chrono::steady_clock::now() - begin < (busy_.load(std::memory_order_relaxed) > 0 ? kSpinBusy : kSpin));
    return false;
  }

  void open_region(int64_t pieces, FunctionRef<void(int64_t)>& body) {
    body_ = &body;
    pieces_ = pieces;
    next_.store(0, std::memory_order_relaxed);
    failed_.store(false, std::memory_order_relaxed);
    {
      std::lock_guard lock(mutex_);
      state_.store(((state_.load(std::memory_order_relaxed) / kNext) + 1) * kNext + kOpen, std::memory_order_release);
    }
    wake_.notify_all();
  }

  void close_region() {
    auto done = [this] { return (state_.load(std::memory_order_acquire) & kActive) == 0; };
    state_.fetch_and(~kOpen, std::memory_order_acq_rel);
    if (spin_until(done)) return;
    std::unique_lock lock(mutex_);
    finished_.wait(lock, done);
  }

  void take_pieces() {
    InsidePiece inside;
    for (;;) {
      int64_t piece = next_.fetch_add(1, std::memory_order_relaxed);
      if (piece >= pieces_ || failed_.load(std::memory_order_relaxed)) return;
      try {
        (*body_)(piece);
      } catch (...) {
        if (!failed_.exchange(true, std::memory_order_relaxed)) error_ = std::current_exception();
      }
    }
  }

  void work() {
    FlushDenormals flush;
    uint64_t seen = 0;
    while (join_region(seen)) {
      take_pieces();
      uint64_t before = state_.fetch_sub(1, std::memory_order_acq_rel);
      if ((before & (kActive | kOpen)) != 1) continue;
      // Taking the mutex orders this behind a caller between its check and its wait.
      { std::lock_guard lock(mutex_); }
      finished_.notify_one();
    }
  }

  /// Waits for an open region other than number `seen` and joins it. False when the team is being taken down.
  bool join_region(uint64_t& seen) {
    auto ready = [&] {
      uint64_t state = state_.load(std::memory_order_acquire);
      return ((state & kOpen) && state / kNext != seen) || stopping_.load(std::memory_order_acquire);
    };
    for (;;) {
      if (!spin_until(ready)) {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, ready);
      }
      if (stopping_.load(std::memory_order_acquire)) return false;
      uint64_t state = state_.load(std::memory_order_relaxed);
      while ((state & kOpen) && state / kNext != seen) {
        if (!state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) continue;
        seen = state / kNext;
        return true;
      }
    }
  }

  void stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_.store(true, std::memory_order_release);
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  std::mutex turn_;  // held by the caller for the length of its region
  std::mutex mutex_;
  std::condition_variable wake_, finished_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> busy_{0};
  int64_t pieces_ = 0;
  FunctionRef<void(int64_t)>* body_ = nullptr;
  std::exception_ptr error_;
  alignas(64) std::atomic<uint64_t> state_{0};
  alignas(64) std::atomic<int64_t> next_{0};
  alignas(64) std::atomic<bool> failed_{false};
  std::vector<std::thread> workers_;
};

Threads::Threads(int count) {
  constexpr int kMost = 4096;
  if (count < 0 || count > kMost)
    fail(ErrorCode::usage, "a number of threads from 1 to {} was expected (0: as many as cores), found {}", kMost, count);
  impl_ = std::make_unique<Impl>(count == 0 ? usable_cores() : count);
}

Threads::~Threads() = default;

Threads::Busy::Busy(Threads& team) : team_(team) { team_.impl_->add_busy(1); }
Threads::Busy::~Busy() { team_.impl_->add_busy(-1); }

int Threads::size() const { return impl_->size(); }

void Threads::parallel(int64_t pieces, FunctionRef<void(int64_t)> body) {
  if (pieces <= 0) return;
  FlushDenormals flush;
  if (pieces == 1 || inside_piece || impl_->size() == 1) {
    InsidePiece inside;
    for (int64_t piece = 0; piece < pieces; ++piece) body(piece);
    return;
  }
  impl_->run(pieces, body);
}

void Threads::parallel_ranges(int64_t count, int64_t grain, FunctionRef<void(int64_t, int64_t)> body) {
  if (count <= 0) return;
  int64_t most = (count - 1) / std::max<int64_t>(grain, 1) + 1;
  int64_t pieces = std::min<int64_t>(size(), most);
  int64_t each = count / pieces, larger = count % pieces;
  parallel(pieces, [&](int64_t piece) {
    int64_t begin = piece * each + std::min(piece, larger);
    body(begin, begin + each + (piece < larger ? 1 : 0));
  });
}

}  // namespace tenon::core

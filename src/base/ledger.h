#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace tenon::core {

/// Who holds how much memory of one GPU in this process, and how much may be held in all. Thread-safe.
class Ledger {
 public:
  /// The GPUs' ledgers live as long as the process.
  static Ledger& of(int gpu);

  /// What is taken by this thread, while it lives, counts as `name`'s: an engine's. The name must stay as long.
  class Owner {
   public:
    explicit Owner(const std::string& name);
    explicit Owner(std::string&&) = delete;
    ~Owner();
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;

   private:
    const std::string* before_;
  };

  /// Fails with out_of_memory where `bytes` more would pass the limit; `what` they are for.
  void check(int64_t bytes, const std::string& what) const;
  void took(const void* memory, int64_t bytes);
  void gave_back(const void* memory);

  /// 0: no limit.
  void set_limit(int64_t bytes);
  int64_t limit() const;
  int64_t held() const;
  /// Of `free` bytes those that the limit leaves.
  int64_t usable(int64_t free) const;
  /// "this process holds 3.0 MiB of it: 'resnet' 2.0 MiB, 'bert' 1.0 MiB".
  std::string text() const;

 private:
  struct Entry {
    std::string owner;
    int64_t bytes;
  };
  std::string text_locked() const;
  mutable std::mutex mutex_;
  std::map<const void*, Entry> entries_;
  int64_t held_ = 0, limit_ = 0;
};

/// "1.5 GiB".
std::string memory_text(int64_t bytes);

}  // namespace tenon::core

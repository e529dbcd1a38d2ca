#include "base/ledger.h"

#include <algorithm>
#include <memory>

#include "base/error.h"

namespace tenon::core {
namespace {
thread_local const std::string* owner = nullptr;
}

Ledger& Ledger::of(int gpu) {
  static std::mutex mutex;
  static auto& ledgers = *new std::map<int, std::unique_ptr<Ledger>>;
  const std::lock_guard lock(mutex);
  auto& ledger = ledgers[gpu];
  if (!ledger) ledger = std::make_unique<Ledger>();
  return *ledger;
}

Ledger::Owner::Owner(const std::string& name) : before_(owner) { owner = &name; }
Ledger::Owner::~Owner() { owner = before_; }

void Ledger::check(int64_t bytes, const std::string& what) const {
  const std::lock_guard lock(mutex_);
  if (limit_ > 0 && bytes > limit_ - held_)
    fail(ErrorCode::out_of_memory, "{} needs {} of GPU memory, and the limit (--device-memory-limit) is {}; {}", what, memory_text(bytes), memory_text(limit_),
         text_locked());
}

void Ledger::took(const void* memory, int64_t bytes) {
  const std::lock_guard lock(mutex_);
  entries_[memory] = {owner ? *owner : "", bytes};
  held_ += bytes;
}

void Ledger::gave_back(const void* memory) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(memory);
  if (found == entries_.end()) return;
  held_ -= found->second.bytes;
  entries_.erase(found);
}

void Ledger::set_limit(int64_t bytes) {
  const std::lock_guard lock(mutex_);
  limit_ = bytes;
}

int64_t Ledger::limit() const {
  const std::lock_guard lock(mutex_);
  return limit_;
}

int64_t Ledger::held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

int64_t Ledger::usable(int64_t free) const {
  const std::lock_guard lock(mutex_);
  return limit_ > 0 ? std::clamp<int64_t>(limit_ - held_, 0, free) : free;
}

std::string Ledger::text() const {
  const std::lock_guard lock(mutex_);
  return text_locked();
}

std::string Ledger::text_locked() const {
  if (held_ == 0) return "this process holds none of it";
  std::map<std::string, int64_t> sums;
  for (const auto& entry : entries_) sums[entry.second.owner] += entry.second.bytes;
  std::string list;
  for (const auto& [name, bytes] : sums) list += fmt::format("{}{} {}", list.empty() ? "" : ", ", name.empty() ? "no engine" : "'" + name + "'", memory_text(bytes));
  return fmt::format("this process holds {} of it: {}", memory_text(held_), list);
}

std::string memory_text(int64_t bytes) {
  if (bytes < 1 << 20) return fmt::format("{} bytes", bytes);
  if (bytes < int64_t{1} << 30) return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
  return fmt::format("{:.2f} GiB", static_cast<double>(bytes) / (1 << 30));
}

}  // namespace tenon::core

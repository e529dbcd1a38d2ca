#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tenon::core {

/// XXH3-128.
struct Hash {
  uint64_t low = 0, high = 0;
  auto operator<=>(const Hash&) const = default;
  std::string hex() const;  // 32 digits
};
Hash hash_bytes(std::span<const std::byte>);
Hash hash_text(std::string_view);

/// Streaming form; equal byte sequences give equal hashes however they are split.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  void add(std::span<const std::byte>);
  void add(std::string_view);  // length first
  void add(int64_t);
  Hash finish() const;

 private:
  void* state_;
};

}  // namespace tenon::core

#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/error.h"

namespace tenon::core {

static_assert(std::endian::native == std::endian::little, "files are little-endian and read as they are");

/// Reads little-endian numbers from bytes nobody vouches for: past the end is an error of the given code.
class ByteReader {
 public:
  /// `what` names the data in messages and must outlive the reader.
  ByteReader(std::span<const std::byte> bytes, ErrorCode code, std::string_view what)
      : bytes_(bytes), code_(code), what_(what) {}

  size_t position() const { return position_; }
  size_t left() const { return bytes_.size() - position_; }

  std::span<const std::byte> take(uint64_t count) {
    if (count > left())
      fail(code_, "{} was cut off: {} bytes expected at byte {}, {} found", what_, count, position_, left());
    auto part = bytes_.subspan(position_, static_cast<size_t>(count));
    position_ += part.size();
    return part;
  }
  void skip(uint64_t count) { take(count); }
  std::string_view text(uint64_t count) {
    auto part = take(count);
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }
  template <class T>
  requires std::is_arithmetic_v<T> T number() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  size_t position_ = 0;
  ErrorCode code_;
  std::string_view what_;
};

}  // namespace tenon::core

#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace tenon::core {

/// docs/engine-format.md describes every byte.
inline constexpr std::string_view kMagic = "TENONENG";
inline constexpr uint32_t kFormatVersion = 1;
inline constexpr int64_t kAlignment = 64;

enum class SectionId : uint32_t { graph = 1, choices = 2, profile = 3, device = 4, weight_table = 5, weights = 6, code = 7, extra = 8, expressions = 9, formats = 10 };
std::string_view section_name(SectionId);

struct SectionEntry {
  SectionId id;
  uint32_t engine = 0;  // which engine of a bundle: of graph, choices, profile and formats
  uint64_t offset = 0, bytes = 0;
  Hash hash;
};
inline constexpr int64_t kHeaderBytes = 8 + 4 + 4 + 16;  // magic, version, section count, hash of the table
inline constexpr int64_t kEntryBytes = 4 + 4 + 8 + 8 + 16;

/// Appends little-endian numbers and length-prefixed texts.
class ByteWriter {
 public:
  void u8(uint8_t v) { raw(&v, 1); }
  void u32(uint32_t v) { raw(&v, 4); }
  void i64(int64_t v) { raw(&v, 8); }
  void f64(double v) { raw(&v, 8); }
  void text(std::string_view s) {
    u32(static_cast<uint32_t>(s.size()));
    raw(s.data(), s.size());
  }
  void hash(const Hash& h) {
    raw(&h.low, 8);
    raw(&h.high, 8);
  }
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(bytes_)); }
  void raw(const void* data, size_t count) { bytes_.append(static_cast<const char*>(data), count); }

 private:
  std::string bytes_;
};

}  // namespace tenon::core

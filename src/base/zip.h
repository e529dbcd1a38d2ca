#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"

namespace tenon::core {

/// One file of a zip archive. `bytes` is a view of the archive for stored entries and of `inflated` for deflated ones.
struct ZipEntry {
  std::string name;
  std::span<const std::byte> bytes;
  std::shared_ptr<const std::vector<std::byte>> inflated;
};

/// Every entry, check codes verified. Memory is bounded by what the archive's own size can deflate to. Fails with
/// bad_file.
std::vector<ZipEntry> read_zip(std::span<const std::byte> archive);

/// Writes a stored archive; the same entries give the same bytes.
class ZipWriter {
 public:
  explicit ZipWriter(AtomicFile& file) : file_(file) {}
  /// The entry's contents are the pieces one after the other.
  void add(const std::string& name, std::span<const std::span<const std::byte>> pieces);
  /// Writes the directory; nothing may follow.
  void finish();

 private:
  struct Written {
    std::string name;
    uint32_t crc;
    uint64_t size, offset;
  };
  AtomicFile& file_;
  std::vector<Written> entries_;
};

}  // namespace tenon::core

#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace tenon::core {

/// A read-only memory-mapped file. Shared by everything that holds a view into it.
class MappedFile {
 public:
  /// Fails with ErrorCode::bad_file naming the path and the reason.
  static std::shared_ptr<const MappedFile> open(const std::string& path);
  /// Opens `relative` beneath the folder `root`: no "..", no absolute path, no symbolic link on the way, and only a
  /// regular file with one link. Fails with ErrorCode::bad_external_data.
  static std::shared_ptr<const MappedFile> open_beneath(const std::string& root, const std::string& relative);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  const std::string& path() const { return path_; }
  /// Tells the kernel that these pages are not needed for now; they stay readable.
  void release(std::span<const std::byte> part) const;

 private:
  MappedFile() = default;
  std::span<const std::byte> bytes_;
  std::string path_;
};

/// `MappedFile::release` for bytes that may lie in a mapped file. Bytes elsewhere may be a copy or follow from a file's: then
/// all files are released.
void release_read(std::span<const std::byte>);
void release_mapped_files();

/// Writes a file in pieces beside its final name; `commit` makes it appear at once. Without `commit` the old file stays.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(std::span<const std::byte>);
  void write(std::string_view);
  /// Overwrites bytes written before, for headers known only at the end.
  void write_at(int64_t offset, std::span<const std::byte>);
  int64_t size() const { return size_; }
  void commit();

 private:
  std::string path_, temporary_;
  int descriptor_ = -1;
  int64_t size_ = 0;
};

std::string read_text_file(const std::string& path);

}  // namespace tenon::core

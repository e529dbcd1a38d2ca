#include "base/file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/checked.h"
#include "base/error.h"

namespace tenon::core {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int get() const { return value_; }

 private:
  int value_;
};

std::string reason(int error) { return std::strerror(error); }

[[noreturn]] void refuse_path(const std::string& path, std::string_view why) {
  fail(ErrorCode::bad_external_data,
       "'{}' {}; external data must be a regular file with one link inside the model's folder, reached without links",
       path, why);
}

/// Splits a relative path into its parts, refusing what may leave the folder.
std::vector<std::string> path_parts(const std::string& path) {
  if (path.empty()) refuse_path(path, "is empty");
  if (path.find('\0') != std::string::npos) refuse_path(path.c_str(), "has a zero byte in its name");
  if (path[0] == '/') refuse_path(path, "is an absolute path");
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= path.size();) {
    size_t end = std::min(path.find('/', begin), path.size());
    std::string part = path.substr(begin, end - begin);
    if (part == "..") refuse_path(path, "leaves the folder");
    if (!part.empty() && part != ".") parts.push_back(std::move(part));
    begin = end + 1;
  }
  if (parts.empty()) refuse_path(path, "names no file");
  return parts;
}

/// For kernels without openat2: every step is opened without following links.
Descriptor walk_beneath(const Descriptor& root, const std::vector<std::string>& parts) {
  Descriptor folder(::dup(root.get()));
  for (size_t i = 0; i + 1 < parts.size() && folder.get() >= 0; ++i)
    folder = Descriptor(::openat(folder.get(), parts[i].c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (folder.get() < 0) return folder;
  return Descriptor(::openat(folder.get(), parts.back().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

Descriptor open_file_beneath(const Descriptor& root, const std::string& relative) {
  std::vector<std::string> parts = path_parts(relative);
  open_how how{};
  how.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  long result = ::syscall(SYS_openat2, root.get(), relative.c_str(), &how, sizeof how);
  if (result >= 0) return Descriptor(static_cast<int>(result));
  if (errno == ENOSYS || errno == EPERM || errno == EINVAL || errno == E2BIG) return walk_beneath(root, parts);
  return Descriptor(-1);
}

std::string folder_of(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// The file behind a symbolic link; the path itself when there is none.
std::string follow_links(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (!resolved) return path;
  std::string result(resolved);
  std::free(resolved);
  return result;
}

/// Creates a new file in the folder of `path`; -1 and errno when it can't.
int create_beside(const std::string& path, std::string& name) {
  static std::atomic<unsigned> counter{0};
  for (int attempt = 0; attempt < 1000; ++attempt) {
    name = path + ".tmp" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
    int descriptor = ::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0 || errno != EEXIST) return descriptor;
  }
  return -1;
}

std::span<const std::byte> map(const Descriptor& file, int64_t size, const std::string& path, ErrorCode code) {
  if (size == 0) return {};
  void* address = ::mmap(nullptr, static_cast<size_t>(size), PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) fail(code, "can't map '{}' ({} bytes): {}", path, size, reason(errno));
  return {static_cast<const std::byte*>(address), static_cast<size_t>(size)};
}

/// Whole pages inside `part`.
void drop_pages(std::span<const std::byte> part) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto begin = reinterpret_cast<uintptr_t>(part.data());
  auto end = begin + part.size();
  begin = (begin + page - 1) / page * page;
  end = end / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

/// Where files are mapped: only there do dropped pages come back as they were.
class MappedRanges {
 public:
  void add(std::span<const std::byte> range) {
    const std::lock_guard lock(mutex_);
    ends_[range.data()] = range.data() + range.size();
  }
  void remove(std::span<const std::byte> range) {
    const std::lock_guard lock(mutex_);
    ends_.erase(range.data());
  }
  /// False where they lie in no mapped file.
  bool drop_pages_of(std::span<const std::byte> part) const {
    const std::lock_guard lock(mutex_);
    const auto next = ends_.upper_bound(part.data());
    if (next == ends_.begin() || part.data() + part.size() > std::prev(next)->second) return false;
    drop_pages(part);
    return true;
  }
  void drop_all() const {
    const std::lock_guard lock(mutex_);
    for (const auto& [begin, end] : ends_) drop_pages({begin, end});
  }

 private:
  mutable std::mutex mutex_;
  std::map<const std::byte*, const std::byte*> ends_;  // by begin
};

MappedRanges& mapped_ranges() {
  static MappedRanges& ranges = *new MappedRanges;  // outlives every file
  return ranges;
}

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (file.get() < 0) fail(ErrorCode::bad_file, "can't open '{}': {}", path, reason(errno));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail(ErrorCode::bad_file, "can't read '{}': {}", path, reason(errno));
  if (S_ISDIR(status.st_mode)) fail(ErrorCode::bad_file, "'{}' is a folder; a file was expected", path);
  if (!S_ISREG(status.st_mode)) fail(ErrorCode::bad_file, "'{}' is not a regular file and can't be mapped", path);
  std::shared_ptr<MappedFile> mapped(new MappedFile);
  mapped->path_ = path;
  mapped->bytes_ = map(file, status.st_size, path, ErrorCode::bad_file);
  mapped_ranges().add(mapped->bytes_);
  return mapped;
}

std::shared_ptr<const MappedFile> MappedFile::open_beneath(const std::string& root, const std::string& relative) {
  Descriptor folder(::open(root.empty() ? "." : root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) fail(ErrorCode::bad_external_data, "can't open the folder '{}': {}", root, reason(errno));
  Descriptor file = open_file_beneath(folder, relative);
  if (file.get() < 0) {
    if (errno == ENOENT) fail(ErrorCode::bad_external_data, "'{}' is missing in the folder '{}'", relative, root);
    bool link = errno == ELOOP || errno == EXDEV || errno == ENOTDIR;
    refuse_path(relative, link ? "leads through a link or out of the folder" : "can't be opened: " + reason(errno));
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) refuse_path(relative, "can't be read: " + reason(errno));
  if (!S_ISREG(status.st_mode)) refuse_path(relative, "is not a regular file");
  if (status.st_nlink != 1) refuse_path(relative, "is a hard link to a file with other names");
  std::shared_ptr<MappedFile> mapped(new MappedFile);
  mapped->path_ = root.empty() ? relative : root + "/" + relative;
  mapped->bytes_ = map(file, status.st_size, mapped->path_, ErrorCode::bad_external_data);
  mapped_ranges().add(mapped->bytes_);
  return mapped;
}

MappedFile::~MappedFile() {
  mapped_ranges().remove(bytes_);
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void MappedFile::release(std::span<const std::byte> part) const { drop_pages(part); }

void release_mapped_files() { mapped_ranges().drop_all(); }
void release_read(std::span<const std::byte> part) {
  if (!mapped_ranges().drop_pages_of(part)) release_mapped_files();
}

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  path_ = follow_links(path_);
  struct stat status {};
  bool exists = ::stat(path_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) fail(ErrorCode::write_failed, "can't write '{}': it is a folder", path_);
  if (exists && !S_ISREG(status.st_mode)) {  // a device such as /dev/null is written, never replaced
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
  } else {
    descriptor_ = create_beside(path_, temporary_);
  }
  if (descriptor_ < 0) fail(ErrorCode::write_failed, "can't write '{}': {}", path_, reason(errno));
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  write_at(size_, bytes);
  size_ = checked_add(size_, static_cast<int64_t>(bytes.size()));
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span<const char>(text))); }

void AtomicFile::write_at(int64_t offset, std::span<const std::byte> bytes) {
  assume(descriptor_ >= 0, "a committed file takes no more bytes");
  while (!bytes.empty()) {
    ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0)
      fail(ErrorCode::write_failed, "can't write '{}': {}", path_, written < 0 ? reason(errno) : "no progress");
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += written;
  }
}

void AtomicFile::commit() {
  assume(descriptor_ >= 0, "a file is committed once");
  if (!temporary_.empty()) {
    if (::fsync(descriptor_) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0)
      fail(ErrorCode::write_failed, "can't write '{}': {}", path_, reason(errno));
    // Makes the new name durable; some file systems don't allow it, and the file itself is complete either way.
    Descriptor folder(::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() >= 0) ::fsync(folder.get());
  }
  ::close(std::exchange(descriptor_, -1));
}

std::string read_text_file(const std::string& path) {
  auto file = MappedFile::open(path);
  return std::string(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
}

}  // namespace tenon::core

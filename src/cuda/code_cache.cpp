#include "cuda/code_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"

namespace tenon::core::cuda {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHeader = "tenon-kernel 1 ";
constexpr size_t kHashText = 32;
constexpr size_t kMostFiles = 4096;  // then the older half goes

std::string text_of(const char* variable) {
  const char* value = std::getenv(variable);
  return value ? value : "";
}

std::string folder_of_user() {
  const std::string given = text_of("TENON_KERNEL_CACHE"), cache = text_of("XDG_CACHE_HOME"), home = text_of("HOME");
  if (given == "off") return {};
  if (!given.empty()) return given;
  if (cache.starts_with('/')) return cache + "/tenon/kernels";
  return home.starts_with('/') ? home + "/.cache/tenon/kernels" : "";
}

std::string sum_of(std::string_view code) { return hash_text(code).hex(); }

}  // namespace

const CodeCache& CodeCache::of_user() {
  static const CodeCache cache(folder_of_user());
  return cache;
}

bool CodeCache::open_folder() const {
  struct stat status {};
  return !folder_.empty() && ::stat(folder_.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() &&
         (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::optional<std::vector<char>> CodeCache::load(const std::string& key) const {
  if (!open_folder() || ::access(path(key).c_str(), R_OK) != 0) return {};
  try {
    const auto file = MappedFile::open(path(key));
    const std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
    const size_t begin = kHeader.size() + kHashText + 1;
    if (!text.starts_with(kHeader) || text.size() <= begin) return {};
    const std::string_view code = text.substr(begin);
    if (text.substr(kHeader.size(), kHashText) != sum_of(code)) return {};
    return std::vector<char>(code.begin(), code.end());
  } catch (const Error&) {
    return {};
  }
}

void CodeCache::store(const std::string& key, const std::vector<char>& code) const {
  if (folder_.empty()) return;
  try {
    std::error_code ignored;
    if (!fs::exists(folder_, ignored)) {
      fs::create_directories(fs::path(folder_).parent_path(), ignored);
      ::mkdir(folder_.c_str(), 0700);
    }
    if (!open_folder()) return;
    AtomicFile file(path(key));
    file.write(std::string(kHeader) + sum_of({code.data(), code.size()}) + "\n");
    file.write(std::string_view(code.data(), code.size()));
    file.commit();
    static std::atomic<unsigned> stored{0};
    if (stored++ % 256 == 0) drop_oldest();
  } catch (const Error&) {  // a full disk costs a compilation next time
  }
}

void CodeCache::drop_oldest() const {
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error))
    if (it->path().extension() == ".cubin") files.emplace_back(it->last_write_time(error), it->path());
  if (files.size() <= kMostFiles) return;
  std::sort(files.begin(), files.end());
  for (size_t i = 0; i < files.size() / 2; ++i) fs::remove(files[i].second, error);
}

}  // namespace tenon::core::cuda

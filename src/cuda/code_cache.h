#pragma once
#include <optional>
#include <string>
#include <vector>

namespace tenon::core::cuda {

/// Compiled kernels in files of the user's cache folder: $XDG_CACHE_HOME/tenon/kernels, else ~/.cache/tenon/kernels. Only files
/// of a folder that belongs to this user and that nobody else can write are read, each with its own check sum.
/// TENON_KERNEL_CACHE names another folder, or `off`. Nothing here fails: a cache that can't be used is none.
class CodeCache {
 public:
  /// Of this process's environment.
  static const CodeCache& of_user();
  /// An empty folder: no cache.
  explicit CodeCache(std::string folder) : folder_(std::move(folder)) {}

  /// `key` names text, options, architecture and compiler completely.
  std::optional<std::vector<char>> load(const std::string& key) const;
  void store(const std::string& key, const std::vector<char>& code) const;
  const std::string& folder() const { return folder_; }

 private:
  bool open_folder() const;
  void drop_oldest() const;
  std::string path(const std::string& key) const { return folder_ + "/" + key + ".cubin"; }
  std::string folder_;
};

}  // namespace tenon::core::cuda

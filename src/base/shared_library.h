#pragma once
#include <initializer_list>
#include <memory>
#include <string>

namespace tenon::core {

/// A shared library opened at run time by the first of its names that loads; it stays open. A missing one is no error:
/// what needs it says so.
class SharedLibrary {
 public:
  explicit SharedLibrary(std::initializer_list<const char*> names);
  explicit operator bool() const { return handle_ != nullptr; }
  /// What the loader said of the last name tried; empty when the library was found.
  const std::string& why() const { return why_; }
  /// The file that was loaded; empty when none was.
  std::string path() const;
  /// Null when the library or the function is missing.
  template <class Function>
  Function* get(const char* symbol) const {
    return reinterpret_cast<Function*>(find(symbol));
  }

 private:
  void* find(const char* symbol) const;
  void* handle_ = nullptr;
  std::string why_;
};

}  // namespace tenon::core

#pragma once
#include <fmt/format.h>

#include <type_traits>

#include "base/shared_library.h"

namespace tenon::core::cuda {

using Library = SharedLibrary;

/// The functions of a library that is needed whole.
class Functions {
 public:
  /// `name`: "cuDNN"; `versions`: "9"; both for the sentence in `why`, which says what is missing.
  Functions(const Library& library, const char* name, const char* versions, std::string& why) : library_(library), name_(name), versions_(versions), why_(why) {
    if (!library) why = fmt::format("{} {} was not found ({}); install it or add its folder to LD_LIBRARY_PATH", name, versions, library.why());
  }
  template <class Function>
  void load(Function*& function, const char* symbol) const {
    function = library_.get<Function>(symbol);
    if (!function && why_.empty()) why_ = fmt::format("the {} found has no function '{}'; version {} is needed", name_, symbol, versions_);
  }

 private:
  const Library& library_;
  const char *name_, *versions_;
  std::string& why_;
};

}  // namespace tenon::core::cuda

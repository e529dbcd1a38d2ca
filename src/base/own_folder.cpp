#include "base/own_folder.h"

#include <dlfcn.h>

namespace tenon::core {

std::filesystem::path own_folder() {
  Dl_info info{};
  return ::dladdr(reinterpret_cast<const void*>(&own_folder), &info) && info.dli_fname ? std::filesystem::absolute(info.dli_fname).parent_path()
                                                                                       : std::filesystem::path();
}

}  // namespace tenon::core

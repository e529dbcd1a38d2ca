#include "base/shared_library.h"

#include <dlfcn.h>
#include <link.h>

namespace tenon::core {

SharedLibrary::SharedLibrary(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    handle_ = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle_) {
      why_.clear();
      return;
    }
    const char* error = dlerror();
    why_ = error ? error : name;
  }
}

std::string SharedLibrary::path() const {
  link_map* map = nullptr;
  return handle_ && dlinfo(handle_, RTLD_DI_LINKMAP, &map) == 0 && map->l_name ? map->l_name : "";
}

void* SharedLibrary::find(const char* symbol) const { return handle_ ? dlsym(handle_, symbol) : nullptr; }

}  // namespace tenon::core

#include "cuda/library.h"

#include <dlfcn.h>

namespace tenon::core::cuda {

Library::Library(std::initializer_list<const char*> names) {
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

void* Library::find(const char* symbol) const { return handle_ ? dlsym(handle_, symbol) : nullptr; }

}  // namespace tenon::core::cuda

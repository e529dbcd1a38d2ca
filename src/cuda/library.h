#pragma once
#include "base/shared_library.h"

namespace tenon::core::cuda {

using Library = SharedLibrary;

}  // namespace tenon::core::cuda

#include "NvInferRuntime.h"

// What the library says about itself. The name of the data symbol is the version that `nm -D` shows.
#define TENON_VERSION_SYMBOL_OF(major, minor, patch, build) tensorrt_version_##major##_##minor##_##patch##_##build
#define TENON_VERSION_SYMBOL(major, minor, patch, build) TENON_VERSION_SYMBOL_OF(major, minor, patch, build)

extern "C" {
TENSORRTAPI extern const int32_t TENON_VERSION_SYMBOL(NV_TENSORRT_MAJOR, NV_TENSORRT_MINOR, NV_TENSORRT_PATCH, NV_TENSORRT_BUILD);
const int32_t TENON_VERSION_SYMBOL(NV_TENSORRT_MAJOR, NV_TENSORRT_MINOR, NV_TENSORRT_PATCH, NV_TENSORRT_BUILD) = NV_TENSORRT_VERSION;

int32_t getInferLibVersion() noexcept { return NV_TENSORRT_VERSION; }
int32_t getInferLibMajorVersion() noexcept { return NV_TENSORRT_MAJOR; }
int32_t getInferLibMinorVersion() noexcept { return NV_TENSORRT_MINOR; }
int32_t getInferLibPatchVersion() noexcept { return NV_TENSORRT_PATCH; }
int32_t getInferLibBuildVersion() noexcept { return NV_TENSORRT_BUILD; }
}

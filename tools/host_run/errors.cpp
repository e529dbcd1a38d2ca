#include <cstdio>
#include <mutex>
#include <set>
#include <string>

#include "calls.h"

namespace tenon::host_run {
namespace {

thread_local int last_error = ok;

struct Text {
  int code;
  const char *name, *text;
};
constexpr Text kTexts[] = {
    {ok, "cudaSuccess", "no error"},
    {invalid_value, "cudaErrorInvalidValue", "invalid argument"},
    {out_of_memory, "cudaErrorMemoryAllocation", "out of memory"},
    {invalid_pitch, "cudaErrorInvalidPitchValue", "invalid pitch argument"},
    {invalid_direction, "cudaErrorInvalidMemcpyDirection", "invalid copy direction for memcpy"},
    {invalid_device, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {invalid_handle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {already_registered, "cudaErrorHostMemoryAlreadyRegistered", "part or all of the requested memory range is already mapped"},
    {not_registered, "cudaErrorHostMemoryNotRegistered", "pointer does not correspond to a registered memory region"},
    {not_supported, "cudaErrorNotSupported", "operation not supported"},
};

const Text& text_of(int code) {
  static constexpr Text unknown{-1, "unrecognized error code", "unrecognized error code"};
  for (const Text& t : kTexts)
    if (t.code == code) return t;
  return unknown;
}

}  // namespace

int finish(Status status) {
  if (status != ok) last_error = status;
  return status;
}

int refuse(const char* call, const char* why) {
  // Never destroyed: programs call from static destructors too.
  static auto& lock = *new std::mutex;
  static auto& said = *new std::set<std::string>;
  const std::lock_guard<std::mutex> guard(lock);
  if (said.insert(call).second) std::fprintf(stderr, "tenon host-run: %s: %s\n", call, why);
  return finish(not_supported);
}

}  // namespace tenon::host_run

using namespace tenon::host_run;

extern "C" {

int cudaPeekAtLastError() { return last_error; }
int cudaGetLastError() {
  const int code = last_error;
  last_error = ok;
  return code;
}
const char* cudaGetErrorName(int code) { return text_of(code).name; }
const char* cudaGetErrorString(int code) { return text_of(code).text; }

}  // extern "C"

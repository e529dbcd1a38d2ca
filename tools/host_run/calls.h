#pragma once
#include <cstddef>

namespace tenon::host_run {

/// The values of cudaError_t that the stand-in answers with.
enum Status : int {
  ok = 0,
  invalid_value = 1,
  out_of_memory = 2,
  invalid_pitch = 12,
  invalid_direction = 21,
  invalid_device = 101,
  invalid_handle = 400,
  already_registered = 712,
  not_registered = 713,
  not_supported = 801,
};

/// Returns `status`, and keeps it for this thread's cudaGetLastError if it is a failure.
int finish(Status status);
/// Fails with not_supported; the reason goes to stderr, once for each call.
int refuse(const char* call, const char* why);

/// Null and the two default streams are live too.
bool is_live_stream(const void* stream);

/// The release of CUDA that the library stands in for: 12000. Each library has its own.
int release();

/// A property struct's field or an attribute's value.
struct Fact {
  int attribute;       // of cudaDeviceGetAttribute; 0: a property only
  int old_at, new_at;  // offset in cudaDeviceProp up to CUDA 12, and from 13 on; -1: not there
  int bytes;
  size_t value;
};
/// Fills a cudaDeviceProp of `bytes` bytes.
int describe_device(void* properties, size_t bytes, int device, bool new_layout);

}  // namespace tenon::host_run

/// The name that programs use which are compiled with one default stream per thread.
#define TENON_PER_THREAD(call, suffix) extern "C" __attribute__((alias(#call))) decltype(call) call##suffix

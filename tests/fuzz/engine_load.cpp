// Any bytes as an engine file, its hashes made right first: a program or an error, nothing else.
#include "base/error.h"
#include "build/build.h"
#include "engine_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon;
  auto bytes = std::make_shared<std::vector<std::byte>>(size);
  std::copy(data, data + size, reinterpret_cast<uint8_t*>(bytes->data()));
  core::repair_hashes(*bytes);
  LoadOptions options;
  options.device = "cpu";
  options.threads = 1;
  try {
    core::adopt(core::load_engine(*bytes, bytes), options);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::internal) __builtin_trap();
  }
  return 0;
}

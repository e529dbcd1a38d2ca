// Any bytes as a model file: an imported graph or an error, nothing else.
#include "base/error.h"
#include "ir/verify.h"
#include "onnx/import.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon;
  // A copy of the exact size, so that reading past it is seen.
  auto bytes = std::make_shared<std::vector<uint8_t>>(data, data + size);
  try {
    const auto model = core::import_onnx_bytes(bytes, std::as_bytes(std::span(*bytes)), "");
    core::verify(model.graph);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::internal) __builtin_trap();
  }
  return 0;
}

// Any bytes as an npy or npz file: tensors or an error, nothing else.
#include "base/error.h"
#include "ir/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon;
  auto bytes = std::make_shared<std::vector<uint8_t>>(data, data + size);
  const auto view = std::as_bytes(std::span(*bytes));
  try {
    if (size > 0 && data[0] == 'P') core::parse_npz(view, bytes);
    else core::parse_npy(view, bytes);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::internal) __builtin_trap();
  }
  return 0;
}

// Any text as a timing cache: what is read is written and read again unchanged, or there is an error; nothing else.
#include "base/error.h"
#include "select/timing_cache.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tenon;
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const auto cache = core::TimingCache::parse(text, {});
    if (!(core::TimingCache::parse(cache.text(), {}) == cache)) __builtin_trap();
  } catch (const Error& e) {
    if (e.code() == ErrorCode::internal) __builtin_trap();
  }
  return 0;
}

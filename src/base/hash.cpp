#include "base/hash.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <new>

namespace tenon::core {
namespace {

Hash to_hash(XXH128_hash_t value) { return Hash{value.low64, value.high64}; }
XXH3_state_t* as_state(void* state) { return static_cast<XXH3_state_t*>(state); }

}  // namespace

std::string Hash::hex() const { return fmt::format("{:016x}{:016x}", high, low); }

Hash hash_bytes(std::span<const std::byte> bytes) { return to_hash(XXH3_128bits(bytes.data(), bytes.size())); }

Hash hash_text(std::string_view text) { return to_hash(XXH3_128bits(text.data(), text.size())); }

Hasher::Hasher() : state_(XXH3_createState()) {
  if (!state_) throw std::bad_alloc();
  XXH3_128bits_reset(as_state(state_));
}

Hasher::~Hasher() { XXH3_freeState(as_state(state_)); }

void Hasher::add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(as_state(state_), bytes.data(), bytes.size());
}

void Hasher::add(std::string_view text) {
  add(static_cast<int64_t>(text.size()));
  add(std::as_bytes(std::span<const char>(text)));
}

void Hasher::add(int64_t value) { add(std::as_bytes(std::span<const int64_t>(&value, 1))); }

Hash Hasher::finish() const { return to_hash(XXH3_128bits_digest(as_state(state_))); }

}  // namespace tenon::core

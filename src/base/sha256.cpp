#include "base/sha256.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace tenon::core {
namespace {

constexpr size_t kBlock = 64;
using State = std::array<uint32_t, 8>;

constexpr std::array<uint32_t, 64> kPrimes = [] {
  std::array<uint32_t, 64> primes{};
  size_t found = 0;
  for (uint32_t n = 2; found < primes.size(); ++n) {
    bool prime = true;
    for (uint32_t d = 2; d * d <= n; ++d) prime = prime && n % d != 0;
    if (prime) primes[found++] = n;
  }
  return primes;
}();

using Wide = unsigned __int128;

constexpr bool square_below(Wide r, Wide prime) { return r * r < prime << 64; }
/// r^3 < prime * 2^96, in two halves of r^2.
constexpr bool cube_below(Wide r, Wide prime) {
  Wide high = (r * r) >> 32, low = (r * r) & 0xffffffff;
  return high * r + ((low * r) >> 32) < prime << 64;
}

/// The first 32 bits of the fraction of the prime's square or cube root.
constexpr uint32_t root_fraction(uint32_t prime, bool (*below)(Wide, Wide)) {
  Wide low = 0, high = Wide{20} << 32;
  while (high - low > 1) {
    Wide middle = (low + high) / 2;
    (below(middle, prime) ? low : high) = middle;
  }
  return static_cast<uint32_t>(low);
}

constexpr std::array<uint32_t, 64> kRound = [] {
  std::array<uint32_t, 64> constants{};
  for (size_t i = 0; i < constants.size(); ++i) constants[i] = root_fraction(kPrimes[i], cube_below);
  return constants;
}();

void add_block(State& state, const std::byte* block) {
  std::array<uint32_t, 64> w;
  for (size_t i = 0; i < 16; ++i) {
    uint32_t word;
    std::memcpy(&word, block + 4 * i, 4);
    w[i] = __builtin_bswap32(word);
  }
  for (size_t i = 16; i < 64; ++i) {
    uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
    uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  State s = state;
  for (size_t i = 0; i < 64; ++i) {
    uint32_t e1 = std::rotr(s[4], 6) ^ std::rotr(s[4], 11) ^ std::rotr(s[4], 25);
    uint32_t choose = (s[4] & s[5]) ^ (~s[4] & s[6]);
    uint32_t first = s[7] + e1 + choose + kRound[i] + w[i];
    uint32_t e0 = std::rotr(s[0], 2) ^ std::rotr(s[0], 13) ^ std::rotr(s[0], 22);
    uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
    s = {first + e0 + majority, s[0], s[1], s[2], s[3] + first, s[4], s[5], s[6]};
  }
  for (size_t i = 0; i < state.size(); ++i) state[i] += s[i];
}

}  // namespace

std::string sha256(std::span<const std::byte> bytes) {
  State state;
  for (size_t i = 0; i < state.size(); ++i) state[i] = root_fraction(kPrimes[i], square_below);
  size_t whole = bytes.size() / kBlock * kBlock;
  for (size_t at = 0; at < whole; at += kBlock) add_block(state, bytes.data() + at);

  std::array<std::byte, 2 * kBlock> tail{};
  size_t rest = bytes.size() - whole;
  if (rest > 0) std::memcpy(tail.data(), bytes.data() + whole, rest);
  tail[rest] = std::byte{0x80};
  size_t end = rest + 9 <= kBlock ? kBlock : 2 * kBlock;
  uint64_t bits = __builtin_bswap64(uint64_t{bytes.size()} * 8);
  std::memcpy(tail.data() + end - 8, &bits, 8);
  for (size_t at = 0; at < end; at += kBlock) add_block(state, tail.data() + at);

  std::string hex;
  for (uint32_t word : state) hex += fmt::format("{:08x}", word);
  return hex;
}

}  // namespace tenon::core

#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/checked.h"
#include "base/error.h"
#include "base/half.h"
#include "base/hash.h"
#include "base/threads.h"
#include "tenon/dtype.h"

namespace tenon::core {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// What a format's exponent, mantissa and bias say a finite code is worth.
double value_of(uint32_t code, int exponent_bits, int mantissa_bits, int bias) {
  uint32_t sign = code >> (exponent_bits + mantissa_bits);
  int exponent = static_cast<int>(code >> mantissa_bits) & ((1 << exponent_bits) - 1);
  double fraction = code & ((1u << mantissa_bits) - 1);
  double magnitude = exponent == 0 ? std::ldexp(fraction, 1 - bias - mantissa_bits)
                                   : std::ldexp(fraction + (1 << mantissa_bits), exponent - bias - mantissa_bits);
  return sign ? -magnitude : magnitude;
}

TEST(Half, EveryF16PatternSurvives) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    F16 half{static_cast<uint16_t>(bits)};
    float value = to_float(half);
    bool special = (bits & 0x7c00) == 0x7c00;
    if (special && (bits & 0x3ff)) {
      EXPECT_TRUE(std::isnan(value));
      EXPECT_EQ(from_float<F16>(value).bits, bits | 0x200);
      continue;
    }
    double expected = special ? (bits & 0x8000 ? -kInf : kInf) : value_of(bits, 5, 10, 15);
    ASSERT_EQ(value, expected);
    ASSERT_EQ(from_float<F16>(value).bits, bits);
  }
}

TEST(Half, F16RoundsToNearestEvenBetweenNeighbours) {
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    float low = to_float(F16{static_cast<uint16_t>(bits)}), high = to_float(F16{static_cast<uint16_t>(bits + 1)});
    float middle = low + (high - low) / 2;
    ASSERT_EQ(from_float<F16>(middle).bits, bits & 1 ? bits + 1 : bits);
    ASSERT_EQ(from_float<F16>(std::nextafter(middle, 0.0f)).bits, bits);
    ASSERT_EQ(from_float<F16>(std::nextafter(middle, kInf)).bits, bits + 1);
    ASSERT_EQ(from_float<F16>(-middle).bits, (bits & 1 ? bits + 1 : bits) | 0x8000);
  }
  EXPECT_EQ(from_float<F16>(65519.996f).bits, 0x7bff);
  EXPECT_EQ(from_float<F16>(65520.0f).bits, 0x7c00);
  EXPECT_EQ(from_float<F16>(1e30f).bits, 0x7c00);
}

TEST(Half, EveryBF16PatternSurvives) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = to_float(BF16{static_cast<uint16_t>(bits)});
    uint32_t expected = std::isnan(value) ? bits | 0x40 : bits;
    ASSERT_EQ(from_float<BF16>(value).bits, expected);
  }
  EXPECT_EQ(from_float<BF16>(std::bit_cast<float>(0x3f808000u)).bits, 0x3f80);
  EXPECT_EQ(from_float<BF16>(std::bit_cast<float>(0x3f818000u)).bits, 0x3f82);
  EXPECT_EQ(from_float<BF16>(std::numeric_limits<float>::max()).bits, 0x7f80);
}

template <class T>
void check_byte_format(int exponent_bits, int mantissa_bits, int bias, std::set<uint32_t> not_finite) {
  uint32_t codes = 1u << (1 + exponent_bits + mantissa_bits);
  for (uint32_t code = 0; code < codes; ++code) {
    T small{static_cast<uint8_t>(code)};
    float value = to_float(small);
    if (not_finite.count(code)) {
      EXPECT_FALSE(std::isfinite(value)) << code;
      continue;
    }
    EXPECT_EQ(value, value_of(code, exponent_bits, mantissa_bits, bias)) << code;
    EXPECT_EQ(from_float<T>(value).bits, code);
    // The tie between two neighbours goes to the even code.
    if (code + 1 < codes / 2 && !not_finite.count(code + 1)) {
      float next = to_float(T{static_cast<uint8_t>(code + 1)});
      float middle = (value + next) / 2;
      EXPECT_EQ(from_float<T>(middle).bits, code & 1 ? code + 1 : code) << code;
      EXPECT_EQ(from_float<T>(std::nextafter(middle, 0.0f)).bits, code);
      EXPECT_EQ(from_float<T>(std::nextafter(middle, kInf)).bits, code + 1);
    }
  }
}

TEST(Half, ByteFormats) {
  check_byte_format<F8E4M3FN>(4, 3, 7, {0x7f, 0xff});
  check_byte_format<F8E4M3FNUZ>(4, 3, 8, {0x80});
  check_byte_format<F8E5M2>(5, 2, 15, {0x7c, 0x7d, 0x7e, 0x7f, 0xfc, 0xfd, 0xfe, 0xff});
  check_byte_format<F8E5M2FNUZ>(5, 2, 16, {0x80});
  check_byte_format<F4E2M1>(2, 1, 1, {});
}

TEST(Half, OverflowFollowsSaturate) {
  for (float big : {kInf, 1e9f}) {
    EXPECT_EQ(to_float(from_float<F8E4M3FN>(big)), 448);
    EXPECT_EQ(to_float(from_float<F8E4M3FN>(-big)), -448);
    EXPECT_EQ(to_float(from_float<F8E4M3FNUZ>(big)), 240);
    EXPECT_EQ(to_float(from_float<F8E5M2>(big)), 57344);
    EXPECT_EQ(to_float(from_float<F8E5M2FNUZ>(-big)), -57344);
    EXPECT_EQ(to_float(from_float<F4E2M1>(-big)), -6);
    EXPECT_TRUE(std::isnan(to_float(from_float<F8E4M3FN>(big, false))));
    EXPECT_TRUE(std::isnan(to_float(from_float<F8E4M3FNUZ>(big, false))));
    EXPECT_EQ(to_float(from_float<F8E5M2>(-big, false)), -kInf);
    EXPECT_TRUE(std::isnan(to_float(from_float<F8E5M2FNUZ>(big, false))));
  }
  EXPECT_EQ(to_float(from_float<F8E4M3FN>(464.0f, false)), 448);
  EXPECT_TRUE(std::isnan(to_float(from_float<F8E4M3FN>(464.1f, false))));
  EXPECT_TRUE(std::isnan(to_float(from_float<F8E4M3FN>(kNan))));
  EXPECT_EQ(from_float<F8E4M3FNUZ>(-0.0f).bits, 0);
  EXPECT_EQ(from_float<F8E4M3FNUZ>(-1e-9f).bits, 0);
  EXPECT_EQ(from_float<F8E5M2FNUZ>(kNan).bits, 0x80);
}

TEST(Half, PowersOfTwo) {
  for (int code = 0; code < 255; ++code) {
    F8E8M0 power{static_cast<uint8_t>(code)};
    EXPECT_EQ(to_float(power), std::ldexp(1.0f, code - 127));
    for (E8M0Round mode : {E8M0Round::up, E8M0Round::down, E8M0Round::nearest})
      EXPECT_EQ(to_e8m0(to_float(power), true, mode).bits, code);
  }
  EXPECT_TRUE(std::isnan(to_float(F8E8M0{255})));
  EXPECT_EQ(to_e8m0(1.01f, true, E8M0Round::up).bits, 128);
  EXPECT_EQ(to_e8m0(1.99f, true, E8M0Round::down).bits, 127);
  EXPECT_EQ(to_e8m0(1.49f, true, E8M0Round::nearest).bits, 127);
  EXPECT_EQ(to_e8m0(1.5f, true, E8M0Round::nearest).bits, 128);
  EXPECT_EQ(to_e8m0(3e38f, true, E8M0Round::up).bits, 254);
  EXPECT_EQ(to_e8m0(3e38f, false, E8M0Round::up).bits, 255);
  EXPECT_EQ(to_e8m0(0, true, E8M0Round::up).bits, 0);
  EXPECT_EQ(to_e8m0(0, false, E8M0Round::nearest).bits, 255);
  EXPECT_EQ(to_e8m0(kNan, true, E8M0Round::up).bits, 255);
}

TEST(Half, DoesNotDependOnFlushToZero) {
  unsigned saved = _mm_getcsr();
  _mm_setcsr(saved | 0x8040);
  uint16_t tiny = from_float<BF16>(std::bit_cast<float>(0x00010000u)).bits;
  float smallest = to_float(F16{1});
  _mm_setcsr(saved);
  EXPECT_EQ(tiny, 1);
  EXPECT_EQ(smallest, std::ldexp(1.0f, -24));
}

TEST(DTypes, NamesAreReadBack) {
  for (int i = 1; i <= static_cast<int>(DType::string); ++i) {
    DType type = static_cast<DType>(i);
    EXPECT_EQ(parse_dtype(to_string(type)), type);
    EXPECT_EQ(size_of(type) == 0, type == DType::string);
  }
  EXPECT_EQ(parse_dtype("float16"), DType::f16);
  EXPECT_EQ(parse_dtype("int64"), DType::i64);
  EXPECT_EQ(parse_dtype("float63"), DType::none);
  EXPECT_EQ(parse_dtype(""), DType::none);
}

TEST(Errors, TableIsComplete) {
  std::set<int> seen;
  for (const ErrorInfo& info : error_table()) {
    EXPECT_TRUE(seen.insert(static_cast<int>(info.code)).second);
    EXPECT_FALSE(info.name.empty() || info.meaning.empty() || info.advice.empty());
    EXPECT_NE(exit_code_name(exit_code(info.code)), "unknown");
  }
  EXPECT_EQ(seen.size(), 28u);
  EXPECT_EQ(error_id(ErrorCode::invalid_model), "E3002");
  EXPECT_EQ(exit_code(ErrorCode::runtime_index), 3);
  EXPECT_EQ(exit_code(ErrorCode::out_of_time), 124);
  EXPECT_EQ(exit_code(ErrorCode::interrupted), 130);
}

TEST(Errors, ContextGoesInFront) {
  try {
    with_context("node 'a'", [] { fail(ErrorCode::bad_input, "rank {} expected", 4); });
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "node 'a': rank 4 expected");
    EXPECT_EQ(e.code(), ErrorCode::bad_input);
  }
}

TEST(Checked, OverflowIsAnError) {
  EXPECT_EQ(checked_mul(1 << 20, 1 << 20), int64_t{1} << 40);
  EXPECT_THROW(checked_mul(int64_t{1} << 40, int64_t{1} << 40), Error);
  EXPECT_THROW(checked_add(INT64_MAX, 1), Error);
  EXPECT_THROW(round_up(INT64_MAX, 64), Error);
}

TEST(Hashes, StreamEqualsWhole) {
  std::string text(100000, 'x');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31);
  auto bytes = std::as_bytes(std::span<const char>(text));
  Hasher hasher;
  for (size_t at = 0, step = 1; at < bytes.size(); at += step, step = step * 2 + 1)
    hasher.add(bytes.subspan(at, std::min(step, bytes.size() - at)));
  EXPECT_EQ(hasher.finish(), hash_bytes(bytes));
  EXPECT_EQ(hash_text("").hex(), "99aa06d3014798d86001c324468d497f");
  Hasher ab_c, a_bc;
  ab_c.add(std::string_view("ab")), ab_c.add(std::string_view("c"));
  a_bc.add(std::string_view("a")), a_bc.add(std::string_view("bc"));
  EXPECT_NE(ab_c.finish(), a_bc.finish());
}

TEST(ThreadTeam, EveryPieceRunsOnce) {
  Threads threads(4);
  EXPECT_EQ(threads.size(), 4);
  for (int round = 0; round < 2000; ++round) {
    std::array<std::atomic<int>, 37> hits{};
    int64_t pieces = round % 38;
    threads.parallel(pieces, [&](int64_t piece) { ++hits[static_cast<size_t>(piece)]; });
    for (size_t i = 0; i < hits.size(); ++i) ASSERT_EQ(hits[i], static_cast<int64_t>(i) < pieces ? 1 : 0);
    if (round % 500 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

TEST(ThreadTeam, RangesCoverTheWhole) {
  Threads threads(3);
  for (int64_t count : {0, 1, 2, 3, 7, 1000, 1001})
    for (int64_t grain : {0, 1, 5, 400, 5000}) {
      std::vector<std::atomic<int>> hits(static_cast<size_t>(count));
      threads.parallel_ranges(count, grain, [&](int64_t begin, int64_t end) {
        EXPECT_LT(begin, end);
        for (int64_t i = begin; i < end; ++i) ++hits[static_cast<size_t>(i)];
      });
      for (auto& hit : hits) ASSERT_EQ(hit, 1);
    }
}

TEST(ThreadTeam, FirstExceptionIsRethrownAndTheTeamGoesOn) {
  Threads threads(4);
  for (int round = 0; round < 100; ++round) {
    EXPECT_THROW(threads.parallel(64,
                                  [&](int64_t piece) {
                                    if (piece % 3 == 0) fail(ErrorCode::runtime_index, "piece {}", piece);
                                  }),
                 Error);
    std::atomic<int> ran{0};
    threads.parallel(64, [&](int64_t) { ++ran; });
    ASSERT_EQ(ran, 64);
  }
}

TEST(ThreadTeam, NestedCallsRunInPlace) {
  Threads threads(4), other(2);
  std::atomic<int> inner{0};
  threads.parallel(8, [&](int64_t) {
    auto self = std::this_thread::get_id();
    auto body = [&](int64_t) {
      EXPECT_EQ(std::this_thread::get_id(), self);
      ++inner;
    };
    threads.parallel(5, body);
    other.parallel(5, body);
  });
  EXPECT_EQ(inner, 80);
}

TEST(ThreadTeam, CallersTakeTurns) {
  Threads threads(3);
  std::atomic<int64_t> total{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c)
    callers.emplace_back([&] {
      for (int round = 0; round < 500; ++round) {
        int64_t own = 0;
        std::mutex guard;
        threads.parallel(10, [&](int64_t piece) {
          std::lock_guard lock(guard);
          own += piece;
        });
        EXPECT_EQ(own, 45);
        total += own;
      }
    });
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(total, 4 * 500 * 45);
}

TEST(ThreadTeam, FlushToZeroOnlyInsideARegion) {
  Threads threads(3);
  unsigned before = _mm_getcsr();
  std::atomic<int> flushing{0};
  threads.parallel(30, [&](int64_t) { flushing += (_mm_getcsr() & 0x8040) == 0x8040; });
  EXPECT_EQ(flushing, 30);
  threads.parallel(1, [&](int64_t) { flushing += (_mm_getcsr() & 0x8040) == 0x8040; });
  EXPECT_EQ(flushing, 31);
  EXPECT_EQ(_mm_getcsr() & 0x8040, before & 0x8040);
}

/// CPU seconds of the whole process over 200 ms of sleep.
double seconds_used_while_idle() {
  timespec begin{}, end{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
  return static_cast<double>(end.tv_sec - begin.tv_sec) + static_cast<double>(end.tv_nsec - begin.tv_nsec) * 1e-9;
}

TEST(ThreadTeam, IdleTeamUsesNoTime) {
  Threads threads(4);
  threads.parallel(100, [](int64_t) {});
  EXPECT_LT(seconds_used_while_idle(), 0.1);
  {
    const Threads::Busy busy(threads);
    threads.parallel(100, [](int64_t) {});
    EXPECT_LT(seconds_used_while_idle(), 0.1);  // a run with a long serial step
    threads.parallel(100, [](int64_t) {});
  }
  EXPECT_LT(seconds_used_while_idle(), 0.1);
}

TEST(ThreadTeam, RefusesNonsense) {
  EXPECT_THROW(Threads(-1), Error);
  EXPECT_THROW(Threads(1000000), Error);
  EXPECT_GE(usable_cores(), 1);
}

}  // namespace
}  // namespace tenon::core

#include <gtest/gtest.h>
#include <unistd.h>

#include <complex>
#include <filesystem>
#include <random>

#include "base/error.h"
#include "base/file.h"
#include "ir/npy.h"
#include "ir/npy_header.h"

namespace tenon::core {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span<const char>(text)); }

std::string npy(std::string_view type, const Dims& dims, const std::string& data) {
  return npy_header(type, dims) + data;
}

struct Npy : testing::Test {
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tenon_npy_XXXXXX").string();
    root = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(root); }
  std::string root;
};

void expect_same(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.dtype(), b.dtype());
  ASSERT_EQ(a.dims(), b.dims());
  if (a.dtype() == DType::string) {
    for (int64_t i = 0; i < a.size(); ++i) EXPECT_EQ(a.values<std::string>()[i], b.values<std::string>()[i]);
  } else {
    ASSERT_TRUE(std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end()));
  }
}

NamedTensors samples() {
  NamedTensors samples;
  for (DType dtype : {DType::f32,    DType::f64,        DType::f16,    DType::i8,       DType::i16,
                      DType::i32,    DType::i64,        DType::u8,     DType::u16,      DType::u32,
                      DType::u64,    DType::boolean,    DType::bf16,   DType::f8e4m3fn, DType::f8e4m3fnuz,
                      DType::f8e5m2, DType::f8e5m2fnuz, DType::f8e8m0, DType::f4e2m1,   DType::i4,
                      DType::u4,     DType::i2,         DType::u2,     DType::c64,      DType::c128}) {
    Tensor tensor(dtype, {2, 3});
    auto bytes = tensor.mutable_bytes();
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i & 1);
    samples["layer/" + std::string(to_string(dtype)) + ":0"] = tensor;
  }
  samples["text"] = tensor_of<std::string>({2, 2}, {"", "plain", "gr\xc3\xbc\xc3\x9f", "\xf0\x9f\x98\x80"});
  samples["scalar"] = scalar(DType::f32, 2.5);
  samples["empty"] = Tensor(DType::i64, {0, 4});
  samples["no_text"] = Tensor(DType::string, {0});
  samples["i4_all"] = tensor_of<uint8_t>({4}, {0xf8, 0xff, 0, 7}).retyped(DType::i4);
  return samples;
}

TEST_F(Npy, NpzKeepsNamesTypesAndValues) {
  NamedTensors written = samples();
  write_npz(root + "/a.npz", written);
  NamedTensors read = read_npz(root + "/a.npz");
  ASSERT_EQ(read.size(), written.size());
  for (const auto& entry : written) {
    SCOPED_TRACE(entry.first);
    ASSERT_TRUE(read.count(entry.first));
    expect_same(read[entry.first], entry.second);
  }
  write_npz(root + "/b.npz", read);
  EXPECT_EQ(read_text_file(root + "/a.npz"), read_text_file(root + "/b.npz"));
}

TEST_F(Npy, NpyKeepsValues) {
  for (const auto& entry : samples()) {
    write_npy(root + "/a.npy", entry.second);
    expect_same(from_raw(read_npy(root + "/a.npy"), entry.second.dtype()), entry.second);
  }
}

TEST_F(Npy, OtherOrdersArePutRight) {
  std::string column_major(6, '\0');
  for (int i = 0; i < 6; ++i) column_major[i] = static_cast<char>("\0\3\1\4\2\5"[i]);
  std::string text = npy("|u1", {2, 3}, column_major);
  text.replace(text.find("False"), 5, "True ");
  expect_same(parse_npy(bytes_of(text), nullptr), tensor_of<uint8_t>({2, 3}, {0, 1, 2, 3, 4, 5}));
  std::string big_endian("\0\1\1\0", 4);
  expect_same(parse_npy(bytes_of(npy(">i2", {2}, big_endian)), nullptr), tensor_of<int16_t>({2}, {1, 256}));
  std::string complex("\x3f\x80\0\0\x40\0\0\0", 8);
  Tensor c = parse_npy(bytes_of(npy(">c8", {1}, complex)), nullptr);
  EXPECT_EQ(c.values<std::complex<float>>()[0], (std::complex<float>{1, 2}));
  expect_same(parse_npy(bytes_of(npy("|S3", {2}, std::string("ab\0xyz", 6))), nullptr),
              tensor_of<std::string>({2}, {"ab", "xyz"}));
}

ErrorCode code_of(const std::string& file, bool zip = false) {
  try {
    zip ? (void)parse_npz(bytes_of(file), nullptr) : (void)parse_npy(bytes_of(file), nullptr);
  } catch (const Error& e) {
    return e.code();
  }
  return ErrorCode::internal;
}

TEST_F(Npy, MalformedArraysAreRefused) {
  std::string four(4, '\1');
  for (const std::string& bad :
       {std::string(), std::string("\x93NUMPY"), std::string("PK\3\4 not an array"), npy("|O", {1}, four),
        npy("<f4", {2}, four), npy("<f4", {}, four + "x"), npy("<f3", {1}, four), npy("<M8", {1}, four + four),
        npy("|b1", {4}, "\1\1\2\1"), npy("<U1", {1}, "\0\0\xff\x7f"), npy("<U0", {5}, ""), npy("", {1}, four),
        npy("<f4", {INT64_MAX / 4, 1}, four)})
    EXPECT_EQ(code_of(bad), ErrorCode::bad_file);
  EXPECT_EQ(code_of(npy("<f4", {int64_t{1} << 40, int64_t{1} << 40}, four)), ErrorCode::too_large);
  std::string negative = npy("<f4", {123}, four);
  negative.replace(negative.find("123"), 3, " -1");
  EXPECT_EQ(code_of(negative), ErrorCode::bad_file);
}

TEST_F(Npy, RawBitsMustBeValues) {
  Tensor bits = tensor_of<uint8_t>({1}, {16});
  EXPECT_THROW(from_raw(bits, DType::u4), Error);
  EXPECT_THROW(from_raw(bits, DType::i4), Error);
  EXPECT_EQ(from_raw(bits, DType::f8e5m2).dtype(), DType::f8e5m2);
  EXPECT_EQ(from_raw(bits, DType::f32).dtype(), DType::u8);
  NamedTensors wrong{{"a", tensor_of<float>({1}, {1})}, {"a.dtype", tensor_of<std::string>({1}, {"bf16"})}};
  write_npz(root + "/w.npz", wrong);
  EXPECT_THROW(read_npz(root + "/w.npz"), Error);
}

TEST_F(Npy, EveryTruncationIsAnError) {
  write_npz(root + "/a.npz", samples());
  std::string whole = read_text_file(root + "/a.npz");
  for (size_t size = 0; size < whole.size(); size += 1 + size / 300)
    ASSERT_EQ(code_of(whole.substr(0, size), true), ErrorCode::bad_file) << size;
  std::string array = npy("<i4", {3}, std::string(12, 'x'));
  for (size_t size = 0; size < array.size(); ++size) ASSERT_EQ(code_of(array.substr(0, size)), ErrorCode::bad_file);
}

TEST_F(Npy, DamageIsAnErrorOrHarmless) {
  write_npz(root + "/a.npz", samples());
  std::string whole = read_text_file(root + "/a.npz");
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 1 + round % 4; ++i) damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    try {
      parse_npz(bytes_of(damaged), nullptr);
    } catch (const Error& e) {
      EXPECT_NE(e.code(), ErrorCode::internal) << e.what();
    }
  }
}

// A deflated archive as NumPy's savez_compressed makes it: {"a": zeros (1000,) of f32}.
TEST_F(Npy, ReadsDeflatedArchives) {
  Tensor zeros(DType::f32, {1000});
  std::string path = std::string(TENON_TEST_DATA) + "/deflated.npz";
  NamedTensors read = read_npz(path);
  ASSERT_EQ(read.size(), 2u);
  expect_same(read["a"], zeros);
  expect_same(read["deep/name.1"], tensor_of<int64_t>({2, 2}, {1, 2, 3, 4}));
  std::string whole = read_text_file(path);
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] ^= 0x55;
    code_of(damaged, true);
  }
}

}  // namespace
}  // namespace tenon::core

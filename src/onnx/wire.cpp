#include "onnx/wire.h"

#include <cstring>
#include <protozero/exception.hpp>
#include <protozero/varint.hpp>

#include "base/error.h"

namespace tenon::core {
namespace {

constexpr const char* kAdvice = "check that the file is an ONNX model and that it was copied completely";

bool is_utf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    if (lead < 0x80) continue;
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4 || text.size() - i < static_cast<size_t>(more)) return false;
    uint32_t code = lead & (0x3F >> more);
    for (int k = 0; k < more; ++k) {
      const auto byte = static_cast<unsigned char>(text[i++]);
      if ((byte & 0xC0) != 0x80) return false;
      code = code << 6 | (byte & 0x3F);
    }
    const uint32_t least = more == 3 ? 0x10000 : more == 2 ? 0x800 : 0x80;
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
  }
  return true;
}

}  // namespace

uint64_t WireReader::varint() {
  try {
    return protozero::decode_varint(&at_, end_);
  } catch (const protozero::exception&) {
    fail(ErrorCode::not_onnx, "not an ONNX model, or a damaged one: a number is cut off; {}", kAdvice);
  }
}

const char* WireReader::take(uint64_t size) {
  if (size > static_cast<uint64_t>(end_ - at_))
    fail(ErrorCode::not_onnx, "not an ONNX model, or a truncated one: a field of {} bytes where only {} are left; {}",
         size, end_ - at_, kAdvice);
  const char* start = at_;
  at_ += size;
  return start;
}

bool WireReader::next() {
  if (at_ == end_) return false;
  const uint64_t key = varint();
  field_ = static_cast<uint32_t>(key >> 3);
  const auto kind = static_cast<uint8_t>(key & 7);
  const bool known = kind == 0 || kind == 1 || kind == 2 || kind == 5;
  if (key > UINT32_MAX || field_ == 0 || !known)
    fail(ErrorCode::not_onnx, "not an ONNX model, or a damaged one: field {} of unknown kind {}; {}", field_, kind,
         kAdvice);
  kind_ = static_cast<Kind>(kind);
  return true;
}

void WireReader::expect(Kind kind) const {
  if (kind != kind_)
    fail(ErrorCode::not_onnx, "not an ONNX model, or a damaged one: field {} has wire type {} instead of {}; {}",
         field_, static_cast<int>(kind_), static_cast<int>(kind), kAdvice);
}

int64_t WireReader::integer() {
  expect(Kind::varint);
  return static_cast<int64_t>(varint());
}

float WireReader::real() {
  expect(Kind::fixed32);
  float value;
  std::memcpy(&value, take(4), 4);
  return value;
}

std::string_view WireReader::bytes() {
  expect(Kind::length);
  const uint64_t size = varint();
  return {take(size), static_cast<size_t>(size)};
}

std::string_view WireReader::text() {
  const std::string_view value = bytes();
  if (!is_utf8(value))
    fail(ErrorCode::not_onnx, "not an ONNX model, or a damaged one: field {} is not UTF-8 text; {}", field_, kAdvice);
  return value;
}

void WireReader::skip() {
  switch (kind_) {
    case Kind::varint:
      varint();
      break;
    case Kind::fixed64:
      take(8);
      break;
    case Kind::length:
      bytes();
      break;
    case Kind::fixed32:
      take(4);
      break;
  }
}

void WireReader::integers(std::vector<int64_t>& into) {
  if (kind_ == Kind::varint) {
    into.push_back(integer());
    return;
  }
  WireReader packed(bytes());
  while (packed.at_ != packed.end_) into.push_back(static_cast<int64_t>(packed.varint()));
}

template <class T>
void WireReader::fixed(std::vector<T>& into, Kind kind) {
  if (kind_ == kind) {
    into.emplace_back();
    std::memcpy(&into.back(), take(sizeof(T)), sizeof(T));
    return;
  }
  const std::string_view packed = bytes();
  if (packed.size() % sizeof(T) != 0)
    fail(ErrorCode::not_onnx, "not an ONNX model, or a damaged one: field {} holds {} bytes, not a multiple of {}; {}",
         field_, packed.size(), sizeof(T), kAdvice);
  if (packed.empty()) return;
  const size_t before = into.size();
  into.resize(before + packed.size() / sizeof(T));
  std::memcpy(into.data() + before, packed.data(), packed.size());
}

void WireReader::reals(std::vector<float>& into) { fixed(into, Kind::fixed32); }
void WireReader::reals(std::vector<double>& into) { fixed(into, Kind::fixed64); }

}  // namespace tenon::core

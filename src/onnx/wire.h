#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tenon::core {

/// The fields of one protobuf message, over protozero's varint decoder. Lengths are 64-bit (protozero's own reader
/// wraps at 4 GiB) and wire types are checked, so damaged input ends in ErrorCode::not_onnx and never outside
/// `message`.
class WireReader {
 public:
  explicit WireReader(std::string_view message) : at_(message.data()), end_(message.data() + message.size()) {}

  /// Moves to the next field; each field must then be read or skipped once.
  bool next();
  uint32_t field() const { return field_; }
  bool is_bytes() const { return kind_ == Kind::length; }

  int64_t integer();
  float real();
  /// A string, bytes, or a message.
  std::string_view bytes();
  /// The same, valid UTF-8.
  std::string_view text();
  void skip();

  /// Elements of a repeated number field, packed or not, appended.
  void integers(std::vector<int64_t>& into);
  void reals(std::vector<float>& into);
  void reals(std::vector<double>& into);

 private:
  enum class Kind : uint8_t { varint = 0, fixed64 = 1, length = 2, fixed32 = 5 };
  void expect(Kind kind) const;
  uint64_t varint();
  const char* take(uint64_t size);
  template <class T>
  void fixed(std::vector<T>& into, Kind kind);

  const char* at_;
  const char* end_;
  uint32_t field_ = 0;
  Kind kind_ = Kind::varint;
};

}  // namespace tenon::core

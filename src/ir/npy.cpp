#include "ir/npy.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "base/zip.h"
#include "ir/npy_header.h"

namespace tenon::core {
namespace {

constexpr std::string_view kDTypeSuffix = ".dtype";

struct NumpyType {
  DType dtype;
  std::string_view spelling;  // as written
};
constexpr NumpyType kNumpyTypes[] = {
    {DType::f32, "<f4"}, {DType::f64, "<f8"},     {DType::f16, "<f2"}, {DType::i8, "|i1"},    {DType::i16, "<i2"},
    {DType::i32, "<i4"}, {DType::i64, "<i8"},     {DType::u8, "|u1"},  {DType::u16, "<u2"},   {DType::u32, "<u4"},
    {DType::u64, "<u8"}, {DType::boolean, "|b1"}, {DType::c64, "<c8"}, {DType::c128, "<c16"},
};

/// How many bits of a byte a type uses; 8 when all patterns are values, 0 when the type is not stored as a raw byte.
int raw_bits(DType dtype) {
  switch (dtype) {
    case DType::f8e4m3fn:
    case DType::f8e4m3fnuz:
    case DType::f8e5m2:
    case DType::f8e5m2fnuz:
    case DType::f8e8m0:
      return 8;
    case DType::f4e2m1:
    case DType::i4:
    case DType::u4:
      return 4;
    case DType::i2:
    case DType::u2:
      return 2;
    default:
      return 0;
  }
}

/// The NumPy type that holds the bits of a type NumPy lacks; none for all others.
DType raw_type(DType dtype) {
  if (dtype == DType::bf16) return DType::u16;
  return raw_bits(dtype) > 0 ? DType::u8 : DType::none;
}

DType dtype_of(const NpyHeader& header) {
  std::string spelling = std::string(1, header.kind) + std::to_string(header.width);
  for (const NumpyType& type : kNumpyTypes)
    if (type.spelling.substr(1) == spelling) return type.dtype;
  fail(ErrorCode::bad_file,
       "arrays of NumPy type '{}' are not read; convert it to a float, integer, bool, complex or string type",
       spelling);
}

std::string_view spelling_of(DType dtype) {
  for (const NumpyType& type : kNumpyTypes)
    if (type.dtype == dtype) return type.spelling;
  fail(ErrorCode::bad_input, "a tensor of type {} can't be written as a NumPy array", to_string(dtype));
}

std::string read_string(std::span<const std::byte> bytes, const NpyHeader& header) {
  std::string text;
  if (header.kind == 'S') {
    text.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  } else {
    for (size_t i = 0; i < bytes.size(); i += 4) {
      uint32_t c;
      std::memcpy(&c, bytes.data() + i, 4);
      if (!append_utf8(text, header.order == '>' ? __builtin_bswap32(c) : c))
        fail(ErrorCode::bad_file, "a string has an invalid character");
    }
  }
  text.resize(text.find_last_not_of('\0') + 1);
  return text;
}

/// Where element `i` in row-major order lies in column-major order.
class FortranOrder {
 public:
  explicit FortranOrder(const Dims& dims) : dims_(dims), strides_(dims.size()), index_(dims.size()) {
    int64_t stride = 1;
    for (size_t axis = 0; axis < dims.size(); ++axis) strides_[axis] = std::exchange(stride, stride * dims[axis]);
  }
  /// The place of the next element; called once per element.
  int64_t next() {
    int64_t here = place_;
    for (size_t axis = dims_.size(); axis-- > 0;) {
      place_ += strides_[axis];
      if (++index_[axis] < dims_[axis]) break;
      place_ -= strides_[axis] * dims_[axis];
      index_[axis] = 0;
    }
    return here;
  }

 private:
  const Dims& dims_;
  std::vector<int64_t> strides_, index_;
  int64_t place_ = 0;
};

Tensor read_strings(const NpyHeader& header, std::span<const std::byte> data, int64_t width) {
  Tensor tensor(DType::string, header.dims);
  FortranOrder order(header.dims);
  std::string* out = tensor.mutable_data<std::string>();
  for (int64_t i = 0; i < tensor.size(); ++i) {
    int64_t place = header.fortran ? order.next() : i;
    out[i] = read_string(data.subspan(static_cast<size_t>(place * width), static_cast<size_t>(width)), header);
  }
  return tensor;
}

/// Copies with the order of elements and of bytes put right.
Tensor copy_numbers(const NpyHeader& header, DType dtype, std::span<const std::byte> data) {
  Tensor tensor(dtype, header.dims);
  auto width = static_cast<size_t>(size_of(dtype));
  std::byte* out = tensor.mutable_bytes().data();
  if (!header.fortran) {
    if (!data.empty()) std::memcpy(out, data.data(), data.size());
  } else {
    FortranOrder order(header.dims);
    for (int64_t i = 0; i < tensor.size(); ++i)
      std::memcpy(out + static_cast<size_t>(i) * width, data.data() + static_cast<size_t>(order.next()) * width, width);
  }
  if (header.order == '>') {
    size_t part = header.kind == 'c' ? width / 2 : width;
    for (size_t i = 0; i < data.size(); i += part) std::reverse(out + i, out + i + part);
  }
  return tensor;
}

void check_bools(std::span<const std::byte> data) {
  if (std::any_of(data.begin(), data.end(), [](std::byte b) { return b > std::byte{1}; }))
    fail(ErrorCode::bad_file, "an array of bool holds bytes other than 0 and 1");
}

NpyHeader read_header(ByteReader& file) {
  if (file.left() < 8 || file.text(6) != "\x93NUMPY")
    fail(ErrorCode::bad_file, "not a NumPy array: its first bytes differ");
  uint8_t version = file.number<uint8_t>();
  file.skip(1);
  if (version < 1 || version > 3) fail(ErrorCode::bad_file, "npy version {} is not known; 1 to 3 are", version);
  uint32_t length = version == 1 ? file.number<uint16_t>() : file.number<uint32_t>();
  return parse_npy_header(file.text(length));
}

std::string with_numpy_text(const Tensor& tensor, std::string& header) {
  size_t width = 1;
  std::vector<std::u32string> texts;
  for (const std::string& text : tensor.values<std::string>()) {
    texts.push_back(code_points(text));
    width = std::max(width, texts.back().size());
  }
  header = npy_header("<U" + std::to_string(width), tensor.dims());
  std::string data;
  for (std::u32string& text : texts) {
    text.resize(width);
    data.append(reinterpret_cast<const char*>(text.data()), width * 4);
  }
  return data;
}

/// Calls `write` with the pieces of the tensor's npy file.
template <class F>
void with_npy_pieces(const Tensor& tensor, F write) {
  std::string header, strings;
  std::span<const std::byte> data;
  if (tensor.dtype() == DType::string) {
    strings = with_numpy_text(tensor, header);
    data = std::as_bytes(std::span<const char>(strings));
  } else {
    DType raw = raw_type(tensor.dtype());
    header = npy_header(spelling_of(raw == DType::none ? tensor.dtype() : raw), tensor.dims());
    data = tensor.bytes();
  }
  const std::span<const std::byte> pieces[] = {std::as_bytes(std::span<const char>(header)), data};
  write(std::span<const std::span<const std::byte>>(pieces));
}

bool has_suffix(std::string_view text, std::string_view suffix) {
  return text.size() > suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

/// Gives arrays of bits the type that their `<name>.dtype` entry names, and drops those entries.
void apply_dtypes(NamedTensors& tensors) {
  for (auto it = tensors.begin(); it != tensors.end();) {
    const std::string& name = it->first;
    auto target = has_suffix(name, kDTypeSuffix) ? tensors.find(name.substr(0, name.size() - kDTypeSuffix.size()))
                                                 : tensors.end();
    const Tensor& entry = it->second;
    if (target == tensors.end() || entry.dtype() != DType::string || entry.size() != 1) {
      ++it;
      continue;
    }
    const std::string& spelling = entry.values<std::string>()[0];
    DType dtype = parse_dtype(spelling);
    if (dtype == DType::none) fail(ErrorCode::bad_file, "'{}' names the unknown type '{}'", name, spelling);
    target->second = with_context("'" + target->first + "'", [&] { return from_raw(target->second, dtype); });
    if (target->second.dtype() != dtype)
      fail(ErrorCode::bad_file, "'{}' says {}, but the array holds {}", name, to_string(dtype),
           to_string(target->second.dtype()));
    it = tensors.erase(it);
  }
}

}  // namespace

Tensor from_raw(const Tensor& tensor, DType dtype) {
  DType raw = raw_type(dtype);
  if (raw == DType::none || tensor.dtype() != raw) return tensor;
  int bits = raw_bits(dtype);
  bool is_signed = dtype == DType::i4 || dtype == DType::i2;
  if (bits == 4 || bits == 2)
    for (std::byte b : tensor.bytes()) {
      int value = static_cast<int>(b);
      int limit = 1 << (is_signed ? bits - 1 : bits);
      bool negative = is_signed && value >= 256 - limit;
      if (value >= limit && !negative)
        fail(ErrorCode::bad_file, "the byte {} is no value of type {}", value, to_string(dtype));
    }
  return tensor.retyped(dtype);
}

Tensor parse_npy(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  ByteReader file(bytes, ErrorCode::bad_file, "the npy file");
  NpyHeader header = read_header(file);
  bool is_string = header.kind == 'U' || header.kind == 'S';
  DType dtype = is_string ? DType::string : dtype_of(header);
  int64_t width = header.kind == 'U' ? checked_mul(header.width, 4) : is_string ? header.width : size_of(dtype);
  int64_t count = checked_product(header.dims);
  int64_t expected = checked_mul(count, width);
  if (static_cast<uint64_t>(expected) != file.left() || (width == 0 && count > 0))
    fail(ErrorCode::bad_file, "an array {} of {} takes {} bytes, the file holds {}", dims_to_string(header.dims),
         to_string(dtype), expected, file.left());
  auto data = file.take(static_cast<uint64_t>(expected));
  if (is_string) return read_strings(header, data, width);
  if (dtype == DType::boolean) check_bools(data);
  bool aligned = reinterpret_cast<uintptr_t>(data.data()) % 16 == 0;
  bool as_is = (header.order != '>' || width == 1) && (!header.fortran || header.dims.size() < 2);
  if (as_is && aligned && owner) return Tensor::view(dtype, header.dims, data, std::move(owner));
  return copy_numbers(header, dtype, data);
}

NamedTensors parse_npz(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  NamedTensors tensors;
  for (const ZipEntry& entry : read_zip(bytes)) {
    if (!has_suffix(entry.name, ".npy"))
      fail(ErrorCode::bad_file, "an npz holds .npy arrays only; it has an entry '{}'", entry.name);
    std::string name = entry.name.substr(0, entry.name.size() - 4);
    std::shared_ptr<const void> keeper = entry.inflated ? std::shared_ptr<const void>(entry.inflated) : owner;
    Tensor tensor = with_context("entry '" + name + "'", [&] { return parse_npy(entry.bytes, keeper); });
    if (!tensors.emplace(name, std::move(tensor)).second)
      fail(ErrorCode::bad_file, "the npz has two arrays named '{}'", name);
  }
  apply_dtypes(tensors);
  return tensors;
}

Tensor read_npy(const std::string& path) {
  auto file = MappedFile::open(path);
  return with_context("'" + path + "'", [&] { return parse_npy(file->bytes(), file); });
}

NamedTensors read_npz(const std::string& path) {
  auto file = MappedFile::open(path);
  return with_context("'" + path + "'", [&] { return parse_npz(file->bytes(), file); });
}

void write_npy(const std::string& path, const Tensor& tensor) {
  AtomicFile file(path);
  with_npy_pieces(tensor, [&](auto pieces) {
    for (auto piece : pieces) file.write(piece);
  });
  file.commit();
}

void write_npz(const std::string& path, const NamedTensors& tensors) {
  AtomicFile file(path);
  ZipWriter zip(file);
  for (const auto& entry : tensors) {
    const std::string& name = entry.first;
    const Tensor& tensor = entry.second;
    with_npy_pieces(tensor, [&](auto pieces) { zip.add(name + ".npy", pieces); });
    if (raw_type(tensor.dtype()) == DType::none) continue;
    Tensor dtype = tensor_of<std::string>({1}, {std::string(to_string(tensor.dtype()))});
    with_npy_pieces(dtype, [&](auto pieces) { zip.add(name + std::string(kDTypeSuffix) + ".npy", pieces); });
  }
  zip.finish();
  file.commit();
}

}  // namespace tenon::core

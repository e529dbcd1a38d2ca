#include "onnx/read_tensor.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "onnx/wire.h"

namespace tenon::core {
namespace {

enum TypedField : uint32_t { kFloats = 4, kInt32s = 5, kStrings = 6, kInt64s = 7, kDoubles = 10, kUint64s = 11 };

/// Sparse tensors are filled in, so a small file can ask for much memory.
constexpr int64_t kMaxDenseBytes = int64_t{4} << 30;

int bits_in_file(DType dtype) {
  switch (dtype) {
    case DType::i4:
    case DType::u4:
    case DType::f4e2m1:
      return 4;
    case DType::i2:
    case DType::u2:
      return 2;
    default:
      return static_cast<int>(8 * size_of(dtype));
  }
}

int64_t bytes_in_file(DType dtype, int64_t count) { return (checked_mul(count, bits_in_file(dtype)) + 7) / 8; }

TypedField typed_field(DType dtype) {
  switch (dtype) {
    case DType::f32:
    case DType::c64:
      return kFloats;
    case DType::f64:
    case DType::c128:
      return kDoubles;
    case DType::i64:
      return kInt64s;
    case DType::u32:
    case DType::u64:
      return kUint64s;
    case DType::string:
      return kStrings;
    default:
      return kInt32s;
  }
}

std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// Little end first within a byte, as ONNX packs them.
Tensor unpack(DType dtype, const Dims& dims, std::span<const std::byte> packed) {
  const int bits = bits_in_file(dtype);
  const int per_byte = 8 / bits;
  const int sign = dtype == DType::i4 ? 8 : dtype == DType::i2 ? 2 : 0;
  const int mask = (1 << bits) - 1;
  Tensor tensor(dtype, dims);
  const std::span<std::byte> out = tensor.mutable_bytes();
  for (size_t i = 0; i < out.size(); ++i) {
    const int value = static_cast<int>(packed[i / per_byte]) >> (i % per_byte * bits) & mask;
    out[i] = static_cast<std::byte>((value ^ sign) - sign);
  }
  return tensor;
}

void expect_count(int64_t found, int64_t expected, const Dims& dims) {
  if (found != expected)
    fail(ErrorCode::invalid_model, "its shape {} needs {} stored numbers, but {} are there", dims_to_string(dims),
         expected, found);
}

Tensor from_strings(const OnnxTensor& source, int64_t count) {
  std::vector<std::string_view> values;
  WireReader in(source.message);
  while (in.next()) in.field() == kStrings ? values.push_back(in.bytes()) : in.skip();
  expect_count(static_cast<int64_t>(values.size()), count, source.dims);
  Tensor tensor(DType::string, source.dims);
  for (int64_t i = 0; i < count; ++i) tensor.mutable_data<std::string>()[i] = values[i];
  return tensor;
}

template <class T>
Tensor from_reals(const OnnxTensor& source, DType dtype, int64_t count, TypedField field,
                  const std::shared_ptr<const void>& owner) {
  const int64_t needed = count * size_of(dtype) / static_cast<int64_t>(sizeof(T));
  std::vector<T> values;
  WireReader in(source.message);
  while (in.next()) {
    if (in.field() != field) {
      in.skip();
      continue;
    }
    if (in.is_bytes() && values.empty()) {
      const std::string_view packed = WireReader(in).bytes();
      if (packed.size() == static_cast<size_t>(needed) * sizeof(T))
        return Tensor::view(dtype, source.dims, as_bytes(packed), owner);
    }
    in.reals(values);
  }
  expect_count(static_cast<int64_t>(values.size()), needed, source.dims);
  Tensor tensor(dtype, source.dims);
  if (needed > 0) std::memcpy(tensor.mutable_bytes().data(), values.data(), tensor.mutable_bytes().size());
  return tensor;
}

Tensor from_integers(const OnnxTensor& source, DType dtype, int64_t count, TypedField field) {
  std::vector<int64_t> values;
  WireReader in(source.message);
  while (in.next()) in.field() == field ? in.integers(values) : in.skip();
  const bool packed = bits_in_file(dtype) < 8;
  expect_count(static_cast<int64_t>(values.size()), packed ? bytes_in_file(dtype, count) : count, source.dims);
  if (packed) {
    std::vector<std::byte> bytes;
    for (int64_t v : values) bytes.push_back(static_cast<std::byte>(v));
    return unpack(dtype, source.dims, bytes);
  }
  Tensor tensor(dtype, source.dims);
  std::byte* out = tensor.mutable_bytes().data();
  const int64_t size = size_of(dtype);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t value = dtype == DType::boolean ? values[i] != 0 : values[i];
    std::memcpy(out + i * size, &value, size);
  }
  return tensor;
}

int64_t parse_number(std::string_view text, std::string_view what) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0)
    fail(ErrorCode::bad_external_data, "the {} of its external data is '{}'; a number of bytes was expected", what,
         text);
  return value;
}

std::string context_of(std::string_view name) {
  return name.empty() ? std::string("a tensor") : fmt::format("tensor '{}'", name);
}

}  // namespace

int64_t element_count(std::span<const int64_t> dims) {
  for (int64_t d : dims)
    if (d < 0) fail(ErrorCode::invalid_model, "its shape {} has a negative dimension", dims_to_string(dims));
  const int64_t count = checked_product(dims);
  if (count >= kMaxElements)
    fail(ErrorCode::too_large, "its shape {} means {} elements; the limit is 2^40", dims_to_string(dims), count);
  return count;
}

Tensor TensorSource::read(const OnnxTensor& tensor) {
  return with_context(context_of(tensor.name), [&] { return read_dense(tensor); });
}

Tensor TensorSource::read(const OnnxSparseTensor& tensor) {
  return with_context(context_of(tensor.values.name), [&] { return read_sparse(tensor); });
}

Tensor TensorSource::read_dense(const OnnxTensor& tensor) {
  const DType dtype = require_dtype(tensor.data_type);
  const int64_t count = element_count(tensor.dims);
  if (tensor.has_segment) fail(ErrorCode::invalid_model, "it is stored in segments, which is not supported");
  if (tensor.has_raw || tensor.external) return read_raw(tensor, dtype, count);
  const TypedField field = typed_field(dtype);
  // A message byte holds at most one stored number: this bounds what is allocated for a small file.
  if (bytes_in_file(DType::u2, count) > static_cast<int64_t>(tensor.message.size()))
    expect_count(0, count, tensor.dims);
  switch (field) {
    case kStrings:
      return from_strings(tensor, count);
    case kFloats:
      return from_reals<float>(tensor, dtype, count, field, owner_);
    case kDoubles:
      return from_reals<double>(tensor, dtype, count, field, owner_);
    default:
      return from_integers(tensor, dtype, count, field);
  }
}

Tensor TensorSource::read_raw(const OnnxTensor& tensor, DType dtype, int64_t count) {
  if (dtype == DType::string) fail(ErrorCode::invalid_model, "strings can't be stored as raw or external data");
  const int64_t needed = bytes_in_file(dtype, count);
  std::span<const std::byte> bytes = as_bytes(tensor.raw);
  std::shared_ptr<const void> owner = owner_;
  if (tensor.external) std::tie(bytes, owner) = external_bytes(tensor, needed);
  if (static_cast<int64_t>(bytes.size()) != needed)
    fail(ErrorCode::invalid_model, "its type {}{} needs {} bytes of data, but {} are there", to_string(dtype),
         dims_to_string(tensor.dims), needed, bytes.size());
  if (bits_in_file(dtype) < 8) return unpack(dtype, tensor.dims, bytes);
  const auto is_bool = [](std::byte b) { return b <= std::byte{1}; };
  if (dtype != DType::boolean || std::all_of(bytes.begin(), bytes.end(), is_bool))
    return Tensor::view(dtype, tensor.dims, bytes, owner);
  Tensor clean(dtype, tensor.dims);
  std::transform(bytes.begin(), bytes.end(), clean.mutable_bytes().begin(),
                 [](std::byte b) { return b == std::byte{0} ? b : std::byte{1}; });
  return clean;
}

std::pair<std::span<const std::byte>, std::shared_ptr<const void>> TensorSource::external_bytes(
    const OnnxTensor& tensor, int64_t size) {
  std::string location;
  int64_t offset = 0;
  int64_t length = size;
  for (const auto& [key, value] : tensor.external_data) {
    if (key == "location") location = value;
    if (key == "offset") offset = parse_number(value, key);
    if (key == "length") length = parse_number(value, key);
  }
  if (location.empty()) fail(ErrorCode::bad_external_data, "its external data names no file");
  if (folder_.empty())
    fail(ErrorCode::bad_external_data, "its data is in the file '{}', but the model was given without a folder",
         location);
  auto file = files_.find(location);
  if (file == files_.end()) file = files_.emplace(location, MappedFile::open_beneath(folder_, location)).first;
  const std::span<const std::byte> all = file->second->bytes();
  if (length != size)
    fail(ErrorCode::bad_external_data, "it needs {} bytes, but its entry for the file '{}' says {}", size, location,
         length);
  const auto available = static_cast<int64_t>(all.size());
  if (offset > available || length > available - offset)
    fail(ErrorCode::bad_external_data,
         "it needs {} bytes from byte {} on of the file '{}', which has only {}; copy it again", length, offset,
         location, available);
  return {all.subspan(offset, length), file->second};
}

Tensor TensorSource::read_sparse(const OnnxSparseTensor& tensor) {
  const Tensor values = read_dense(tensor.values);
  const Tensor indices = read_dense(tensor.indices);
  const int64_t count = element_count(tensor.dims);
  const int64_t stored = values.size();
  const auto rank = static_cast<int64_t>(tensor.dims.size());
  const bool linear = indices.rank() == 1 && indices.size() == stored;
  const bool by_axis = indices.rank() == 2 && indices.dim(0) == stored && indices.dim(1) == rank;
  if (values.dtype() == DType::string) fail(ErrorCode::invalid_model, "sparse tensors of strings are not supported");
  if (values.rank() != 1 || indices.dtype() != DType::i64 || !(linear || by_axis))
    fail(ErrorCode::invalid_model,
         "a sparse tensor needs values of shape [n] and i64 indices of shape [n] or [n,{}], but has values {} and "
         "indices {}{}",
         rank, dims_to_string(values.dims()), to_string(indices.dtype()), dims_to_string(indices.dims()));
  const int64_t size = size_of(values.dtype());
  if (checked_mul(count, size) > kMaxDenseBytes)
    fail(ErrorCode::too_large, "filled in, the sparse tensor {} takes {} bytes; the limit is {}",
         dims_to_string(tensor.dims), count * size, kMaxDenseBytes);
  const std::vector<int64_t> at = to_int64s(indices);
  Tensor dense(values.dtype(), tensor.dims);
  for (int64_t i = 0; i < stored; ++i) {
    int64_t position = linear ? at[i] : 0;
    for (int64_t axis = 0; by_axis && !linear && axis < rank; ++axis) {
      const int64_t index = at[i * rank + axis];
      if (index < 0 || index >= tensor.dims[axis]) position = -1;
      if (position >= 0) position = position * tensor.dims[axis] + index;
    }
    if (position < 0 || position >= count)
      fail(ErrorCode::invalid_model, "index {} of the sparse tensor is outside its shape {}", i,
           dims_to_string(tensor.dims));
    std::memcpy(dense.mutable_bytes().data() + position * size, values.bytes().data() + i * size, size);
  }
  return dense;
}

}  // namespace tenon::core

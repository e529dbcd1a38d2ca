#include "nvonnxparser/model_bytes.h"

#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace tenon::adapter {

using core::fail;

namespace {

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

ModelBytes copy_model(const void* bytes, size_t size, const char* path) {
  if (!bytes || size == 0) fail(ErrorCode::not_onnx, "the serialized model is empty: expected the bytes of an ONNX file");
  const auto copy = std::make_shared<std::vector<std::byte>>(size);
  std::memcpy(copy->data(), bytes, size);
  return {copy, *copy, path ? folder_of(path) : "."};
}

ModelBytes map_model(const char* path) {
  if (!path || !*path) fail(ErrorCode::bad_file, "the path of the model is empty");
  const auto file = core::MappedFile::open(path);
  return {file, file->bytes(), folder_of(path)};
}

}  // namespace tenon::adapter

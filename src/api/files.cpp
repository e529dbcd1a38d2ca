#include "tenon/files.h"

#include "api/convert.h"
#include "base/file.h"
#include "base/sha256.h"
#include "ir/npy.h"

namespace tenon {

Tensor load_npy(const std::string& path) { return core::to_public(core::read_npy(path)); }

NamedTensors load_npz(const std::string& path) {
  NamedTensors tensors;
  for (const auto& entry : core::read_npz(path)) tensors.emplace(entry.first, core::to_public(entry.second));
  return tensors;
}

void save_npy(const std::string& path, const Tensor& tensor) { core::write_npy(path, core::to_core(tensor)); }

void save_npz(const std::string& path, const NamedTensors& tensors) {
  core::NamedTensors converted;
  for (const auto& entry : tensors) converted.emplace(entry.first, core::to_core(entry.second));
  core::write_npz(path, converted);
}

Tensor from_raw_bits(const Tensor& tensor, DType dtype) {
  return core::to_public(core::from_raw(core::to_core(tensor), dtype));
}

void save_text(const std::string& path, const std::string& text) {
  core::AtomicFile file(path);
  file.write(text);
  file.commit();
}

std::string load_text(const std::string& path) { return core::read_text_file(path); }

std::string file_sha256(const std::string& path) { return core::sha256(core::MappedFile::open(path)->bytes()); }

}  // namespace tenon

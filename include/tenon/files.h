#pragma once
#include <map>
#include <string>

#include "tenon/export.h"
#include "tenon/tensor.h"

namespace tenon {

using NamedTensors = std::map<std::string, Tensor>;

/// NumPy's files. Keys of an npz are exact tensor names. Types NumPy lacks (bf16, the 8-, 4- and 2-bit ones) travel as their
/// bits in uint16 or uint8, one element each; an npz names their type in a string array `<name>.dtype`.
TENON_API Tensor load_npy(const std::string& path);
TENON_API NamedTensors load_npz(const std::string& path);
TENON_API void save_npy(const std::string& path, const Tensor&);
TENON_API void save_npz(const std::string& path, const NamedTensors&);
/// A tensor of raw bits under the type they stand for; other tensors as they are. Fails for bits that are no value.
TENON_API Tensor from_raw_bits(const Tensor&, DType);

/// Writes beside `path` and renames; fails with ErrorCode::write_failed, the old file unchanged.
TENON_API void save_text(const std::string& path, const std::string& text);
TENON_API std::string load_text(const std::string& path);
/// SHA-256 of a file, 64 hex digits.
TENON_API std::string file_sha256(const std::string& path);

}  // namespace tenon

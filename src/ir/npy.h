#pragma once
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ir/tensor.h"

namespace tenon::core {

/// NumPy's files. Types NumPy lacks (bf16, the 8-, 4- and 2-bit ones) travel as their bits in uint16 or uint8, one
/// element each (4- and 2-bit integers sign-extended to a byte); an npz then also has a one-element string array
/// `<name>.dtype`. Strings are NumPy's fixed-width unicode arrays. Everything malformed fails with bad_file.

using NamedTensors = std::map<std::string, Tensor>;

/// `owner` keeps `bytes` alive; large tensors become views.
Tensor parse_npy(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);
NamedTensors parse_npz(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);

Tensor read_npy(const std::string& path);
NamedTensors read_npz(const std::string& path);
void write_npy(const std::string& path, const Tensor&);
void write_npz(const std::string& path, const NamedTensors&);

/// The tensor under `dtype` when that is a type NumPy lacks and the tensor holds its bits; fails when a value is not
/// one of that type. Other tensors are returned as they are.
Tensor from_raw(const Tensor&, DType dtype);

}  // namespace tenon::core

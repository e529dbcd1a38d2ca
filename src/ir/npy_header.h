#pragma once
#include <string>
#include <string_view>

#include "ir/tensor.h"

namespace tenon::core {

/// What the text in front of an npy array says.
struct NpyHeader {
  char order = '|';   // '<', '>' or '|'
  char kind = 0;      // NumPy's type letter: f i u b c U S
  int64_t width = 0;  // bytes of one element; characters for U
  bool fortran = false;
  Dims dims;
};
NpyHeader parse_npy_header(std::string_view text);
/// Magic, version, length and text, padded so that the data starts at a multiple of 64.
std::string npy_header(std::string_view type, const Dims& dims);

}  // namespace tenon::core

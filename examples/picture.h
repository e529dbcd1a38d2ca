#pragma once
#include <cstdint>
#include <string>
#include <vector>

/// Rows of red, green, blue bytes.
struct Picture {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;
};

/// A PNG file of any kind, without its transparency. Throws std::runtime_error naming the file.
Picture read_png(const std::string& path);

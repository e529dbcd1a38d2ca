#pragma once
#include <filesystem>

namespace tenon::core {

/// The folder of the library (or program) that this code is part of.
std::filesystem::path own_folder();

}  // namespace tenon::core

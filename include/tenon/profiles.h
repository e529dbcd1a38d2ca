#pragma once
#include <map>
#include <string>
#include <vector>

#include "tenon/engine.h"

namespace tenon {

/// A file may hold several engines of one model over the same weights, each for dims of its own: the optimization profiles
/// of the nvinfer1 API. Engine::load takes the first.
struct ProfileOptions {
  std::vector<std::map<std::string, ShapeRange>> profiles = {{}};  // in place of BuildOptions::shapes
  int64_t max_workspace = -1;  // bytes that one kernel may ask for while it runs; -1: no limit
};

/// An engine for each profile. As Engine::build.
TENON_API std::vector<Engine> build_profiles(const std::string& onnx_path, const BuildOptions&, const ProfileOptions&);
TENON_API std::vector<Engine> load_profiles(const std::string& path, const LoadOptions& = {});
TENON_API void save_profiles(const std::vector<Engine>&, const std::string& path);

}  // namespace tenon

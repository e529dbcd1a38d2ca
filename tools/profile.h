#pragma once
#include <string>
#include <vector>

#include "session.h"
#include "tenon/engine.h"

namespace tenon::cli {

/// Layers by time, with shares of the sum.
void print_profile(const std::vector<LayerInfo>&);

/// A layer's time as profile files hold it.
struct LayerTime {
  std::string name;
  double us = 0;
};
/// From an envelope's `layers`, or from a list of {"name", "medianMs" | "averageMs" | "timeMs"}. Fails with bad_file.
std::vector<LayerTime> load_profile(const std::string& path);
std::vector<LayerTime> times_of(const std::vector<LayerInfo>&);

}  // namespace tenon::cli

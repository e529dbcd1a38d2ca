#include "profile.h"

#include <fmt/format.h>

#include <algorithm>

#include "tenon/files.h"

namespace tenon::cli {
namespace {

/// Thousands of millions a second; nothing where that says nothing.
std::string rate(int64_t count, double us) {
  return count > 0 && us > 0 ? fmt::format("{:.1f}", static_cast<double>(count) / us * 1e-3) : "";
}

}  // namespace

void print_profile(const std::vector<LayerInfo>& layers) {
  // Each layer of the graph, followed by those of its bodies.
  std::vector<std::vector<const LayerInfo*>> sorted;
  double total = 0, gflop = 0;
  for (const LayerInfo& layer : layers) {
    if (layer.depth == 0 || sorted.empty()) sorted.emplace_back();
    sorted.back().push_back(&layer);
    if (layer.depth > 0) continue;
    total += layer.us;
    gflop += static_cast<double>(layer.flops) * 1e-9;
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a[0]->us > b[0]->us; });
  fmt::print("\n{:>10}  {:>6}  {:>9}  {:>7}  {:<10}  {:<34}  {}\n", "us", "share", "GFLOP/s", "GB/s", "operation", "kernel", "layer");
  for (const auto& group : sorted)
    for (const LayerInfo* layer : group)
      fmt::print("{:>10.1f}  {:>5.1f}%  {:>9}  {:>7}  {:<10}  {:<34}  {}\n", layer->us, total > 0 ? layer->us / total * 100 : 0,
               rate(layer->flops, layer->us), rate(layer->bytes, layer->us), layer->operation,
               layer->kernel.substr(0, layer->kernel.find(' ')), std::string(2 * layer->depth, ' ') + layer->name);
  fmt::print("{:>10.1f}  sum of the layers, {:.3f} GFLOP\n", total, gflop);
}

std::vector<LayerTime> times_of(const std::vector<LayerInfo>& layers) {
  std::vector<LayerTime> times;
  for (const LayerInfo& layer : layers)
    if (layer.depth == 0) times.push_back({layer.name, layer.us});
  return times;
}

std::vector<LayerTime> load_profile(const std::string& path) {
  Json json = Json::parse(load_text(path), nullptr, false);
  const Json* list = json.is_object() && json.contains("layers") ? &json["layers"] : &json;
  if (!list->is_array())
    throw Error(ErrorCode::bad_file,
                fmt::format("'{}' is no profile: an envelope with `layers` or a list was expected", path));
  std::vector<LayerTime> times;
  for (const Json& layer : *list) {
    if (!layer.is_object() || !layer.contains("name") || !layer["name"].is_string()) continue;
    if (layer.contains("depth") && layer["depth"].is_number() && layer["depth"].get<double>() > 0) continue;
    for (const auto& field :
         {std::pair("us", 1.0), std::pair("medianMs", 1e3), std::pair("averageMs", 1e3), std::pair("timeMs", 1e3)}) {
      if (!layer.contains(field.first) || !layer[field.first].is_number()) continue;
      times.push_back({layer["name"].get<std::string>(), layer[field.first].get<double>() * field.second});
      break;
    }
  }
  if (times.empty()) throw Error(ErrorCode::bad_file, fmt::format("'{}' holds no times of layers", path));
  return times;
}

}  // namespace tenon::cli

#include "build/choose_formats.h"

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "build/reformat.h"

namespace tenon::core {
namespace {

std::vector<MemoryFormat> allowed_formats(const std::string& tensor, const std::vector<std::string>& names) {
  std::vector<MemoryFormat> formats;
  std::string of_dla;
  for (const std::string& name : names) {
    const auto format = parse_memory_format(name);
    if (!format) fail(ErrorCode::usage, "'{}': expected a memory format such as chw, hwc, hwc8 or chw4, found '{}'", tensor, name);
    if (is_of_dla(*format)) of_dla = name;
    else formats.push_back(*format);
  }
  if (formats.empty() && !of_dla.empty()) fail(ErrorCode::usage, "'{}': the memory format {} is one of DLA cores, and there are none: allow another", tensor, of_dla);
  if (formats.empty()) formats.push_back(MemoryFormat::linear);
  std::stable_partition(formats.begin(), formats.end(), [](MemoryFormat f) { return f == MemoryFormat::linear; });
  return formats;
}

/// The way from an input or output to the first kernel that is no reformat.
struct Way {
  std::vector<std::pair<std::string, std::string>> copies;  // steps: name, kernel
  Value dense;                                              // the value that the kernel reads or writes
  Layout layout;                                            // in this order
  std::string neighbour;                                    // empty: none
};

class Walker {
 public:
  explicit Walker(const Built& built) : g_(built.program->graph()), offers_(built.program->choices().offers) {}

  Way from_input(Value v) const {
    Way way{{}, v, {}, ""};
    Format format;
    while (!g_.uses(v).empty()) {
      const Use use = g_.uses(v)[0];
      const Offer& offer = offers_[static_cast<size_t>(use.user)];
      const Format& read = offer.in[static_cast<size_t>(use.input)];
      if (read != format) way.copies.emplace_back("reorder for " + g_.display_name(use.user), "reorder");
      way = {std::move(way.copies), v, read.layout, g_.display_name(use.user)};
      if (!is_reformat(g_, use.user)) break;
      note(way, use.user);
      v = {use.user, 0};
      format = offer.out[0];
    }
    return way;
  }

  Way from_output(Value v) const {
    Way way{{}, v, {}, ""};
    Format wanted;
    while (!g_.node(v.node).as<InputOp>() && !g_.node(v.node).as<ConstantOp>()) {
      const Offer& offer = offers_[static_cast<size_t>(v.node)];
      const Format& written = offer.out[static_cast<size_t>(v.output)];
      if (written != wanted) way.copies.emplace_back("reorder of " + g_.display_name(v.node), "reorder");
      way = {std::move(way.copies), v, written.layout, g_.display_name(v.node)};
      if (!is_reformat(g_, v.node)) break;
      note(way, v.node);
      wanted = offer.in[0];
      v = g_.node(v.node).inputs[0];
    }
    return way;
  }

  std::optional<Way> of(const std::string& name) const {
    for (size_t i = 0; i < g_.inputs().size(); ++i)
      if (g_.input_name(static_cast<int>(i)) == name) return from_input(g_.inputs()[i]);
    for (size_t i = 0; i < g_.outputs().size(); ++i)
      if (g_.output_name(static_cast<int>(i)) == name) return from_output(g_.outputs()[i]);
    return std::nullopt;
  }

 private:
  void note(Way& way, NodeId id) const {
    const Offer& offer = offers_[static_cast<size_t>(id)];
    if (offer.share != Share::view) way.copies.emplace_back(g_.display_name(id), offer.tactic);
  }
  const Graph& g_;
  const std::vector<Offer>& offers_;
};

/// Whether a kernel that has `shape` in this order takes the format's bytes as they are.
bool fits_kernel(MemoryFormat format, const Shape& shape, const Layout& layout) {
  if (format == MemoryFormat::linear) return layout.row_major();
  const FormatTraits t = traits(format);
  const int rank = static_cast<int>(shape.size());
  if (!t.channels_last || rank - t.axis_from_end != 1 || layout != channels_last(rank)) return false;
  return t.components == 1 || (shape[1].is_const() && shape[1].value() % t.components == 0);
}

bool can_have(MemoryFormat format, const Shape& shape) {
  const FormatTraits t = traits(format);
  const int axis = static_cast<int>(shape.size()) - t.axis_from_end;
  return axis >= 0 && (t.components == 1 || shape[static_cast<size_t>(axis)].is_const());
}

/// Channels that are stored for each channel.
double padding(MemoryFormat format, const Shape& shape) {
  const FormatTraits t = traits(format);
  if (t.components == 1) return 1;
  const int64_t channels = shape[shape.size() - static_cast<size_t>(t.axis_from_end)].value();
  return channels == 0 ? 1 : static_cast<double>((channels + t.components - 1) / t.components * t.components) / static_cast<double>(channels);
}

MemoryFormat best_of(std::vector<MemoryFormat> formats, const Shape& shape, const Layout& layout) {
  std::vector<MemoryFormat> possible;
  std::copy_if(formats.begin(), formats.end(), std::back_inserter(possible), [&](MemoryFormat f) { return can_have(f, shape); });
  if (possible.empty()) return formats[0];  // the build says why it can't be
  return *std::min_element(possible.begin(), possible.end(), [&](MemoryFormat a, MemoryFormat b) {
    const auto cost = [&](MemoryFormat f) { return std::tuple(!fits_kernel(f, shape, layout), padding(f, shape)); };
    return cost(a) < cost(b);
  });
}

/// The format whose bytes the kernel takes as they are.
MemoryFormat taken_by(const Shape& shape, const Layout& layout) {
  return fits_kernel(MemoryFormat::hwc, shape, layout) ? MemoryFormat::hwc : fits_kernel(MemoryFormat::dhwc, shape, layout) ? MemoryFormat::dhwc : MemoryFormat::linear;
}

}  // namespace

ChosenFormats first_formats(const BuildOptions& options) {
  ChosenFormats chosen;
  for (const auto& [name, formats] : options.io_formats) chosen[name] = allowed_formats(name, formats)[0];
  return chosen;
}

bool leaves_choice(const BuildOptions& options) {
  return std::any_of(options.io_formats.begin(), options.io_formats.end(), [](const auto& entry) { return allowed_formats(entry.first, entry.second).size() > 1; });
}

ChosenFormats fitting_formats(const Built& trial, const BuildOptions& options) {
  const Walker walker(trial);
  ChosenFormats chosen;
  for (const auto& [name, names] : options.io_formats) {
    const auto formats = allowed_formats(name, names);
    chosen[name] = formats[0];
    const auto way = walker.of(name);
    if (!way) continue;  // the trial has failed on it
    const Type& type = trial.program->graph().type(way->dense);
    if (type.is_tensor() && type.ranked) chosen[name] = best_of(formats, type.shape, way->layout);
  }
  return chosen;
}

void tell_boundary_copies(Built& built, const BuildOptions& options, const Log& log) {
  const Walker walker(built);
  for (const auto& entry : options.io_formats) {
    const auto way = walker.of(entry.first);
    if (!way || way->copies.empty()) continue;
    const auto io = built.data.io_formats.find(entry.first);
    const Type& type = built.program->graph().type(way->dense);
    std::string steps;
    for (const auto& [name, kernel] : way->copies) steps += fmt::format("{}'{}' ({})", steps.empty() ? "" : ", ", name, kernel);
    const std::string needs_none = type.is_tensor() && type.ranked ? fmt::format("; {} would need none", to_string(taken_by(type.shape, way->layout))) : "";
    built.report.warnings.push_back(fmt::format("direct I/O: no kernel takes tensor '{}' in the format {}: the cheapest reformat is {}, and '{}' has it in the order {}{}", entry.first,
                                                to_string(io == built.data.io_formats.end() ? MemoryFormat::linear : io->second.format), steps, way->neighbour,
                                                way->layout.str(), needs_none));
    log.warning("build", "{}", built.report.warnings.back());
  }
}

}  // namespace tenon::core

#include "build_flags.h"

#include <fmt/format.h>

#include "arguments.h"
#include "nearest.h"
#include "tenon/error.h"
#include "tenon/system.h"

namespace tenon::cli {
namespace {

/// TF32 is no storage type: f32 values, whose products may be rounded.
std::vector<DType> parse_precisions(const std::string& text, bool& tf32) {
  tf32 = text == "best";
  if (tf32) return {DType::f16, DType::bf16};
  std::vector<DType> types;
  for (const std::string& word : split(text, ',')) {
    if (word == "tf32") {
      tf32 = true;
      continue;
    }
    DType type = parse_dtype(word);
    bool known = type == DType::f32 || type == DType::f16 || type == DType::bf16;
    if (!known)
      throw Error(ErrorCode::usage, fmt::format("--precision: f32, tf32, bf16, f16 or best was expected, found '{}'", word));
    if (type != DType::f32) types.push_back(type);
  }
  return types;
}

/// "+CUDNN,-CUBLAS_LT": changes to the set of all sources.
uint32_t parse_sources(const std::string& text) {
  static const std::map<std::string, uint32_t> bits{
      {"CUBLAS", 1}, {"CUBLAS_LT", 2}, {"CUDNN", 4}, {"EDGE_MASK_CONVOLUTIONS", 8}, {"JIT_CONVOLUTIONS", 16}};
  uint32_t sources = ~0u;
  for (const std::string& word : split(text, ',')) {
    const auto found = word.empty() ? bits.end() : bits.find(word.substr(1));
    if (found == bits.end() || (word[0] != '+' && word[0] != '-'))
      throw Error(ErrorCode::usage,
                  fmt::format("--tactic-sources: + or - and CUBLAS, CUBLAS_LT, CUDNN, EDGE_MASK_CONVOLUTIONS or "
                              "JIT_CONVOLUTIONS was expected, found '{}'",
                              word));
    sources = word[0] == '+' ? sources | found->second : sources & ~found->second;
  }
  return sources;
}

/// Takes the first of the shapes that is given.
const Dims& first_of(const std::map<std::string, Dims>& a, const std::map<std::string, Dims>& b,
                     const std::map<std::string, Dims>& c, const std::string& name) {
  for (const auto* shapes : {&a, &b, &c}) {
    auto found = shapes->find(name);
    if (found != shapes->end()) return found->second;
  }
  throw Error(ErrorCode::internal, "a shape that was not given");
}

void check_range(const std::string& name, const ShapeRange& range) {
  bool ordered = range.min.size() == range.opt.size() && range.opt.size() == range.max.size();
  for (size_t i = 0; ordered && i < range.opt.size(); ++i)
    ordered = range.min[i] <= range.opt[i] && range.opt[i] <= range.max[i];
  if (!ordered)
    throw Error(ErrorCode::usage,
                fmt::format("the shapes of '{}' must have one rank and min <= opt <= max; found {}, {} and {}", name,
                            dims_text(range.min), dims_text(range.opt), dims_text(range.max)));
}

}  // namespace

void BuildFlags::add(CLI::App& app, Reference reference) {
  app_ = &app;
  auto group = [](CLI::Option* option, const char* name) { return option->group(name); };
  app.add_option("--device", device_, "cpu, cuda or auto (cuda if usable, else cpu)");
  app.add_option("--threads", threads_, "Threads to use; 0: all cores this process may use")
      ->check(at_least(0));
  app.add_option("--shapes", shapes_, "Shapes of the inputs: name:1x3x224x224,other:1")->type_name("SHAPES");

  app.add_option("--device-memory-limit", device_memory_, "Most memory to take from the GPU: 4G")->type_name("SIZE");
  app.add_option("--profiling-verbosity", verbosity_, "none, names (default) or detailed: what profilers are told; none leaves layer names out of the engine")
      ->check(CLI::IsMember({"none", "names", "detailed"}));

  const char* build = "Building";
  group(app.add_option("--min-shapes", min_shapes_, "Smallest shapes the engine takes")->type_name("SHAPES"), build);
  group(app.add_option("--opt-shapes", opt_shapes_, "Shapes it is tuned for")->type_name("SHAPES"), build);
  group(app.add_option("--max-shapes", max_shapes_, "Largest shapes it takes")->type_name("SHAPES"), build);
  group(app.add_option("--precision", precision_, "Types allowed besides f32: tf32, bf16, f16, or best"), build);
  group(app.add_option("--opt-level", opt_level_, "0: first offers, 3: measured, 5: measured longest")
            ->check(CLI::Range(0, 5)),
        build);
  group(app.add_option("--time-limit", time_limit_, "Stop measuring after this long: 30, 2m")->type_name("TIME"),
        build);
  group(app.add_option("--max-memory", max_memory_, "Most memory for tensors, packed weights and workspace: 4G")
            ->type_name("SIZE"),
        build);
  group(app.add_option("--timing-cache", timing_cache_, "Read and write measurements here")->type_name("FILE"), build);
  group(app.add_option("--tactic-sources", tactic_sources_, "Libraries of a GPU to use or not: -CUDNN,-CUBLAS_LT")
            ->type_name("SOURCES"),
        build);
  group(app.add_flag("--build-lock,!--no-build-lock", build_lock_, "Other builds on the GPU wait while this one measures"), build);
  group(app.add_flag("--verify,!--no-verify", verify_, "Compare with the reference executor"), build);
  group(app.add_flag("--deterministic", deterministic_, "Results independent of the number of threads"), build);
  group(app.add_flag("--exact", exact_, "No rewrite or kernel that changes the order of sums"), build);
  group(app.add_flag("--strict-nan", strict_nan_, "No rewrite that is wrong for NaN; weights that are NaN or infinite are kept"), build);
  group(app.add_option("--mark-output", mark_outputs_, "Also output this tensor, or all; repeatable")
            ->type_name("NAME")
            ->allow_extra_args(false),
        build);

  group(app.add_option("--io-formats", io_formats_, "Memory formats that inputs and outputs may have: name:chw4,other:chw+hwc8")->type_name("FORMATS"), build);
  group(app.add_option("--io-types", io_types_, "Inputs and outputs of another type than in the model: name:f16")->type_name("TYPES"), build);

  const char* debug = "Finding faults";
  group(app.add_option("--disable-pass", disabled_passes_, "Leave out this pass; repeatable")
            ->type_name("NAME")
            ->allow_extra_args(false),
        debug);
  group(app.add_option("--stop-after-rewrite", stop_after_rewrite_, "Apply only the first N rewrites"), debug);
  group(app.add_option("--chaos-seed", chaos_seed_, "Take random kernels instead of the best"), debug);
  if (reference == Reference::yes)
    group(app.add_flag("--reference", reference_, "Run the reference executor: no rewrites, slow and right"), debug);
}

std::map<std::string, ShapeRange> BuildFlags::shape_ranges() const {
  auto parse = [](const char* flag, const std::string& text) {
    return text.empty() ? std::map<std::string, Dims>{} : parse_shapes(flag, text);
  };
  auto fixed = parse("--shapes", shapes_), min = parse("--min-shapes", min_shapes_);
  auto opt = parse("--opt-shapes", opt_shapes_), max = parse("--max-shapes", max_shapes_);
  std::map<std::string, ShapeRange> ranges;
  for (const auto* shapes : {&min, &opt, &max})
    for (const auto& entry : *shapes) {
      const std::string& name = entry.first;
      if (fixed.count(name))
        throw Error(ErrorCode::usage,
                    fmt::format("'{}' has one shape from --shapes and a range from --min/--opt/--max-shapes; "
                                "give one of them",
                                name));
      ranges[name] = {first_of(min, opt, max, name), first_of(opt, max, min, name), first_of(max, opt, min, name)};
    }
  for (const auto& entry : fixed) ranges[entry.first] = {entry.second, entry.second, entry.second};
  for (const auto& entry : ranges) check_range(entry.first, entry.second);
  return ranges;
}

BuildOptions BuildFlags::options(Session& session) const {
  BuildOptions options;
  options.device = device_;
  options.shapes = shape_ranges();
  if (!precision_.empty()) options.precisions = parse_precisions(precision_, options.tf32);
  if (!tactic_sources_.empty()) options.tactic_sources = parse_sources(tactic_sources_);
  options.opt_level = opt_level_;
  if (!time_limit_.empty()) options.time_limit = parse_seconds("--time-limit", time_limit_, 1);
  if (!max_memory_.empty()) options.max_memory = parse_bytes("--max-memory", max_memory_);
  if (!io_formats_.empty()) options.io_formats = parse_io_formats("--io-formats", io_formats_);
  if (!io_types_.empty()) options.io_types = parse_io_types("--io-types", io_types_);
  options.timing_cache = timing_cache_;
  options.verbosity = verbosity();
  limit_memory();
  options.verify = verify_ && !reference_;
  options.build_lock = build_lock_;
  options.deterministic = deterministic_;
  options.exact = exact_;
  options.strict_nan = strict_nan_;
  options.mark_outputs = mark_outputs_;
  options.threads = threads_;
  options.reference = reference_;
  options.disabled_passes = disabled_passes_;
  options.stop_after_rewrite = stop_after_rewrite_;
  options.chaos_seed = chaos_seed_;
  options.log = session.console.sink();
  options.log_level = session.console.level();
  options.progress = [&console = session.console](const Progress& p) { console.progress(p); };
  options.cancelled = interrupted;
  return options;
}

LoadOptions BuildFlags::load_options(Session& session) const {
  LoadOptions options;
  limit_memory();
  options.device = device_;
  options.threads = threads_;
  options.log = session.console.sink();
  return options;
}

Verbosity BuildFlags::verbosity() const {
  return verbosity_ == "none" ? Verbosity::none : verbosity_ == "detailed" ? Verbosity::detailed : Verbosity::names;
}

void BuildFlags::limit_memory() const {
  if (!device_memory_.empty()) set_device_memory_limit(device_, parse_bytes("--device-memory-limit", device_memory_));
}

std::vector<std::string> BuildFlags::given_build_only() const {
  std::vector<std::string> given;
  for (const CLI::Option* option : app_->get_options())
    if (option->count() > 0 && (option->get_group() == "Building" || option->get_group() == "Finding faults"))
      given.push_back(option->get_name());
  return given;
}

}  // namespace tenon::cli

#include "nvinfer1/plan.h"

#include <numeric>

#include "api/engine_impl.h"
#include "base/bytes.h"
#include "base/error.h"
#include "engine/format.h"
#include "engine/graph_codec.h"

namespace tenon::adapter {

using core::ByteReader;
using core::ByteWriter;

namespace {

constexpr uint32_t kInfoVersion = 1;

template <class T, class F>
void write_list(ByteWriter& w, const std::vector<T>& list, F write) {
  w.u32(static_cast<uint32_t>(list.size()));
  for (const T& item : list) write(item);
}

template <class T, class F>
void read_list(ByteReader& r, std::vector<T>& list, F read) {
  list.resize(core::read_count(r, 1));
  for (T& item : list) read(item);
}

void write_dims(ByteWriter& w, const std::vector<int32_t>& dims) {
  write_list(w, dims, [&](int32_t d) { w.u32(static_cast<uint32_t>(d)); });
}

void read_dims(ByteReader& r, std::vector<int32_t>& dims) {
  read_list(r, dims, [&](int32_t& d) { d = r.number<int32_t>(); });
}

void write_texts(ByteWriter& w, const std::vector<std::string>& texts) {
  write_list(w, texts, [&](const std::string& t) { w.text(t); });
}

void read_texts(ByteReader& r, std::vector<std::string>& texts) {
  read_list(r, texts, [&](std::string& t) { t = core::read_text(r); });
}

void write_tensor(ByteWriter& w, const PlanTensor& t) {
  w.text(t.name);
  w.u8(t.is_input);
  w.u32(static_cast<uint32_t>(t.type));
  write_dims(w, t.dims);
  write_texts(w, t.dim_names);
  w.u8(t.on_host);
  w.u8(t.shape_io);
  w.u8(t.execution);
  w.u32(t.formats);
}

void read_tensor(ByteReader& r, PlanTensor& t) {
  t.name = core::read_text(r);
  t.is_input = r.number<uint8_t>() != 0;
  t.type = r.number<int32_t>();
  read_dims(r, t.dims);
  read_texts(r, t.dim_names);
  t.on_host = r.number<uint8_t>() != 0;
  t.shape_io = r.number<uint8_t>() != 0;
  t.execution = r.number<uint8_t>() != 0;
  t.formats = r.number<uint32_t>();
  if (t.dims.size() > 8) core::corrupt(fmt::format("tensor '{}' has {} dims", t.name, t.dims.size()));
  t.dim_names.resize(t.dims.size());
}

void write_shapes(ByteWriter& w, const std::map<std::string, PlanProfile::Shapes>& shapes) {
  w.u32(static_cast<uint32_t>(shapes.size()));
  for (const auto& [name, s] : shapes) {
    w.text(name);
    for (const auto* dims : {&s.min, &s.opt, &s.max}) write_dims(w, *dims);
  }
}

void read_shapes(ByteReader& r, std::map<std::string, PlanProfile::Shapes>& shapes) {
  const uint32_t count = core::read_count(r, 16);
  for (uint32_t i = 0; i < count; ++i) {
    PlanProfile::Shapes& s = shapes[core::read_text(r)];
    for (auto* dims : {&s.min, &s.opt, &s.max}) read_dims(r, *dims);
    if (s.min.size() != s.opt.size() || s.max.size() != s.opt.size()) core::corrupt("a profile's shapes differ in rank");
  }
}

core::IoFormat io_format_of(const TensorInfo& info) {
  if (info.format.empty()) return {};
  return {core::parse_memory_format(info.format).value(), info.channels};
}

/// Shapes from the core's profile, for an engine that no network of the API made.
PlanProfile profile_of(const std::vector<TensorInfo>& inputs) {
  PlanProfile profile;
  for (const TensorInfo& t : inputs) {
    auto& s = profile.dims[t.name];
    for (auto [from, to] : {std::pair(&t.range.min, &s.min), std::pair(&t.range.opt, &s.opt), std::pair(&t.range.max, &s.max)})
      for (int64_t d : core::dense_dims(io_format_of(t), *from)) to->push_back(static_cast<int32_t>(std::min<int64_t>(d, INT32_MAX)));
  }
  return profile;
}

PlanTensor tensor_of(const TensorInfo& info, bool is_input) {
  PlanTensor t;
  t.name = info.name;
  t.is_input = is_input;
  t.type = api_type(info.dtype);
  t.formats = 1U << static_cast<uint32_t>(io_format_of(info).format);
  for (int64_t d : core::dense_dims(io_format_of(info), info.dims)) t.dims.push_back(static_cast<int32_t>(d));
  std::vector<int64_t> axes(info.dims.size());
  std::iota(axes.begin(), axes.end(), 0);
  for (int64_t axis : core::dense_dims({io_format_of(info).format, -1}, axes)) t.dim_names.push_back(info.names[static_cast<size_t>(axis)]);
  return t;
}

/// Dims that differ between the engines of a plan are open.
void join(std::vector<PlanTensor>& all, const std::vector<PlanTensor>& more) {
  if (all.empty()) all = more;
  if (all.size() != more.size()) core::corrupt("the plan's engines differ in inputs and outputs");
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].name != more[i].name || all[i].dims.size() != more[i].dims.size()) core::corrupt(fmt::format("the plan's engines differ in '{}'", all[i].name));
    for (size_t axis = 0; axis < all[i].dims.size(); ++axis)
      if (all[i].dims[axis] != more[i].dims[axis]) all[i].dims[axis] = -1;
  }
}

}  // namespace

std::string encode(const PlanInfo& info) {
  ByteWriter w;
  w.u32(kInfoVersion);
  w.text(info.name);
  w.u8(info.implicit_batch);
  w.u32(static_cast<uint32_t>(info.max_batch));
  w.u8(info.refittable);
  w.u8(info.strongly_typed);
  w.u32(static_cast<uint32_t>(info.verbosity));
  w.u32(static_cast<uint32_t>(info.capability));
  w.u32(static_cast<uint32_t>(info.hardware_compatibility));
  w.u8(info.version_compatible);
  w.u32(info.tactic_sources);
  w.u32(static_cast<uint32_t>(info.aux_streams));
  write_list(w, info.tensors, [&](const PlanTensor& t) { write_tensor(w, t); });
  write_list(w, info.profiles, [&](const PlanProfile& p) {
    write_shapes(w, p.dims);
    write_shapes(w, p.values);
  });
  write_list(w, info.refit, [&](const PlanInfo::RefitWeights& r) {
    w.text(r.layer);
    w.u32(static_cast<uint32_t>(r.role));
    w.text(r.constant);
  });
  write_texts(w, info.plugin_libraries);
  write_texts(w, info.debug_tensors);
  return {reinterpret_cast<const char*>(w.bytes().data()), w.bytes().size()};
}

PlanInfo decode(std::span<const std::byte> bytes) {
  ByteReader r(bytes, ErrorCode::corrupt_engine, "the API section of the plan");
  const auto version = r.number<uint32_t>();
  if (version > kInfoVersion)
    core::fail(ErrorCode::newer_engine, "the plan has API version {}, this library reads up to {}: build it again with this version", version, kInfoVersion);
  PlanInfo info;
  info.name = core::read_text(r);
  info.implicit_batch = r.number<uint8_t>() != 0;
  info.max_batch = r.number<int32_t>();
  info.refittable = r.number<uint8_t>() != 0;
  info.strongly_typed = r.number<uint8_t>() != 0;
  info.verbosity = r.number<int32_t>();
  info.capability = r.number<int32_t>();
  info.hardware_compatibility = r.number<int32_t>();
  info.version_compatible = r.number<uint8_t>() != 0;
  info.tactic_sources = r.number<uint32_t>();
  info.aux_streams = r.number<int32_t>();
  read_list(r, info.tensors, [&](PlanTensor& t) { read_tensor(r, t); });
  read_list(r, info.profiles, [&](PlanProfile& p) {
    read_shapes(r, p.dims);
    read_shapes(r, p.values);
  });
  read_list(r, info.refit, [&](PlanInfo::RefitWeights& w) {
    w.layer = core::read_text(r);
    w.role = r.number<int32_t>();
    w.constant = core::read_text(r);
  });
  read_texts(r, info.plugin_libraries);
  read_texts(r, info.debug_tensors);
  if (r.left() != 0) core::corrupt("the API section has bytes left over");
  return info;
}

std::vector<std::byte> serialize(const Plan& plan) {
  core::EngineBundle bundle;
  for (const core::Built& built : plan.engines) bundle.engines.push_back(built.data);
  bundle.extra = encode(plan.info);
  bundle.refittable = plan.info.refittable;
  return core::engine_bytes(bundle);
}

std::shared_ptr<const Plan> deserialize(std::span<const std::byte> bytes, const LoadOptions& options) {
  auto copy = std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
  core::EngineBundle bundle = core::load_engines(*copy, copy);
  auto plan = std::make_shared<Plan>();
  for (core::EngineData& data : bundle.engines) plan->engines.push_back(core::adopt(std::move(data), options));
  if (!bundle.extra.empty()) {
    plan->info = decode(std::as_bytes(std::span(bundle.extra)));
    if (plan->info.profiles.size() != plan->engines.size())
      core::corrupt(fmt::format("the plan has {} profiles and {} engines", plan->info.profiles.size(), plan->engines.size()));
    return plan;
  }
  for (const core::Built& built : plan->engines) {
    const auto inputs = core::describe_inputs(built);
    std::vector<PlanTensor> tensors;
    for (const TensorInfo& t : inputs) tensors.push_back(tensor_of(t, true));
    for (const TensorInfo& t : core::describe_outputs(built)) tensors.push_back(tensor_of(t, false));
    join(plan->info.tensors, tensors);
    plan->info.profiles.push_back(profile_of(inputs));
  }
  return plan;
}

int32_t api_type(DType dtype) {
  switch (dtype) {
    case DType::f16: return 1;
    case DType::i8: return 2;
    case DType::i16:
    case DType::i32:
    case DType::u16:
    case DType::u32: return 3;
    case DType::boolean: return 4;
    case DType::u8: return 5;
    case DType::f8e4m3fn: return 6;
    case DType::bf16: return 7;
    case DType::i64:
    case DType::u64: return 8;
    case DType::i4: return 9;
    default: return 0;
  }
}

DType core_type(int32_t type) {
  static constexpr DType kTypes[] = {DType::f32, DType::f16, DType::i8, DType::i32, DType::boolean, DType::u8, DType::f8e4m3fn, DType::bf16, DType::i64, DType::i4};
  return type >= 0 && type < static_cast<int32_t>(std::size(kTypes)) ? kTypes[type] : DType::none;
}

}  // namespace tenon::adapter

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "engine/engine_data.h"
#include "engine/expressions.h"
#include "engine/graph_codec.h"
#include "ir/verify.h"

namespace tenon::core {
namespace {

using Bytes = std::span<const std::byte>;

bool all_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

/// The file as sections whose hashes hold; every byte outside them is zero.
class Sections {
 public:
  explicit Sections(Bytes file) : file_(file) {
    ByteReader r(file, ErrorCode::corrupt_engine, "the engine file");
    if (file.size() < kMagic.size() || r.text(kMagic.size()) != kMagic)
      fail(ErrorCode::corrupt_engine, "this is not a Tenon engine file: it does not begin with '{}'", kMagic);
    const auto version = r.number<uint32_t>();
    if (version > kFormatVersion)
      fail(ErrorCode::newer_engine, "the engine has format version {}, this Tenon reads up to {}; load it with a newer Tenon or build it again", version, kFormatVersion);
    if (version == 0) corrupt("format version 0 does not exist");
    const auto count = r.number<uint32_t>();
    if (count > 64) corrupt("it claims more than 64 sections");
    Hash expected;
    expected.low = r.number<uint64_t>();
    expected.high = r.number<uint64_t>();
    const Bytes table = file.subspan(r.position()).size() < count * kEntryBytes ? r.take(count * kEntryBytes) : file.subspan(r.position(), count * kEntryBytes);
    if (hash_bytes(table) != expected) corrupt("the table of sections does not match its hash");
    read_table(r, count);
    check_gaps(static_cast<int64_t>(r.position()));
  }
  bool has(SectionId id, uint32_t engine = 0) const { return find(id, engine) != nullptr; }
  Bytes get(SectionId id, uint32_t engine = 0) const {
    const SectionEntry* e = find(id, engine);
    if (!e) corrupt(fmt::format("section '{}' is missing", section_name(id)));
    return file_.subspan(e->offset, e->bytes);
  }

 private:
  const SectionEntry* find(SectionId id, uint32_t engine) const {
    const auto it = std::find_if(entries_.begin(), entries_.end(), [&](const SectionEntry& e) { return e.id == id && e.engine == engine; });
    return it == entries_.end() ? nullptr : &*it;
  }
  void read_table(ByteReader& r, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      SectionEntry e;
      e.id = static_cast<SectionId>(r.number<uint32_t>());
      e.engine = r.number<uint32_t>();
      e.offset = r.number<uint64_t>();
      e.bytes = r.number<uint64_t>();
      e.hash.low = r.number<uint64_t>();
      e.hash.high = r.number<uint64_t>();
      if (e.offset > file_.size() || e.bytes > file_.size() - e.offset) corrupt(fmt::format("section '{}' ends outside the file", section_name(e.id)));
      if (hash_bytes(file_.subspan(e.offset, e.bytes)) != e.hash) corrupt(fmt::format("section '{}' does not match its hash", section_name(e.id)));
      entries_.push_back(e);
    }
  }
  void check_gaps(int64_t end_of_table) const {
    auto sorted = entries_;
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; });
    uint64_t at = static_cast<uint64_t>(end_of_table);
    for (const SectionEntry& e : sorted) {
      if (e.offset < at) corrupt("sections overlap");
      if (!all_zero(file_.subspan(at, e.offset - at))) corrupt("bytes between sections are not zero");
      at = e.offset + e.bytes;
    }
    if (!all_zero(file_.subspan(at))) corrupt("bytes after the last section are not zero");
  }
  Bytes file_;
  std::vector<SectionEntry> entries_;
};

Tensor read_strings(Bytes bytes, const Dims& dims) {
  ByteReader r(bytes, ErrorCode::corrupt_engine, "a constant of strings");
  if (checked_product(dims) > static_cast<int64_t>(bytes.size() / 4)) corrupt("a constant of strings is longer than its bytes");
  Tensor t(DType::string, dims);
  for (std::string& s : t.mutable_values<std::string>()) s = read_text(r);
  return t;
}

std::vector<ConstRef> read_weights(Bytes table, Bytes weights, const std::shared_ptr<const void>& owner) {
  ByteReader r(table, ErrorCode::corrupt_engine, "the weight table");
  std::vector<ConstRef> constants;
  const uint32_t count = read_count(r, 22);
  int64_t end = 0;
  for (uint32_t i = 0; i < count; ++i) {
    std::string name = read_text(r);
    const Type type = read_type(r);
    const auto offset = r.number<int64_t>(), bytes = r.number<int64_t>();
    const auto dims = const_dims(type.shape);
    if (!type.is_tensor() || !type.ranked || !dims) corrupt("a weight's shape is not constant");
    if (offset < 0 || bytes < 0 || offset > static_cast<int64_t>(weights.size()) || bytes > static_cast<int64_t>(weights.size()) - offset)
      corrupt("a weight lies outside the weights section");
    if (offset != round_up(end, kAlignment)) corrupt("a weight does not begin where the one before it ends");
    end = offset + bytes;
    const Bytes part = weights.subspan(offset, bytes);
    if (type.dtype == DType::string) {
      constants.push_back(Constant::make(read_strings(part, *dims), std::move(name)));
      continue;
    }
    if (checked_mul(checked_product(*dims), size_of(type.dtype)) != bytes) corrupt("a weight's size does not match its shape");
    constants.push_back(Constant::make(Tensor::view(type.dtype, *dims, part, owner), std::move(name)));
  }
  return constants;
}

void read_device(Bytes bytes, EngineData& e) {
  ByteReader r(bytes, ErrorCode::corrupt_engine, "the device section");
  e.device.kind = read_text(r);
  e.device.name = read_text(r);
  e.device.features = read_text(r);
  e.device.libraries = read_text(r);
  e.device.threads = static_cast<int>(std::clamp<uint32_t>(r.number<uint32_t>(), 1, 1024));
  const uint32_t precisions = read_count(r, 1);
  for (uint32_t i = 0; i < precisions; ++i) {
    const auto d = r.number<uint8_t>();
    if (d > static_cast<uint8_t>(DType::string)) corrupt("a precision is unknown");
    e.options.precisions.push_back(static_cast<DType>(d));
  }
  e.options.exact = r.number<uint8_t>() != 0;
  e.options.deterministic = r.number<uint8_t>() != 0;
  e.options.max_memory = r.number<int64_t>();
  e.options.tf32 = r.number<uint8_t>() != 0;
  e.options.sources = r.number<uint32_t>();
}

void read_profile(Bytes bytes, Profile& p) {
  ByteReader r(bytes, ErrorCode::corrupt_engine, "the profile section");
  const uint32_t ranges = read_count(r, 20);
  for (uint32_t i = 0; i < ranges; ++i) {
    const std::string symbol = read_text(r);
    const auto low = r.number<int64_t>(), high = r.number<int64_t>();
    if (low > high) corrupt(fmt::format("the range of '{}' is empty", symbol));
    p.ranges[symbol] = {low, high};
  }
  const uint32_t opts = read_count(r, 12);
  for (uint32_t i = 0; i < opts; ++i) {
    const std::string symbol = read_text(r);
    p.opt[symbol] = r.number<int64_t>();
    if (p.opt[symbol] < 0 || p.opt[symbol] > (int64_t{1} << 40)) corrupt(fmt::format("the tuned value of '{}' is out of range", symbol));
  }
}

std::vector<ConstRef> checked_expressions(Bytes bytes, const std::vector<ConstRef>& plain) {
  try {
    return read_expressions(bytes, plain);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::corrupt_engine || error.code() == ErrorCode::out_of_memory) throw;
    fail(ErrorCode::corrupt_engine, "the engine file is damaged: {}", error.what());
  }
}

/// The type of the input or output of this name.
const Type& type_at_boundary(const Graph& g, const std::string& name) {
  for (size_t i = 0; i < g.inputs().size(); ++i)
    if (g.input_name(static_cast<int>(i)) == name) return g.type(g.inputs()[i]);
  for (size_t i = 0; i < g.outputs().size(); ++i)
    if (g.output_name(static_cast<int>(i)) == name) return g.type(g.outputs()[i]);
  corrupt(fmt::format("a memory format is given for '{}', which is no input or output", name));
}

void read_formats(Bytes bytes, EngineData& e) {
  ByteReader r(bytes, ErrorCode::corrupt_engine, "the formats section");
  const uint32_t count = read_count(r, 13);
  for (uint32_t i = 0; i < count; ++i) {
    const std::string name = read_text(r);
    const auto number = r.number<uint8_t>();
    const auto channels = r.number<int64_t>();
    if (number == 0 || number >= kMemoryFormats) corrupt(fmt::format("the memory format of '{}' is unknown", name));
    const IoFormat format{static_cast<MemoryFormat>(number), channels};
    const Type& type = type_at_boundary(e.graph, name);
    const FormatTraits t = traits(format.format);
    const bool fits = !is_of_dla(format.format) && type.is_tensor() && type.ranked && static_cast<int>(type.shape.size()) >= t.axis_from_end + (t.channels_last ? 0 : 1) &&
                      (t.components == 1 ? channels == -1 : channels >= 0) && stored_shape(format.format, dense_shape(format, type.shape)) == type.shape;
    if (!fits) corrupt(fmt::format("the memory format of '{}' contradicts its dims", name));
    e.io_formats[name] = format;
  }
  if (r.left() != 0) corrupt("the formats section has bytes left over");
}

/// Engine `index` of the bundle: all but the device and the options.
void read_engine(const Sections& sections, uint32_t index, std::span<const ConstRef> constants, EngineData& e) {
  read_profile(sections.get(SectionId::profile, index), e.profile);
  ByteReader graph(sections.get(SectionId::graph, index), ErrorCode::corrupt_engine, "the graph section");
  try {
    e.graph = read_graph(graph, constants);
    verify(e.graph, ErrorCode::corrupt_engine);
    if (sections.has(SectionId::formats, index)) read_formats(sections.get(SectionId::formats, index), e);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::corrupt_engine || error.code() == ErrorCode::out_of_memory) throw;
    fail(ErrorCode::corrupt_engine, "the engine file is damaged: {}", error.what());
  }
  if (graph.left() != 0) corrupt("the graph section has bytes left over");
  ByteReader choices(sections.get(SectionId::choices, index), ErrorCode::corrupt_engine, "the choices section");
  e.choices = read_choices(choices, e.graph);
  if (choices.left() != 0) corrupt("the choices section has bytes left over");
}

}  // namespace

std::string_view section_name(SectionId id) {
  switch (id) {
    case SectionId::graph: return "graph";
    case SectionId::choices: return "choices";
    case SectionId::profile: return "profile";
    case SectionId::device: return "device";
    case SectionId::weight_table: return "weight table";
    case SectionId::weights: return "weights";
    case SectionId::code: return "code";
    case SectionId::extra: return "extra";
    case SectionId::expressions: return "expressions";
    case SectionId::formats: return "formats";
  }
  return "unknown";
}

EngineBundle load_engines(Bytes bytes, std::shared_ptr<const void> owner) {
  const Sections sections(bytes);
  EngineBundle bundle;
  EngineData common;
  read_device(sections.get(SectionId::device), common);
  auto constants = read_weights(sections.get(SectionId::weight_table), sections.get(SectionId::weights), owner);
  bundle.refittable = sections.has(SectionId::expressions);
  if (bundle.refittable) constants = checked_expressions(sections.get(SectionId::expressions), constants);
  for (uint32_t i = 0; i == 0 || sections.has(SectionId::graph, i); ++i) {
    bundle.engines.push_back(common);
    read_engine(sections, i, constants, bundle.engines.back());
  }
  if (sections.has(SectionId::extra)) {
    const Bytes extra = sections.get(SectionId::extra);
    bundle.extra.assign(reinterpret_cast<const char*>(extra.data()), extra.size());
  }
  return bundle;
}

EngineData load_engine(Bytes bytes, std::shared_ptr<const void> owner) {
  return std::move(load_engines(bytes, std::move(owner)).engines[0]);
}

}  // namespace tenon::core

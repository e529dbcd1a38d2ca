#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "engine/engine_data.h"
#include "engine/expressions.h"
#include "engine/graph_codec.h"

namespace tenon::core {
namespace {

void write_device(ByteWriter& w, const EngineData& e) {
  w.text(e.device.kind);
  w.text(e.device.name);
  w.text(e.device.features);
  w.text(e.device.libraries);
  w.u32(static_cast<uint32_t>(e.device.threads));
  w.u32(static_cast<uint32_t>(e.options.precisions.size()));
  for (DType d : e.options.precisions) w.u8(static_cast<uint8_t>(d));
  w.u8(e.options.exact);
  w.u8(e.options.deterministic);
  w.i64(e.options.max_memory);
  w.u8(e.options.tf32);
  w.u32(e.options.sources);
}

void write_profile(ByteWriter& w, const Profile& p) {
  w.u32(static_cast<uint32_t>(p.ranges.size()));
  for (const auto& [symbol, range] : p.ranges) {
    w.text(symbol);
    w.i64(range.low);
    w.i64(range.high);
  }
  w.u32(static_cast<uint32_t>(p.opt.size()));
  for (const auto& [symbol, value] : p.opt) {
    w.text(symbol);
    w.i64(value);
  }
}

void write_formats(ByteWriter& w, const IoFormats& formats) {
  w.u32(static_cast<uint32_t>(formats.size()));
  for (const auto& [name, io] : formats) {
    w.text(name);
    w.u8(static_cast<uint8_t>(io.format));
    w.i64(io.channels);
  }
}

/// The bytes of a constant as they stand in the weights section.
std::string string_bytes(const Tensor& t) {
  ByteWriter w;
  for (const auto& s : t.values<std::string>()) w.text(s);
  return {reinterpret_cast<const char*>(w.bytes().data()), w.bytes().size()};
}

/// Memory with the writing functions of AtomicFile.
class MemoryFile {
 public:
  void write(std::span<const std::byte> part) { bytes.insert(bytes.end(), part.begin(), part.end()); }
  void write(std::string_view part) { write(std::as_bytes(std::span(part.data(), part.size()))); }
  void write_at(int64_t offset, std::span<const std::byte> part) { std::copy(part.begin(), part.end(), bytes.begin() + offset); }
  int64_t size() const { return static_cast<int64_t>(bytes.size()); }
  std::vector<std::byte> bytes;
};

/// Writes sections one after the other, each aligned, and remembers where they are.
template <class File>
class EngineWriter {
 public:
  EngineWriter(File& file, size_t sections) : file_(file) {
    file_.write(std::string(round_up(kHeaderBytes + kEntryBytes * static_cast<int64_t>(sections), kAlignment), '\0'));
  }
  void section(SectionId id, const ByteWriter& w, uint32_t engine = 0) {
    pad();
    entries_.push_back({id, engine, static_cast<uint64_t>(file_.size()), w.bytes().size(), hash_bytes(w.bytes())});
    file_.write(w.bytes());
  }
  void weights(const std::vector<ConstRef>& constants) {
    ByteWriter table;
    pad();
    SectionEntry entry{SectionId::weights, 0, static_cast<uint64_t>(file_.size()), 0, {}};
    Hasher hasher;
    table.u32(static_cast<uint32_t>(constants.size()));
    for (const ConstRef& c : constants) {
      const Tensor value = c->value();
      const std::string strings = c->dtype() == DType::string ? string_bytes(value) : std::string();
      const auto bytes = c->dtype() == DType::string ? std::as_bytes(std::span(strings)) : value.bytes();
      table.text(c->name());
      write_type(table, c->type());
      table.i64(file_.size() - static_cast<int64_t>(entry.offset));
      table.i64(static_cast<int64_t>(bytes.size()));
      const std::string padding(round_up(static_cast<int64_t>(bytes.size()), kAlignment) - static_cast<int64_t>(bytes.size()), '\0');
      for (const auto part : {bytes, std::as_bytes(std::span(padding))}) {
        file_.write(part);
        hasher.add(part);
      }
      release_read(bytes);
    }
    entry.bytes = static_cast<uint64_t>(file_.size()) - entry.offset;
    entry.hash = hasher.finish();
    entries_.push_back(entry);
    section(SectionId::weight_table, table);
  }
  void finish() {
    ByteWriter table;
    for (const SectionEntry& e : entries_) {
      table.u32(static_cast<uint32_t>(e.id));
      table.u32(e.engine);
      table.i64(static_cast<int64_t>(e.offset));
      table.i64(static_cast<int64_t>(e.bytes));
      table.hash(e.hash);
    }
    ByteWriter header;
    header.raw(kMagic.data(), kMagic.size());
    header.u32(kFormatVersion);
    header.u32(static_cast<uint32_t>(entries_.size()));
    header.hash(hash_bytes(table.bytes()));
    file_.write_at(0, header.bytes());
    file_.write_at(kHeaderBytes, table.bytes());
  }

 private:
  void pad() {
    const int64_t end = round_up(file_.size(), kAlignment);
    file_.write(std::string(end - file_.size(), '\0'));
  }
  File& file_;
  std::vector<SectionEntry> entries_;
};

template <class File>
void write_engines(std::span<const EngineData> engines, const std::string& extra, bool refittable, File& file) {
  const auto with_formats = std::count_if(engines.begin(), engines.end(), [](const EngineData& e) { return !e.io_formats.empty(); });
  EngineWriter<File> writer(file, 3 + 3 * engines.size() + static_cast<size_t>(with_formats) + (extra.empty() ? 0 : 1) + (refittable ? 1 : 0));
  ConstantTable constants;
  ByteWriter device;
  write_device(device, engines[0]);
  writer.section(SectionId::device, device);
  for (uint32_t i = 0; i < engines.size(); ++i) {
    ByteWriter graph, choices, profile;
    write_graph(graph, engines[i].graph, constants);
    write_choices(choices, engines[i].choices);
    write_profile(profile, engines[i].profile);
    writer.section(SectionId::profile, profile, i);
    writer.section(SectionId::graph, graph, i);
    writer.section(SectionId::choices, choices, i);
    if (engines[i].io_formats.empty()) continue;
    ByteWriter formats;
    write_formats(formats, engines[i].io_formats);
    writer.section(SectionId::formats, formats, i);
  }
  if (!extra.empty()) {
    ByteWriter bytes;
    bytes.raw(extra.data(), extra.size());
    writer.section(SectionId::extra, bytes);
  }
  if (refittable) {
    ByteWriter expressions;
    write_expressions(expressions, constants);
    writer.section(SectionId::expressions, expressions);
  }
  writer.weights(constants.constants());
  writer.finish();
}

}  // namespace

void save_engine(const EngineData& engine, AtomicFile& file) { write_engines({&engine, 1}, "", false, file); }

std::vector<std::byte> engine_bytes(const EngineBundle& bundle) {
  MemoryFile file;
  write_engines(bundle.engines, bundle.extra, bundle.refittable, file);
  return std::move(file.bytes);
}

Graph normalized(const Graph& graph) {
  ConstantTable constants;
  ByteWriter w;
  write_graph(w, graph, constants);
  ByteReader r(w.bytes(), ErrorCode::internal, "a graph");
  return read_graph(r, constants.constants());
}

}  // namespace tenon::core

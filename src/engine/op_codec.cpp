#include "base/error.h"
#include "engine/graph_codec.h"
#include "ops/all.h"

namespace tenon::core {
namespace {

enum class Tag : uint8_t { boolean, integer, real, text, dtype, optional, integers, reals, texts, constant, graph, enumeration };

/// Writes a field as name, tag, value; called once to write the defaults and once to write the op, and fields whose
/// bytes are equal in both are left out.
class FieldWriter : public FieldVisitor {
 public:
  explicit FieldWriter(ConstantTable& constants) : constants_(constants) {}
  struct Field {
    std::string name, bytes;
  };
  std::vector<Field> fields;

  void visit(std::string_view n, bool& v) override { put(n, Tag::boolean, [&](ByteWriter& w) { w.u8(v); }); }
  void visit(std::string_view n, int64_t& v) override { put(n, Tag::integer, [&](ByteWriter& w) { w.i64(v); }); }
  void visit(std::string_view n, double& v) override { put(n, Tag::real, [&](ByteWriter& w) { w.f64(v); }); }
  void visit(std::string_view n, std::string& v) override { put(n, Tag::text, [&](ByteWriter& w) { w.text(v); }); }
  void visit(std::string_view n, DType& v) override { put(n, Tag::dtype, [&](ByteWriter& w) { w.u8(static_cast<uint8_t>(v)); }); }
  void visit(std::string_view n, std::optional<int64_t>& v) override {
    put(n, Tag::optional, [&](ByteWriter& w) {
      w.u8(v.has_value());
      w.i64(v.value_or(0));
    });
  }
  void visit(std::string_view n, std::vector<int64_t>& v) override {
    put(n, Tag::integers, [&](ByteWriter& w) { list(w, v, [&](int64_t x) { w.i64(x); }); });
  }
  void visit(std::string_view n, std::vector<double>& v) override {
    put(n, Tag::reals, [&](ByteWriter& w) { list(w, v, [&](double x) { w.f64(x); }); });
  }
  void visit(std::string_view n, std::vector<std::string>& v) override {
    put(n, Tag::texts, [&](ByteWriter& w) { list(w, v, [&](const std::string& x) { w.text(x); }); });
  }
  void visit(std::string_view n, ConstRef& v) override {
    put(n, Tag::constant, [&](ByteWriter& w) { w.i64(v ? constants_.add(v) : -1); });
  }
  void visit(std::string_view n, GraphRef& v) override {
    put(n, Tag::graph, [&](ByteWriter& w) {
      w.u8(v != nullptr);
      if (v) write_graph(w, *v, constants_);
    });
  }
  void visit_enum(std::string_view n, int& v, std::span<const std::string_view> names) override {
    put(n, Tag::enumeration, [&](ByteWriter& w) { w.text(names[v]); });
  }

 private:
  template <class T, class F>
  static void list(ByteWriter& w, const std::vector<T>& values, F each) {
    w.u32(static_cast<uint32_t>(values.size()));
    for (const T& v : values) each(v);
  }
  void put(std::string_view name, Tag tag, FunctionRef<void(ByteWriter&)> write) {
    ByteWriter w;
    w.u8(static_cast<uint8_t>(tag));
    write(w);
    const auto bytes = w.bytes();
    fields.push_back({std::string(name), std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())});
  }
  ConstantTable& constants_;
};

/// Finds each field of the op among those of the file; what the file leaves out keeps its default.
class FieldReader : public FieldVisitor {
 public:
  FieldReader(std::map<std::string, std::span<const std::byte>> fields, std::span<const ConstRef> constants, int depth)
      : fields_(std::move(fields)), constants_(constants), depth_(depth) {}

  void finish(std::string_view op) const {
    if (!fields_.empty()) corrupt(fmt::format("operator {} has no field '{}'", op, fields_.begin()->first));
  }
  void visit(std::string_view n, bool& v) override { get(n, Tag::boolean, [&](ByteReader& r) { v = flag(r); }); }
  void visit(std::string_view n, int64_t& v) override { get(n, Tag::integer, [&](ByteReader& r) { v = r.number<int64_t>(); }); }
  void visit(std::string_view n, double& v) override { get(n, Tag::real, [&](ByteReader& r) { v = r.number<double>(); }); }
  void visit(std::string_view n, std::string& v) override { get(n, Tag::text, [&](ByteReader& r) { v = read_text(r); }); }
  void visit(std::string_view n, DType& v) override {
    get(n, Tag::dtype, [&](ByteReader& r) {
      const auto d = r.number<uint8_t>();
      if (d > static_cast<uint8_t>(DType::string)) corrupt("an element type is unknown");
      v = static_cast<DType>(d);
    });
  }
  void visit(std::string_view n, std::optional<int64_t>& v) override {
    get(n, Tag::optional, [&](ByteReader& r) {
      const bool has = flag(r);
      const auto x = r.number<int64_t>();
      v = has ? std::optional(x) : std::nullopt;
    });
  }
  void visit(std::string_view n, std::vector<int64_t>& v) override {
    get(n, Tag::integers, [&](ByteReader& r) { list(r, v, 8, [&] { return r.number<int64_t>(); }); });
  }
  void visit(std::string_view n, std::vector<double>& v) override {
    get(n, Tag::reals, [&](ByteReader& r) { list(r, v, 8, [&] { return r.number<double>(); }); });
  }
  void visit(std::string_view n, std::vector<std::string>& v) override {
    get(n, Tag::texts, [&](ByteReader& r) { list(r, v, 4, [&] { return read_text(r); }); });
  }
  void visit(std::string_view n, ConstRef& v) override {
    get(n, Tag::constant, [&](ByteReader& r) {
      const auto i = r.number<int64_t>();
      if (i < -1 || i >= static_cast<int64_t>(constants_.size())) corrupt("a constant's number is out of range");
      v = i < 0 ? nullptr : constants_[i];
    });
  }
  void visit(std::string_view n, GraphRef& v) override {
    get(n, Tag::graph, [&](ByteReader& r) {
      v = flag(r) ? std::make_shared<const Graph>(read_graph(r, constants_, depth_ + 1)) : nullptr;
    });
  }
  void visit_enum(std::string_view n, int& v, std::span<const std::string_view> names) override {
    get(n, Tag::enumeration, [&](ByteReader& r) {
      const std::string name = read_text(r);
      for (size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) {
          v = static_cast<int>(i);
          return;
        }
      corrupt(fmt::format("field '{}' has no value '{}'", n, name));
    });
  }

 private:
  static bool flag(ByteReader& r) {
    const auto v = r.number<uint8_t>();
    if (v > 1) corrupt("a flag is neither 0 nor 1");
    return v == 1;
  }
  template <class T, class F>
  static void list(ByteReader& r, std::vector<T>& values, size_t least, F each) {
    const uint32_t count = read_count(r, least);
    values.clear();
    for (uint32_t i = 0; i < count; ++i) values.push_back(each());
  }
  void get(std::string_view name, Tag tag, FunctionRef<void(ByteReader&)> read) {
    const auto it = fields_.find(std::string(name));
    if (it == fields_.end()) return;
    ByteReader r(it->second, ErrorCode::corrupt_engine, "a field");
    if (r.number<uint8_t>() != static_cast<uint8_t>(tag)) corrupt(fmt::format("field '{}' has another type", name));
    read(r);
    if (r.left() != 0) corrupt(fmt::format("field '{}' has bytes left over", name));
    fields_.erase(it);
  }
  std::map<std::string, std::span<const std::byte>> fields_;
  std::span<const ConstRef> constants_;
  int depth_;
};

}  // namespace

void write_op(ByteWriter& w, const Op& op, ConstantTable& constants) {
  FieldWriter now(constants), before(constants);
  read_fields(op, now);
  read_fields(*op.fresh(), before);
  w.text(op.name());
  ByteWriter fields;
  uint32_t count = 0;
  for (size_t i = 0; i < now.fields.size(); ++i) {
    if (now.fields[i].bytes == before.fields[i].bytes) continue;
    fields.text(now.fields[i].name);
    fields.text(now.fields[i].bytes);
    ++count;
  }
  w.u32(count);
  w.raw(fields.bytes().data(), fields.bytes().size());
}

OpRef read_op(ByteReader& r, std::span<const ConstRef> constants, int depth) {
  const std::string name = read_text(r);
  auto op = op_registry().make(name);
  if (!op) corrupt(fmt::format("operator '{}' is not known to this version", name));
  std::map<std::string, std::span<const std::byte>> fields;
  const uint32_t count = read_count(r, 8);
  for (uint32_t i = 0; i < count; ++i) {
    const std::string field = read_text(r);
    const auto bytes = r.take(r.number<uint32_t>());
    if (!fields.emplace(field, bytes).second) corrupt(fmt::format("field '{}' is there twice", field));
  }
  FieldReader reader(std::move(fields), constants, depth);
  op->fields(reader);
  reader.finish(name);
  return OpRef(std::move(op));
}

}  // namespace tenon::core

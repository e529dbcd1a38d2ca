#include "ir/op.h"

#include <algorithm>

#include "base/error.h"
#include "ir/graph.h"

namespace tenon::core {
namespace {

std::string number_text(double v) { return fmt::format("{}", v); }
std::string quoted(const std::string& s) {
  std::string out = "\"";
  for (char c : s) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') out += "\\n";
    else out += c;
  }
  return out + "\"";
}

/// Field name -> its text, as `describe` prints it.
class FieldTexts : public FieldVisitor {
 public:
  std::vector<std::pair<std::string, std::string>> fields;

  void visit(std::string_view name, bool& v) override { put(name, v ? "true" : "false"); }
  void visit(std::string_view name, int64_t& v) override { put(name, std::to_string(v)); }
  void visit(std::string_view name, double& v) override { put(name, number_text(v)); }
  void visit(std::string_view name, std::string& v) override { put(name, quoted(v)); }
  void visit(std::string_view name, DType& v) override { put(name, std::string(to_string(v))); }
  void visit(std::string_view name, std::optional<int64_t>& v) override { put(name, v ? std::to_string(*v) : "none"); }
  void visit(std::string_view name, std::vector<int64_t>& v) override { put(name, dims_to_string(v)); }
  void visit(std::string_view name, std::vector<double>& v) override {
    put(name, list(v, [](double d) { return number_text(d); }));
  }
  void visit(std::string_view name, std::vector<std::string>& v) override {
    put(name, list(v, [](const std::string& s) { return quoted(s); }));
  }
  void visit(std::string_view name, ConstRef& v) override {
    put(name, v ? v->type().str() + "#" + hash_of(*v).hex() : "none");
  }
  void visit(std::string_view name, GraphRef& v) override { put(name, v ? "graph#" + hash_of(*v).hex() : "none"); }
  void visit_enum(std::string_view name, int& v, std::span<const std::string_view> names) override {
    put(name, std::string(names[v]));
  }

 private:
  template <class T, class F>
  static std::string list(const std::vector<T>& values, F text) {
    std::string s = "[";
    for (const T& v : values) s += (s.size() > 1 ? "," : "") + text(v);
    return s + "]";
  }
  void put(std::string_view name, std::string text) { fields.emplace_back(name, std::move(text)); }
};

FieldTexts texts_of(const Op& op) {
  FieldTexts texts;
  read_fields(op, texts);
  return texts;
}

}  // namespace

const Fact& InferContext::input(int i) const {
  static const Fact absent;
  return i < size() ? inputs_[i] : absent;
}

void read_fields(const Op& op, FieldVisitor& visitor) { const_cast<Op&>(op).fields(visitor); }

std::string describe(const Op& op) {
  const auto now = texts_of(op).fields, before = texts_of(*op.fresh()).fields;
  std::string s;
  for (size_t i = 0; i < now.size(); ++i)
    if (now[i] != before[i]) s += (s.empty() ? "" : ", ") + now[i].first + "=" + now[i].second;
  return std::string(op.name()) + (s.empty() ? "" : "{" + s + "}");
}

bool same_op(const Op& a, const Op& b) { return a.name() == b.name() && texts_of(a).fields == texts_of(b).fields; }

Hash hash_of(const Op& op) {
  Hasher h;
  h.add(op.name());
  for (const auto& [name, text] : texts_of(op).fields) {
    h.add(name);
    h.add(text);
  }
  return h.finish();
}

Hash hash_of(const Constant& c) {
  Hasher h;
  h.add(c.type().str());
  if (c.is_expression()) {
    h.add(hash_of(*c.op()).hex());
    h.add(int64_t{c.output()});
    for (const auto& input : c.inputs()) h.add(input ? hash_of(*input).hex() : "none");
  } else if (c.dtype() == DType::string) {
    const Tensor value = c.value();
    for (const auto& s : value.values<std::string>()) h.add(s);
  } else {
    h.add(c.value().bytes());
  }
  return h.finish();
}

Hash hash_of(const Graph& g) {
  Hasher h;
  std::map<NodeId, int64_t> position;
  for (Value in : g.inputs()) h.add(g.type(in).str());
  for (NodeId id : g.order()) {
    const int64_t at = static_cast<int64_t>(position.size());
    position[id] = at;
    const Node& n = g.node(id);
    h.add(hash_of(*n.op).hex());
    for (Value v : n.inputs) {
      h.add(v ? position.at(v.node) : int64_t{-1});
      h.add(int64_t{v.output});
    }
    for (const Fact& f : n.outputs) h.add(f.type.str());
  }
  for (Value out : g.outputs()) {
    h.add(position.at(out.node));
    h.add(int64_t{out.output});
  }
  return h.finish();
}

void OpRegistry::add(std::string_view name, std::unique_ptr<Op> (*make)()) {
  assume(!this->make(name), "an op is registered once");
  entries_.emplace_back(name, make);
}

std::unique_ptr<Op> OpRegistry::make(std::string_view name) const {
  const auto it = std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.first == name; });
  return it == entries_.end() ? nullptr : it->second();
}

std::vector<std::string_view> OpRegistry::names() const {
  std::vector<std::string_view> names;
  for (const auto& e : entries_) names.push_back(e.first);
  return names;
}

}  // namespace tenon::core

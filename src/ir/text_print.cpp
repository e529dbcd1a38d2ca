#include <fmt/format.h>

#include <complex>
#include <cstring>

#include "ir/text.h"
#include "ir/text_names.h"

namespace tenon::core {
namespace {

constexpr int64_t kMaxPrinted = 64;

void print_graph(std::string& out, const Graph&, int indent);

std::string number(double v) { return fmt::format("{}", v); }

std::vector<std::string> element_texts(const Tensor& t) {
  std::vector<std::string> texts;
  switch (t.dtype()) {
    case DType::string:
      for (const auto& s : t.values<std::string>()) texts.push_back(quote(s));
      break;
    case DType::c64:
    case DType::c128:
      for (int64_t i = 0; i < 2 * t.size(); ++i) {
        const auto* at = t.bytes().data() + i * (t.dtype() == DType::c64 ? 4 : 8);
        float f;
        double d;
        std::memcpy(&f, at, 4);
        if (t.dtype() == DType::c128) std::memcpy(&d, at, 8);
        texts.push_back(t.dtype() == DType::c64 ? fmt::format("{}", f) : number(d));
      }
      break;
    case DType::boolean:
      for (int64_t v : to_int64s(t)) texts.push_back(v ? "true" : "false");
      break;
    case DType::f32:
      for (float v : to_floats(t)) texts.push_back(fmt::format("{}", v));
      break;
    case DType::u64:
      for (int64_t v : to_int64s(t)) texts.push_back(fmt::format("{}", static_cast<uint64_t>(v)));
      break;
    default:
      if (is_integer(t.dtype()))
        for (int64_t v : to_int64s(t)) texts.push_back(fmt::format("{}", v));
      else
        for (double v : to_doubles(t)) texts.push_back(number(v));
  }
  return texts;
}

std::string constant_text(const ConstRef& c) {
  if (!c) return "null";
  std::string text = c->type().str();
  if (checked_product(c->dims()) <= kMaxPrinted)
    text += "{" + fmt::format("{}", fmt::join(element_texts(c->value()), ", ")) + "}";
  else
    text += "#" + hash_of(*c).hex();
  return c->name().empty() ? text : text + "@" + quote(c->name());
}

template <class T, class F>
std::string list_text(const std::vector<T>& items, F&& text) {
  std::string out = "[";
  for (const auto& item : items) out += (out.size() > 1 ? "," : "") + text(item);
  return out + "]";
}

class FieldPrinter : public FieldVisitor {
 public:
  explicit FieldPrinter(int indent) : indent_(indent) {}
  void visit(std::string_view n, bool& v) override { put(n, v ? "true" : "false"); }
  void visit(std::string_view n, int64_t& v) override { put(n, std::to_string(v)); }
  void visit(std::string_view n, double& v) override { put(n, number(v)); }
  void visit(std::string_view n, std::string& v) override { put(n, quote(v)); }
  void visit(std::string_view n, DType& v) override { put(n, std::string(to_string(v))); }
  void visit(std::string_view n, std::optional<int64_t>& v) override { put(n, v ? std::to_string(*v) : "none"); }
  void visit(std::string_view n, std::vector<int64_t>& v) override {
    put(n, list_text(v, [](int64_t i) { return std::to_string(i); }));
  }
  void visit(std::string_view n, std::vector<double>& v) override { put(n, list_text(v, number)); }
  void visit(std::string_view n, std::vector<std::string>& v) override {
    put(n, list_text(v, [](const std::string& s) { return quote(s); }));
  }
  void visit(std::string_view n, ConstRef& v) override { put(n, constant_text(v)); }
  void visit(std::string_view n, GraphRef& v) override {
    if (!v) return put(n, "null");
    std::string text;
    print_graph(text, *v, indent_);
    put(n, std::move(text));
  }
  void visit_enum(std::string_view n, int& v, std::span<const std::string_view> names) override {
    put(n, std::string(names[v]));
  }
  std::vector<std::pair<std::string, std::string>> fields;

 private:
  void put(std::string_view name, std::string text) { fields.emplace_back(name, std::move(text)); }
  int indent_;
};

std::string op_text(const Op& op, int indent) {
  FieldPrinter now(indent), otherwise(indent);
  read_fields(op, now);
  read_fields(*op.fresh(), otherwise);
  std::string out;
  for (size_t i = 0; i < now.fields.size(); ++i) {
    if (now.fields[i].second == otherwise.fields[i].second) continue;
    out += (out.empty() ? "" : ", ") + now.fields[i].first + "=" + now.fields[i].second;
  }
  return std::string(op.name()) + (out.empty() ? "" : "{" + out + "}");
}

/// What each value is called: inputs by name, nodes numbered from 1 in order.
class Names {
 public:
  explicit Names(const Graph& g) : numbers_(g.capacity(), 0), inputs_(g.capacity()) {
    for (size_t i = 0; i < g.inputs().size(); ++i) inputs_[g.inputs()[i].node] = name_text(g.input_name(i));
    int next = 1;
    for (NodeId id : g.order())
      if (inputs_[id].empty()) numbers_[id] = next++;
  }
  std::string operator()(Value v) const {
    if (!v) return "_";
    if (!inputs_[v.node].empty()) return "%" + inputs_[v.node];
    return "%" + std::to_string(numbers_[v.node]) + (v.output ? "." + std::to_string(v.output) : "");
  }
  bool is_input(NodeId id) const { return !inputs_[id].empty(); }

 private:
  std::vector<int> numbers_;
  std::vector<std::string> inputs_;
};

std::string origin_text(const Origin& o) {
  return quote(o.name, '\'') + (o.operation.empty() ? "" : " (" + o.operation + ")");
}

std::string facts_text(const Node& node) {
  std::string out;
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    out += (i ? ", " : " : ") + node.outputs[i].type.str();
    if (i < node.output_names.size() && !node.output_names[i].empty()) out += " " + quote(node.output_names[i]);
  }
  return out;
}

std::string node_text(const Graph& g, const Node& node, const Names& names, int indent) {
  std::string out = op_text(*node.op, indent);
  if (!node.as<ConstantOp>()) {
    std::vector<std::string> inputs;
    for (Value v : node.inputs) inputs.push_back(names(v));
    out += fmt::format("({})", fmt::join(inputs, ", ")) + facts_text(node);
  } else if (!node.output_names.empty() && !node.output_names[0].empty()) {
    out += facts_text(node);
  }
  for (size_t i = 0; i < node.origins.size(); ++i)
    out += (i ? ", " : "  # ") + origin_text(g.origins()[node.origins[i]]);
  return out;
}

void print_signature(std::string& out, const Graph& g, const std::string& pad) {
  out += "graph " + name_text(g.name) + "(";
  for (size_t i = 0; i < g.inputs().size(); ++i)
    out += (i ? ", " : "") + name_text(g.input_name(i)) + ": " + g.type(g.inputs()[i]).str();
  out += ") {\n";
  for (const auto& [symbol, range] : g.ranges) {
    const bool open = range.high == Interval::kUnbounded;
    out +=
        fmt::format("{}range {} = {}..{}\n", pad, name_text(symbol), range.low, open ? "" : std::to_string(range.high));
  }
  for (const auto& c : g.checks) out += pad + "check " + c.a.str() + " == " + c.b.str() + " " + quote(c.what) + "\n";
  for (const auto& [id, why] : g.dropped())
    out += pad + "dropped " + origin_text(g.origins()[id]) + " " + quote(why) + "\n";
}

void print_graph(std::string& out, const Graph& g, int indent) {
  const std::string pad(indent + 2, ' ');
  print_signature(out, g, pad);
  const Names names(g);
  for (NodeId id : g.order())
    if (!names.is_input(id)) out += pad + names({id, 0}) + " = " + node_text(g, g.node(id), names, indent + 2) + "\n";
  out += pad + "return";
  for (size_t i = 0; i < g.outputs().size(); ++i)
    out += (i ? ", " : " ") + name_text(g.output_name(i)) + " = " + names(g.outputs()[i]);
  out += "\n" + std::string(indent, ' ') + "}";
}

}  // namespace

std::string quote(std::string_view text, char mark) {
  std::string out(1, mark);
  for (unsigned char c : text) {
    if (c == mark || c == '\\')
      out += {'\\', static_cast<char>(c)};
    else if (c < 0x20 || c == 0x7f)
      out += fmt::format("\\x{:02x}", c);
    else
      out += static_cast<char>(c);
  }
  return out + mark;
}

std::string name_text(std::string_view name) { return is_plain_name(name) ? std::string(name) : quote(name); }

bool is_plain_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (char c : name)
    if (!is_name_char(c)) return false;
  return true;
}

std::string print(const Graph& g) {
  std::string out;
  print_graph(out, g, 0);
  return out + "\n";
}

}  // namespace tenon::core

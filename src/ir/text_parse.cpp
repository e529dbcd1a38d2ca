#include <algorithm>
#include <cstring>
#include <map>

#include "base/checked.h"
#include "ir/text.h"
#include "ir/text_cursor.h"
#include "ir/text_names.h"

namespace tenon::core {
namespace {

constexpr int kMaxDepth = 64;

Dim parse_dim(TextCursor& in, const std::string& text) {
  return in.located([&] { return Dim::parse(text); });
}

Type parse_type(TextCursor& in, int depth = 0) {
  if (depth > kMaxDepth) in.fail_here("a type is nested too deeply");
  if (in.take_word("absent")) return {};
  for (const bool sequence : {true, false}) {
    if (!in.take(sequence ? "seq(" : "optional(")) continue;
    Type element = parse_type(in, depth + 1);
    in.expect(")");
    return sequence ? Type::sequence(std::move(element)) : Type::optional(std::move(element));
  }
  const std::string name = in.word("a type");
  const DType dtype = parse_dtype(name);
  if (dtype == DType::none) in.fail_here(fmt::format("'{}' is not an element type", name));
  in.expect("[");
  if (in.take("*]")) return Type::unranked(dtype);
  Shape shape;
  for (const auto& dim : in.split_to(']')) shape.push_back(parse_dim(in, dim));
  return Type::tensor(dtype, std::move(shape));
}

template <class T, class F>
std::vector<T> parse_list(TextCursor& in, char close, F&& item) {
  std::vector<T> out;
  if (in.take(std::string_view(&close, 1))) return out;
  do out.push_back(item());
  while (in.take(","));
  in.expect(std::string_view(&close, 1));
  return out;
}

Tensor complex_tensor(DType dtype, Dims dims, const std::vector<double>& parts) {
  Tensor t(dtype, std::move(dims));
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto single = static_cast<float>(parts[i]);
    if (dtype == DType::c64)
      std::memcpy(t.mutable_bytes().data() + 4 * i, &single, 4);
    else
      std::memcpy(t.mutable_bytes().data() + 8 * i, &parts[i], 8);
  }
  return t;
}

Tensor parse_elements(TextCursor& in, DType dtype, const Dims& dims) {
  auto check = [&](size_t count) {
    const int64_t parts = dtype == DType::c64 || dtype == DType::c128 ? 2 : 1;
    const int64_t size = checked_mul(checked_product(dims), parts);
    if (size != static_cast<int64_t>(count)) in.fail_here(fmt::format("expected {} elements, found {}", size, count));
  };
  if (dtype == DType::string) {
    const auto texts = parse_list<std::string>(in, '}', [&] { return in.quoted(); });
    check(texts.size());
    return tensor_of<std::string>(dims, texts);
  }
  if (is_integer(dtype) || dtype == DType::boolean) {
    const auto values = parse_list<int64_t>(in, '}', [&]() -> int64_t {
      if (in.take_word("true")) return 1;
      if (in.take_word("false")) return 0;
      return dtype == DType::u64 ? static_cast<int64_t>(in.unsigned_integer()) : in.integer();
    });
    check(values.size());
    return from_int64s(dtype, dims, values);
  }
  const auto values = parse_list<double>(in, '}', [&] { return in.real(); });
  check(values.size());
  if (dtype == DType::c64 || dtype == DType::c128) return complex_tensor(dtype, dims, values);
  return from_doubles(dtype, dims, values);
}

ConstRef parse_constant(TextCursor& in) {
  if (in.take_word("null")) return nullptr;
  const Type type = parse_type(in);
  const auto dims = type.is_tensor() && type.ranked ? const_dims(type.shape) : std::nullopt;
  if (!dims) in.fail_here("a constant needs a tensor type whose dims are numbers");
  for (int64_t d : *dims)
    if (d < 0) in.fail_here("a constant has a negative dim");
  if (in.peek() == '#') in.fail_here("a constant given by its hash can't be read back");
  in.expect("{");
  Tensor value = in.located([&] { return parse_elements(in, type.dtype, *dims); });
  return Constant::make(std::move(value), in.take("@") ? in.quoted() : "");
}

/// Reads the one field of an op that is called `name`.
template <class ParseGraph>
class FieldParser : public FieldVisitor {
 public:
  FieldParser(TextCursor& in, std::string name, ParseGraph& graph) : in_(in), name_(std::move(name)), graph_(graph) {}
  bool found = false;
  void visit(std::string_view n, bool& v) override {
    if (!match(n)) return;
    v = in_.take_word("true");
    if (!v && !in_.take_word("false")) in_.fail_here("expected true or false");
  }
  void visit(std::string_view n, int64_t& v) override {
    if (match(n)) v = in_.integer();
  }
  void visit(std::string_view n, double& v) override {
    if (match(n)) v = in_.real();
  }
  void visit(std::string_view n, std::string& v) override {
    if (match(n)) v = in_.quoted();
  }
  void visit(std::string_view n, DType& v) override {
    if (!match(n)) return;
    const std::string word = in_.word("an element type");
    v = parse_dtype(word);
    if (v == DType::none && word != to_string(DType::none)) in_.fail_here("expected an element type");
  }
  void visit(std::string_view n, std::optional<int64_t>& v) override {
    if (!match(n)) return;
    v.reset();
    if (!in_.take_word("none")) v = in_.integer();
  }
  void visit(std::string_view n, std::vector<int64_t>& v) override {
    list(n, v, [&] { return in_.integer(); });
  }
  void visit(std::string_view n, std::vector<double>& v) override {
    list(n, v, [&] { return in_.real(); });
  }
  void visit(std::string_view n, std::vector<std::string>& v) override {
    list(n, v, [&] { return in_.quoted(); });
  }
  void visit(std::string_view n, ConstRef& v) override {
    if (match(n)) v = parse_constant(in_);
  }
  void visit(std::string_view n, GraphRef& v) override {
    if (!match(n)) return;
    v = in_.take_word("null") ? nullptr : std::make_shared<const Graph>(graph_());
  }
  void visit_enum(std::string_view n, int& v, std::span<const std::string_view> names) override {
    if (!match(n)) return;
    const std::string word = in_.word("a name");
    const auto it = std::find(names.begin(), names.end(), word);
    if (it == names.end()) in_.fail_here(fmt::format("'{}' is not a value of '{}'", word, n));
    v = static_cast<int>(it - names.begin());
  }

 private:
  bool match(std::string_view name) {
    if (name == name_) found = true;
    return name == name_;
  }
  template <class T, class F>
  void list(std::string_view n, std::vector<T>& v, F&& item) {
    if (!match(n)) return;
    in_.expect("[");
    v = parse_list<T>(in_, ']', item);
  }
  TextCursor& in_;
  std::string name_;
  ParseGraph& graph_;
};

class GraphParser {
 public:
  GraphParser(TextCursor& in, const OpRegistry& registry, int depth) : in_(in), registry_(registry), depth_(depth) {}

  Graph parse() {
    if (depth_ > kMaxDepth) in_.fail_here("graphs are nested too deeply");
    in_.skip_comments();
    if (!in_.take_word("graph")) in_.fail_here("expected 'graph'");
    g_.name = in_.name("the graph's name");
    in_.expect("(");
    if (!in_.take(")")) parse_inputs();
    in_.expect("{");
    for (in_.skip_comments(); !in_.take_word("return"); in_.skip_comments()) parse_statement();
    if (in_.peek() != '}') parse_outputs();
    in_.expect("}");
    return std::move(g_);
  }

 private:
  void parse_inputs() {
    do {
      const std::string name = in_.name("an input's name");
      in_.expect(":");
      Type type = parse_type(in_);
      define(name_text(name), in_.located([&] { return g_.add_input(name, std::move(type)); }));
    } while (in_.take(","));
    in_.expect(")");
  }

  void parse_outputs() {
    do {
      const std::string name = in_.name("an output's name");
      in_.expect("=");
      const Value v = parse_value();
      if (!v) in_.fail_here("an output can't be left out");
      g_.add_output(name, v);
    } while (in_.take(","));
    in_.skip_comments();
  }

  void parse_statement() {
    if (in_.take_word("range")) return parse_range();
    if (in_.take_word("check")) return parse_check();
    if (in_.take_word("dropped")) {
      const OriginId id = parse_origin();
      return g_.note_dropped(id, in_.quoted());
    }
    in_.expect("%");
    const std::string name = in_.word("a node's number");
    in_.expect("=");
    const std::string op = in_.word("an operator");
    if (op == ConstantOp::op_name) return parse_constant_node(name);
    parse_node(name, op);
  }

  void parse_range() {
    const std::string symbol = in_.name("a symbol");
    in_.expect("=");
    Interval range;
    range.low = in_.integer();
    in_.expect("..");
    const char next = in_.peek_on_line();
    if (next == '-' || (next >= '0' && next <= '9')) range.high = in_.integer();
    g_.ranges[symbol] = range;
  }

  void parse_check() {
    Check c;
    c.a = parse_dim(in_, in_.until("=="));
    in_.expect("==");
    c.b = parse_dim(in_, in_.until("\""));
    c.what = in_.quoted();
    g_.checks.push_back(std::move(c));
  }

  void parse_constant_node(const std::string& name) {
    in_.expect("{");
    in_.expect("value");
    in_.expect("=");
    ConstRef value = parse_constant(in_);
    in_.expect("}");
    if (!value) in_.fail_here("a Constant needs a value");
    const auto facts = scan_facts();
    ConstantOp op;
    op.value = std::move(value);
    const Value v = g_.add(std::move(op), {}, parse_origins());
    check_facts(v, facts);
    define(name, v);
  }

  void parse_node(const std::string& name, const std::string& op_name) {
    auto op = registry_.make(op_name);
    if (!op) in_.fail_here(fmt::format("unknown operator '{}'", op_name));
    if (in_.take("{")) parse_fields(*op);
    in_.expect("(");
    auto inputs = parse_list<Value>(in_, ')', [&] { return parse_value(); });
    const TextCursor here = in_;
    const auto facts = scan_facts();
    auto origins = parse_origins();
    const TextCursor after = in_;
    in_ = here;
    const Value v = in_.located([&] { return g_.add(OpRef(std::move(op)), std::move(inputs), std::move(origins)); });
    check_facts(v, facts);
    in_ = after;
    define(name, v);
  }

  void parse_fields(Op& op) {
    auto subgraph = [&] { return GraphParser(in_, registry_, depth_ + 1).parse(); };
    if (in_.take("}")) return;
    do {
      const std::string field = in_.word("a field's name");
      in_.expect("=");
      FieldParser<decltype(subgraph)> parser(in_, field, subgraph);
      op.fields(parser);
      if (!parser.found) in_.fail_here(fmt::format("{} has no field '{}'", op.name(), field));
    } while (in_.take(","));
    in_.expect("}");
  }

  Value parse_value() {
    if (in_.take_word("_")) return {};
    in_.expect("%");
    const std::string name = in_.peek_on_line() == '"' ? name_text(in_.quoted()) : in_.word("a value's name");
    const auto it = values_.find(name);
    if (it == values_.end()) in_.fail_here(fmt::format("no value is called '%{}' so far", name));
    Value v = it->second;
    if (in_.take(".")) v.output = checked_output(v, in_.integer());
    return v;
  }

  int32_t checked_output(Value v, int64_t output) {
    const auto count = static_cast<int64_t>(g_.node(v.node).outputs.size());
    if (output < 0 || output >= count) in_.fail_here(fmt::format("output {} of a node with {} outputs", output, count));
    return static_cast<int32_t>(output);
  }

  using FactTexts = std::vector<std::pair<Type, std::string>>;  // type and tensor name of each output

  FactTexts scan_facts() {
    FactTexts facts;
    if (!in_.take(":")) return facts;
    do {
      Type type = parse_type(in_);
      facts.emplace_back(std::move(type), in_.peek_on_line() == '"' ? in_.quoted() : "");
    } while (in_.take(","));
    return facts;
  }

  void check_facts(Value v, const FactTexts& facts) {
    const auto& outputs = g_.node(v.node).outputs;
    if (facts.size() > outputs.size())
      in_.fail_here(fmt::format("{} types for a node with {} outputs", facts.size(), outputs.size()));
    for (size_t i = 0; i < facts.size(); ++i) {
      if (!refines(facts[i].first, outputs[i].type))
        in_.fail_here(fmt::format("output {} is {}, not {}", i, outputs[i].type.str(), facts[i].first.str()));
      if (!facts[i].second.empty()) g_.set_name(Graph::output(v, static_cast<int>(i)), facts[i].second);
    }
  }

  OriginId parse_origin() {
    Origin o;
    o.name = in_.quoted('\'');
    if (in_.peek_on_line() == '(') {
      in_.expect("(");
      o.operation = in_.until(")");
      in_.expect(")");
    }
    const auto key = std::pair(o.name, o.operation);
    const auto it = origins_.find(key);
    return it != origins_.end() ? it->second : origins_[key] = g_.add_origin(std::move(o));
  }

  std::vector<OriginId> parse_origins() {
    std::vector<OriginId> out;
    if (!in_.take_comment_mark()) return out;
    if (in_.peek_on_line() == '\'') {
      do out.push_back(parse_origin());
      while (in_.peek_on_line() == ',' && in_.take(","));
    }
    in_.skip_line();
    return out;
  }

  void define(const std::string& name, Value v) {
    if (!values_.emplace(name, v).second) in_.fail_here(fmt::format("'%{}' is defined twice", name));
  }

  TextCursor& in_;
  const OpRegistry& registry_;
  int depth_;
  Graph g_;
  std::map<std::string, Value> values_;
  std::map<std::pair<std::string, std::string>, OriginId> origins_;
};

}  // namespace

Graph parse(std::string_view text, const OpRegistry& registry) {
  TextCursor in(text);
  Graph g = GraphParser(in, registry, 0).parse();
  if (!in.at_end()) in.fail_here("expected the end of the text");
  return g;
}

}  // namespace tenon::core

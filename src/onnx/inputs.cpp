#include <fmt/format.h>

#include "onnx/import_state.h"

namespace tenon::core {
namespace {

/// Exporters write these for a dim they know nothing of.
bool is_unnamed(std::string_view param) {
  return param.empty() || param == "?" || param == "*" || param == "None" || param == "-1";
}

/// A name that reads back in dim expressions.
std::string symbol_text(std::string_view text) {
  const bool needs_letter = text.empty() || (text[0] >= '0' && text[0] <= '9');
  std::string name(needs_letter ? "d" : "");
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    name += plain ? c : '_';
  }
  return name;
}

void check_size(const Type& type) {
  if (!type.is_tensor() || !type.ranked) return;
  if (const auto dims = const_dims(type.shape)) element_count(*dims);
}

[[noreturn]] void fail_unsupported(std::string_view kind) {
  fail(ErrorCode::invalid_model, "its type is {}, which is not supported; tensors, sequences and optionals are", kind);
}

}  // namespace

Dim ModelImporter::convert(const OnnxDim& dim, std::string_view name, size_t axis, Graph& graph) {
  if (dim.value >= 0) return dim.value;
  if (is_unnamed(dim.param)) return Dim::symbol(graph.fresh_symbol(fmt::format("{}_dim{}", symbol_text(name), axis)));
  auto it = symbols_.find(dim.param);
  if (it == symbols_.end()) it = symbols_.emplace(dim.param, graph.fresh_symbol(symbol_text(dim.param))).first;
  return Dim::symbol(it->second);
}

Type ModelImporter::convert(const OnnxType& type, std::string_view name, Graph& graph) {
  using Kind = OnnxType::Kind;
  switch (type.kind) {
    case Kind::missing:
      fail(ErrorCode::invalid_model, "it has no type");
    case Kind::sequence:
      return Type::sequence(convert(*type.element, name, graph));
    case Kind::optional:
      return Type::optional(convert(*type.element, name, graph));
    case Kind::map:
      fail_unsupported("a map");
    case Kind::sparse_tensor:
      fail_unsupported("a sparse tensor");
    case Kind::opaque:
      fail_unsupported("opaque");
    case Kind::tensor:
      break;
  }
  const DType dtype = require_dtype(type.data_type);
  if (!type.has_shape) return Type::unranked(dtype);
  Shape shape;
  for (size_t i = 0; i < type.dims.size(); ++i) shape.push_back(convert(type.dims[i], name, i, graph));
  return Type::tensor(dtype, std::move(shape));
}

void ModelImporter::narrow_inputs(std::vector<Type>& types) {
  const auto& declared = model_.graph->inputs;
  std::map<std::string, Dim> narrowed;
  for (const auto& [name, shape] : options_.input_shapes) {
    size_t index = 0;
    while (index < declared.size() && declared[index].name != name) ++index;
    if (index == declared.size()) {
      std::vector<std::string_view> known;
      for (const auto& input : declared) known.push_back(input.name);
      fail(ErrorCode::unknown_name, "the model has no input '{}'; its inputs are: {}", name, fmt::join(known, ", "));
    }
    Type& type = types[index];
    const auto contradicts = [&, &name = name, &shape = shape] {
      fail(ErrorCode::bad_input, "the shape {} given for input '{}' contradicts its type {} in the model",
           to_string(shape), name, type.str());
    };
    if (!type.is_tensor() || (type.ranked && type.rank() != static_cast<int>(shape.size()))) contradicts();
    if (!type.ranked) type = Type::tensor(type.dtype, shape);
    for (int i = 0; i < type.rank(); ++i) {
      if (const auto symbol = type.shape[i].as_symbol()) {
        const auto [it, is_new] = narrowed.emplace(*symbol, shape[i]);
        if (!is_new && equal(it->second, shape[i]) == Tri::no) contradicts();
      } else if (equal(type.shape[i], shape[i]) == Tri::no) {
        contradicts();
      }
    }
  }
  for (Type& type : types)
    for (Dim& dim : type.shape) dim = dim.substitute(narrowed);
}

void ModelImporter::add_inputs(const OnnxGraph& source, Scope& scope) {
  // Named dims first: no fresh symbol may take the name of a later one.
  for (const auto& input : source.inputs)
    for (const auto& dim : input.type.dims)
      if (dim.value < 0 && !is_unnamed(dim.param)) convert(dim, input.name, 0, scope.graph);
  std::vector<Type> types;
  std::vector<const OnnxValueInfo*> inputs;
  for (const auto& input : source.inputs) {
    Type type;
    attempt([&] {
      with_context(fmt::format("input '{}'", input.name), [&] {
        if (!scope.constants.count(input.name)) type = convert(input.type, input.name, scope.graph);
      });
    });
    types.push_back(std::move(type));
  }
  attempt([&] { narrow_inputs(types); });
  for (size_t i = 0; i < types.size(); ++i) {
    const auto& input = source.inputs[i];
    if (scope.constants.count(input.name)) continue;
    if (!types[i].present()) {
      scope.failed.insert(input.name);
      continue;
    }
    attempt([&] { with_context(fmt::format("input '{}'", input.name), [&] { check_size(types[i]); }); });
    attempt([&] {
      if (scope.values.count(input.name)) fail(ErrorCode::invalid_model, "two inputs are called '{}'", input.name);
    });
    scope.names->emplace(input.name);
    scope.values[input.name] = scope.graph.add_input(std::string(input.name), std::move(types[i]));
  }
}

void ModelImporter::add_initializers(const OnnxGraph& source, Scope& scope) {
  const auto add = [&](std::string_view name, const auto& tensor) {
    attempt([&] {
      if (scope.constants.count(name)) fail(ErrorCode::invalid_model, "two initializers are called '{}'", name);
      scope.failed.insert(name);
      scope.constants[name] = Constant::make(tensors_.read(tensor), std::string(name));
      scope.failed.erase(name);
    });
  };
  for (const auto& tensor : source.initializers) add(tensor.name, tensor);
  for (const auto& tensor : source.sparse_initializers) add(tensor.values.name, tensor);
}

}  // namespace tenon::core

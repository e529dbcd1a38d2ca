#include "onnx/import_state.h"

namespace tenon::core {

std::optional<Value> Scope::find(std::string_view name) {
  if (const auto it = values.find(name); it != values.end()) return it->second;
  if (const auto it = constants.find(name); it != constants.end()) return values[name] = add_constant(it->second);
  if (!outer) return std::nullopt;
  const auto value = outer->find(name);
  if (!value || !*value || &outer->graph == &graph) return value;
  if (const ConstRef constant = outer->graph.constant(*value)) return values[name] = add_constant(constant);
  captured->push_back(*value);
  names->emplace(name);
  return values[name] = add_input(name, outer->graph.type(*value));
}

Value Scope::add_input(std::string_view name, Type type) {
  if (open && type.is_tensor())
    for (Dim& d : type.shape) {
      const std::string symbol = graph.fresh_symbol("open");
      graph.ranges.erase(symbol);
      d = Dim::symbol(symbol);
    }
  return graph.add_input(std::string(name), std::move(type));
}

bool Scope::has_failed(std::string_view name) const {
  if (failed.count(name)) return true;
  return outer && !values.count(name) && !constants.count(name) && outer->has_failed(name);
}

Value Scope::add_constant(ConstRef constant) {
  const Value value = graph.add_constant(std::move(constant));
  const std::string& name = graph.name_of(value);
  if (!name.empty() && !names->insert(name).second) graph.set_name(value, "");
  return value;
}

void Scope::set_name(Value value, const std::string& name) {
  if (value && graph.name_of(value).empty() && names->insert(name).second) graph.set_name(value, name);
}

}  // namespace tenon::core

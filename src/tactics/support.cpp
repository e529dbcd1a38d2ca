#include "tactics/support.h"

#include <algorithm>

namespace tenon::core {
namespace {

void collect(const Fact& fact, std::set<std::string>& into) {
  for (const Dim& d : fact.shape()) d.collect_symbols(into);
  if (!fact.content) return;
  for (const Dim& d : *fact.content) d.collect_symbols(into);
}

bool refuse_boxed(const Fact& fact, std::string& why) {
  if (!fact.present() || !fact.type.boxed()) return false;
  why = fmt::format("{} lives in a host box", fact.type.str());
  return true;
}

}  // namespace

std::set<std::string> defined_symbols(const Problem& p) {
  std::set<std::string> known, defined, result;
  for (int i = 0; i < p.inputs(); ++i) collect(p.input(i), known);
  for (const Fact& fact : p.node().outputs)
    for (const Dim& d : fact.shape()) d.collect_symbols(defined);
  for (const std::string& s : defined)
    if (!known.count(s)) result.insert(s);
  return result;
}

bool plain_tensors(const Problem& p, std::string& why) {
  for (int i = 0; i < p.inputs(); ++i)
    if (refuse_boxed(p.input(i), why)) return false;
  for (const Fact& fact : p.node().outputs)
    if (refuse_boxed(fact, why)) return false;
  const std::set<std::string> symbols = defined_symbols(p);
  if (symbols.empty()) return true;
  why = fmt::format("the size '{}' is known only after the node ran", *symbols.begin());
  return false;
}

bool all_of_dtype(const Problem& p, DType dtype, std::string& why) {
  const auto matches = [&](const Fact& fact) {
    if (!fact.present() || fact.dtype() == dtype) return true;
    why = fmt::format("runs on {} only, found {}", to_string(dtype), to_string(fact.dtype()));
    return false;
  };
  for (int i = 0; i < p.inputs(); ++i)
    if (!matches(p.input(i))) return false;
  for (const Fact& fact : p.node().outputs)
    if (!matches(fact)) return false;
  return true;
}

Format with_layout(Layout layout) {
  Format format;
  format.layout = std::move(layout);
  return format;
}

bool allows_bf16(const Problem& p) {
  const std::vector<DType>& allowed = p.options.precisions;
  return std::find(allowed.begin(), allowed.end(), DType::bf16) != allowed.end() &&
         p.device.features.find("avx512f") != std::string::npos;
}

}  // namespace tenon::core

#include "validate.h"

#include <fmt/format.h>

#include <cmath>

namespace tenon::cli {
namespace {

/// "3 NaN and 1 infinite of 1000 values"; empty when all are finite.
std::string describe_bad(const Tensor& tensor) {
  if (!holds_numbers(tensor)) return "";
  int64_t nans = 0, infinities = 0;
  for_each_number(tensor, [&](double x) {
    nans += std::isnan(x);
    infinities += std::isinf(x);
  });
  if (nans + infinities == 0) return "";
  return fmt::format("{} NaN and {} infinite of {} values", nans, infinities, tensor.size());
}

std::string describe_bad(const Value& value) {
  if (value.kind == Value::Kind::tensor) return describe_bad(value.tensor);
  for (const Tensor& tensor : value.sequence) {
    std::string bad = describe_bad(tensor);
    if (!bad.empty()) return bad;
  }
  return "";
}

std::string quoted(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "'" : ", '") + word + "'";
  return text.empty() ? "a node without a name" : text;
}

}  // namespace

FirstBad find_first_bad(Context& context, uint64_t seed) {
  FirstBad first;
  context.run_observed(
      [&](const std::string& tensor, const std::vector<std::string>& nodes, const Value& value) {
        if (first.found) return;
        first.what = describe_bad(value);
        if (first.what.empty()) return;
        first.found = true;
        first.tensor = tensor;
        first.nodes = nodes;
      },
      seed);
  return first;
}

namespace {

FirstBad find_on_reference(const std::string& model, const NamedValues& inputs, uint64_t seed) {
  BuildOptions options;
  options.reference = true;
  options.verify = false;
  for (const auto& input : inputs) {
    const std::vector<int64_t>& dims = input.second.tensor.dims();
    if (input.second.kind == Value::Kind::tensor) options.shapes[input.first] = {dims, dims, dims};
  }
  Context context = Engine::build(model, options).create_context();
  set_inputs(context, inputs);
  return find_first_bad(context, seed);
}

}  // namespace

void validate(Session& session, Context& context, const NamedValues& inputs, uint64_t seed, const std::string& model) {
  for (const auto& input : inputs) {
    std::string bad = describe_bad(input.second);
    if (!bad.empty()) session.console.warning(fmt::format("input '{}' itself holds {}", input.first, bad));
  }
  FirstBad first = find_first_bad(context, seed);
  if (first.nodes.size() > 1 && !model.empty()) {
    FirstBad single = find_on_reference(model, inputs, seed);
    if (single.found) first = single;
  }
  session.envelope["validation"] = {{"finite", !first.found}};
  if (!first.found) {
    fmt::print("validated: every tensor is finite\n");
    return;
  }
  session.envelope["validation"].update({{"tensor", first.tensor}, {"nodes", first.nodes}, {"what", first.what}});
  std::string name = first.tensor.empty() ? "an inner tensor" : "tensor '" + first.tensor + "'";
  throw Error(ErrorCode::accuracy, fmt::format("the first value that is not finite comes out of {}: {} holds {}",
                                               quoted(first.nodes), name, first.what));
}

}  // namespace tenon::cli

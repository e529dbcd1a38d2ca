#pragma once
#include <vector>

#include "ir/graph.h"

namespace tenon::core {

/// Coefficients, constant first, without zeros at the end.
using Polynomial = std::vector<double>;

/// v = p(x) + q(x) * t, with x and t values that are not looked into; t may be left out.
struct LinearForm {
  Polynomial p, q;
};
/// Looks through sums, products, powers and divisions by constants, a few levels deep. Nothing when v has another form.
std::optional<LinearForm> linear_form(const Graph&, Value v, Value x, Value t, int depth = 8);
std::optional<Polynomial> polynomial(const Graph&, Value v, Value x);

/// Equal coefficients, up to the digits that exporters write.
bool close(const Polynomial& a, const Polynomial& b);

/// The values that `v` is made of by arithmetic, v first, at most `depth` levels deep.
void arithmetic_values(const Graph&, Value v, int depth, std::vector<Value>& into);

}  // namespace tenon::core

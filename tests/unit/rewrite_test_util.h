#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "passes/rewrite.h"

namespace tenon::core {

/// The graph with its nodes in the order of a walk from the outputs, printed: equal for graphs that differ only in the
/// order in which their nodes were made.
std::string canonical_text(const Graph&);

/// Runs `body` as a pass; checks that a second run changes nothing and that both graphs compute the same on random
/// inputs (symbols bound to 2, 3, ...). Returns the graph afterwards.
Graph run_pass(const std::string& before, const Passes::Body& body, PassReport& report,
               const PassOptions& options = {});

using Families = std::vector<Rewrites>;
/// `rules` turn `before` into `after` in exactly `times` applications.
void expect_rewrite(const std::string& before, const std::string& after, const Families& rules, int times = 1);
/// `rules` leave the graph as it is; one near miss has `reason` in it, unless that is empty.
void expect_no_rewrite(const std::string& text, const Families& rules, const std::string& reason = "",
                       const PassOptions& options = {});

/// Symbols bound to 2, 3, ... in the order of their names; random inputs of these dims.
Bindings test_bindings(const Graph&);
std::vector<HostValue> random_inputs(const Graph&);
/// Equal but for the tolerance of the dtype, as a fraction of a's range.
void expect_close(const Tensor& a, const Tensor& b, const std::string& name);
/// Same outputs on random inputs, up to the tolerance of each dtype.
void expect_same_results(const Graph& a, const Graph& b);

}  // namespace tenon::core

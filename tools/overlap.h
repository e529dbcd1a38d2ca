#pragma once
#include "measure.h"
#include "tenon/engine.h"

namespace tenon::cli {

/// The values with their tensors in memory that the engine's device copies from at full speed.
NamedValues for_device(const Engine&, const NamedValues&);

/// Runs of several contexts in turn, each queued while others are under way, so that the device has no gaps and the copies of one
/// run pass while another computes; contexts that do not fit into memory are left out. Fills `ahead_per_second` and `streams`.
void measure_ahead(const std::vector<Context>&, const MeasureOptions&, Measurement& into);

/// Which of H2D, compute, D2H and enqueue limits the throughput, and what to try.
struct Binding {
  std::string what, advice;
};
Binding binding_of(const Measurement&);

}  // namespace tenon::cli

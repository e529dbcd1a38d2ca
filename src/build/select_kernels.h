#pragma once
#include "build/build.h"
#include "build/phases.h"
#include "select/select.h"

namespace tenon::core {

SelectOptions select_options(const BuildOptions&, Phases&);
/// Chooses a kernel for each node, within the memory that the options allow and with the hooks asked, and makes the
/// program.
void select_kernels(Built&, const BuildOptions&, const BuildHooks&, TimingCache&, const Log&, Phases&);
std::shared_ptr<const Program> make_program(const EngineData&, const std::shared_ptr<Device>&, const std::shared_ptr<Threads>&);

}  // namespace tenon::core

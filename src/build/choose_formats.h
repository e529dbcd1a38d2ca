#pragma once
#include "build/build.h"

namespace tenon::core {

using ChosenFormats = std::map<std::string, MemoryFormat>;

/// For each tensor of the options' io_formats dense, where that is allowed, else the first one. Fails naming a format that
/// does not exist, or is one of DLA cores alone.
ChosenFormats first_formats(const BuildOptions&);
/// Some tensor may have more than one format.
bool leaves_choice(const BuildOptions&);
/// For each tensor the allowed format that its neighbouring kernel in `trial` takes without a copy, else the smallest.
ChosenFormats fitting_formats(const Built& trial, const BuildOptions&);
/// Warns of each tensor of the options' io_formats that is copied into another layout, naming the step.
void tell_boundary_copies(Built&, const BuildOptions&, const Log&);

}  // namespace tenon::core

#pragma once
#include "trtexec/inference.h"
#include "trtexec/log.h"
#include "trtexec/options.h"

namespace tenon::trtexec {

/// --dumpOutput, --dumpRawBindingsToFile, --saveDebugTensors and --exportOutput.
void report_outputs(const Engine&, const NamedValues& inputs, const NamedValues& outputs, const ReportingFlags&, Log&);
/// --dumpProfile and --exportProfile, of layers that were timed.
void report_profile(const std::vector<LayerInfo>&, int queries, const ReportingFlags&, Log&);
/// --dumpOptimizationProfile.
void report_profiles(const std::vector<Engine>&, const ReportingFlags&, Log&);
/// --dumpLayerInfo and --exportLayerInfo, as detailed as the verbosity says.
void report_layers(const Engine&, const Options&, Log&);

}  // namespace tenon::trtexec

#pragma once
#include <string>
#include <vector>

#include "tenon/engine.h"
#include "trtexec/log.h"
#include "trtexec/options.h"

namespace tenon::trtexec {

/// The device that --device, TENON_DEVICE or the machine chooses, as Tenon names it: "cpu", "cuda:0". Warns where there is no
/// GPU and none was asked for.
std::string choose_device(const SystemFlags&, Log&);
/// The block "=== Device Information ===".
void print_device(const std::string& device, Log&);

/// Fails for what cannot be had, and warns of flags without effect, so that none is dropped in silence.
void answer_flags(const Options&, const std::string& device, Log&);

/// Builds from --onnx or loads from --loadEngine, and saves with --saveEngine; one engine for each optimization profile, with
/// the one of --useProfile among them. Prints what TensorRT's tool prints meanwhile.
std::vector<Engine> make_engines(const Options&, const std::string& device, Log&);

/// --getPlanVersionOnly. Fails with ErrorCode::bad_file or corrupt_engine.
void print_plan_version(const std::string& path, Log&);
/// --refitFromOnnx: the engines with the weights of that model in place of theirs of the same names.
std::vector<Engine> refitted(const std::vector<Engine>&, const std::string& model, Log&);
/// --specialize: the engine with kernels for the shapes to run.
Engine specialized(const Engine&, const Options&, Log&);
/// --monitorMemory: what is in use now; `engine` may be null.
void report_memory(const char* stage, const Engine*, Log&);

/// Loads plugin libraries; they stay loaded. Fails with ErrorCode::bad_file.
void load_plugins(const SystemFlags&, Log&);

}  // namespace tenon::trtexec

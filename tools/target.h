#pragma once
#include <functional>
#include <map>
#include <string>

#include "build_flags.h"
#include "session.h"
#include "tenon/engine.h"

namespace tenon::cli {

enum class FileKind { engine, npz, json, model };
/// By the first bytes; what is none of the others is taken for a model. Fails with bad_file when it can't be read.
FileKind kind_of(const std::string& path);

/// Loads an engine, or builds one in memory from a model, with the model's and engine's sections of the envelope
/// filled. Inputs of a model that no flag gives shapes are fixed at `dims`.
Engine open_engine(Session&, const std::string& path, const BuildFlags&, const std::map<std::string, Dims>& dims = {});
/// Calls `f`, which asks about or runs the engine. Where that fails at dims that were assumed, the error says so and
/// names the flag.
void at_assumed_dims(const Engine&, const std::function<void()>& f);
Engine build_model(Session&, const std::string& path, const BuildOptions&);
/// Says, before anything runs, what the engine takes at the shapes it is tuned for.
void tell_memory(Session&, const Engine&);
/// "x: f32[N,3,224,224]" lines.
std::string signature_text(const Engine&);

}  // namespace tenon::cli

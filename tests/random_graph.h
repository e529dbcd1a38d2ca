#pragma once
#include <random>

#include "build/build.h"

namespace tenon::core {

/// A graph of about `size` operators that computes finite floats from one picture-like input with a symbolic batch "N".
/// Equal seeds give equal graphs.
Graph random_graph(uint64_t seed, int size);

/// Optimizes and selects as a build of a model does; `chaos_seed` as in BuildOptions.
Built build_graph(const Graph&, int threads, int64_t chaos_seed = -1);
/// The engine as the bytes of its file.
std::vector<std::byte> engine_bytes(const EngineData&);
std::vector<HostValue> run_program(const std::shared_ptr<const Program>&, std::span<const HostValue> inputs);
/// Empty when every output agrees with the reference within the tolerance of f32; otherwise what differs.
std::string differences(const Graph&, std::span<const HostValue> actual, std::span<const HostValue> expected);

}  // namespace tenon::core

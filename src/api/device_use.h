#pragma once
#include "runtime/program.h"

namespace tenon::core {

/// Where one step of a GPU's program runs, and how. Empty texts on the CPU and for views.
struct DeviceUse {
  std::string place;         // "gpu", "host"
  std::string kernel;        // the name of what runs
  std::string reason;        // why it runs on the host, or why the chosen kernel could not
  std::string tensor_cores;  // of products: "yes" and what padding was added, or why not
};
/// Prepares the step's kernel at the dims of `bindings`, where it is not yet; nothing where a dim is known only after a run.
DeviceUse device_use(const Program&, const Step&, const Bindings&);

/// Why a product of these storage types and sizes does not run on Tensor Cores; `kernel` is the one that runs it instead.
std::string why_no_tensor_cores(const Op&, DType stored, const std::vector<Dims>& in, const std::string& kernel, const DeviceInfo&, bool tf32);

/// What a kernel that runs on Tensor Cores adds to its operands' widths: "heads of 72 filled up to 80 inside the kernel".
std::string padding_added(const std::string& kernel, const std::vector<Dims>& in);

}  // namespace tenon::core

#pragma once
#include <algorithm>
#include <functional>
#include <optional>

#include "cuda/compile.h"
#include "cuda/memory.h"
#include "ops/conv.h"
#include "tactics/cuda/executable.h"

namespace tenon::core::cuda::own {

/// The text of src/kernels/cuda files, one after the other, with definitions "NAME=value".
KernelText text_of(std::initializer_list<const char*> files, const std::vector<std::string>& definitions);
/// "ACTIVATION(x)=..."; nothing, with a sentence, when no kernel has it.
std::optional<std::string> activation_definition(const Activation&, std::string& why);
/// The name in kernels: float, f16, bf16. Null for other types.
const char* type_name(DType);

/// Storage types that offers are made for: the node's own, and those narrower ones that the user allows for f32.
std::vector<DType> storages(const Problem&);
/// Tensor cores take this type: f16 and bf16, f32 only where the user allows TF32. Needs compute capability 8.0.
bool on_tensor_cores(const Problem&, DType);
/// False, with a sentence, where copies to shared memory that do not wait (compute capability 8.0) are missing.
bool has_async_copies(const Problem&, std::string& why);
/// False, with a sentence, unless the values of the node are f32, f16 or bf16 and all of one type.
bool is_float_node(const Problem&, std::string& why);

/// Bytes of shared memory of a block: what every GPU gives, and what those with 227 KB for a multiprocessor give.
int64_t most_shared(const DeviceInfo&);
/// The number of a dim; the upper end of its range, or `otherwise` where it has none.
int64_t expected_size(const Problem&, const Dim&, int64_t otherwise);
/// The largest power of two, up to 16 bytes of `type`, that divides all of `counts`.
int common_vector(DType type, std::initializer_list<int64_t> counts);
/// False, with a sentence, when a tensor is empty or has 2^31 elements or more.
bool sizes_fit(const NodeShapes&, std::string& why);

/// A constant input in the kernel's order and type, in device memory. `arrange` fills floats; `key` names the order.
std::shared_ptr<const DeviceBuffer> packed(const PrepareContext&, int input, const std::string& key, DType type, int64_t count,
                                           FunctionRef<void(std::span<const float> from, std::span<float> to)> arrange);
/// Input `input` where it is a constant, as it is: a kernel that holds it can stand in for one that reads it in another form.
/// Null where it is left out, or none.
std::shared_ptr<const DeviceBuffer> held_constant(const PrepareContext&, int input);

/// One kernel on one node: `bind` puts the addresses of a call into the parameters.
template <class Parameters>
class KernelExecutable : public DeviceExecutable {
 public:
  using Bind = std::function<void(Parameters&, const Args&)>;
  KernelExecutable(std::string name, Kernel kernel, Launch launch, Parameters parameters, Bind bind)
      : name_(std::move(name)), kernel_(std::move(kernel)), launch_(launch), parameters_(parameters), bind_(std::move(bind)) {}
  /// Input `i` is held in another form: it is not read.
  void hold(int i, std::shared_ptr<const void> form) {
    held_.push_back(i);
    forms_.push_back(std::move(form));
  }
  std::string kernel_name() const override { return name_; }
  bool uses_input(int i) const override { return std::find(held_.begin(), held_.end(), i) == held_.end(); }
  void enqueue(State*, const Args& args, cudaStream_t stream) const override {
    Parameters parameters = parameters_;
    bind_(parameters, args);
    Launch launch = launch_;
    launch.stream = stream;
    kernel_(launch, parameters);
  }

 private:
  std::string name_;
  Kernel kernel_;
  Launch launch_;
  Parameters parameters_;
  Bind bind_;
  std::vector<int> held_;
  std::vector<std::shared_ptr<const void>> forms_;
};

/// The address of an argument; null for one left out. Fails unless it is a multiple of `alignment`.
const void* input_address(const Args&, int i, int64_t alignment = 1);
void* output_address(const Args&, int i, int64_t alignment = 1);

/// ceil(a / b) as a grid size.
unsigned blocks(int64_t a, int64_t b);

}  // namespace tenon::core::cuda::own

namespace tenon::core::cuda {

/// Each tactic, defined in the file of its name; their order of preference is in list_own.cpp.
const Tactic& own_attention_tactic();
const Tactic& own_conv_tactic();
const Tactic& own_depthwise_tactic();
const Tactic& own_depthwise_tile_tactic();
const Tactic& own_expand_tactic();
const Tactic& own_matmul_tactic();
const Tactic& own_pool_tactic();
const Tactic& own_squeeze_tactic();
const Tactic& own_stem_tactic();

}  // namespace tenon::core::cuda

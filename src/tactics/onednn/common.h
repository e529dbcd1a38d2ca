#pragma once
#include <dnnl.hpp>

#include "ops/conv.h"
#include "tactics/tactic.h"

namespace tenon::core::onednn {

using Desc = dnnl::memory::desc;

/// The one CPU engine of the process.
const dnnl::engine& engine();

/// While it lives, OpenMP regions opened by this thread have one thread: oneDNN plans its primitives for one, and runs
/// them in place, inside our own team. The caller's setting is put back.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

/// For how many threads work is cut into pieces: those of the team; where results must not depend on it, eight, since
/// the sums in a piece depend on its size.
inline int64_t shares_of_work(const Problem& p) { return p.options.deterministic ? 8 : p.device.threads; }

dnnl::memory::data_type data_type(DType);
/// Dense memory of these dims in a layout.
Desc dense(std::span<const int64_t> dims, DType, const Layout&);
/// The same memory seen as `count` rows of axis `axis` from some offset on.
Desc part(const Desc& whole, int axis, int64_t count);
int64_t stride_bytes(const Desc& desc, int axis);

/// False with a sentence when oneDNN has no such activation.
bool append_activation(dnnl::post_ops&, const Activation&, std::string& why);

/// Runs `make` (which builds a primitive descriptor); null with a sentence where oneDNN has none, or only its
/// reference.
template <class PrimitiveDesc>
std::optional<PrimitiveDesc> describe(FunctionRef<PrimitiveDesc()> make, std::string& why) {
  OneThread one;
  try {
    PrimitiveDesc desc = make();
    const std::string name = desc.impl_info_str();
    if (name.find("ref") != 0 && name.find("ref:") == std::string::npos) return desc;
    why = "oneDNN has only its reference kernel here (" + name + ")";
  } catch (const dnnl::error& e) {
    why = std::string("oneDNN refuses: ") + e.what();
  }
  return {};
}

/// Constant weights in the form `wanted`, from a plain form `plain` of the same dims; packed once per form.
std::shared_ptr<const void> pack(WeightStore&, const ConstRef&, const Desc& plain, const Desc& wanted,
                                 int64_t byte_offset = 0);

/// Where an argument of a primitive lives.
struct Binding {
  enum class From { input, output, fixed, scratch };
  int arg;
  Desc desc;
  From from;
  int index = 0;       // of the input or output
  int64_t offset = 0;  // bytes
  const void* fixed = nullptr;
};

/// Before a piece runs: its part of an input copied to its part of an output, unless they are the same memory.
struct Prefill {
  int input = -1, output = 0;
  int64_t offset = 0, bytes = 0;
};

struct Piece {
  dnnl::primitive primitive;
  std::vector<Binding> bindings;
  Prefill prefill;
};

/// Pieces that together compute a node, each a one-thread primitive. At most `lanes` of them run at a time, each lane
/// with its own scratchpad.
class PieceExecutable : public Executable {
 public:
  PieceExecutable(std::vector<Piece> pieces, int lanes, std::string name);
  /// Keeps packed weights alive; input `index` is then not read.
  void hold(int index, std::shared_ptr<const void> weights);
  int64_t workspace_bytes() const override { return lanes_ * scratch_; }
  bool uses_input(int i) const override;
  std::unique_ptr<State> make_state() const override;
  std::string kernel_name() const override { return name_; }
  void run(State*, const Args&, Threads&) const override;

 private:
  std::vector<Piece> pieces_;
  int64_t lanes_, scratch_ = 0;
  std::string name_;
  std::vector<int> held_inputs_;
  std::vector<std::shared_ptr<const void>> held_;
};

/// The binding of a user-mode scratchpad.
Binding scratchpad(const Desc&);
dnnl::primitive_attr attributes();

}  // namespace tenon::core::onednn

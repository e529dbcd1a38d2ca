#include <cstring>

#include "base/error.h"
#include "tactics/all.h"
#include "tactics/reorder.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

bool is_plain(const Format& format) { return format.layout.row_major() && format.storage == DType::none; }

/// A tensor of this dtype in plain memory, from memory in another format, and back.
Tensor to_plain(const TensorArg& arg, DType dtype, const Format& format, Threads& threads) {
  const DType storage = format.storage == DType::none ? dtype : format.storage;
  Tensor tensor(storage, *arg.dims);
  reorder(arg.data, tensor.mutable_bytes().data(), size_of(storage), tensor.dims(), format.layout, {}, threads);
  return storage == dtype ? tensor : from_doubles(dtype, tensor.dims(), to_doubles(tensor));
}
void from_plain(Tensor tensor, const TensorArg& arg, const Format& format, Threads& threads) {
  if (format.storage != DType::none && format.storage != tensor.dtype())
    tensor = from_doubles(format.storage, tensor.dims(), to_doubles(tensor));
  reorder(tensor.bytes().data(), arg.data, size_of(tensor.dtype()), tensor.dims(), {}, format.layout, threads);
}

/// `Op::evaluate` on the arguments. It keeps its own copies of what it needs, since the graph may go away. Formats
/// other than plain ones are converted, so that it can stand in for any offer.
class ReferenceExecutable : public Executable {
 public:
  ReferenceExecutable(const Problem& p, const Offer& offer) : op_(p.node().op), in_(offer.in), out_(offer.out) {
    for (int i = 0; i < p.inputs(); ++i) inputs_.push_back(p.input(i).type);
    for (const Fact& fact : p.node().outputs) outputs_.push_back(fact.type);
  }

  std::string kernel_name() const override { return "reference:" + std::string(op_->name()); }

  void run(State*, const Args& args, Threads& threads) const override {
    std::vector<HostValue> inputs;
    for (size_t i = 0; i < inputs_.size(); ++i) inputs.push_back(input(args, i, threads));
    std::vector<HostValue> results = op_->evaluate(EvalContext(inputs, threads, args.seed));
    assume(results.size() == outputs_.size(), "evaluate gives as many values as infer gives facts");
    for (size_t i = 0; i < results.size(); ++i) deliver(std::move(results[i]), args, inputs, i, threads);
  }

 private:
  HostValue input(const Args& args, size_t i, Threads& threads) const {
    if (!inputs_[i].present()) return {};
    if (i < args.in_box.size() && args.in_box[i]) return *args.in_box[i];
    const TensorArg& arg = args.in[i];
    if (!is_plain(in_[i])) return to_plain(arg, inputs_[i].dtype, in_[i], threads);
    const int64_t bytes = checked_mul(checked_product(*arg.dims), size_of(inputs_[i].dtype));
    return Tensor::view(inputs_[i].dtype, *arg.dims, {arg.data, static_cast<size_t>(bytes)}, nullptr);
  }

  void deliver(HostValue value, const Args& args, std::span<const HostValue> inputs, size_t i, Threads& threads) const {
    if (i < args.out_box.size() && args.out_box[i]) {
      *args.out_box[i] = owned(std::move(value), args.in, inputs);
      return;
    }
    if (!outputs_[i].present() || !args.out[i].data) return;
    const Tensor& tensor = std::get<Tensor>(value);
    if (tensor.dims() != *args.out[i].dims)
      fail(ErrorCode::shape_mismatch, "output {} was expected to have the shape {}, but it has {}", i,
           dims_to_string(*args.out[i].dims), dims_to_string(tensor.dims()));
    if (!is_plain(out_[i])) return from_plain(tensor, args.out[i], out_[i], threads);
    if (tensor.byte_size() > 0 && tensor.bytes().data() != args.out[i].data)
      std::memmove(args.out[i].data, tensor.bytes().data(), static_cast<size_t>(tensor.byte_size()));
  }

  /// Boxes outlive the arena, so a tensor that is a view of an argument is copied.
  static HostValue owned(HostValue value, std::span<const TensorArg> args, std::span<const HostValue> inputs) {
    const auto own = [&](Tensor& tensor) {
      for (size_t i = 0; i < args.size(); ++i)
        if (args[i].data && lies_in(tensor, inputs[i])) tensor = copy_of(tensor);
    };
    if (auto* tensor = std::get_if<Tensor>(&value)) own(*tensor);
    if (auto* sequence = std::get_if<std::vector<Tensor>>(&value))
      for (Tensor& tensor : *sequence) own(tensor);
    return value;
  }
  static bool lies_in(const Tensor& tensor, const HostValue& input) {
    const Tensor* memory = std::get_if<Tensor>(&input);
    if (!memory || tensor.dtype() == DType::string || memory->dtype() == DType::string) return false;
    const std::byte* data = tensor.bytes().data();
    return data >= memory->bytes().data() && data < memory->bytes().data() + memory->byte_size();
  }
  static Tensor copy_of(const Tensor& tensor) {
    Tensor copy(tensor.dtype(), tensor.dims());
    std::memcpy(copy.mutable_bytes().data(), tensor.bytes().data(), static_cast<size_t>(tensor.byte_size()));
    return copy;
  }

  OpRef op_;
  std::vector<Format> in_, out_;
  std::vector<Type> inputs_, outputs_;
};

class Reference : public Tactic {
 public:
  std::string_view name() const override { return "reference"; }
  std::vector<Offer> offers(const Problem& p, std::string&) const override {
    Offer offer = row_major_offer(p, name());
    // A GPU's own memory can't be read here.
    const Place place = p.device.kind == "cuda" ? Place::host : Place::device;
    for (auto* formats : {&offer.in, &offer.out})
      for (Format& format : *formats) format.place = place;
    return {std::move(offer)};
  }
  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string&) const override {
    return std::make_shared<ReferenceExecutable>(cx.problem, cx.offer);
  }
  std::string_view tier() const override { return "reference"; }
};

}  // namespace

const Tactic& reference_tactic() {
  static const Reference tactic;
  return tactic;
}

}  // namespace tenon::core

#include "runtime/staged.h"

namespace tenon::core {
namespace {

/// Bytes of an element of a value that lies on the device; 0 for others.
int64_t element_bytes(const Type& type, const Format& format) {
  if (!type.is_tensor() || type.boxed() || format.place == Place::host) return 0;
  return size_of(stored_as(format, type.dtype));
}

class Staged : public Executable {
 public:
  Staged(std::shared_ptr<const Executable> host, const Problem& p, const Offer& offer, Device& device) : host_(std::move(host)), device_(device) {
    for (int i = 0; i < p.inputs(); ++i) in_.push_back(p.input(i).present() && host_->uses_input(i) ? element_bytes(p.input(i).type, offer.in[i]) : 0);
    for (int i = 0; i < p.outputs(); ++i) out_.push_back(p.output(i).present() ? element_bytes(p.output(i).type, offer.out[i]) : 0);
  }
  int64_t workspace_bytes() const override { return host_->workspace_bytes(); }
  bool uses_input(int i) const override { return host_->uses_input(i); }
  std::unique_ptr<State> make_state() const override { return host_->make_state(); }
  std::string kernel_name() const override { return host_->kernel_name() + " on the host"; }

  void run(State* state, const Args& args, Threads& threads) const override {
    const auto stream = device_.borrow_stream(args.stream);
    std::vector<TensorArg> in(args.in.begin(), args.in.end()), out(args.out.begin(), args.out.end());
    std::vector<Tensor> memory;
    for (size_t i = 0; i < in.size(); ++i)
      if (take(in[i], in_[i], memory)) stream->copy(in[i].data, Place::host, args.in[i].data, Place::device, memory.back().byte_size());
    for (size_t i = 0; i < out.size(); ++i) take(out[i], out_[i], memory);
    stream->wait();
    Args call = args;
    call.in = in;
    call.out = out;
    host_->run(state, call, threads);
    for (size_t i = 0; i < out.size(); ++i)
      if (out[i].data != args.out[i].data)
        stream->copy(args.out[i].data, Place::device, out[i].data, Place::host, checked_product(*out[i].dims) * out_[i]);
    stream->wait();
  }

 private:
  // Points an argument at host memory of its size.
  static bool take(TensorArg& arg, int64_t element, std::vector<Tensor>& memory) {
    if (element == 0 || !arg.data) return false;
    memory.emplace_back(DType::u8, Dims{checked_mul(checked_product(*arg.dims), element)});
    arg.data = memory.back().mutable_bytes().data();
    return true;
  }
  std::shared_ptr<const Executable> host_;
  Device& device_;
  std::vector<int64_t> in_, out_;
};

}  // namespace

std::shared_ptr<const Executable> staged(std::shared_ptr<const Executable> host, const Problem& problem, const Offer& offer, Device& device) {
  return std::make_shared<Staged>(std::move(host), problem, offer, device);
}

}  // namespace tenon::core

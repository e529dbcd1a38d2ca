#include "kernels/cpu/strip_program.h"

#include <algorithm>

namespace tenon::core::cpu {
namespace {

/// Copies `count` elements that are `stride` bytes apart.
template <class T>
void gather_run(const std::byte* from, int64_t stride, int64_t count, std::byte* to) {
  auto* out = reinterpret_cast<T*>(to);
  const auto* in = reinterpret_cast<const T*>(from);
  const int64_t step = stride / static_cast<int64_t>(sizeof(T));
  if (step == 0)
    std::fill_n(out, count, *in);
  else if (step == 1)
    std::copy_n(in, count, out);
  else
    for (int64_t i = 0; i < count; ++i) out[i] = in[i * step];
}

void gather_run(int64_t element, const std::byte* from, int64_t stride, int64_t count, std::byte* to) {
  switch (element) {
    case 1:
      return gather_run<uint8_t>(from, stride, count, to);
    case 2:
      return gather_run<uint16_t>(from, stride, count, to);
    case 4:
      return gather_run<uint32_t>(from, stride, count, to);
    default:
      return gather_run<uint64_t>(from, stride, count, to);
  }
}

}  // namespace

/// One thread's position and memory.
struct StripProgram::Lane {
  const std::byte* const* operands;
  std::byte* const* results;
  std::byte* memory;
  int64_t first = 0, length = 0, elements = 0;  // of the split loop; elements of the strip
  int64_t at = 0;                               // of the strip's first element in the results
  std::array<const std::byte*, kMostOperands> from;
  std::array<const std::byte*, kMostOperands> gathered;  // what a buffer holds, and how much of it
  std::array<int64_t, kMostOperands> gathered_elements;
};

void StripProgram::run(const std::byte* const* operands, std::byte* const* results, std::byte* workspace,
                       Threads& threads) const {
  if (count_ == 0) return;
  threads.parallel(lanes_, [&](int64_t i) {
    Lane lane{operands, results, workspace + i * lane_bytes_, 0, 0, 0, 0, {}, {}, {}};
    run_range(lane, count_ * i / lanes_, count_ * (i + 1) / lanes_);
  });
}

void StripProgram::run_range(Lane& lane, int64_t begin, int64_t end) const {
  for (int64_t i = begin; i < end; ++i) {
    locate(lane, i);
    for (const Instruction& step : code_) {
      StripArgs args{address(lane, step.out), {}, lane.elements, step.alpha, step.beta};
      for (int a = 0; a < step.arity; ++a) args.in[a] = address(lane, step.in[static_cast<size_t>(a)]);
      step.function(args);
    }
  }
}

void StripProgram::locate(Lane& lane, int64_t index) const {
  lane.first = index % blocks_ * block_;
  lane.length = std::min(block_, extents_[split_] - lane.first);
  lane.elements = lane.length * inner_;
  lane.at = (index / blocks_ * extents_[split_] + lane.first) * inner_;
  for (size_t o = 0; o < inputs_.size(); ++o) {
    const Input& input = inputs_[o];
    if (input.is_number) {
      lane.from[o] = input.number.data();
    } else {
      lane.from[o] = lane.operands[o] + lane.first * input.strides[split_];
      int64_t rest = index / blocks_;
      for (size_t l = split_; l-- > 0; rest /= extents_[l]) lane.from[o] += rest % extents_[l] * input.strides[l];
    }
    if (input.kind != Kind::gathered) continue;
    if (lane.gathered[o] == lane.from[o] && lane.gathered_elements[o] >= lane.elements) continue;
    lane.gathered[o] = lane.from[o];
    lane.gathered_elements[o] = lane.elements;
    std::byte* to = lane.memory + input.buffer;
    gather(input, split_, lane.length, lane.from[o], to);
  }
}

/// Elements of the loops from `loop` on, of which this one runs `count` times, in order.
void StripProgram::gather(const Input& input, size_t loop, int64_t count, const std::byte* from, std::byte*& to) const {
  if (loop + 1 == extents_.size()) {
    gather_run(input.element, from, input.strides[loop], count, to);
    to += count * input.element;
    return;
  }
  for (int64_t i = 0; i < count; ++i) gather(input, loop + 1, extents_[loop + 1], from + i * input.strides[loop], to);
}

std::byte* StripProgram::address(const Lane& lane, const Place& place) const {
  const auto index = static_cast<size_t>(place.at);
  switch (place.in) {
    case Place::In::buffer:
      return lane.memory + place.at;
    case Place::In::result:
      return lane.results[index] + lane.at * result_elements_[index];
    case Place::In::input:
      break;
  }
  const Input& input = inputs_[index];
  return input.kind == Kind::gathered ? lane.memory + input.buffer : const_cast<std::byte*>(lane.from[index]);
}

}  // namespace tenon::core::cpu

#include "select/scratch.h"

#include <algorithm>

namespace tenon::core {
namespace {

constexpr int64_t kPeriod = 101;
constexpr int64_t kPattern = kPeriod * 1024;  // elements made on the host

Tensor pattern(DType type, int64_t count) {
  if (!is_float(type)) return Tensor(type, {count});
  std::vector<float> x(static_cast<size_t>(count));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>((i * 37) % kPeriod) / kPeriod - 0.5f;
  return from_floats(type, {count}, x);
}

}  // namespace

Scratch::~Scratch() {
  for (auto& [key, buffer] : buffers_)
    if (buffer.data) device_.release(buffer.data, key.second);
}

Scratch::Buffer& Scratch::at_least(int slot, Place place, int64_t bytes) {
  Buffer& buffer = buffers_[{slot, place}];
  buffer.holds = DType::none;
  buffer.count = 0;
  if (buffer.data && buffer.bytes >= bytes) return buffer;
  if (buffer.data) device_.release(std::exchange(buffer.data, nullptr), place);
  buffer.bytes = 0;
  buffer.data = device_.allocate(std::max<int64_t>(bytes, 1), place);
  buffer.bytes = bytes;
  return buffer;
}

std::byte* Scratch::memory(int slot, Place place, int64_t bytes) { return at_least(slot, place, bytes).data; }

std::byte* Scratch::numbers(int slot, Place place, DType type, int64_t count, Stream& stream) {
  const auto kept = buffers_.find({slot, place});
  if (kept != buffers_.end() && kept->second.holds == type && kept->second.count >= count) return kept->second.data;
  const int64_t bytes = checked_mul(count, size_of(type));
  Buffer& buffer = at_least(slot, place, bytes);
  const Tensor first = pattern(type, std::min(count, kPattern));
  int64_t done = first.byte_size();
  if (done > 0) stream.copy(buffer.data, place, first.bytes().data(), Place::host, done);
  for (; done < bytes; done += std::min(done, bytes - done)) stream.copy(buffer.data + done, place, buffer.data, place, std::min(done, bytes - done));
  stream.wait();
  buffer.holds = type;
  buffer.count = count;
  return buffer.data;
}

std::byte* Scratch::values(int slot, Place place, const Tensor& values, Stream& stream) {
  Buffer& buffer = at_least(slot, place, values.byte_size());
  if (values.byte_size() > 0) stream.copy(buffer.data, place, values.bytes().data(), Place::host, values.byte_size());
  stream.wait();
  return buffer.data;
}

}  // namespace tenon::core

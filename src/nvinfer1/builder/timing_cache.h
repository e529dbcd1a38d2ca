#pragma once
#include "NvInfer.h"
#include "nvinfer1/reporter.h"
#include "select/timing_cache.h"

namespace tenon::adapter {

namespace nv = nvinfer1;

/// Measurements as text, in docs/timing-cache.md's format.
class ApiTimingCache final : public nv::ITimingCache, public nv::apiv::VTimingCache {
 public:
  ApiTimingCache(const Reporter& maker, core::TimingCache cache) : records(std::move(cache)), reporter_(maker) { mImpl = this; }
  static const ApiTimingCache& of(const nv::ITimingCache& c) { return static_cast<const ApiTimingCache&>(c); }

  core::TimingCache records;

  nv::IHostMemory* serialize() const noexcept override;
  bool combine(nv::ITimingCache const& other, bool ignore_mismatch) noexcept override;
  bool reset() noexcept override;
  int64_t queryKeys(nv::TimingCacheKey* keys, int64_t capacity) const noexcept override;
  nv::TimingCacheValue query(nv::TimingCacheKey const& key) const noexcept override;
  bool update(nv::TimingCacheKey const& key, nv::TimingCacheValue const& value) noexcept override;

 private:
  struct Entry {
    nv::TimingCacheKey key;
    nv::TimingCacheValue value;
    std::string problem, offer;
  };
  std::vector<Entry> entries() const;
  Reporter reporter_;
};

}  // namespace tenon::adapter

#include "nvinfer1/builder/timing_cache.h"

#include <cstring>

#include "base/hash.h"
#include "nvinfer1/runtime/host_memory.h"

namespace tenon::adapter {

using Code = nv::ErrorCode;

nv::IHostMemory* ApiTimingCache::serialize() const noexcept {
  return guarded(reporter_, "ITimingCache::serialize", static_cast<nv::IHostMemory*>(nullptr), [&] {
    const std::string text = records.text();
    const auto bytes = std::as_bytes(std::span(text));
    return make_host_memory({bytes.begin(), bytes.end()});
  });
}

bool ApiTimingCache::combine(nv::ITimingCache const& other, bool) noexcept {
  return guarded(reporter_, "ITimingCache::combine", false, [&] {
    if (&other == this) refuse(Code::kINVALID_ARGUMENT, "a timing cache can't be combined with itself");
    // Records name the device they were measured on: those of another one are never used for this one.
    records.merge(of(other).records);
    return true;
  });
}

bool ApiTimingCache::reset() noexcept {
  records = {};
  return true;
}

/// The measurements: a key is the hash of the problem and the tactic.
std::vector<ApiTimingCache::Entry> ApiTimingCache::entries() const {
  std::vector<Entry> result;
  for (const auto& [key, record] : records.costs()) {
    if (!record.rejection.empty()) continue;
    Entry e{};
    const core::Hash hash = core::hash_text(key.first + " " + key.second);
    std::memcpy(e.key.data, &hash.low, 8);
    std::memcpy(e.key.data + 8, &hash.high, 8);
    e.value = {core::hash_text(key.second).low, static_cast<float>(record.us / 1000)};
    e.problem = key.first;
    e.offer = key.second;
    result.push_back(std::move(e));
  }
  return result;
}

int64_t ApiTimingCache::queryKeys(nv::TimingCacheKey* keys, int64_t capacity) const noexcept {
  return guarded(reporter_, "ITimingCache::queryKeys", int64_t{-1}, [&] {
    const auto all = entries();
    for (size_t i = 0; keys && i < all.size() && static_cast<int64_t>(i) < capacity; ++i) keys[i] = all[i].key;
    return static_cast<int64_t>(all.size());
  });
}

nv::TimingCacheValue ApiTimingCache::query(nv::TimingCacheKey const& key) const noexcept {
  const nv::TimingCacheValue none{0, -1};
  return guarded(reporter_, "ITimingCache::query", none, [&] {
    for (const Entry& e : entries())
      if (std::memcmp(e.key.data, key.data, sizeof(key.data)) == 0) return e.value;
    return none;
  });
}

bool ApiTimingCache::update(nv::TimingCacheKey const& key, nv::TimingCacheValue const& value) noexcept {
  return guarded(reporter_, "ITimingCache::update", false, [&] {
    for (const Entry& e : entries()) {
      if (std::memcmp(e.key.data, key.data, sizeof(key.data)) != 0) continue;
      if (value.tacticHash != e.value.tacticHash) refuse(Code::kINVALID_ARGUMENT, "the key belongs to tactic {:#x}; found {:#x}", e.value.tacticHash, value.tacticHash);
      records.edit_cost(e.problem, e.offer, value.timingMSec * 1000.0);
      return true;
    }
    refuse(Code::kINVALID_ARGUMENT, "the cache has no such key");
  });
}

}  // namespace tenon::adapter

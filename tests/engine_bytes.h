#pragma once
#include <cstring>
#include <vector>

#include "engine/format.h"

namespace tenon::core {

/// Where a section's entry in the table says it is; empty when the table or the entry is damaged.
struct SectionBytes {
  SectionId id;
  size_t offset = 0, bytes = 0;
};

inline std::vector<SectionBytes> sections_of(const std::vector<std::byte>& file) {
  std::vector<SectionBytes> sections;
  if (file.size() < kHeaderBytes) return sections;
  uint32_t count = 0;
  std::memcpy(&count, file.data() + 12, 4);
  for (uint64_t i = 0; i < count && kHeaderBytes + (i + 1) * kEntryBytes <= file.size(); ++i) {
    const std::byte* entry = file.data() + kHeaderBytes + i * kEntryBytes;
    uint32_t id = 0;
    uint64_t place[2];
    std::memcpy(&id, entry, 4);
    std::memcpy(place, entry + 8, 16);
    const bool inside = place[0] <= file.size() && place[1] <= file.size() - place[0];
    sections.push_back({static_cast<SectionId>(id), inside ? place[0] : 0, inside ? place[1] : 0});
  }
  return sections;
}

/// Writes the hashes that the sections and the table now have, so that damage inside them reaches the readers.
inline void repair_hashes(std::vector<std::byte>& file) {
  const auto sections = sections_of(file);
  if (sections.empty()) return;
  for (size_t i = 0; i < sections.size(); ++i) {
    const Hash hash = hash_bytes(std::span(file).subspan(sections[i].offset, sections[i].bytes));
    std::byte* at = file.data() + kHeaderBytes + i * kEntryBytes + 24;
    std::memcpy(at, &hash.low, 8);
    std::memcpy(at + 8, &hash.high, 8);
  }
  const Hash table = hash_bytes(std::span(file).subspan(kHeaderBytes, sections.size() * kEntryBytes));
  std::memcpy(file.data() + 16, &table.low, 8);
  std::memcpy(file.data() + 24, &table.high, 8);
}

}  // namespace tenon::core

#include "base/zip.h"

#include <zlib.h>

#include <algorithm>
#include <concepts>
#include <optional>

#include "base/bytes.h"
#include "base/error.h"

namespace tenon::core {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50, kDirectoryEntry = 0x02014b50, kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr uint16_t kSizes64 = 1;  // id of the extra field that holds 64-bit sizes
constexpr uint32_t kIn64 = 0xffffffff;
constexpr uint16_t kStored = 0, kDeflated = 8, kEncrypted = 1, kUtf8 = 0x800;
constexpr uint64_t kMostInflation = 1032;  // deflate's largest ratio
constexpr uint16_t kVersion64 = 45;
constexpr uint16_t kFirstDay = 0x21;  // 1980-01-01, so that equal contents give equal files

ByteReader reader(std::span<const std::byte> bytes) { return {bytes, ErrorCode::bad_file, "the zip archive"}; }

struct Directory {
  uint64_t offset = 0, entries = 0;
};

struct Entry {
  std::string name;
  uint16_t flags = 0, method = 0;
  uint32_t crc = 0;
  uint64_t packed = 0, size = 0, offset = 0;
};

std::span<const std::byte> from(std::span<const std::byte> archive, uint64_t offset) {
  if (offset > archive.size())
    fail(ErrorCode::bad_file, "the zip archive is damaged: it points to byte {} of {}", offset, archive.size());
  return archive.subspan(static_cast<size_t>(offset));
}

/// The end record is the last thing in the file, behind it only a comment of up to 65535 bytes.
size_t find_end(std::span<const std::byte> archive) {
  constexpr size_t kEndSize = 22, kMostComment = 65535;
  if (archive.size() >= kEndSize) {
    size_t last = archive.size() - kEndSize;
    size_t first = last > kMostComment ? last - kMostComment : 0;
    for (size_t at = last + 1; at-- > first;)
      if (reader(archive.subspan(at)).number<uint32_t>() == kEnd) return at;
  }
  fail(ErrorCode::bad_file, "not a zip archive, or it was cut off: it has no directory");
}

Directory find_directory(std::span<const std::byte> archive) {
  size_t end = find_end(archive);
  ByteReader record = reader(archive.subspan(end));
  record.skip(10);
  Directory directory;
  directory.entries = record.number<uint16_t>();
  record.skip(4);
  directory.offset = record.number<uint32_t>();
  if (directory.entries != 0xffff && directory.offset != kIn64) return directory;
  constexpr size_t kLocatorSize = 20;
  if (end < kLocatorSize) return directory;
  ByteReader locator = reader(archive.subspan(end - kLocatorSize));
  if (locator.number<uint32_t>() != kEnd64Locator) return directory;
  locator.skip(4);
  ByteReader record64 = reader(from(archive, locator.number<uint64_t>()));
  if (record64.number<uint32_t>() != kEnd64) fail(ErrorCode::bad_file, "the zip archive's directory is damaged");
  record64.skip(28);
  directory.entries = record64.number<uint64_t>();
  record64.skip(8);
  directory.offset = record64.number<uint64_t>();
  return directory;
}

/// Reads the 64-bit forms of those fields that hold the marker.
void read_sizes64(Entry& entry, ByteReader extra) {
  while (extra.left() >= 4) {
    uint16_t id = extra.number<uint16_t>();
    ByteReader field = reader(extra.take(extra.number<uint16_t>()));
    if (id != kSizes64) continue;
    for (uint64_t* value : {&entry.size, &entry.packed, &entry.offset})
      if (*value == kIn64) *value = field.number<uint64_t>();
  }
}

Entry read_entry(ByteReader& directory) {
  if (directory.number<uint32_t>() != kDirectoryEntry)
    fail(ErrorCode::bad_file, "the zip archive's directory is damaged");
  Entry entry;
  directory.skip(4);
  entry.flags = directory.number<uint16_t>();
  entry.method = directory.number<uint16_t>();
  directory.skip(4);
  entry.crc = directory.number<uint32_t>();
  entry.packed = directory.number<uint32_t>();
  entry.size = directory.number<uint32_t>();
  uint16_t name = directory.number<uint16_t>(), extra = directory.number<uint16_t>();
  uint16_t comment = directory.number<uint16_t>();
  directory.skip(8);
  entry.offset = directory.number<uint32_t>();
  entry.name = std::string(directory.text(name));
  read_sizes64(entry, reader(directory.take(extra)));
  directory.skip(comment);
  return entry;
}

std::span<const std::byte> packed_bytes(std::span<const std::byte> archive, const Entry& entry) {
  ByteReader local = reader(from(archive, entry.offset));
  if (local.number<uint32_t>() != kLocalHeader) fail(ErrorCode::bad_file, "the header of its data is damaged");
  local.skip(22);
  uint16_t name = local.number<uint16_t>(), extra = local.number<uint16_t>();
  local.skip(uint64_t{name} + extra);
  return local.take(entry.packed);
}

std::shared_ptr<const std::vector<std::byte>> inflate_bytes(std::span<const std::byte> packed, uint64_t size) {
  if (size / kMostInflation > packed.size())
    fail(ErrorCode::bad_file, "{} bytes can't come out of {} packed ones", size, packed.size());
  auto result = std::make_shared<std::vector<std::byte>>(static_cast<size_t>(size));
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) fail(ErrorCode::out_of_memory, "no memory to inflate");
  constexpr size_t kMost = 1u << 30;
  size_t read = 0, written = 0;
  std::byte nothing{};
  int state = Z_OK;
  while (state == Z_OK) {
    size_t in = std::min(packed.size() - read, kMost), out = std::min(result->size() - written, kMost);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data() + read));
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = reinterpret_cast<Bytef*>(result->empty() ? &nothing : result->data() + written);
    stream.avail_out = static_cast<uInt>(out);
    state = inflate(&stream, Z_NO_FLUSH);
    read += in - stream.avail_in;
    written += out - stream.avail_out;
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END || written != size) fail(ErrorCode::bad_file, "its packed data is damaged");
  return result;
}

ZipEntry unpack(std::span<const std::byte> archive, const Entry& entry) {
  if (entry.flags & kEncrypted) fail(ErrorCode::bad_file, "it is encrypted");
  ZipEntry result{entry.name, packed_bytes(archive, entry), nullptr};
  if (entry.method == kDeflated) {
    result.inflated = inflate_bytes(result.bytes, entry.size);
    result.bytes = *result.inflated;
  } else if (entry.method != kStored) {
    fail(ErrorCode::bad_file, "it is packed with method {}; stored (0) or deflated (8) was expected", entry.method);
  }
  if (result.bytes.size() != entry.size)
    fail(ErrorCode::bad_file, "it has {} bytes, {} were announced", result.bytes.size(), entry.size);
  uint32_t crc =
      static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(result.bytes.data()), result.bytes.size()));
  if (crc != entry.crc) fail(ErrorCode::bad_file, "its check code is wrong: the file was damaged");
  return result;
}

class Record {
 public:
  template <std::integral T>
  Record& add(T value) {
    const char* bytes = reinterpret_cast<const char*>(&value);
    text_.append(bytes, sizeof value);
    return *this;
  }
  Record& add(std::string_view text) {
    text_.append(text);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

uint32_t low_or_mark(uint64_t value) { return value >= kIn64 ? kIn64 : static_cast<uint32_t>(value); }

/// The 64-bit forms of those values that don't fit, in the order size, packed size, offset.
std::string sizes64(uint64_t size, std::optional<uint64_t> offset) {
  Record values;
  if (size >= kIn64) values.add(size).add(size);
  if (offset && *offset >= kIn64) values.add(*offset);
  if (values.text().empty()) return "";
  return Record().add(kSizes64).add(static_cast<uint16_t>(values.text().size())).add(values.text()).text();
}

}  // namespace

std::vector<ZipEntry> read_zip(std::span<const std::byte> archive) {
  Directory directory = find_directory(archive);
  ByteReader records = reader(from(archive, directory.offset));
  std::vector<ZipEntry> entries;
  uint64_t packed = 0;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    Entry entry = read_entry(records);
    // Entries that share bytes would let a small archive fill the memory.
    packed += entry.packed;
    if (entry.packed > archive.size() || packed > archive.size())
      fail(ErrorCode::bad_file, "the zip archive is damaged: its entries are larger than the file");
    entries.push_back(with_context("entry '" + entry.name + "'", [&] { return unpack(archive, entry); }));
  }
  return entries;
}

void ZipWriter::add(const std::string& name, std::span<const std::span<const std::byte>> pieces) {
  Written entry{name, 0, 0, static_cast<uint64_t>(file_.size())};
  for (auto piece : pieces) {
    entry.crc = static_cast<uint32_t>(crc32_z(entry.crc, reinterpret_cast<const Bytef*>(piece.data()), piece.size()));
    entry.size += piece.size();
  }
  if (name.size() > 0xffff)
    fail(ErrorCode::write_failed, "a name of {} bytes is too long for a zip archive", name.size());
  std::string extra = sizes64(entry.size, std::nullopt);
  Record header;
  header.add(kLocalHeader).add(kVersion64).add(kUtf8).add(kStored).add(uint16_t{0}).add(kFirstDay);
  header.add(entry.crc).add(low_or_mark(entry.size)).add(low_or_mark(entry.size));
  header.add(static_cast<uint16_t>(name.size())).add(static_cast<uint16_t>(extra.size()));
  file_.write(header.add(name).add(extra).text());
  for (auto piece : pieces) file_.write(piece);
  entries_.push_back(std::move(entry));
}

void ZipWriter::finish() {
  uint64_t start = static_cast<uint64_t>(file_.size());
  for (const Written& entry : entries_) {
    std::string extra = sizes64(entry.size, entry.offset);
    Record record;
    record.add(kDirectoryEntry).add(kVersion64).add(kVersion64).add(kUtf8).add(kStored);
    record.add(uint16_t{0}).add(kFirstDay).add(entry.crc).add(low_or_mark(entry.size)).add(low_or_mark(entry.size));
    record.add(static_cast<uint16_t>(entry.name.size())).add(static_cast<uint16_t>(extra.size()));
    record.add(uint16_t{0}).add(uint16_t{0}).add(uint16_t{0}).add(uint32_t{0}).add(low_or_mark(entry.offset));
    file_.write(record.add(entry.name).add(extra).text());
  }
  uint64_t end = static_cast<uint64_t>(file_.size()), count = entries_.size();
  bool large = count >= 0xffff || end >= kIn64;
  if (large) {
    Record record;
    record.add(kEnd64).add(uint64_t{44}).add(kVersion64).add(kVersion64).add(uint32_t{0}).add(uint32_t{0});
    record.add(count).add(count).add(end - start).add(start);
    file_.write(record.add(kEnd64Locator).add(uint32_t{0}).add(end).add(uint32_t{1}).text());
  }
  uint16_t shown = large ? 0xffff : static_cast<uint16_t>(count);
  Record record;
  record.add(kEnd).add(uint16_t{0}).add(uint16_t{0}).add(shown).add(shown);
  record.add(low_or_mark(end - start)).add(large ? kIn64 : static_cast<uint32_t>(start)).add(uint16_t{0});
  file_.write(record.text());
}

}  // namespace tenon::core

// Where the weights of an engine file lie.
#include <gtest/gtest.h>

#include <optional>

#include "../engine_bytes.h"
#include "base/error.h"
#include "build/build.h"
#include "ir/text.h"
#include "ops/all.h"

namespace tenon::core {
namespace {

using File = std::vector<std::byte>;

/// Two constants: 64 x 64 floats and, behind them, 64 floats.
File engine_of_product() {
  std::string w, b;
  for (int i = 0; i < 64 * 64; ++i) w += (i ? ", 0." : "0.") + std::to_string(1 + i % 9);
  for (int i = 0; i < 64; ++i) b += (i ? ", 1." : "1.") + std::to_string(i);
  const std::string text = "graph g(x: f32[4,64]) {\n%w = Constant{value=f32[64,64]{" + w + "}}\n%b = Constant{value=f32[64]{" + b +
                           "}}\n%1 = MatMul(%x, %w) %2 = Binary{kind=div}(%b, %1) return y = %2\n}\n";
  BuildOptions options;
  options.device = "cpu";
  options.threads = 1;
  options.opt_level = 0;
  return engine_bytes({{build([&](const auto&, const Log&) { return parse(text, op_registry()); }, options).data}, ""});
}

/// Where the weight table says where the constant of this size lies.
size_t entry_of(const File& file, int64_t bytes) {
  for (const SectionBytes& s : sections_of(file))
    for (size_t at = s.offset + 8; s.id == SectionId::weight_table && at + 8 <= s.offset + s.bytes; ++at)
      if (std::memcmp(&file[at], &bytes, 8) == 0) return at - 8;
  return 0;
}

std::optional<ErrorCode> load(File file) {
  repair_hashes(file);
  const auto owner = std::make_shared<const File>(std::move(file));
  try {
    load_engine(*owner, owner);
  } catch (const Error& e) {
    return e.code();
  }
  return std::nullopt;
}

TEST(EngineWeights, LieOneBehindTheOther) {
  const File file = engine_of_product();
  const size_t entry = entry_of(file, 64 * 4);
  ASSERT_GT(entry, 0u);
  EXPECT_EQ(load(file), std::nullopt);
  int64_t offset = 0;
  std::memcpy(&offset, &file[entry], 8);
  for (const int64_t moved : {offset + 4, offset - 64, offset - 4, int64_t{0}}) {
    if (moved == offset) continue;
    File edited = file;
    std::memcpy(&edited[entry], &moved, 8);
    EXPECT_EQ(load(edited), ErrorCode::corrupt_engine) << moved;
  }
}

}  // namespace
}  // namespace tenon::core

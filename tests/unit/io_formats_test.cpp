// Memory formats of inputs and outputs: dims, bytes, the nodes that convert, the choice among several, the file.
#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "../engine_bytes.h"
#include "base/error.h"
#include "base/threads.h"
#include "build/boundary.h"
#include "build/build.h"
#include "build/reformat.h"
#include "ir/evaluate.h"
#include "ir/text.h"
#include "ops/all.h"
#include "plan/io_format.h"
#include "select/timing_cache.h"

namespace tenon::core {
namespace {

Tensor counted(Dims dims) {
  std::vector<float> values(static_cast<size_t>(checked_product(dims)));
  std::iota(values.begin(), values.end(), 1.0F);
  return from_floats(DType::f32, std::move(dims), values);
}

TEST(IoFormats, StoredDims) {
  const Dims image{2, 5, 3, 4}, volume{2, 5, 3, 4, 6};
  const auto stored = [&](const char* name) { return stored_dims(*parse_memory_format(name), name[0] == 'd' || name[1] == 'd' ? volume : image); };
  EXPECT_EQ(stored("chw"), image);
  EXPECT_EQ(stored("chw2"), (Dims{2, 3, 3, 4, 2}));
  EXPECT_EQ(stored("chw4"), (Dims{2, 2, 3, 4, 4}));
  EXPECT_EQ(stored("chw16"), (Dims{2, 1, 3, 4, 16}));
  EXPECT_EQ(stored("chw32"), (Dims{2, 1, 3, 4, 32}));
  EXPECT_EQ(stored("hwc"), (Dims{2, 3, 4, 5}));
  EXPECT_EQ(stored("hwc8"), (Dims{2, 3, 4, 8}));
  EXPECT_EQ(stored("hwc16"), (Dims{2, 3, 4, 16}));
  EXPECT_EQ(stored("dhwc"), (Dims{2, 3, 4, 6, 5}));
  EXPECT_EQ(stored("dhwc8"), (Dims{2, 3, 4, 6, 8}));
  EXPECT_EQ(stored("cdhw32"), (Dims{2, 1, 3, 4, 6, 32}));
  EXPECT_EQ(stored_dims(MemoryFormat::hwc8, {-1, 5, -1, 4}), (Dims{-1, -1, 4, 8}));
  EXPECT_EQ(dense_dims({MemoryFormat::chw4, 5}, {-1, 2, 3, -1, 4}), (Dims{-1, 5, 3, -1}));
  EXPECT_EQ(stored_strides(MemoryFormat::chw4, {1, 3, 2, 2}), (Dims{4, 4, 2, 1}));
  EXPECT_EQ(stored_strides(MemoryFormat::hwc, {1, 3, 2, 2}), (Dims{12, 1, 6, 3}));
  EXPECT_THROW(stored_dims(MemoryFormat::chw4, {3, 4}), Error);
  EXPECT_FALSE(parse_memory_format("nhwc"));
}

TEST(IoFormats, PackedBytes) {
  const Tensor x = counted({1, 3, 1, 2});  // channels 1 2 | 3 4 | 5 6
  const auto bytes = [&](MemoryFormat f) { return to_floats(packed(f, x)); };
  EXPECT_EQ(bytes(MemoryFormat::chw2), (std::vector<float>{1, 3, 2, 4, 5, 0, 6, 0}));
  EXPECT_EQ(bytes(MemoryFormat::hwc), (std::vector<float>{1, 3, 5, 2, 4, 6}));
  EXPECT_EQ(bytes(MemoryFormat::chw4), (std::vector<float>{1, 3, 5, 0, 2, 4, 6, 0}));
  for (int i = 0; i < kMemoryFormats; ++i) {
    const auto format = static_cast<MemoryFormat>(i);
    const Tensor v = counted({2, 5, 2, 3, 2});
    EXPECT_EQ(to_floats(unpacked({format, traits(format).components == 1 ? -1 : v.dim(5 - traits(format).axis_from_end)}, packed(format, v))), to_floats(v)) << to_string(format);
  }
  EXPECT_THROW(unpacked({MemoryFormat::hwc8, 9}, counted({1, 2, 2, 8})), Error);
}

Graph negated(const std::string& type) { return parse("graph g(x: " + type + ") { %1 = Unary{kind=neg}(%x) return y = %1 }", op_registry()); }

TEST(IoFormats, NodesConvertAtTheBoundary) {
  Threads threads(1);
  for (int i = 1; i < kMemoryFormats; ++i) {
    const auto format = static_cast<MemoryFormat>(i);
    if (is_of_dla(format)) continue;
    for (int64_t channels : {1, 3, 8, 33}) {
      SCOPED_TRACE(std::string(to_string(format)) + " of " + std::to_string(channels));
      const bool volume = traits(format).axis_from_end == 4;
      const Graph plain = negated("f32[N," + std::to_string(channels) + (volume ? ",D,H,W]" : ",H,W]"));
      IoFormats made;
      const Graph graph = with_boundary(plain, {{}, {{"x", format}, {"y", format}}}, made);
      const IoFormat io{format, traits(format).components == 1 ? -1 : channels};
      EXPECT_EQ(made, (IoFormats{{"x", io}, {"y", io}}));
      const Tensor x = counted(volume ? Dims{2, channels, 2, 3, 4} : Dims{2, channels, 3, 4});
      const HostValue input = packed(format, x);
      const HostValue output = evaluate(graph, {&input, 1}, threads)[0];
      auto expected = to_floats(packed(format, x));
      for (float& v : expected) v = v == 0 ? 0 : -v;
      EXPECT_EQ(to_floats(std::get<Tensor>(output)), expected);
      for (NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        if (node.as<InputOp>() || node.as<ConstantOp>()) continue;
        EXPECT_EQ(is_reformat(graph, id), node.op->name() != "Unary");
      }
    }
  }
}

TEST(IoFormats, RefusesWhatCannotBe) {
  IoFormats made;
  const auto code = [&](const std::string& type, const std::string& name, MemoryFormat format) {
    try {
      with_boundary(negated(type), {{}, {{name, format}}}, made);
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("'" + name + "'"), std::string::npos) << e.what();
      return e.code();
    }
    return ErrorCode::internal;
  };
  EXPECT_EQ(code("f32[2,3]", "x", MemoryFormat::hwc8), ErrorCode::usage);
  EXPECT_EQ(code("f32[2,C,4,4]", "x", MemoryFormat::hwc8), ErrorCode::usage);
  EXPECT_EQ(code("f32[2,3,4,4]", "x", MemoryFormat::dla_hwc4), ErrorCode::usage);
  EXPECT_EQ(code("f32[2,3,4,4]", "z", MemoryFormat::hwc8), ErrorCode::unknown_name);
  EXPECT_EQ(code("f32[2,C,4,4]", "x", MemoryFormat::hwc), ErrorCode::internal) << "open channels need no padding here";
}

Built build_text(const std::string& text, std::map<std::string, std::vector<std::string>> formats, bool direct = false) {
  BuildOptions options;
  options.device = "cpu";
  options.threads = 1;
  options.opt_level = 0;
  options.io_formats = std::move(formats);
  options.direct_io = direct;
  return build([&](const auto&, const Log&) { return parse(text, op_registry()); }, options);
}

const std::string kNegate = "graph g(x: f32[2,3,4,4]) { %1 = Unary{kind=neg}(%x) return y = %1 }";

TEST(IoFormats, AreChosenByTheNeighbour) {
  EXPECT_TRUE(build_text(kNegate, {{"x", {"chw", "hwc"}}}).data.io_formats.empty()) << "a row-major kernel takes chw as it is";
  const Built both = build_text(kNegate, {{"x", {"chw4", "hwc"}}, {"y", {"hwc16", "hwc8", "dla_linear"}}});
  EXPECT_EQ(both.data.io_formats.at("x").format, MemoryFormat::hwc) << "nothing is padded";
  EXPECT_EQ(both.data.io_formats.at("y"), (IoFormat{MemoryFormat::hwc8, 3}));
  EXPECT_THROW(build_text(kNegate, {{"x", {"dla_linear", "dla_hwc4"}}}), Error);
  EXPECT_THROW(build_text(kNegate, {{"x", {"nhwc"}}}), Error);
}

TEST(IoFormats, AChoiceIsMadeWithoutSayingThingsTwice) {
  BuildOptions options;
  options.device = "cpu";
  options.threads = 1;
  options.io_formats = {{"x", {"chw4", "hwc"}}};
  options.direct_io = options.allow_odd_weights = true;
  options.log_level = Severity::verbose;
  std::vector<std::string> lines;
  options.log = [&](Severity, std::string_view, std::string_view text) { lines.emplace_back(text); };
  const auto read = [&](const auto&, const Log&) {
    return parse("graph g(x: f32[1,2,4,4]) { %1 = Constant{value=f32[1,2,1,1]{1, nan}} %2 = Conv(%x, %1) return y = %2 }", op_registry());
  };
  TimingCache cache;
  const Built built = build(GraphSource(read), options, {&cache, nullptr});
  const auto said = [&](const std::string& words) { return std::count_if(lines.begin(), lines.end(), [&](const auto& line) { return line.find(words) != std::string::npos; }); };
  EXPECT_EQ(said("finite numbers were expected"), 1);
  EXPECT_EQ(said("'x' has the memory format hwc"), 1);
  EXPECT_LE(said("direct I/O"), 1);
  EXPECT_EQ(said("runs by"), static_cast<int64_t>(std::count_if(built.program->plan().steps.begin(), built.program->plan().steps.end(),
                                                               [](const Step& s) { return s.kind != Step::Kind::reorder; })));
  std::set<std::string> phases;
  for (const auto& phase : built.report.phases) EXPECT_TRUE(phases.insert(phase.first).second) << phase.first;
  EXPECT_GT(built.report.tactics_timed, 0);
  EXPECT_EQ(build(GraphSource(read), options, {&cache, nullptr}).report.tactics_timed, 0) << "all was in the cache, of both builds";
}

TEST(IoFormats, DirectInputIsSaidToNeedACopy) {
  const Built copied = build_text(kNegate, {{"x", {"chw4"}}, {"y", {"chw"}}}, true);
  ASSERT_FALSE(copied.report.warnings.empty());
  EXPECT_EQ(copied.report.warnings[0].find("direct I/O: no kernel takes tensor 'x' in the format chw4: the cheapest reformat is '"), 0u)
      << copied.report.warnings[0];
  EXPECT_TRUE(build_text(kNegate, {{"x", {"chw4"}}}, false).report.warnings.empty());
}

using File = std::vector<std::byte>;

EngineData load(const File& file) {
  const auto owner = std::make_shared<const File>(file);
  return load_engine(*owner, owner);
}

TEST(IoFormats, AreKeptInTheFile) {
  const Built built = build_text(kNegate, {{"x", {"chw4"}}, {"y", {"hwc8"}}});
  const File file = engine_bytes({{built.data}, ""});
  EXPECT_EQ(load(file).io_formats, built.data.io_formats);
  for (const SectionBytes& s : sections_of(file)) {
    if (s.id != SectionId::formats) continue;
    for (size_t at = s.offset; at < s.offset + s.bytes; ++at)
      for (int bit = 0; bit < 8; ++bit) {
        File damaged = file;
        damaged[at] ^= static_cast<std::byte>(1 << bit);
        repair_hashes(damaged);
        try {
          EXPECT_NE(load(damaged).io_formats, built.data.io_formats);
        } catch (const Error& e) {
          EXPECT_EQ(e.code(), ErrorCode::corrupt_engine) << e.what();
        }
      }
  }
}

}  // namespace
}  // namespace tenon::core

#include <gtest/gtest.h>

#include "../../tools/arguments.h"
#include "../../tools/nearest.h"
#include "../../tools/profile.h"
#include "../../tools/statistics.h"
#include "../../tools/units.h"
#include "tenon/error.h"
#include "tenon/files.h"
#include "tenon/model.h"

namespace tenon::cli {
namespace {

template <class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::usage);
    return e.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Units, Shapes) {
  auto shapes = parse_shapes("--shapes", "a:1x3x8,b:2,input:0:4x5,'x,y':7,s:scalar");
  EXPECT_EQ(shapes.size(), 5u);
  EXPECT_EQ(shapes["a"], (Dims{1, 3, 8}));
  EXPECT_EQ(shapes["b"], Dims{2});
  EXPECT_EQ(shapes["input:0"], (Dims{4, 5}));
  EXPECT_EQ(shapes["x,y"], Dims{7});
  EXPECT_TRUE(shapes.count("s") && shapes["s"].empty());
  for (const char* bad : {"", "a", "a:", ":1", "a:1x", "a:-1", "a:1.5", "a:1x3,", "a:1,a:2", "a:99999999999999999999"})
    EXPECT_TRUE(contains(message_of([&] { parse_shapes("--shapes", bad); }), "--shapes")) << bad;
}

TEST(Units, SizesAndTimes) {
  EXPECT_EQ(parse_bytes("--max-memory", "4G"), int64_t{4} << 30);
  EXPECT_EQ(parse_bytes("--max-memory", "1.5m"), 3 << 19);
  EXPECT_EQ(parse_bytes("--max-memory", "2GiB"), int64_t{2} << 30);
  EXPECT_EQ(parse_bytes("--max-memory", "1000"), 1000);
  EXPECT_DOUBLE_EQ(parse_seconds("--time-limit", "90", 1), 90);
  EXPECT_DOUBLE_EQ(parse_seconds("--time-limit", "2m", 1), 120);
  EXPECT_DOUBLE_EQ(parse_seconds("--warmup", "200", 1e-3), 0.2);
  EXPECT_DOUBLE_EQ(parse_seconds("--warmup", "1s", 1e-3), 1);
  EXPECT_EQ(parse_numbers("--sweep-batch", "1,2,16"), (std::vector<int64_t>{1, 2, 16}));
  for (const char* bad : {"", "x", "-1", "4Q", "4Gx", "nan", "inf", "1e40"})
    EXPECT_NE(message_of([&] { parse_bytes("--max-memory", bad); }), "") << bad;
  for (const char* bad : {"", "s", "-1s", "4d", "nan"})
    EXPECT_NE(message_of([&] { parse_seconds("--time-limit", bad, 1); }), "") << bad;
  for (const char* bad : {"", "0", "1,", "a", "1x2"})
    EXPECT_NE(message_of([&] { parse_numbers("--sweep-batch", bad); }), "") << bad;
}

TEST(Units, Texts) {
  EXPECT_EQ(dims_text({1, -1, 3}), "1x?x3");
  EXPECT_EQ(dims_text({}), "scalar");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text(12), "12 B");
  EXPECT_EQ(ms_text(0.01234), "0.0123 ms");
  EXPECT_EQ(ms_text(123.45), "123.5 ms");
  EXPECT_EQ(count_text(25557032), "25.6 M");
}

TEST(Nearest, FindsTypingErrors) {
  std::vector<std::string> flags{"--min-shapes", "--max-shapes", "--opt-level", "--threads"};
  EXPECT_EQ(nearest("--min-shape", flags), "--min-shapes");
  EXPECT_EQ(nearest("--minShapes", flags), "--min-shapes");
  EXPECT_EQ(nearest("--thraeds", flags), "--threads");
  EXPECT_EQ(nearest("--colour", flags), "");
  EXPECT_EQ(join_alternatives({"a", "b", "c"}), "a, b or c");
}

TEST(Arguments, MistakesAreNamed) {
  CLI::App app;
  CLI::App* build = app.add_subcommand("build", "");
  std::string value;
  build->add_option("--min-shapes", value);
  build->add_option("-o,--output", value);
  auto check = [&](const std::vector<std::string>& words) {
    return message_of([&] { check_arguments(*build, words); });
  };
  EXPECT_EQ(check({"m.onnx", "--min-shapes=a:1", "-o", "x", "--output", "y"}), "");
  EXPECT_TRUE(contains(check({"--min-shpes", "a:1"}), "did you mean --min-shapes?"));
  EXPECT_TRUE(contains(check({"--minShapes=a:1"}), "trtexec's spelling; write --min-shapes"));
  EXPECT_TRUE(contains(check({"--saveEngine=x"}), "-o FILE"));
  EXPECT_TRUE(contains(check({"\u2013\u2013min-shapes=a:1"}), "write --min-shapes=a:1"));
  EXPECT_TRUE(contains(check({"\u2014output"}), "write --output"));
  EXPECT_TRUE(contains(check({"\u2013o"}), "write -o"));
  EXPECT_TRUE(contains(check({"--colour"}), "--help"));
  EXPECT_EQ(check({"--", "--colour"}), "");
  auto verb = [&](const std::string& word) { return message_of([&] { check_verb(app, word); }); };
  EXPECT_EQ(verb("build"), "");
  EXPECT_TRUE(contains(verb("biuld"), "did you mean 'build'?"));
  EXPECT_TRUE(contains(verb("model.onnx"), "a verb is missing"));
  EXPECT_TRUE(contains(verb("--onnx=m.onnx"), "tenon build"));
}

TEST(Statistics, NearestRankPercentiles) {
  std::vector<double> samples;
  for (int i = 100; i >= 1; --i) samples.push_back(i);
  Statistics s = statistics_of(samples);
  EXPECT_EQ(s.min, 1);
  EXPECT_EQ(s.max, 100);
  EXPECT_EQ(s.median, 50.5);
  EXPECT_EQ(s.p90, 90);
  EXPECT_EQ(s.p99, 99);
  EXPECT_EQ(statistics_of({3}).p99, 3);
  EXPECT_EQ(statistics_of({2, 2}).cv, 0);
  EXPECT_EQ(statistics_of({}).median, 0);
}

TEST(Profiles, BothFormsAreRead) {
  std::string path = testing::TempDir() + "tenon_profile.json";
  save_text(path, R"({"layers": [{"name": "a", "us": 12.5}, {"name": "b", "us": 3}]})");
  auto times = load_profile(path);
  ASSERT_EQ(times.size(), 2u);
  EXPECT_EQ(times[0].us, 12.5);
  save_text(path, R"([{"count": 100}, {"name": "a", "timeMs": 100, "averageMs": 1, "medianMs": 0.5}])");
  times = load_profile(path);
  ASSERT_EQ(times.size(), 1u);
  EXPECT_EQ(times[0].us, 500);
  for (const char* bad : {"", "{", "{}", "[]", "[1, 2]", R"({"layers": 3})"}) {
    save_text(path, bad);
    EXPECT_THROW(load_profile(path), Error) << bad;
  }
  std::remove(path.c_str());
}

TEST(Explain, ByIdNameAndMessage) {
  EXPECT_EQ(explain_error("E3002").name, "invalid_model");
  EXPECT_EQ(explain_error("[E] e7002 something").name, "newer_engine");
  EXPECT_EQ(explain_error("shape_mismatch").id, "E3005");
  EXPECT_EQ(explain_error("Error: Could not find any implementation for node {ForeignNode[a...b]}").name, "no_kernel");
  EXPECT_EQ(explain_error("write failed: No space left on device").name, "write_failed");
  EXPECT_EQ(explain_error("the engine file was damaged").id, "");
  ASSERT_FALSE(guess_messages("the engine file was damaged").empty());
  EXPECT_EQ(guess_messages("the engine file was damaged")[0].error.name, "corrupt_engine");
  EXPECT_EQ(guess_messages("the engine file was damaged", 1).size(), 1u);
  EXPECT_TRUE(guess_messages("zyx and hello").empty());
  EXPECT_EQ(explain_error("hello").id, "");
  for (const ErrorHelp& help : all_errors()) EXPECT_EQ(explain_error(help.id).id, help.id);
}

}  // namespace
}  // namespace tenon::cli

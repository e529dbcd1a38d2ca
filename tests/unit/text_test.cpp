#include "ir/text.h"

#include <gtest/gtest.h>

#include "ir/verify.h"
#include "ops/all.h"

namespace tenon::core {
namespace {

std::string round_trip(const std::string& text) { return print(parse(text, op_registry())); }

std::string error_of(const std::string& text) {
  try {
    parse(text, op_registry());
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Text, PrintsWhatItParsed) {
  const std::string text =
      "graph main(x: f32[N,4*N + 1], \"in.1\": seq(i64[*])) {\n"
      "  range N = 1..8\n"
      "  dropped 'old' (Relu) \"dead\"\n"
      "  %1 = Constant{value=f32[2]{1.5, -inf}@\"w\"}\n"
      "  %2 = Identity(%x) : f32[N,4*N + 1] \"t\"  # 'a' (Identity), 'b\\'c' (Identity)\n"
      "  %3 = Identity(%\"in.1\") : seq(i64[*])\n"
      "  return y = %2, \"out.2\" = %1, z = %3\n"
      "}\n";
  EXPECT_EQ(round_trip(text), text);
  verify(parse(text, op_registry()));
}

TEST(Text, ConstantsOfEveryTypeReadBackExactly) {
  for (const char* constant : {"f32[3]{0.1, nan, -0}", "f64[]{0.1}", "f16[2]{65504, 6e-08}", "bf16[1]{0.10009766}",
                               "i64[2]{-9223372036854775808, 1}", "u64[1]{18446744073709551615}",
                               "bool[2]{true, false}", "string[2]{\"a\\\"b\", \"\\x0a\"}", "c64[1]{1, -2}",
                               "c128[1]{0.1, 2}", "i4[2]{-8, 7}", "f32[0,4]{}", "f8e4m3fn[2]{448, 0.5}"}) {
    const std::string line = std::string("%1 = Constant{value=") + constant + "}";
    const std::string once = round_trip("graph g() { " + line + " return y = %1 }");
    EXPECT_EQ(round_trip(once), once);
    if (std::string_view(constant).substr(0, 3) != "bf1" && std::string_view(constant).substr(0, 3) != "f16") {
      EXPECT_NE(once.find(line), std::string::npos) << once;
    }
  }
}

TEST(Text, LargeConstantsArePrintedByHashAndRefusedWhenRead) {
  Graph g;
  g.add_output("y", g.add_constant(Tensor(DType::f32, {65})));
  const std::string text = print(g);
  EXPECT_NE(text.find("f32[65]#"), std::string::npos) << text;
  EXPECT_NE(error_of(text).find("can't be read back"), std::string::npos);
}

TEST(Text, ErrorsNameLineAndColumn) {
  EXPECT_EQ(error_of("graph g(x: f32[2]) {\n  %1 = Nope(%x)\n}"), "line 2, column 12: unknown operator 'Nope'");
  EXPECT_EQ(error_of("graph g(x: f32[2]) {\n  %1 = Identity(%z)\n}").substr(0, 8), "line 2, ");
  EXPECT_EQ(error_of("graph g(x: f33[2]) {}"), "line 1, column 15: 'f33' is not an element type");
  EXPECT_NE(error_of("graph g() { %1 = Constant{value=f32[3]{1}} return }").find("expected 3 elements"),
            std::string::npos);
  EXPECT_NE(error_of("graph g() { %1 = Constant{value=f32[9223372036854775807,4]{1}} return }"), "");
  EXPECT_NE(error_of("graph g(x: f32[2]) { return y = %x } more").find("end of the text"), std::string::npos);
  EXPECT_NE(error_of("graph g(x: f32[2]) { return y = %x.1 }").find("with 1 outputs"), std::string::npos);
  EXPECT_NE(error_of("graph g(x: " + std::string(100, ' ') + "seq(seq(").size(), 0u);
}

TEST(Verify, RefusesAnOriginThatVanished) {
  Graph g;
  const Value x = g.add_input("x", Type::tensor(DType::f32, {2}));
  g.add_origin({"lost", "Relu"});
  g.add_output("y", x);
  EXPECT_THROW(verify(g), Error);
  g.note_dropped(0, "dead");
  verify(g);
}

TEST(Verify, RefusesTwoOutputsOfOneName) {
  Graph g;
  const Value x = g.add_input("x", Type::tensor(DType::f32, {2}));
  g.add_output("y", x);
  g.add_output("y", x);
  EXPECT_THROW(verify(g), Error);
}

}  // namespace
}  // namespace tenon::core

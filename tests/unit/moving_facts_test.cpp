// What is inferred about shapes and contents must hold for every value of the symbols.
#include <gtest/gtest.h>

#include <random>
#include <regex>

#include "base/error.h"
#include "ir/evaluate.h"
#include "ir/text.h"
#include "ops/all.h"

namespace tenon::core {
namespace {

Graph graph(const std::string& inputs, const std::string& body, const std::string& result) {
  return parse("graph main(" + inputs + ") {\n" + body + "\nreturn y = " + result + "\n}", op_registry());
}

std::string type_of(const std::string& inputs, const std::string& body, const std::string& result) {
  const Graph g = graph(inputs, body, result);
  return g.type(g.outputs()[0]).str();
}

std::string content_of(const std::string& inputs, const std::string& body, const std::string& result) {
  const Graph g = graph(inputs, body, result);
  const auto elements = g.fact(g.outputs()[0]).elements();
  return elements ? to_string(*elements) : "unknown";
}

std::string i64(const std::string& values) {
  const auto count = values.empty() ? 0 : std::count(values.begin(), values.end(), ',') + 1;
  return "Constant{value=i64[" + std::to_string(count) + "]{" + values + "}}";
}
std::string number(const std::string& value) { return "Constant{value=i64[]{" + value + "}}"; }

TEST(MovingFacts, ExporterChainsKeepTheirSymbols) {
  EXPECT_EQ(type_of("x: f32[N,S,12]",
                    "%1 = ShapeOf(%x)\n%2 = " + number("0") + "\n%3 = Gather(%1, %2)\n%4 = " + number("1") +
                        "\n%5 = Gather(%1, %4)\n%6 = " + i64("0") +
                        "\n%7 = Unsqueeze(%3, %6)\n%8 = Unsqueeze(%5, %6)\n%9 = " + i64("3") + "\n%10 = " + i64("-1") +
                        "\n%11 = Concat(%7, %8, %9, %10)\n%12 = Reshape(%x, %11)",
                    "%12"),
            "f32[N,S,3,4]");
  EXPECT_EQ(type_of("x: f32[N,C,H,W]",
                    "%1 = ShapeOf{end=2}(%x)\n%2 = " + i64("-1") + "\n%3 = Concat(%1, %2)\n%4 = Reshape(%x, %3)", "%4"),
            "f32[N,C,H*W]");
  EXPECT_EQ(content_of("x: f32[N,C,H,W]", "%1 = ShapeOf{start=-2}(%x)\n%2 = Reduce{kind=prod}(%1)", "%2"), "[H*W]");
  EXPECT_EQ(content_of("x: f32[N,4]", "%1 = SizeOf(%x)", "%1"), "[4*N]");
}

TEST(MovingFacts, ContentsPassThroughMovement) {
  const std::string shape = "%1 = ShapeOf(%x)\n", x = "x: f32[A,B,C,7]";
  EXPECT_EQ(
      content_of(x, shape + "%2 = " + i64("1") + "\n%3 = " + i64("9223372036854775807") + "\n%4 = Slice(%1, %2, %3)",
                 "%4"),
      "[B,C,7]");
  EXPECT_EQ(content_of(x,
                       shape + "%2 = " + i64("-1") + "\n%3 = " + i64("-9223372036854775808") + "\n%4 = " + i64("0") +
                           "\n%5 = Slice(%1, %2, %3, %4, %2)",
                       "%5"),
            "[7,C,B,A]");
  EXPECT_EQ(content_of(x, shape + "%2 = " + i64("3,-4") + "\n%3 = Gather(%1, %2)", "%3"), "[7,A]");
  EXPECT_EQ(content_of(x, shape + "%2 = " + i64("2,2") + "\n%3 = Split{outputs=2}(%1, %2)", "%3.1"), "[C,7]");
  EXPECT_EQ(content_of(x, shape + "%2 = " + i64("2") + "\n%3 = Tile(%1, %2)", "%3"), "[A,B,C,7,A,B,C,7]");
  EXPECT_EQ(content_of(x, shape + "%2 = Reduce{kind=max}(%1)", "%2"), "[max(7, max(C, max(A, B)))]");
  EXPECT_EQ(content_of("x: f32[A]", shape + "%2 = " + i64("3") + "\n%3 = Expand(%1, %2)", "%3"), "[A,A,A]");
  EXPECT_THROW(content_of("x: f32[A]", shape + "%2 = " + i64("-3") + "\n%3 = Expand(%1, %2)", "%3"), Error);
  EXPECT_EQ(content_of("x: f32[A]", shape + "%2 = Squeeze(%1)\n%3 = " + i64("0") + "\n%4 = Unsqueeze(%2, %3)", "%4"),
            "[A]");
  EXPECT_EQ(content_of("x: f32[3]", shape + "%2 = ConstantOfShape{value=i64[1]{5}}(%1)", "%2"), "[5,5,5]");
  EXPECT_EQ(
      content_of("",
                 "%1 = " + number("2") + "\n%2 = " + number("9") + "\n%3 = " + number("3") + "\n%4 = Range(%1, %2, %3)",
                 "%4"),
      "[2,5,8]");
}

TEST(MovingFacts, SlicesOfSymbolicDims) {
  const auto sliced = [](const std::string& starts, const std::string& ends, const std::string& steps) {
    return type_of("x: f32[N]",
                   "%1 = " + i64(starts) + "\n%2 = " + i64(ends) + "\n%3 = " + i64("0") + "\n%4 = " + i64(steps) +
                       "\n%5 = Slice(%x, %1, %2, %3, %4)",
                   "%5");
  };
  EXPECT_EQ(sliced("0", "9223372036854775807", "1"), "f32[N]");
  EXPECT_EQ(sliced("1", "2147483647", "1"), "f32[max(0, N - 1)]");
  EXPECT_EQ(sliced("0", "-1", "1"), "f32[max(0, N - 1)]");
  EXPECT_EQ(sliced("0", "9223372036854775807", "2"), "f32[floordiv(N + 1, 2)]");
  EXPECT_EQ(sliced("-1", "-9223372036854775808", "-1"), "f32[N]");
  EXPECT_EQ(sliced("9223372036854775807", "-9223372036854775808", "-1"), "f32[N]");
}

TEST(MovingFacts, UnknownShapesKeepTheirRank) {
  // Fresh symbols are numbered: the numbers are left out here.
  const auto type = [](const std::string& inputs, const std::string& body, const std::string& result) {
    return std::regex_replace(type_of(inputs, body, result), std::regex("_[0-9]+"), "");
  };
  EXPECT_EQ(type("x: f32[N], s: i64[3]", "%1 = Reshape(%x, %s)", "%1"), "f32[reshape,reshape,reshape]");
  EXPECT_EQ(type("x: f32[N], s: i64[K]", "%1 = Reshape(%x, %s)", "%1"), "f32[*]");
  EXPECT_EQ(type("x: f32[N,M], s: i64[2]", "%1 = Slice(%x, %s, %s)", "%1"), "f32[slice,slice]");
  EXPECT_EQ(type("x: f32[N,M], s: i64[1]", "%1 = Reduce(%x, %s)", "%1"), "f32[reduce,reduce]");
  EXPECT_EQ(type("x: f32[N,4]", "%1 = NonZero(%x)", "%1"), "i64[2,nonzero]");
  EXPECT_EQ(type("x: f32[*]", "%1 = ShapeOf(%x)", "%1"), "i64[rank]");
  EXPECT_EQ(type("x: f32[*]", "%1 = " + i64("2,-1") + "\n%2 = Reshape(%x, %1)", "%2"), "f32[2,reshape]");
}

TEST(MovingFacts, SizesOfWhatDependsOnDataAreBounded) {
  const Graph g = graph("x: f32[4,5]", "%1 = NonZero(%x)", "%1");
  EXPECT_EQ(g.type(g.outputs()[0]).shape[1].bounds(g.ranges).high, 20);
}

TEST(MovingFacts, ContradictionsAreRefused) {
  const auto refused = [](const std::string& inputs, const std::string& body) {
    try {
      graph(inputs, body, "%2");
    } catch (const Error& e) {
      return e.code() != ErrorCode::internal;
    }
    return false;
  };
  EXPECT_TRUE(refused("x: f32[2,3]", "%1 = " + i64("4,-1") + "\n%2 = Reshape(%x, %1)"));
  EXPECT_TRUE(refused("x: f32[2,3]", "%1 = " + i64("-1,-1") + "\n%2 = Reshape(%x, %1)"));
  EXPECT_TRUE(refused("x: f32[2,3]", "%1 = " + i64("1,1,0") + "\n%2 = Reshape(%x, %1)"));
  EXPECT_TRUE(refused("x: f32[N,3]", "%1 = " + i64("1") + "\n%2 = Squeeze(%x, %1)"));
  EXPECT_TRUE(refused("x: f32[N,3]", "%1 = " + i64("0,0") + "\n%2 = Unsqueeze(%x, %1)"));
  EXPECT_TRUE(refused("x: f32[N,3], z: f32[N,4]", "%2 = Concat(%x, %z)"));
  EXPECT_TRUE(refused("x: f32[N,3]", "%1 = " + i64("1,1") + "\n%2 = Split{axis=1, outputs=2}(%x, %1)"));
  EXPECT_TRUE(refused("x: f32[N,3]", "%2 = Transpose{permutation=[0,0]}(%x)"));
  EXPECT_TRUE(refused("x: f32[N,3]", "%1 = " + i64("4") + "\n%2 = TopK(%x, %1)"));
  EXPECT_TRUE(refused("x: string[3]", "%1 = " + i64("0") + "\n%2 = Reduce(%x, %1)"));
}

// Evaluates a graph at values of its symbols and holds every fact against what came out.
class Sampler {
 public:
  Sampler(Graph g, int64_t lowest) : g_(std::move(g)), lowest_(lowest) {}

  /// How many of `rounds` samples at random values the graph accepted.
  int run(int rounds) {
    int accepted = 0;
    for (int i = 0; i < rounds && !testing::Test::HasFailure(); ++i) {
      bound_.clear();
      for (const auto& s : symbols()) bound_[s] = lowest_ + static_cast<int64_t>(random_() % kValues);
      accepted += sample();
    }
    return accepted;
  }

  /// How many of all values of its symbols the graph accepted.
  int run_all() {
    const std::set<std::string> names = symbols();
    int64_t count = 1;
    for (size_t i = 0; i < names.size(); ++i) count *= kValues;
    int accepted = 0;
    for (int64_t i = 0; i < count && !testing::Test::HasFailure(); ++i) {
      bound_.clear();
      int64_t rest = i;
      for (const auto& s : names) {
        bound_[s] = lowest_ + rest % kValues;
        rest /= kValues;
      }
      accepted += sample();
    }
    return accepted;
  }

 private:
  static constexpr int64_t kValues = 8;  // of each symbol

  std::set<std::string> symbols() const {
    std::set<std::string> names;
    for (Value v : g_.inputs())
      for (const Dim& d : g_.type(v).shape) d.collect_symbols(names);
    return names;
  }

  Tensor random_tensor(DType dtype, const Dims& dims) {
    Tensor t(dtype, dims);
    std::vector<int64_t> values(t.size());
    for (int64_t& v : values) v = static_cast<int64_t>(random_() % 7) - 3;
    return from_int64s(dtype, dims, values);
  }

  bool sample() {
    std::vector<HostValue> inputs;
    for (Value v : g_.inputs()) inputs.push_back(random_tensor(g_.type(v).dtype, evaluate(g_.type(v).shape, bound_)));
    EvalOptions options;
    options.observe = [this](Value v, const HostValue& value) { check(g_.fact(v), std::get<Tensor>(value)); };
    try {
      evaluate(g_, inputs, threads_, options);
      return true;
    } catch (const Error& e) {
      EXPECT_NE(e.code(), ErrorCode::internal) << e.what();
      return false;
    }
  }

  void check(const Fact& fact, const Tensor& value) {
    ASSERT_EQ(fact.dtype(), value.dtype());
    if (!fact.type.ranked) return;
    ASSERT_EQ(fact.rank(), value.rank()) << print(g_);
    for (int i = 0; i < fact.rank(); ++i) {
      const Dim& d = fact.shape()[i];
      if (const auto s = d.as_symbol()) bound_.emplace(*s, value.dim(i));
      EXPECT_EQ(d.evaluate(bound_), value.dim(i)) << d.str() << " in " << print(g_) << describe_symbols();
    }
    if (!fact.content) return;
    const auto numbers = to_int64s(value);
    ASSERT_EQ(fact.content->size(), numbers.size());
    for (size_t i = 0; i < numbers.size(); ++i)
      EXPECT_EQ((*fact.content)[i].evaluate(bound_), numbers[i])
          << (*fact.content)[i].str() << " in " << print(g_) << describe_symbols();
  }

  std::string describe_symbols() const {
    std::string s;
    for (const auto& [name, value] : bound_) s += name + " = " + std::to_string(value) + " ";
    return s;
  }

  Graph g_;
  int64_t lowest_;
  Bindings bound_;
  Threads threads_{1};
  std::mt19937 random_{11};
};

struct Sampled {
  std::string inputs, body, result;
  int64_t lowest = 0;  // of the symbols
};

/// The dims of x: %92 and %94, next to 0 and 1 as %91 and %93.
std::string sizes_of_x() {
  return "%90 = ShapeOf(%x)\n%91 = " + i64("0") + "\n%92 = Gather(%90, %91)\n%93 = " + i64("1") +
         "\n%94 = Gather(%90, %93)\n";
}

// Their results depend on no data: every binding once says as much as thousands at random.
TEST(MovingFacts, SlicesHoldAtAllBindings) {
  const std::string far = "9223372036854775807", near = "-9223372036854775808", x = "x: f32[N,M]";
  std::vector<Sampled> all;
  for (const char* step : {"1", "2", "3", "-1", "-2"})
    for (const std::string& start :
         {std::string("0"), std::string("2"), std::string("-1"), std::string("-3"), far, near})
      for (const std::string& end :
           {std::string("0"), std::string("4"), std::string("-1"), std::string("-2"), far, near})
        all.push_back({x,
                       "%1 = " + i64(start) + "\n%2 = " + i64(end) + "\n%3 = " + i64("1") + "\n%4 = " + i64(step) +
                           "\n%5 = Slice(%x, %1, %2, %3, %4)",
                       "%5"});
  for (const char* step : {"1", "-1", "2"})
    for (const char* bounds : {"%91, %94", "%94, %92", "%92, %94", "%95, %94", "%91, %95", "%95, %96", "%97, %97"})
      all.push_back({x,
                     sizes_of_x() +
                         "%95 = Unary{kind=neg}(%92)\n%96 = Binary{kind=sub}(%94, %92)\n%97 = Binary{kind=add}(%95, "
                         "%93)\n%98 = " +
                         i64(step) + "\n%99 = Slice(%x, " + std::string(bounds) + ", %91, %98)",
                     "%99"});
  for (const Sampled& s : all) {
    SCOPED_TRACE(s.body);
    EXPECT_GT(Sampler(graph(s.inputs, s.body, s.result), s.lowest).run_all(), 1);
    if (HasFailure()) return;
  }
}

TEST(MovingFacts, HoldAtRandomBindings) {
  const std::string sizes = sizes_of_x(), x = "x: f32[N,M]";
  std::vector<Sampled> all;
  const auto add = [&](const std::string& body, const std::string& result) {
    all.push_back({x, sizes + body, result});
  };
  add("%1 = " + i64("-1") + "\n%2 = Concat(%94, %1)\n%3 = Reshape(%x, %2)", "%3");
  all.back().lowest = 1;  // a target dim that is 0 at run time copies the input's
  add("%1 = Concat(%94, %92)\n%2 = Reshape(%x, %1)", "%2");
  all.back().lowest = 1;
  add("%1 = " + i64("-1") + "\n%2 = Concat(%94, %1)\n%3 = Reshape{allowzero=true}(%x, %2)", "%3");
  all.back().lowest = 1;
  add("%1 = Concat(%94, %92)\n%2 = Reshape{allowzero=true}(%x, %1)", "%2");
  add("%1 = " + i64("-1,2") + "\n%2 = Reshape(%x, %1)", "%2");
  add("%1 = " + i64("2,-1,3") + "\n%2 = Reshape(%x, %1)", "%2");
  add("%1 = Concat(%93, %92, %94)\n%2 = Expand(%x, %1)", "%2");
  add("%1 = Concat(%94, %94)\n%2 = Expand(%x, %1)", "%2");
  add("%1 = Concat(%94, %92)\n%2 = Tile(%x, %1)", "%2");
  add("%1 = Concat(%94, %93, %92, %91)\n%2 = Pad(%x, %1)", "%2");
  add("%1 = " + i64("-1,2,-2,0") + "\n%2 = Pad{mode=edge}(%x, %1)", "%2");
  add("%1 = ConstantOfShape(%90)", "%1");
  add("%1 = Squeeze(%92)\n%2 = Squeeze(%94)\n%3 = " + number("2") + "\n%4 = Range(%1, %2, %3)", "%4");
  add("%1 = Squeeze(%92)\n%2 = Squeeze(%94)\n%3 = " + number("-3") + "\n%4 = Range(%1, %2, %3)", "%4");
  for (const char* parts : {"2", "3", "4", "5"}) {
    const std::string last = std::to_string(std::stoi(parts) - 1);
    add("%1 = Split{axis=1, outputs=" + std::string(parts) + "}(%x)", "%1." + last);
  }
  add("%1 = Concat(%94, %92)\n%2 = CenterCropPad(%x, %1)", "%2");
  add("%1 = TopK{axis=1}(%x, %92)", "%1.1");
  add("%1 = Squeeze(%94)\n%2 = Cast{to=i64}(%x)\n%3 = " + i64("0,1") + "\n%4 = OneHot(%2, %1, %3)", "%4");
  add("%1 = NonZero(%x)\n%2 = ShapeOf(%1)\n%3 = Transpose(%1)\n%4 = GatherND(%x, %3)", "%4");
  add("%1 = Unique{axis=1}(%x)\n%2 = ShapeOf(%1)", "%2");
  add("%1 = Compress(%x, %2)", "%1");
  all.back() = {"x: f32[N,M], c: bool[K]", "%1 = Compress(%x, %c)\n%2 = Compress{axis=1}(%x, %c)\n%3 = ShapeOf(%2)",
                "%3"};
  all.push_back({"x: f32[N,M], z: f32[N,K]", "%1 = Concat{axis=1}(%x, %z)\n%2 = Flatten{axis=0}(%1)", "%2"});
  all.push_back({"x: f32[N,4*C,H,W]", "%1 = DepthToSpace{blocksize=2}(%x)\n%2 = SpaceToDepth{blocksize=2}(%1)", "%2"});
  all.push_back({"x: f32[N,C,H,W]", "%1 = DepthToSpace{blocksize=2, crd=true}(%x)", "%1"});
  all.push_back({"x: f32[N,M,K]",
                 "%1 = " + i64("-1,0") + "\n%2 = Reduce{keepdims=false}(%x, %1)\n%3 = ArgReduce{axis=1}(%x)", "%3"});
  all.push_back({"x: f32[N,M,K]",
                 "%1 = ShapeOf(%x)\n%2 = Reduce{kind=min}(%1)\n%3 = Reduce{kind=sum, keepdims=false}(%1)\n"
                 "%4 = Reduce{kind=max}(%1)",
                 "%4"});
  all.push_back({"x: f32[N,M], i: i64[K,J]", "%1 = Gather{axis=1}(%x, %i)", "%1"});
  all.push_back({"b: f32[N,M,4], s: f32[N,C,M]", "%1 = " + i64("3") + "\n%2 = NonMaxSuppression(%b, %s, %1)", "%2"});
  const int rounds = 1000;
  for (const Sampled& s : all) {
    SCOPED_TRACE(s.body);
    EXPECT_GT(Sampler(graph(s.inputs, s.body, s.result), s.lowest).run(rounds), rounds / 50);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace tenon::core

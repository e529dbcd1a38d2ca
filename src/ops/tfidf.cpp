#include <algorithm>
#include <map>

#include "ops/infer_util.h"
#include "ops/strings.h"

namespace tenon::core {
namespace {

using Gram = std::vector<std::string>;

/// Items as text: the same n-gram table serves strings and integers.
std::vector<std::string> items_of(const Tensor& x) {
  if (x.dtype() == DType::string) return {x.values<std::string>().begin(), x.values<std::string>().end()};
  std::vector<std::string> items;
  for (int64_t v : to_int64s(x)) items.push_back(std::to_string(v));
  return items;
}

std::vector<std::string> pool_of(const TfIdfVectorizer& op) {
  if (!op.pool_strings.empty()) return op.pool_strings;
  std::vector<std::string> pool;
  for (int64_t v : op.pool_integers) pool.push_back(std::to_string(v));
  return pool;
}

/// N-gram -> its number in the pool.
std::map<Gram, size_t> gram_numbers(const TfIdfVectorizer& op) {
  const auto pool = pool_of(op);
  std::map<Gram, size_t> numbers;
  size_t number = 0;
  for (size_t n = 1; n <= op.counts.size(); ++n) {
    const auto end = static_cast<size_t>(n < op.counts.size() ? op.counts[n] : static_cast<int64_t>(pool.size()));
    for (auto at = static_cast<size_t>(op.counts[n - 1]); at + n <= end; at += n, ++number)
      numbers.emplace(Gram(pool.begin() + at, pool.begin() + at + n), number);
  }
  return numbers;
}

void check_fields(const TfIdfVectorizer& op) {
  const auto require = [](bool condition, const char* what) {
    if (!condition) fail(ErrorCode::invalid_model, "{}", what);
  };
  require(op.min_gram >= 1 && op.max_gram >= op.min_gram && op.max_skip >= 0,
          "1 <= min_gram_length <= max_gram_length and max_skip_count >= 0 were expected");
  require(op.pool_integers.empty() != op.pool_strings.empty(), "one of pool_int64s and pool_strings was expected");
  const auto size = static_cast<int64_t>(op.pool_integers.size() + op.pool_strings.size());
  int64_t grams = 0;
  for (size_t n = 1; n <= op.counts.size(); ++n) {
    const int64_t begin = op.counts[n - 1];
    const int64_t end = n < op.counts.size() ? op.counts[n] : size;
    require(begin >= 0 && begin <= end && end <= size && (end - begin) % static_cast<int64_t>(n) == 0,
            "ngram_counts must rise, stay inside the pool and hold whole n-grams");
    grams += (end - begin) / static_cast<int64_t>(n);
  }
  require(grams == static_cast<int64_t>(op.columns.size()), "ngram_indexes must have one entry per n-gram of the pool");
  require(op.weights.empty() || op.weights.size() == op.columns.size(),
          "weights must have one entry per n-gram of the pool");
  constexpr int64_t kMostColumns = int64_t{1} << 31;
  for (int64_t c : op.columns) require(c >= 0 && c < kMostColumns, "ngram_indexes must be in [0, 2^31)");
}

int64_t column_count(const TfIdfVectorizer& op) {
  return op.columns.empty() ? 0 : *std::max_element(op.columns.begin(), op.columns.end()) + 1;
}

}  // namespace

std::span<const std::string_view> enum_names(TfIdfMode) {
  static constexpr std::string_view kNames[] = {"tf", "idf", "tfidf"};
  return kNames;
}

std::vector<Fact> TfIdfVectorizer::infer(InferContext& cx) const {
  check_fields(*this);
  expect_dtype(cx, 0, "the input", {DType::string, DType::i32, DType::i64});
  if ((cx.input(0).dtype() == DType::string) == pool_strings.empty())
    fail(ErrorCode::invalid_model, "the input is {}, but the pool holds {}", cx.input(0).type.str(),
         pool_strings.empty() ? "integers" : "strings");
  expect_rank(cx, 0, "the input", 1, 2);
  if (!cx.input(0).type.ranked) return {unranked(DType::f32)};
  Shape shape = cx.input(0).shape();
  shape.back() = column_count(*this);
  return {Fact::tensor(DType::f32, shape)};
}

std::vector<HostValue> TfIdfVectorizer::evaluate(const EvalContext& cx) const {
  const Tensor& x = cx.tensor(0);
  const auto items = items_of(x);
  const auto numbers = gram_numbers(*this);
  Dims dims = x.dims();
  const int64_t length = dims.back();
  const int64_t rows = x.rank() == 2 ? dims[0] : 1;
  const int64_t width = dims.back() = column_count(*this);
  Tensor out(DType::f32, dims);
  float* values = out.mutable_data<float>();
  const auto count = [&](const Gram& gram, int64_t row) {
    const auto it = numbers.find(gram);
    if (it == numbers.end()) return;
    const size_t number = it->second;
    const float weight = weights.empty() || mode == TfIdfMode::tf ? 1.0f : static_cast<float>(weights[number]);
    float& value = values[row * width + columns[number]];
    value = mode == TfIdfMode::idf ? weight : value + weight;
  };
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t step = 1; step <= max_skip + 1 && step <= std::max<int64_t>(length, 1); ++step) {
      for (int64_t start = 0; start < length; ++start) {
        Gram gram;
        for (int64_t at = start; at < length && static_cast<int64_t>(gram.size()) < max_gram; at += step) {
          gram.push_back(items[row * length + at]);
          const auto n = static_cast<int64_t>(gram.size());
          // Single items have no distance: they count once.
          if (n >= min_gram && (n > 1 || step == 1)) count(gram, row);
        }
      }
    }
  }
  return {out};
}

}  // namespace tenon::core

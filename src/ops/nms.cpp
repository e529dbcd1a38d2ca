#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/index.h"
#include "ops/infer_util.h"
#include "ops/shape_infer.h"

namespace tenon::core {
namespace {

struct Box {
  float y1, x1, y2, x2;
  float area() const { return (y2 - y1) * (x2 - x1); }
};

Box read_box(const float* p, bool center) {
  if (center) return {p[1] - p[3] / 2, p[0] - p[2] / 2, p[1] + p[3] / 2, p[0] + p[2] / 2};
  return {std::min(p[0], p[2]), std::min(p[1], p[3]), std::max(p[0], p[2]), std::max(p[1], p[3])};
}

bool overlap(const Box& a, const Box& b, float threshold) {
  const float h = std::min(a.y2, b.y2) - std::max(a.y1, b.y1), w = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  if (h <= 0 || w <= 0) return false;
  const float shared = h * w, all = a.area() + b.area() - shared;
  return a.area() > 0 && b.area() > 0 && all > 0 && shared / all > threshold;
}

// The boxes of one class to keep, best first; at most `limit`.
std::vector<int64_t> select(const std::vector<Box>& boxes, const float* scores, int64_t limit, float iou,
                            const std::optional<float>& lowest) {
  std::vector<int64_t> candidates, kept;
  for (int64_t i = 0; i < static_cast<int64_t>(boxes.size()); ++i)
    if (!lowest || scores[i] > *lowest) candidates.push_back(i);
  // NaN scores would break the order: they come last.
  const auto key = [scores](int64_t i) {
    return std::isnan(scores[i]) ? -std::numeric_limits<float>::infinity() : scores[i];
  };
  std::stable_sort(candidates.begin(), candidates.end(), [&](int64_t a, int64_t b) { return key(a) > key(b); });
  for (int64_t c : candidates) {
    if (static_cast<int64_t>(kept.size()) >= limit) break;
    if (std::none_of(kept.begin(), kept.end(), [&](int64_t k) { return overlap(boxes[k], boxes[c], iou); }))
      kept.push_back(c);
  }
  return kept;
}

std::optional<float> threshold(const EvalContext& cx, int input, std::string_view what) {
  if (!cx.has(input)) return std::nullopt;
  if (cx.tensor(input).size() != 1) fail(ErrorCode::runtime_value, "{} must be one number", what);
  return to_floats(cx.tensor(input)).front();
}

}  // namespace

std::vector<Fact> NonMaxSuppression::infer(InferContext& cx) const {
  expect_rank(cx, 0, "the boxes", 3, 3);
  expect_rank(cx, 1, "the scores", 3, 3);
  const Type &boxes = cx.input(0).type, &scores = cx.input(1).type;
  if (!boxes.ranked || !scores.ranked) return {Fact::tensor(DType::i64, {cx.unknown("selected"), 3})};
  if (equal(boxes.shape[0], scores.shape[0]) == Tri::no || equal(boxes.shape[1], scores.shape[2]) == Tri::no ||
      equal(boxes.shape[2], 4) == Tri::no)
    fail(ErrorCode::shape_mismatch,
         "boxes must be [batch, boxes, 4] and scores [batch, classes, boxes]; found {} and {}", boxes.str(),
         scores.str());
  Dim each = scores.shape[2];
  if (const auto limit = element_of(cx.input(2))) each = min(each, max(0, *limit));
  return {Fact::tensor(DType::i64, {cx.unknown("selected", scores.shape[0] * scores.shape[1] * each), 3})};
}

std::vector<HostValue> NonMaxSuppression::evaluate(const EvalContext& cx) const {
  const Dims &b = cx.tensor(0).dims(), &s = cx.tensor(1).dims();
  if (b.size() != 3 || s.size() != 3 || b[2] != 4 || b[0] != s[0] || b[1] != s[2])
    fail(ErrorCode::shape_mismatch,
         "boxes must be [batch, boxes, 4] and scores [batch, classes, boxes]; found {} and {}", dims_to_string(b),
         dims_to_string(s));
  const int64_t classes = s[1], count = s[2];
  const int64_t limit = cx.has(2) ? number_of(cx, 2, "the maximum per class") : 0;
  const float iou = threshold(cx, 3, "the IoU threshold").value_or(0);
  const auto lowest = threshold(cx, 4, "the score threshold");
  if (iou < 0 || iou > 1) fail(ErrorCode::runtime_value, "the IoU threshold is {}; it must be in [0, 1]", iou);
  const auto boxes = to_floats(cx.tensor(0)), scores = to_floats(cx.tensor(1));
  std::vector<int64_t> selected;
  for (int64_t batch = 0; batch < s[0] && count > 0; ++batch) {
    std::vector<Box> own(count);
    for (int64_t i = 0; i < count; ++i) own[i] = read_box(boxes.data() + (batch * count + i) * 4, center_point_box);
    for (int64_t c = 0; c < classes; ++c)
      for (int64_t i : select(own, scores.data() + (batch * classes + c) * count, limit, iou, lowest))
        selected.insert(selected.end(), {batch, c, i});
  }
  return {tensor_of<int64_t>({static_cast<int64_t>(selected.size() / 3), 3}, selected)};
}

}  // namespace tenon::core

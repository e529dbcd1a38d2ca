#include "tactics/resize_axes.h"

#include "ops/infer_util.h"

namespace tenon::core {

bool has_known_scales(const Problem& p, std::string& why) {
  const Resize* op = p.node().as<Resize>();
  if (!op)
    why = "not a resize";
  else if (op->coordinates == ResizeCoordinates::tf_crop_and_resize)
    why = "crops the input";
  else if (op->aspect != ResizeAspect::stretch)
    why = "keeps the aspect ratio";
  else if (p.input(2).present() && !p.input(2).constant)
    why = "the scales are known only at run time";
  return why.empty();
}

std::vector<ResizeAxis> resize_axes(const Problem& p, const Dims& in, const Dims& out) {
  const Resize& op = *p.node().as<Resize>();
  const auto rank = static_cast<int64_t>(in.size());
  std::vector<ResizeAxis> axes;
  for (int64_t i = 0; i < rank; ++i) {
    const auto a = static_cast<size_t>(i);
    axes.push_back({i, in[a], out[a], static_cast<double>(out[a]) / static_cast<double>(in[a])});
  }
  const ConstRef scales = p.input(2).constant;
  if (!scales || checked_product(scales->dims()) == 0) return axes;
  const std::vector<float> factors = to_floats(scales->value());
  for (size_t i = 0; i < factors.size(); ++i) {
    const int64_t axis = op.axes.empty() ? static_cast<int64_t>(i) : resolve_axis(op.axes[i], rank);
    axes[static_cast<size_t>(axis)].scale = factors[i];
  }
  return axes;
}

}  // namespace tenon::core

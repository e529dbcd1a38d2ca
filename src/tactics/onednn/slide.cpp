#include "tactics/onednn/slide.h"

#include <algorithm>

#include "tactics/support.h"

namespace tenon::core::onednn {

Slide slide_of(const Window& window, std::span<const int64_t> kernel, const Dims& x, const Dims& y) {
  Slide s{x, y, Dims(kernel.begin(), kernel.end()), window, {}};
  s.window.kernel = s.kernel;
  s.window = s.window.filled(s.spatial());
  s.pads = resolve_pads(s.window, std::span(x).subspan(2));
  return s;
}

int64_t implied_pad_end(const WindowAxis& a) {
  return std::max<int64_t>(0, (a.out - 1) * a.stride + a.reach() - a.pad_begin - a.in);
}

SlideArgs slide_args(const Slide& s, const SlideKind& kind) {
  SlideArgs args;
  for (int i = 0; i < s.spatial(); ++i) {
    const WindowAxis a = s.axis(i);
    args.strides.push_back(a.stride);
    args.dilations.push_back(a.dilation - 1);
    args.pad_begin.push_back(i == 0 ? kind.rows.pad_begin : a.pad_begin);
    args.pad_end.push_back(i == 0 ? kind.rows.pad_end : implied_pad_end(a));
  }
  return args;
}

namespace {

Desc cut(const Dims& whole, int64_t images, int64_t rows, DType storage) {
  Dims dims = whole;
  dims[0] = images;
  dims[2] = rows;
  return dense(dims, storage, channels_last(static_cast<int>(whole.size())));
}

class Builder {
 public:
  Builder(const Slide& s, DType storage, const Epilogue& epilogue, MakeSlide make)
      : s_(s), storage_(storage), epilogue_(epilogue), make_(make) {
    x_ = cut(s.x, s.x[0], s.x[2], storage);
    y_ = cut(s.y, s.y[0], s.y[2], storage);
  }

  bool add(int64_t begin, int64_t end, const RowPiece& rows) {
    const Made* made = made_for(end - begin, rows);
    if (!made) return false;
    const int64_t x_at = begin * stride_bytes(x_, 0) + rows.in_begin * stride_bytes(x_, 2);
    const int64_t y_at = begin * stride_bytes(y_, 0) + rows.out_begin * stride_bytes(y_, 2);
    Piece piece{made->primitive.primitive, made->primitive.bindings, {}};
    piece.bindings.push_back({DNNL_ARG_SRC, made->kind.x, Binding::From::input, 0, x_at, nullptr});
    piece.bindings.push_back({DNNL_ARG_DST, made->kind.y, Binding::From::output, 0, y_at, nullptr});
    epilogue_.bind(piece, 0, made->kind.y, y_at);
    result.pieces.push_back(std::move(piece));
    result.name = "onednn:" + made->primitive.name;
    return true;
  }

  SlidePieces result;

 private:
  struct Made {
    SlideKind kind;
    SlidePrimitive primitive;
  };

  const Made* made_for(int64_t images, const RowPiece& rows) {
    for (const Made& made : made_)
      if (made.kind.images == images && made.kind.rows.same_shape(rows)) return &made;
    const SlideKind kind{images, rows, cut(s_.x, images, rows.in_count(), storage_),
                         cut(s_.y, images, rows.out_count(), storage_)};
    auto primitive = make_(kind);
    if (!primitive) return nullptr;
    made_.push_back({kind, std::move(*primitive)});
    return &made_.back();
  }

  const Slide& s_;
  DType storage_;
  const Epilogue& epilogue_;
  MakeSlide make_;
  Desc x_, y_;
  std::vector<Made> made_;
};

}  // namespace

SlidePieces slide_pieces(const Slide& s, DType storage, std::span<const RowPiece> rows, int64_t shares,
                         const Epilogue& epilogue, MakeSlide make) {
  const int64_t images = s.x[0];
  const int64_t together = rows.size() == 1 && images % shares == 0 ? images / shares : 1;
  Builder builder(s, storage, epilogue, make);
  for (int64_t i = 0; i < images; i += together)
    for (const RowPiece& r : rows)
      if (!builder.add(i, i + together, r)) return {};
  return std::move(builder.result);
}

std::vector<Config> row_configs(const Problem& p) {
  const int64_t shares = shares_of_work(p);
  const Config by_image{{"rows", 1}}, by_rows{{"rows", shares}};
  if (shares == 1) return {by_image};
  const Dim images = p.input(0).shape()[0];
  if (!images.is_const()) return {by_rows, by_image};
  if (images.value() % shares == 0) return {by_image};
  if (images.value() < shares) return {by_rows};
  return {by_rows, by_image};
}

Offer channels_last_offer(const Problem& p, std::string_view tactic, DType storage, const Config& config) {
  Offer offer = row_major_offer(p, tactic);
  offer.config = config;
  offer.in[0] = offer.out[0] = with_layout(channels_last(p.input(0).rank()));
  offer.in[0].storage = offer.out[0].storage = storage;
  return offer;
}

}  // namespace tenon::core::onednn

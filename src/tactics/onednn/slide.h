#pragma once
#include "tactics/onednn/post_ops.h"
#include "tactics/onednn/rows.h"

namespace tenon::core::onednn {

/// A convolution, transposed convolution or pooling at concrete dims; vectors are filled in.
struct Slide {
  Dims x, y, kernel;
  Window window;
  std::vector<std::pair<int64_t, int64_t>> pads;
  int spatial() const { return static_cast<int>(x.size()) - 2; }
  WindowAxis axis(int i) const {
    return {x[i + 2], y[i + 2], kernel[i], window.strides[i], window.dilations[i], pads[i].first};
  }
  bool empty() const { return checked_product(x) == 0 || checked_product(y) == 0; }
};
Slide slide_of(const Window&, std::span<const int64_t> kernel, const Dims& x, const Dims& y);

/// Pieces of one shape: dense channels-last memory of some images and rows.
struct SlideKind {
  int64_t images;
  RowPiece rows;
  Desc x, y;
};

/// The arguments every one of these primitives takes, in oneDNN's own form (dilation 0 is dense).
struct SlideArgs {
  Dims strides, dilations, pad_begin, pad_end;
};
SlideArgs slide_args(const Slide&, const SlideKind&);
/// The padding behind the last element of axis i that the output size implies.
int64_t implied_pad_end(const WindowAxis&);

/// A primitive for one kind of piece, with its weights, bias and scratchpad bound.
struct SlidePrimitive {
  dnnl::primitive primitive;
  std::string name;
  std::vector<Binding> bindings;
};
using MakeSlide = FunctionRef<std::optional<SlidePrimitive>(const SlideKind&)>;

/// All pieces: images when there is one range of rows, together where they split evenly into the shares of work; else each range
/// of each image. Empty when `make` refuses.
struct SlidePieces {
  std::vector<Piece> pieces;
  std::string name;
};
SlidePieces slide_pieces(const Slide&, DType storage, std::span<const RowPiece> rows, int64_t shares, const Epilogue&,
                         MakeSlide make);

/// Row pieces per image that keep a team busy: {"rows": 1} when images alone do, {"rows": shares} when there are few,
/// both when the number of images is not known.
std::vector<Config> row_configs(const Problem&);
/// Channels-last formats for the first input and output.
Offer channels_last_offer(const Problem&, std::string_view tactic, DType storage, const Config&);

}  // namespace tenon::core::onednn

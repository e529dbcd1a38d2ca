// Arguments of squeeze.cu; the host includes this file too.

struct SqueezeArgs {
  const void *x, *first, *first_bias, *second, *second_bias;  // first [hidden][first_line], second [channels][second_line]
  void* y;
  int pixels, channels, hidden;
  int first_line, second_line;  // elements, multiples of 16 bytes, zeros behind the end
  int parts, slices;            // of an image's channels, of its pixels: a block for each pair, up to 8, a cluster
  int chunk, span;              // channels of a part, a multiple of 16 bytes; pixels of a slice
};

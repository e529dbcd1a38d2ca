// Arguments of expand.cu; the host includes this file too.

struct ExpandArgs {
  const void *x, *first, *second;  // first: channels of whole blocks x LINE; second: float [kernel_h][kernel_w][line]
  const float *first_bias, *second_bias;
  void* y;
  int height, width, inputs, channels, out_h, out_w, pad_h, pad_w;
  int line;  // of `second` and the biases: channels of whole blocks
};

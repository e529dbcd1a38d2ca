// Arguments of depthwise.cu; the host includes this file too.

struct DepthwiseArgs {
  const void *x, *weights, *bias, *residual;  // weights [kernel_h][kernel_w][channels]
  void* y;
  int height, width, channels, out_h, out_w;
  int kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_h, pad_w;
};

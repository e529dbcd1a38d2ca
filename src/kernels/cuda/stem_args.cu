// Arguments of stem.cu; the host includes this file too.

struct StemArgs {
  const void *x, *weights, *bias;  // weights [filters, a multiple of BN][line], in the order of stem.cu
  void* y;
  int batch, height, width, filters, out_h, out_w, pad_h, pad_w;
};

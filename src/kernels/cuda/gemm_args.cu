// Arguments of the kernels in gemm.cu; the host includes this file too.

/// y[z] (m x n) = activation(alpha * a[z] (m x k) * b[z] (k x n) + bias + residual). Sizes and strides in elements.
/// z = (outer * inner_count + inner) * split + piece: pieces of k are added up later, in order.
/// Convolution: row i of `a` is what the kernel sees of x at output pixel i, in the order (kernel row, kernel column,
/// channel); z counts the groups.
struct GemmArgs {
  const void *a, *b, *bias, *residual;
  void* y;
  float* partial;  // [z][m][n] when split > 1
  long long a_outer, a_inner, b_outer, b_inner, y_outer, y_inner;
  int m, n, k;
  int a_row, b_row, y_row;  // between rows as they lie in memory
  int inner_count, split, k_piece;
  int bias_column, bias_row;  // between columns and rows of the bias; 0: broadcast
  long long bias_z;           // from one z to the next
  float alpha;
  // Convolution: a pixel of x has `pixel` channels, `channels` of which belong to a group.
  int height, width, pixel, channels;
  int kernel_h, kernel_w, out_h, out_w;
  int stride_h, stride_w, dilation_h, dilation_w, pad_h, pad_w;
};

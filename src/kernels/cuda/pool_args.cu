// Arguments of pool.cu; the host includes this file too.

/// Three spatial axes; those that a problem lacks are 1 long.
struct PoolArgs {
  const void* x;
  void* y;
  long long* indices;  // null unless asked for
  long long outputs;   // of all threads: elements of y / VECTOR, below 2^32
  int channels;
  int in[3], out[3], kernel[3], stride[3], dilation[3], begin[3], end[3];
  int blocks;  // of an image, up to 8: a cluster (channels last, whole planes)
  int include_padding, column_major;
  float power;
};

// Arguments of flash_attention.cu and attention_rows.cu; the host includes this file too.

/// Elements between neighbours of one batch, head, row; columns are neighbours in memory. 0: broadcast.
struct HeadStep {
  long long batch, head, row;
};

/// y = softmax(cap(scale * q k^T) + mask) v as src/ops/attention.h says. `left` and `right` are -1 where there is no window.
struct AttentionArgs {
  const void *q, *k, *v, *mask, *sink;
  const long long *lengths, *offsets;
  void* y;
  HeadStep q_step, k_step, v_step, y_step, mask_step;
  int heads, groups, queries, keys, depth, width;
  int mask_columns;   // keys from here on are hidden
  int offset_step;    // 0: one offset for all batches
  int left, right;
  float scale, softcap;
};

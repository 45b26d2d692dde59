// Attention in tiles: blocks of 64 keys under a running softmax, so that no table of queries times
// keys ever exists. For float (_f32) and double (_f64).
//
// Arithmetic: a score is one chain of fused multiply-adds over the head's values ascending; keys
// are walked in blocks of 64 counted from `origin`, ascending; an output is one chain over them,
// divided by the sum of the weights at the end; where all keys of a query lie in one block, weights
// are divided first, which is what implementations with a table of weights do.
// What other queries a call computes, the vector width and the thread therefore never change the
// bits of a query's output.
#pragma once

/// One attention. Query i stands at query + i * queryStride + head * size, likewise its output; key
/// j at key + j * keyStride, its value at value + j * valueStride. Query i sees keys
/// starts[i] ..< ends[i]; none where that is empty.
typedef struct {
  long size, valueSize;
  long queryStride, outStride, keyStride, valueStride;
  const long *starts, *ends;
  double scale;
  /// Above 0: a score becomes cap * tanh(score / cap).
  double cap;
  /// Keys and values are of half precision, behind pointers to float (ck_attend_f32 alone).
  int isHalf;
} ck_attention;

/// Keys of a block.
enum { CK_TILE = 64 };

/// Bytes of scratch, aligned to 64, for ck_attend of `rows` = queries * heads, and ck_attend_slope.
long ck_attend_room(long rows, long size, long valueSize, long bytesOfNumber);
long ck_attend_slope_room(long size, long valueSize, long bytesOfNumber);

#define CK_DECLARE(T, S)                                                                          \
  /* softmax(scale q k') v for queries [first, first + queries) of `heads` heads that read the    \
     same keys: q and out begin at head 0 of these for query 0. lse [query * lseStride + head]    \
     becomes the logarithm of each row's sum of exponentials, -inf for a row that sees nothing    \
     (its output is 0). lse may be null. */                                                       \
  void ck_attend_##S(const ck_attention *a, const T *q, const T *k, const T *v, long first,       \
                     long queries, long heads, long origin, T *out, double *lse, long lseStride,  \
                     void *scratch);                                                              \
  /* The scores of the same queries of one head over keys [0, keys) into rows tableStride apart;  \
     what a query does not see is left alone. */                                                  \
  void ck_attend_scores_##S(const ck_attention *a, const T *q, const T *k, long first,            \
                            long queries, long origin, T *table, long tableStride,                \
                            void *scratch);                                                       \
  /* through[row] = sum over i of d[row][i] * out[row][i]. */                                     \
  void ck_attend_through_##S(const T *d, const T *out, long rows, long valueSize, T *through);    \
  /* What keys [firstKey, lastKey) have to do with queries [first, first + queries) of `heads`    \
     heads on the way back. d and out lie alike, dq as q, dk as k, dv as v. dq, dk and dv may be  \
     null. dq is added to; dk and dv of these keys are set. firstKey - origin is a multiple of    \
     CK_TILE. lse and through: [query * lseStride + head]. */                                     \
  void ck_attend_slope_##S(const ck_attention *a, const T *q, const T *k, const T *v,             \
                           const T *d, const double *lse, const T *through, long lseStride,       \
                           long first, long queries, long heads, long firstKey, long lastKey,     \
                           T *dq, T *dk, T *dv, void *scratch);

CK_DECLARE(float, f32)
CK_DECLARE(double, f64)
#undef CK_DECLARE

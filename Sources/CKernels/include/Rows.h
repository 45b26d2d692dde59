// Few rows of activations times stored weights, straight from the blocks: what a token costs.
//
// For block formats the activations are rounded once a row: chunks of 256 values in blocks of 32
// with one scale. Products inside a block are exact integers; blocks are summed in one order, so a
// row has the same bits alone and among others, with any cut of the weights. f32, f16 and bf16
// weights are multiplied with the activations as they are, in 16 lanes.
#pragma once
#include <stdint.h>

/// Most rows of activations in one call.
enum { CK_ROWS_MOST = 8 };

/// 256 values of a row of activations: scale[i / 32] * q[i].
typedef struct {
  int8_t q[256];
  /// Minus the sum of four values each: what weights with an offset start from.
  int32_t minus[64];
  float scale[8];
  /// Scale times the sum of each 32 values, and of each 16: what offsets are multiplied with.
  float sums[8];
  float halfSums[16];
} ck_rounded;

/// Rounds n values (to nearest, ties to even) into (n + 255) / 256 chunks, filled up with zeros. A
/// block that holds a NaN or an infinity gets the scale NaN.
void ck_round_row(const float *x, ck_rounded *out, long n);

/// y[i * ys + o] = x_i . w_o + bias[o] for m <= CK_ROWS_MOST rows of x and `rows` rows of w, each of
/// k values in `format` (k a multiple of its block) and without gaps. For block formats x is
/// `ck_rounded`, xs chunks from row to row; else float, xs values from row to row. bias may be null.
void ck_rows(int format, const void *w, long rows, long k, const void *x, long xs, long m,
             const float *bias, float *y, long ys);

// MARK: Tile registers

/// 1 when ck_tile_rows is there for m rows of k values and weights of this format.
int ck_tiles_suit(int format, long m, long k);

/// Splits m rows of k values, xs apart, into two bf16 each, which together keep 16 digits: 2 KiB in
/// `out` (aligned to 64) for each 32 of k.
void ck_split_rows(const float *x, long xs, long m, long k, void *out);

/// As ck_rows, for bf16 weights and activations that ck_split_rows made. The bits of a row do not
/// depend on the other rows or on how the weights are cut.
void ck_tile_rows(const void *w, long rows, long k, const void *x, long m, const float *bias,
                  float *y, long ys);

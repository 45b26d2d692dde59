// The cases of Rows.h: few rows of activations times weights of every format.
#include <CKernels.h>
#include <string.h>

#include "Catalogue.h"

// Weights of one format: blocks of small values, so that no scale is NaN.
static const uint8_t *weights(Run *run, int format, long count) {
  long blocks = count / ck_block_values(format), size = ck_block_bytes(format);
  uint8_t *w = bytes(run, blocks * size);
  if (format < CK_Q2_K) {
    float *x = floats(run, count);
    ck_quantize(format, x, w, count);
    return w;
  }
  // K formats: random blocks with d = 2^-8 and m = 2^-7 (2^-6 for the scales of 8 bits).
  for (long i = 0; i < blocks; i++) {
    uint8_t *block = w + i * size;
    long d = format == CK_Q2_K ? 80 : format == CK_Q3_K ? 108 : format == CK_Q6_K ? 208 : 0;
    memcpy(block + d, (const uint8_t[]){0x00, 0x1C}, 2);
    if (format != CK_Q3_K && format != CK_Q6_K)
      memcpy(block + d + 2, (const uint8_t[]){0x00, 0x20}, 2);
  }
  return w;
}

// m rows by n rows of weights: together, then every row alone with the weights cut in two, which
// must give the same bits.
static void products(Run *run, int format, long n, long k, long m) {
  long values = ck_block_values(format), chunks = (k + 255) / 256;
  k = k / values * values;
  long size = k / values * ck_block_bytes(format);
  const uint8_t *w = weights(run, format, n * k);
  float *x = floats(run, m * k), *bias = n % 2 ? floats(run, n) : 0;
  int blocks = values > 1;
  ck_rounded *rounded = scratch(run, m * chunks * (long)sizeof(ck_rounded));
  for (long i = 0; i < m; i++) ck_round_row(x + i * k, rounded + i * chunks, k);
  const void *input = blocks ? (const void *)rounded : x;
  long step = blocks ? chunks : k, bytesOfRow = blocks ? chunks * (long)sizeof(ck_rounded) : k * 4;
  float *y = out_floats(run, m * n), *alone = scratch(run, m * n * 4);
  ck_rows(format, w, n, k, input, step, m, bias, y, n);
  long half = n / 3, same = 1;
  for (long i = 0; i < m; i++) {
    const uint8_t *row = (const uint8_t *)input + i * bytesOfRow;
    ck_rows(format, w, half, k, row, step, 1, bias, alone + i * n, n);
    ck_rows(format, w + half * size, n - half, k, row, step, 1, bias ? bias + half : 0,
            alone + i * n + half, n);
  }
  for (long i = 0; i < m * n; i++) same = same && memcmp(alone + i, y + i, 4) == 0;
  result(run, (double)same);
}

// The size of these cases is the format.
static void rows_of_weights(Run *run, long format) {
  static const long widths[] = {32, 96, 256, 576}, rows[] = {1, 5, 11};
  for (int i = 0; i < 12; i++)
    products(run, (int)format, rows[i / 4], widths[i % 4] - (format <= CK_BFLOAT16), 1);
}
static void rows_of_both(Run *run, long format) {
  for (long m = 2; m <= CK_ROWS_MOST; m++) products(run, (int)format, 6, 544, m);
}

// Rounding alone has the same bits at every level; so have blocks with values that are no numbers.
static void rounded(Run *run, const float *x, long n) {
  long size = (n + 255) / 256 * (long)sizeof(ck_rounded);
  ck_rounded *made = scratch(run, size);
  ck_round_row(x, made, n);
  memcpy(out_bytes(run, size), made, (size_t)size);
}
static void rounding(Run *run, long n) {
  float *x = floats(run, n);
  rounded(run, x, n);
  if (n == 0) return;
  x[n / 2] = n % 2 ? __builtin_inff() : __builtin_nanf("");
  for (long i = n / 3; i < n / 2; i++) x[i] *= 1e-42f;
  rounded(run, x, n);
}

static const long formats[] = {
  CK_F32, CK_F16, CK_BFLOAT16, CK_Q8_0, CK_Q4_0, CK_Q4_1, CK_Q5_0, CK_Q5_1, CK_Q2_K, CK_Q3_K,
  CK_Q4_K, CK_Q5_K, CK_Q6_K, -1,
};

const Case row_cases[] = {
  {"round activations", rounding, 0, 0},
  {"rows of weights", rows_of_weights, formats, 1e-5},
  {"rows of weights, several of x", rows_of_both, formats, 1e-5},
  {0},
};

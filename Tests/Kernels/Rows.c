// The cases of Rows.h: a few rows of activations times stored weights.
#include <CKernels.h>
#include <math.h>
#include <string.h>

#include "Catalogue.h"

// Rounding has the same bits at every level, whatever the values are.
static ck_rounded *rounded(Run *run, const float *x, long n) {
  long size = (n + 255) / 256 * (long)sizeof(ck_rounded);
  ck_rounded *made = scratch(run, size);
  ck_round_row(x, made, n);
  memcpy(out_bytes(run, size), made, (size_t)size);
  return made;
}
static void round_rows(Run *run, long n) {
  float *x = floats(run, n);
  const ck_rounded *made = rounded(run, x, n);
  for (long i = 0; i < n; i++) {
    float step = made[i / 256].scale[i % 256 / 32];
    want(run, fabsf(made[i / 256].q[i % 256] * step - x[i]) <= 0.501f * step,
         "an activation is more than half a step from its value");
  }
  if (n == 0) return;
  for (long i = n / 3; i < n / 2; i++) x[i] *= 1e-42f;
  rounded(run, x, n);
  x[n / 2] = n % 2 ? INFINITY : NAN;
  rounded(run, x, n);
}

// The product in double, of what the kernel was given.
static double exact(const float *w, const float *x, const ck_rounded *rounded, long k,
                    double *size) {
  double sum = 0;
  *size = 0;
  for (long i = 0; i < k; i++) {
    double v = rounded ? (double)rounded[i / 256].q[i % 256] * rounded[i / 256].scale[i % 256 / 32]
                       : x[i];
    sum += v * w[i];
    *size += fabs(v * w[i]);
  }
  return sum;
}

// n blocks (of 32 or 256), or 7 n values of a plain format, in a row.
static void products(Run *run, long n) {
  enum { ROWS = 11, MOST = CK_ROWS_MOST };
  for (int format = 0; format < CK_FORMATS; format++) {
    long values = ck_block_values(format), k = n * (values == 1 ? 7 : values);
    long chunks = (k + 255) / 256, xs = values == 1 ? k + 3 : chunks + 1;
    void *w = weights(run, format, ROWS * k);
    float *bias = floats(run, ROWS), *plain = floats(run, (MOST - 1) * xs + k);
    float *wide = scratch(run, ROWS * k * (long)sizeof(float));
    ck_dequantize(format, w, wide, ROWS * k);
    ck_rounded *rounded = scratch(run, ((MOST - 1) * xs + chunks) * (long)sizeof(ck_rounded));
    if (values > 1)
      for (long i = 0; i < MOST; i++) {
        float *row = floats(run, k);
        ck_round_row(row, rounded + i * xs, k);
      }
    const void *x = values == 1 ? (const void *)plain : rounded;
    for (long m = 1; m <= MOST; m++) {
      float *y = out_floats(run, (m - 1) * (ROWS + 2) + ROWS);
      ck_rows(format, w, ROWS, k, x, xs, m, m % 2 ? bias : 0, y, ROWS + 2);
      for (long i = 0; i < m && checks_values(); i++)
        for (long o = 0; o < ROWS; o++) {
          double size, sum = exact(wide + o * k, plain + i * xs,
                                   values == 1 ? 0 : rounded + i * xs, k, &size);
          sum += m % 2 ? bias[o] : 0;
          want(run, fabs(y[i * (ROWS + 2) + o] - sum) <= 1e-5 * (size + fabs(sum)) + 1e-30,
               "a product is not that of its row and its weights");
        }
      if (m < MOST) continue;
      // One row of activations alone, and the weights in two cuts.
      float *alone = out_floats(run, ROWS);
      long cut = 4, bytes = cut * k / values * ck_block_bytes(format);
      const char *last = values == 1 ? (const char *)(plain + (m - 1) * xs)
                                     : (const char *)(rounded + (m - 1) * xs);
      ck_rows(format, w, cut, k, last, xs, 1, 0, alone, ROWS);
      ck_rows(format, (char *)w + bytes, ROWS - cut, k, last, xs, 1, 0, alone + cut, ROWS);
      for (long o = 0; o < ROWS; o++)
        want(run, alone[o] == y[(m - 1) * (ROWS + 2) + o], "a row alone has other bits");
    }
  }
}

// Rows split into two bf16 on tile registers, where the level has them: 32 n values of k.
static void split_rows(Run *run, long n) {
  enum { ROWS = 53 };
  long k = 32 * n, xs = k + 3;
  void *w = weights(run, CK_BFLOAT16, ROWS * k);
  float *bias = floats(run, ROWS), *x = floats(run, (CK_ROWS_MOST - 1) * xs + k);
  float *wide = scratch(run, ROWS * k * (long)sizeof(float));
  ck_dequantize(CK_BFLOAT16, w, wide, ROWS * k);
  for (long m = 1; m <= CK_ROWS_MOST; m++) {
    void *split = scratch(run, n * 2048);
    float *y = scratch(run, ((m - 1) * (ROWS + 2) + ROWS) * (long)sizeof(float));
    float *cut = scratch(run, m * ROWS * (long)sizeof(float));
    if (!ck_tiles_suit(CK_BFLOAT16, m, k)) continue;
    ck_split_rows(x, xs, m, k, split);
    ck_tile_rows(w, ROWS, k, split, m, m % 2 ? bias : 0, y, ROWS + 2);
    ck_tile_rows(w, 20, k, split, m, m % 2 ? bias : 0, cut, ROWS);
    ck_tile_rows((char *)w + 40 * k, ROWS - 20, k, split, m, m % 2 ? bias + 20 : 0, cut + 20, ROWS);
    for (long i = 0; i < m; i++)
      for (long o = 0; o < ROWS; o++) {
        float made = y[i * (ROWS + 2) + o];
        want(run, made == cut[i * ROWS + o], "another cut has other bits");
        double size, sum = exact(wide + o * k, x + i * xs, 0, k, &size) + (m % 2 ? bias[o] : 0);
        want(run, fabs(made - sum) <= 1e-5 * (size + fabs(sum)) + 1e-30,
             "a product of split rows is not that of its row and its weights");
      }
  }
}

static const long blocks[] = {1, 2, 3, 5, 9, -1};
const Case row_cases[] = {
  {"rounded rows", round_rows, 0, 0},
  {"products of rows", products, blocks, 1e-5},
  {"split rows", split_rows, blocks, 0},
  {0},
};

// The cases of Panels.h: products of many rows with operands in any format and orientation.
#include <CKernels.h>
#include <math.h>

#include "Catalogue.h"

#if __has_include(<Panels.h>)
#include <Panels.h>

typedef struct {
  ck_operand operand;
  /// Values as f32, [rows or columns][k].
  const float *wide;
} Matrix;

// `count` rows (or columns) of k values; its stored rows end exactly where the buffer does.
static Matrix matrix(Run *run, int format, int across, long count, long k) {
  long block = ck_block_values(format), along = across ? count : k, rows = across ? k : count;
  long stride = along + (block == 1 ? 3 : block), stored = (rows - 1) * stride + along;
  Matrix made = {{weights(run, format, stored), stride, format, across}, 0};
  float *all = scratch(run, stored * (long)sizeof(float));
  float *wide = scratch(run, count * k * (long)sizeof(float));
  ck_dequantize(format, made.operand.bytes, all, stored);
  for (long i = 0; i < count; i++)
    for (long j = 0; j < k; j++)
      wide[i * k + j] = across ? all[j * stride + i] : all[i * stride + j];
  made.wide = wide;
  return made;
}

// Rows of k values as activations are rounded to whole numbers.
static const float *rounded_rows(Run *run, const float *wide, long rows, long k) {
  float *made = scratch(run, rows * k * (long)sizeof(float));
  ck_rounded *row = scratch(run, (k + 255) / 256 * (long)sizeof(ck_rounded));
  for (long i = 0; i < rows; i++) {
    ck_round_row(wide + i * k, row, k);
    for (long j = 0; j < k; j++)
      made[i * k + j] = row[j / 256].scale[j % 256 / 32] * row[j / 256].q[j % 256];
  }
  return made;
}

static void product(Run *run, const Matrix *a, const Matrix *b, long m, long n, long k,
                    int rounds) {
  ck_panels plan;
  ck_panel_plan(m, n, k, &a->operand, &b->operand, rounds, &plan);
  long stride = n + 5;
  float *c = out_floats(run, (m - 1) * stride + n), *bias = floats(run, n);
  for (long first = 0; first < m; first += plan.rows) {
    long count = m - first < plan.rows ? m - first : plan.rows;
    // A room of its own, so that a byte too far is seen.
    void *packed = scratch(run, plan.packedBytes);
    for (long piece = 0; piece < plan.packPieces; piece++) {
      long cut = !a->operand.across && a->operand.format == CK_F32 ? k / 2 / 32 * 32 : 0;
      if (cut == 0) {
        ck_panel_pack(&plan, &a->operand, first, count, piece, packed);
        continue;
      }
      // The same in two stretches of k.
      ck_operand rest = a->operand;
      rest.bytes = (const float *)rest.bytes + cut;
      ck_panel_pack_part(&plan, &rest, first, count, piece, cut, k - cut, packed);
      ck_panel_pack_part(&plan, &a->operand, first, count, piece, 0, cut, packed);
    }
    void *room = scratch(run, plan.scratchBytes);
    for (int adds = 0; adds < 2; adds++)
      for (long piece = 0; piece < plan.pieces; piece++)
        ck_panel_multiply(&plan, packed, count, &b->operand, piece, adds, adds ? 0 : bias,
                          c + first * stride, stride, room);
  }
  if (!checks_values()) return;
  int whole = plan.units == CK_UNITS_BYTES;
  double step = plan.units == CK_UNITS_PAIRS ? 0x1p-7 : plan.units == CK_UNITS_SPLIT ? 5e-5 : 1e-5;
  const float *rounded = rounded_rows(run, a->wide, m, k), *left = whole ? rounded : a->wide;
  for (long i = 0; i < m; i++)
    for (long o = 0; o < n; o++) {
      double sum = 0, size = 0;
      for (long j = 0; j < k; j++) {
        double term = (double)left[i * k + j] * b->wide[o * k + j];
        sum += term;
        size += fabs(term);
      }
      want(run, fabs(c[i * stride + o] - (2 * sum + bias[o])) <= step * (2 * size + fabs(bias[o])),
           "a product is not that of its rows and columns");
    }
}

// Block formats stand along k only where k is whole blocks, across where the columns are.
static void each(Run *run, long size, const int *left, const int *right, int rounds) {
  long m = size, n = size + size / 2 + 1, k = 2 * size + 1;
  for (int turn = 0; turn < 4; turn++)
    for (const int *f = left; *f >= 0; f++)
      for (const int *g = right; *g >= 0; g++) {
        long block = ck_block_values(*g), columns = n, depth = k;
        if (block > 1 && turn & 2) columns = (n + block - 1) / block * block;
        if (block > 1 && !(turn & 2)) depth = (k + block - 1) / block * block;
        Matrix a = matrix(run, *f, turn & 1, m, depth);
        Matrix b = matrix(run, *g, turn >> 1, columns, depth);
        product(run, &a, &b, m, columns, depth, rounds);
      }
}

static const int singles[] = {CK_F32, -1};
static const int plain[] = {CK_F32, CK_F16, CK_BFLOAT16, -1};
static const int narrow[] = {CK_BFLOAT16, -1};
static const int some_blocks[] = {CK_Q8_0, CK_Q4_0, CK_Q5_1, CK_Q6_K, -1};
static const int all_blocks[] = {
  CK_Q8_0, CK_Q4_0, CK_Q4_1, CK_Q5_0, CK_Q5_1, CK_Q2_K, CK_Q3_K, CK_Q4_K, CK_Q5_K, CK_Q6_K, -1,
};

static void panels_f32(Run *run, long n) { each(run, n, singles, plain, 0); }
static void panels_blocks(Run *run, long n) { each(run, n, singles, some_blocks, 0); }
static void panels_bf16(Run *run, long n) { each(run, n, narrow, narrow, 0); }
static void panels_rounded(Run *run, long n) {
  each(run, n, singles, plain, 1);
  each(run, n, singles, some_blocks, 1);
}

static void panels_split(Run *run, long n) {
  each(run, n, singles, singles, 3);
  each(run, n, singles, plain, 3);
}

// Biases, and gelu in the same go where operands are split.
static void panels_gelu(Run *run, long n) {
  long m = n, k = 3 * n + 1, columns = 2 * n + 1;
  Matrix a = matrix(run, CK_F32, 0, m, k), b = matrix(run, CK_F32, 0, columns, k);
  ck_panels plan;
  ck_panel_plan(m, columns, k, &a.operand, &b.operand, 3, &plan);
  plan.gelu = 1;
  float *c = out_floats(run, m * columns), *bias = floats(run, columns);
  void *packed = scratch(run, plan.packedBytes), *room = scratch(run, plan.scratchBytes);
  for (long piece = 0; piece < plan.packPieces; piece++)
    ck_panel_pack(&plan, &a.operand, 0, m, piece, packed);
  for (long piece = 0; piece < plan.pieces; piece++)
    ck_panel_multiply(&plan, packed, m, &b.operand, piece, 0, bias, c, columns, room);
  for (long i = 0; i < m; i++)
    for (long o = 0; o < columns; o++) {
      double sum = bias[o], size = fabs(bias[o]);
      for (long j = 0; j < k; j++) {
        double term = (double)a.wide[i * k + j] * b.wide[o * k + j];
        sum += term;
        size += fabs(term);
      }
      double wanted = 0.5 * sum * (1 + erf(sum * 0.70710678118654752440));
      if (plan.units != CK_UNITS_SPLIT) c[i * columns + o] = (float)wanted;
      if (checks_values())
        want(run, fabs(c[i * columns + o] - wanted) <= 5e-5 * size + 1e-6 * (1 + fabs(wanted)),
             "a gelu is not that of its product");
    }
}

static void panels_bytes(Run *run, long n) { each(run, n, singles, all_blocks, 2); }

// More steps of k than one packed panel holds.
static void panels_deep(Run *run, long k) {
  for (int rounds = 0; rounds < 4; rounds++) {
    Matrix a = matrix(run, CK_F32, 0, 3, k), b = matrix(run, CK_F32, 0, 35, k);
    product(run, &a, &b, 3, 35, k, rounds);
    long blocks = k / 32 * 32;
    a = matrix(run, CK_F32, 0, 7, blocks);
    b = matrix(run, CK_Q5_1, 0, 35, blocks);
    product(run, &a, &b, 7, 35, blocks, rounds);
    long whole = k / 256 * 256;
    a = matrix(run, CK_BFLOAT16, 1, 3, whole);
    b = matrix(run, CK_Q4_K, 0, 5, whole);
    product(run, &a, &b, 3, 5, whole, rounds);
    b = matrix(run, CK_Q4_K, 1, 256, whole);
    product(run, &a, &b, 3, 256, whole, rounds);
  }
}
// More columns than one piece has.
static void panels_broad(Run *run, long n) {
  for (int rounds = 0; rounds < 2; rounds++) {
    Matrix a = matrix(run, CK_F32, 0, 2, 9), b = matrix(run, CK_BFLOAT16, 1, n, 9);
    product(run, &a, &b, 2, n, 9, rounds);
  }
  Matrix a = matrix(run, CK_F32, 0, 2, 9), b = matrix(run, CK_F32, 0, n, 9);
  product(run, &a, &b, 2, n, 9, 3);
}

static const long few[] = {1, 2, 17, 33, 49, -1};
static const long deep[] = {300, 2500, -1};
const Case panel_cases[] = {
  {"panels of f32", panels_f32, few, 1e-5},
  {"panels of blocks", panels_blocks, few, 1e-5},
  {"panels of bf16", panels_bf16, few, 1e-5},
  {"panels, rounded to bf16", panels_rounded, few, 0.1},
  {"panels, split in two", panels_split, few, 1e-4},
  {"panels, split in two, gelu", panels_gelu, few, 1e-4},
  {"panels, rounded to bytes", panels_bytes, few, 0.1},
  {"panels, deep", panels_deep, deep, 0.1},
  {"panels, broad", panels_broad, deep, 0.1},
  {0},
};
#else
const Case panel_cases[] = {{0}};
#endif

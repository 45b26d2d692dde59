// The cases of Blocks.h: blocks of quantised values, whole and in part.
#include <CKernels.h>

#include "Catalogue.h"

// n blocks of random bytes: every pattern of scales, NaN and infinities among them, is a block.
static void read_blocks(Run *run, long n) {
  for (int format = 0; format < CK_FORMATS; format++) {
    long values = ck_block_values(format) * n;
    uint8_t *x = bytes(run, ck_block_bytes(format) * n);
    ck_dequantize(format, x, out_floats(run, values), values);
    if (n == 0) continue;
    long begin = below(run, values), count = below(run, values - begin + 1);
    ck_dequantize_part(format, x, begin, out_floats(run, count), count);
  }
}

static void written(Run *run, int format, const float *x, long n) {
  long count = ck_block_values(format) * n;
  uint8_t *y = out_bytes(run, ck_block_bytes(format) * n);
  result(run, ck_quantize(format, x, y, count));
}

static void write_blocks(Run *run, long n) {
  for (int format = 0; format < CK_FORMATS; format++) {
    long values = ck_block_values(format) * n;
    float *x = floats(run, values);
    written(run, format, x, n);
    for (long i = 0; i < values; i++) x[i] *= i % 64 < 32 ? 1e-30f : 1e30f;
    written(run, format, x, n);
    if (n > 0) x[values / 2] = 0.0f / 0.0f;
    written(run, format, x, n);
  }
}

static void k_scales(Run *run, long n) {
  for (long i = 0; i < n; i++) {
    uint8_t *packed = bytes(run, 12);
    ck_k_scales(packed, out_bytes(run, 8), out_bytes(run, 8));
  }
}

static const long blocks[] = {0, 1, 2, 3, 7, -1};

const Case block_cases[] = {
  {"read blocks", read_blocks, blocks, 0},
  {"write blocks", write_blocks, blocks, 0},
  {"scales of K blocks", k_scales, blocks, 0},
  {0},
};

// Some rows of activations times stored bf16 weights with tile registers (AMX). Sixteen stored rows of
// weights are a tile as they stand, so nothing of the weights is packed or copied: what a product
// costs is reading them.
#include <string.h>

#include "PanelParts.h"
#include "include/Panels.h"
#include "include/Rows.h"

int ck_tiles_suit(int format, long m, long k) {
#if defined(__x86_64__)
  // Fewer rows keep their values as they are in ck_rows, and lose nothing by it.
  return format == CK_BFLOAT16 && m > 4 && m <= CK_ROWS_MOST && k > 0 && k % 32 == 0 &&
         ck_level >= CK_AMX;
#else
  (void)format, (void)m, (void)k;
  return 0;
#endif
}

#if defined(__x86_64__)
#include <immintrin.h>

// 32 rows of weights, `bytes` apart. Steps of k go to two sums in turn: one would wait for itself.
// Asking for memory ahead only cost time here: 32 rows at a time are many streams already.
CK_FOR(CK_TARGET_AMX)
static void two_tiles(const char *w, long bytes, const char *x, float *out) {
  size_t step = (size_t)bytes;
  const char *low = w + 16 * bytes;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  long at = 0;
  for (; at + 128 <= bytes; at += 128, x += 4 * CK_PATCH_BYTES) {
    _tile_loadd(6, x, 64);
    _tile_loadd(4, w + at, step);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(5, low + at, step);
    _tile_dpbf16ps(1, 5, 6);
    _tile_loadd(7, x + 2 * CK_PATCH_BYTES, 64);
    _tile_loadd(4, w + at + 64, step);
    _tile_dpbf16ps(2, 4, 7);
    _tile_loadd(5, low + at + 64, step);
    _tile_dpbf16ps(3, 5, 7);
  }
  if (at < bytes) {
    _tile_loadd(6, x, 64);
    _tile_loadd(4, w + at, step);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(5, low + at, step);
    _tile_dpbf16ps(1, 5, 6);
  }
  _tile_stored(0, out, 64);
  _tile_stored(1, out + 256, 64);
  _tile_stored(2, out + 512, 64);
  _tile_stored(3, out + 768, 64);
}

// Up to 16 rows of weights, those that the tiles were begun for, with the same sums.
CK_FOR(CK_TARGET_AMX)
static void one_tile(const char *w, long bytes, const char *x, float *out) {
  _tile_zero(0);
  _tile_zero(2);
  for (long at = 0; at < bytes; at += 128, x += 4 * CK_PATCH_BYTES) {
    _tile_loadd(6, x, 64);
    _tile_loadd(4, w + at, (size_t)bytes);
    _tile_dpbf16ps(0, 4, 6);
    if (at + 64 == bytes) break;
    _tile_loadd(7, x + 2 * CK_PATCH_BYTES, 64);
    _tile_loadd(4, w + at + 64, (size_t)bytes);
    _tile_dpbf16ps(2, 4, 7);
  }
  _tile_stored(0, out, 64);
  _tile_stored(2, out + 512, 64);
}

// Sums of both parts of x and of both turns to where they belong.
CK_FOR(CK_TARGET_AVX512)
static void put(const float *out, long rows, long m, const float *bias, float *y, long ys) {
  for (long row = 0; row < rows; row++) {
    __m512 both = _mm512_add_ps(_mm512_load_ps(out + row * 16), _mm512_load_ps(out + 512 + row * 16));
    __m256 sum = _mm256_add_ps(_mm512_castps512_ps256(both), _mm512_extractf32x8_ps(both, 1));
    float part[8];
    if (bias) sum = _mm256_add_ps(sum, _mm256_set1_ps(bias[row]));
    _mm256_storeu_ps(part, sum);
    for (long i = 0; i < m; i++) y[i * ys + row] = part[i];
  }
}

// x less its 8 leading digits, which bf16 keeps (nearest, ties to even).
CK_FOR(CK_TARGET_AVX512) static void rest_of(const float *x, float *out, long n) {
  for (long i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, 4);
    bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000;
    float kept;
    memcpy(&kept, &bits, 4);
    out[i] = x[i] - kept;
  }
}
#endif

void ck_split_rows(const float *x, long xs, long m, long k, void *out) {
#if defined(__x86_64__)
  enum { CHUNK = 256 };
  float stage[2 * CK_ROWS_MOST * CHUNK];
  memset(stage, 0, sizeof stage);
  for (long at = 0; at < k; at += CHUNK) {
    long count = k - at < CHUNK ? k - at : CHUNK;
    for (long i = 0; i < m; i++) {
      memcpy(stage + i * CHUNK, x + i * xs + at, (size_t)count * sizeof(float));
      rest_of(stage + i * CHUNK, stage + (CK_ROWS_MOST + i) * CHUNK, count);
    }
    ck_operand source = {stage, CHUNK, CK_F32, 0};
    ck_part part = {&source, 0, 2 * CK_ROWS_MOST, 0, count};
    ck_pack_bf16(&part, 1, (char *)out + at / 32 * CK_BLOCK_BYTES);
  }
#else
  (void)x, (void)xs, (void)m, (void)k, (void)out;
#endif
}

#if defined(__x86_64__)
CK_FOR(CK_TARGET_AMX)
#endif
void ck_tile_rows(const void *w, long rows, long k, const void *x, long m, const float *bias,
                  float *y, long ys) {
#if defined(__x86_64__)
  float out[1024] __attribute__((aligned(64)));
  const char *from = w;
  long bytes = 2 * k, row = 0;
  ck_tiles_begin(16);
  for (; row + 32 <= rows; row += 32) {
    two_tiles(from + row * bytes, bytes, x, out);
    put(out, 32, m, bias ? bias + row : NULL, y + row, ys);
  }
  while (row < rows) {
    long count = rows - row < 16 ? rows - row : 16;
    if (count < 16) ck_tiles_begin(count);
    one_tile(from + row * bytes, bytes, x, out);
    put(out, count, m, bias ? bias + row : NULL, y + row, ys);
    row += count;
  }
  ck_tiles_end();
#else
  (void)w, (void)rows, (void)k, (void)x, (void)m, (void)bias, (void)y, (void)ys;
#endif
}

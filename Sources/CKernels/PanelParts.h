// What the files of panels share: tiles of 16 by 16 units of 4 bytes.
#pragma once
#include "Simd.h"

enum {
  CK_PATCH = 16,                      // rows, columns and units of a tile
  CK_PATCH_BYTES = 1024,
  CK_BLOCK = 32,                     // rows or columns of two tiles
  CK_BLOCK_BYTES = 2 * CK_PATCH_BYTES  // of a block for 16 units of k
};

/// A part of a stored matrix to pack: `count` rows of `a` (columns of `b`) from `first`, and the
/// values [start, start + depth) of k.
typedef struct {
  const ck_operand *source;
  long first, count, start, depth;
} ck_part;

/// Packs a part into blocks of 32: block by block, for each 16 units two tiles. Missing rows and
/// missing values of k are zeros. `turned`: [unit][row] (for b) instead of [row][unit].
typedef void ck_packer(const ck_part *part, int turned, void *out);
void ck_pack_scalar(const ck_part *part, int turned, void *out);
void ck_pack_avx512(const ck_part *part, int turned, void *out);
void ck_pack_bf16(const ck_part *part, int turned, void *out);
/// For f32 along k alone: after each two tiles two of what their rounding left.
void ck_pack_split(const ck_part *part, int turned, void *out);

/// c[32, 32] = (adds ? c : 0) + a b over `tiles` times 16 units; only the first `rows` rows
/// (rounded up to 16) are computed.
typedef void ck_block_kernel(const void *a, const void *b, long tiles, float *c, long stride,
                             int adds, long rows);
void ck_block_scalar(const void *a, const void *b, long tiles, float *c, long stride, int adds,
                     long rows);
void ck_block_avx2(const void *a, const void *b, long tiles, float *c, long stride, int adds,
                   long rows);
void ck_block_avx512(const void *a, const void *b, long tiles, float *c, long stride, int adds,
                     long rows);
void ck_block_bf16(const void *a, const void *b, long tiles, float *c, long stride, int adds,
                   long rows);
void ck_block_amx(const void *a, const void *b, long tiles, float *c, long stride, int adds,
                  long rows);
void ck_block_split(const void *a, const void *b, long tiles, float *c, long stride, int adds,
                    long rows);
/// Adds a bias (or null) to a row and makes gelu of it.
void ck_gelu_row(float *row, const float *bias, long count);
#if defined(__x86_64__)
/// Rows of f32 along k rounded to whole numbers, 16 lines a tile; quantised columns as such.
void ck_pack_rounded(const ck_part *part, int turned, void *out);
void ck_pack_bytes(const ck_part *part, int turned, void *out);
/// Whether columns of this format can be packed as bytes.
int ck_packs_bytes(int format);
/// The kernel for columns of this format.
ck_block_kernel *ck_byte_kernel(int format);
#endif
/// Tile registers are set up once for each piece on its thread, and given back after it: 0 to 5 of
/// `rows` rows (at most 16), 6 and 7 of 16, all of 64 bytes a row.
void ck_tiles_begin(long rows);
void ck_tiles_end(void);

/// `count` values of stored row `row` from `start`, as f32.
void ck_widen_row(const ck_operand *source, long row, long start, long count, float *out);

#if defined(__x86_64__)
#include <immintrin.h>

#define CK_FLAT(features) static inline __attribute__((always_inline, target(features)))

/// 16 rows of 16 units to 16 columns.
CK_FLAT(CK_TARGET_AVX512) void transpose16(__m512i z[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(z[i], z[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(z[i], z[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    z[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    z[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    z[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    z[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    t[i] = _mm512_shuffle_i32x4(z[i], z[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(z[i], z[i + 4], 0xDD);
    t[i + 8] = _mm512_shuffle_i32x4(z[i + 8], z[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(z[i + 8], z[i + 12], 0xDD);
  }
  for (int i = 0; i < 4; i++) {
    z[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    z[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
    z[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xDD);
    z[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xDD);
  }
}
#endif

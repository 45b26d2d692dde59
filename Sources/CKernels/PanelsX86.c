// Panels on x86: packing in vectors of 16 units, and kernels for fused multiply-adds (AVX2,
// AVX-512), dot products of pairs (AVX512-BF16) and tile registers (AMX).
#include "include/Panels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "PanelParts.h"

CK_FLAT(CK_TARGET_AVX512) long least(long a, long b) { return a < b ? a : b; }

// The first `count` of 16 (or 32) lanes.
CK_FLAT(CK_TARGET_AVX512) __mmask16 lanes16(long count) {
  return count >= 16 ? 0xFFFF : count <= 0 ? 0 : (__mmask16)((1u << count) - 1);
}
CK_FLAT(CK_TARGET_AVX512) __mmask32 lanes32(long count) {
  return count >= 32 ? 0xFFFFFFFF : count <= 0 ? 0 : (__mmask32)((1u << count) - 1);
}

// MARK: Packing

CK_FLAT(CK_TARGET_AVX512) void put_tile(__m512i z[16], int turns, char *to) {
  if (turns) transpose16(z);
  for (int i = 0; i < 16; i++) _mm512_store_si512(to + i * 64, z[i]);
}

// Rounds 32 floats to 16 pairs, in order.
CK_FLAT(CK_TARGET_BF16) __m512i pairs_of(__m512 low, __m512 high) {
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

// 16 units along k of one row that begins at `from`; `valid` values of it exist.
CK_FLAT(CK_TARGET_AVX512) __m512i along_plain(const float *from, long valid) {
  return _mm512_castps_si512(_mm512_maskz_loadu_ps(lanes16(valid), from));
}
CK_FLAT(CK_TARGET_BF16) __m512i along_pairs(const float *from, long valid) {
  return pairs_of(_mm512_maskz_loadu_ps(lanes16(valid), from),
                  _mm512_maskz_loadu_ps(lanes16(valid - 16), from + 16));
}

CK_FLAT(CK_TARGET_AVX512) __m512i across_plain(const float *from, __mmask16 columns) {
  return _mm512_castps_si512(_mm512_maskz_loadu_ps(columns, from));
}
// A block of Q8_0 or Q4_0 as 16 pairs: the same bits as widened and rounded, without a stage.
CK_FLAT(CK_TARGET_BF16) __m512i block_pairs(int format, const uint8_t *block) {
  uint16_t half;
  memcpy(&half, block, 2);
  __m512 scale = _mm512_set1_ps(_cvtsh_ss(half));
  __m128i low = _mm_loadu_si128((const __m128i *)(block + 2)), high;
  if (format == CK_Q8_0) {
    high = _mm_loadu_si128((const __m128i *)(block + 18));
  } else {
    const __m128i nibble = _mm_set1_epi8(15), middle = _mm_set1_epi8(8);
    high = _mm_sub_epi8(_mm_and_si128(_mm_srli_epi16(low, 4), nibble), middle);
    low = _mm_sub_epi8(_mm_and_si128(low, nibble), middle);
  }
  return pairs_of(_mm512_mul_ps(scale, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(low))),
                  _mm512_mul_ps(scale, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(high))));
}

// One unit of 16 columns, from the stored rows at `from` and (pairs) `next`.
CK_FLAT(CK_TARGET_BF16)
__m512i across_pairs(const float *from, const float *next, __mmask16 columns, int hasNext) {
  __m512 low = _mm512_maskz_loadu_ps(columns, from);
  __m512 high = _mm512_maskz_loadu_ps(hasNext ? columns : 0, hasNext ? next : from);
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24,
                                         8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order, pairs_of(low, high));
}
CK_FLAT(CK_TARGET_BF16)
__m512i across_narrow(const uint16_t *from, const uint16_t *next, __mmask16 columns, int hasNext) {
  __m512i low = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(columns, from));
  if (!hasNext) return low;
  __m512i high = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(columns, next));
  return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

enum { STAGE = 256 };

#define PANEL_PAIRS 0
#define PANEL_TARGET CK_TARGET_AVX512
#define PANEL_ALONG along_f32
#define PANEL_ACROSS across_f32
#define PANEL_UNITS along_plain
#define PANEL_BLOCK(format, block) ((void)(block), _mm512_setzero_si512())
#define PANEL_UNIT(from, next, columns, has) across_plain(from, columns)
#define PANEL_NARROW_UNIT(from, next, columns, has) ((void)(from), _mm512_setzero_si512())
#include "Panels.inc"
#undef PANEL_PAIRS
#undef PANEL_TARGET
#undef PANEL_ALONG
#undef PANEL_ACROSS
#undef PANEL_UNITS
#undef PANEL_BLOCK
#undef PANEL_UNIT
#undef PANEL_NARROW_UNIT
#define PANEL_PAIRS 1
#define PANEL_TARGET CK_TARGET_BF16
#define PANEL_ALONG along_bf16
#define PANEL_ACROSS across_bf16
#define PANEL_UNITS along_pairs
#define PANEL_BLOCK block_pairs
#define PANEL_UNIT across_pairs
#define PANEL_NARROW_UNIT across_narrow
#include "Panels.inc"

CK_FOR(CK_TARGET_AVX512) void ck_pack_avx512(const ck_part *part, int turned, void *out) {
  part->source->across ? across_f32(part, turned, out) : along_f32(part, turned, out);
}
CK_FOR(CK_TARGET_BF16) void ck_pack_bf16(const ck_part *part, int turned, void *out) {
  part->source->across ? across_bf16(part, turned, out) : along_bf16(part, turned, out);
}

// 32 floats as 16 pairs of bf16, and what these leave of them as 16 more.
CK_FLAT(CK_TARGET_BF16) __m512i split_pairs(__m512 low, __m512 high, __m512i *left) {
  __m512i near = pairs_of(low, high);
  __m512i first = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(near)), 16);
  __m512i second = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(near, 1)), 16);
  *left = pairs_of(_mm512_sub_ps(low, _mm512_castsi512_ps(first)),
                   _mm512_sub_ps(high, _mm512_castsi512_ps(second)));
  return near;
}

CK_FOR(CK_TARGET_BF16) void ck_pack_split(const ck_part *part, int turned, void *out) {
  const ck_operand *source = part->source;
  long tiles = (part->depth + 31) / 32, halves = (part->count + 31) / 32 * 2;
  for (long half = 0; half < halves; half++) {
    long rows = least(CK_PATCH, part->count - half * CK_PATCH);
    const float *line = (const float *)source->bytes +
                        (part->first + half * CK_PATCH) * source->stride + part->start;
    for (long t = 0; t < tiles; t++) {
      long valid = part->depth - t * 32;
      __m512i near[16], left[16];
      for (int row = 0; row < 16; row++) {
        near[row] = left[row] = _mm512_setzero_si512();
        if (row >= rows) continue;
        const float *from = line + row * source->stride + t * 32;
        near[row] = split_pairs(_mm512_maskz_loadu_ps(lanes16(valid), from),
                                _mm512_maskz_loadu_ps(lanes16(valid - 16), from + 16), left + row);
      }
      char *to = (char *)out + (half / 2 * tiles + t) * 2 * CK_BLOCK_BYTES + half % 2 * CK_PATCH_BYTES;
      put_tile(near, turned, to);
      put_tile(left, turned, to + CK_BLOCK_BYTES);
    }
  }
}

// x times the normal distribution function, 1/2 + x p(x^2 / 16 - 1): p is fitted at Chebyshev nodes
// for |x| <= sqrt 32, beyond which the function is 0 or 1 in f32.
CK_FLAT(CK_TARGET_AVX512) __m512 gelu_of(__m512 x) {
  static const float p[] = {
    0.124992087f,    -0.0624294505f,  0.0465538912f,   -0.0380689465f,  0.0318961516f,
    -0.026557887f,   0.0211803764f,   -0.0155169889f,  0.0115667004f,   -0.00956204161f,
    0.00550765824f,  -0.000991699751f, 0.00103790348f, -0.00214986457f, 0.000930474431f,
  };
  const __m512 edge = _mm512_set1_ps(5.65685424949f);
  __m512 t = _mm512_fmadd_ps(_mm512_mul_ps(x, x), _mm512_set1_ps(0.0625f), _mm512_set1_ps(-1));
  __m512 sum = _mm512_set1_ps(p[14]);
#pragma clang loop unroll(full)
  for (int i = 13; i >= 0; i--) sum = _mm512_fmadd_ps(sum, t, _mm512_set1_ps(p[i]));
  __m512 y = _mm512_mul_ps(x, _mm512_fmadd_ps(x, sum, _mm512_set1_ps(0.5f)));
  __mmask16 far = _mm512_cmp_ps_mask(_mm512_abs_ps(x), edge, _CMP_GT_OQ);
  return _mm512_mask_max_ps(y, far, x, _mm512_setzero_ps());
}

CK_FOR(CK_TARGET_AVX512) void ck_gelu_row(float *row, const float *bias, long count) {
  for (long i = 0; i < count; i += 16) {
    __mmask16 lanes = lanes16(count - i);
    __m512 x = _mm512_maskz_loadu_ps(lanes, row + i);
    if (bias) x = _mm512_add_ps(x, _mm512_maskz_loadu_ps(lanes, bias + i));
    _mm512_mask_storeu_ps(row + i, lanes, gelu_of(x));
  }
}

// MARK: Multiplying

// `rows` <= 6 rows by 16 columns: 12 sums, 2 vectors of b and one number of a at a time.
#define CK_AVX2_ROWS(ROWS)                                                                         \
  CK_FLAT(CK_TARGET_AVX2) void avx2_rows##ROWS(const float *a, const float *b, long tiles, float *c, \
                                               long stride, int adds) {                            \
    __m256 s[ROWS][2];                                                                             \
    for (int i = 0; i < ROWS; i++)                                                                 \
      for (int j = 0; j < 2; j++)                                                                  \
        s[i][j] = adds ? _mm256_loadu_ps(c + i * stride + j * 8) : _mm256_setzero_ps();            \
    for (long t = 0; t < tiles; t++, a += 512, b += 512)                                           \
      for (int u = 0; u < 16; u++) {                                                               \
        __m256 low = _mm256_load_ps(b + u * 16), high = _mm256_load_ps(b + u * 16 + 8);            \
        for (int i = 0; i < ROWS; i++) {                                                           \
          __m256 x = _mm256_broadcast_ss(a + i * 16 + u);                                          \
          s[i][0] = _mm256_fmadd_ps(x, low, s[i][0]);                                              \
          s[i][1] = _mm256_fmadd_ps(x, high, s[i][1]);                                             \
        }                                                                                          \
      }                                                                                            \
    for (int i = 0; i < ROWS; i++)                                                                 \
      for (int j = 0; j < 2; j++) _mm256_storeu_ps(c + i * stride + j * 8, s[i][j]);               \
  }
CK_AVX2_ROWS(6)
CK_AVX2_ROWS(4)

CK_FOR(CK_TARGET_AVX2)
void ck_block_avx2(const void *a, const void *b, long tiles, float *c, long stride, int adds,
                   long rows) {
  for (int half = 0; half < 2; half++)
    for (long i = 0; i < rows; i += 16) {
      const float *x = (const float *)a + i * 16, *y = (const float *)b + half * 256;
      float *z = c + i * stride + half * 16;
      avx2_rows6(x, y, tiles, z, stride, adds);
      avx2_rows6(x + 6 * 16, y, tiles, z + 6 * stride, stride, adds);
      avx2_rows4(x + 12 * 16, y, tiles, z + 12 * stride, stride, adds);
    }
}

// 8 rows by 32 columns: 16 sums.
#define CK_ROWS8(NAME, TARGET, UNIT, BROADCAST, DOT)                                               \
  CK_FLAT(TARGET) void NAME(const float *a, const float *b, long tiles, float *c, long stride,     \
                            int adds) {                                                            \
    __m512 s[8][2];                                                                                \
    for (int i = 0; i < 8; i++)                                                                    \
      for (int j = 0; j < 2; j++)                                                                  \
        s[i][j] = adds ? _mm512_loadu_ps(c + i * stride + j * 16) : _mm512_setzero_ps();           \
    for (long t = 0; t < tiles; t++, a += 512, b += 512)                                           \
      for (int u = 0; u < 16; u++) {                                                               \
        UNIT low = (UNIT)_mm512_load_ps(b + u * 16), high = (UNIT)_mm512_load_ps(b + 256 + u * 16); \
        for (int i = 0; i < 8; i++) {                                                              \
          UNIT x = (UNIT)BROADCAST(a + i * 16 + u);                                                \
          s[i][0] = DOT(s[i][0], x, low);                                                          \
          s[i][1] = DOT(s[i][1], x, high);                                                         \
        }                                                                                          \
      }                                                                                            \
    for (int i = 0; i < 8; i++)                                                                    \
      for (int j = 0; j < 2; j++) _mm512_storeu_ps(c + i * stride + j * 16, s[i][j]);              \
  }
#define CK_SPREAD(p) _mm512_set1_ps(*(p))
#define CK_FMA(s, x, y) _mm512_fmadd_ps(x, y, s)
CK_ROWS8(rows8_f32, CK_TARGET_AVX512, __m512, CK_SPREAD, CK_FMA)
CK_ROWS8(rows8_bf16, CK_TARGET_BF16, __m512bh, CK_SPREAD, _mm512_dpbf16_ps)

CK_FOR(CK_TARGET_AVX512)
void ck_block_avx512(const void *a, const void *b, long tiles, float *c, long stride, int adds,
                     long rows) {
  for (long i = 0; i < (rows + 15) / 16 * 16; i += 8)
    rows8_f32((const float *)a + i / 16 * 256 + i % 16 * 16, b, tiles, c + i * stride, stride,
              adds);
}
CK_FOR(CK_TARGET_BF16)
void ck_block_bf16(const void *a, const void *b, long tiles, float *c, long stride, int adds,
                   long rows) {
  for (long i = 0; i < (rows + 15) / 16 * 16; i += 8)
    rows8_bf16((const float *)a + i / 16 * 256 + i % 16 * 16, b, tiles, c + i * stride, stride,
               adds);
}

CK_FOR(CK_TARGET_AMX) void ck_tiles_begin(long rows) {
  struct {
    uint8_t palette, start, none[14];
    uint16_t bytes[16];
    uint8_t rows[16];
  } shape;
  memset(&shape, 0, sizeof shape);
  shape.palette = 1;
  for (int i = 0; i < 8; i++) shape.bytes[i] = 64, shape.rows[i] = i < 6 ? (uint8_t)rows : 16;
  _tile_loadconfig(&shape);
}
CK_FOR(CK_TARGET_AMX) void ck_tiles_end(void) { _tile_release(); }

CK_FOR(CK_TARGET_AMX)
void ck_block_amx(const void *a, const void *b, long tiles, float *c, long stride, int adds,
                  long rows) {
  const char *x = a, *y = b;
  size_t step = (size_t)stride * 4;
  if (rows > 16) {
    if (adds) {
      _tile_loadd(0, c, step);
      _tile_loadd(1, c + 16, step);
      _tile_loadd(2, c + 16 * stride, step);
      _tile_loadd(3, c + 16 * stride + 16, step);
    } else {
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
    }
    // What is written in the end is fetched meanwhile.
    for (long i = 0; i < 32; i++) {
      _mm_prefetch((const char *)(c + i * stride), _MM_HINT_T0);
      _mm_prefetch((const char *)(c + i * stride + 16), _MM_HINT_T0);
    }
    for (long t = 0; t < tiles; t++, x += CK_BLOCK_BYTES, y += CK_BLOCK_BYTES) {
      _tile_loadd(6, y, 64);
      _tile_loadd(4, x, 64);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(7, y + CK_PATCH_BYTES, 64);
      _tile_dpbf16ps(1, 4, 7);
      _tile_loadd(5, x + CK_PATCH_BYTES, 64);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(2, c + 16 * stride, step);
    _tile_stored(3, c + 16 * stride + 16, step);
  } else {
    if (adds) {
      _tile_loadd(0, c, step);
      _tile_loadd(1, c + 16, step);
    } else {
      _tile_zero(0);
      _tile_zero(1);
    }
    for (long t = 0; t < tiles; t++, x += CK_BLOCK_BYTES, y += CK_BLOCK_BYTES) {
      _tile_loadd(4, x, 64);
      _tile_loadd(6, y, 64);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(7, y + CK_PATCH_BYTES, 64);
      _tile_dpbf16ps(1, 4, 7);
    }
  }
  _tile_stored(0, c, step);
  _tile_stored(1, c + 16, step);
}

// Per step of 32: what a left times b, a times b, a times what b left.
CK_FOR(CK_TARGET_AMX)
void ck_block_split(const void *a, const void *b, long tiles, float *c, long stride, int adds,
                    long rows) {
  const char *x = a, *y = b;
  size_t step = (size_t)stride * 4;
  int both = rows > 16;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  if (adds) {
    _tile_loadd(0, c, step);
    _tile_loadd(1, c + 16, step);
    if (both) {
      _tile_loadd(2, c + 16 * stride, step);
      _tile_loadd(3, c + 16 * stride + 16, step);
    }
  }
  for (long i = 0; i < (both ? 32 : 16); i++) {
    _mm_prefetch((const char *)(c + i * stride), _MM_HINT_T0);
    _mm_prefetch((const char *)(c + i * stride + 16), _MM_HINT_T0);
  }
  // Tiles of a stand in 4 and 5, of b in 6 and 7; those of the second half are 0 where there is none.
  for (long t = 0; t < tiles; t++, x += 2 * CK_BLOCK_BYTES, y += 2 * CK_BLOCK_BYTES) {
    _tile_loadd(6, y, 64);
    _tile_loadd(4, x + CK_BLOCK_BYTES, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, y + CK_PATCH_BYTES, 64);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, x + CK_BLOCK_BYTES + CK_PATCH_BYTES, 64);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
    _tile_loadd(4, x, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, x + CK_PATCH_BYTES, 64);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
    _tile_loadd(6, y + CK_BLOCK_BYTES, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(2, 5, 6);
    _tile_loadd(7, y + CK_BLOCK_BYTES + CK_PATCH_BYTES, 64);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, c, step);
  _tile_stored(1, c + 16, step);
  if (!both) return;
  _tile_stored(2, c + 16 * stride, step);
  _tile_stored(3, c + 16 * stride + 16, step);
}
#endif

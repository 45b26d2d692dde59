// Attention in tiles: one template, read once for each number format and vector level.
#include "Functions.h"
#include "Halves.h"
#include "Simd.h"
#include "include/Tiles.h"

#include <stddef.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang diagnostic ignored "-Wpsabi"

#define PASTE2(a, b) a##_##b
#define PASTE(a, b) PASTE2(a, b)
// ck_name_f32, and for what belongs to one level ck_name_f32_avx512.
#define N(name) PASTE(name, SUFFIX)
#define F(name) PASTE(N(name), LEVEL)

// e^x for x up to about 0, as the others of Functions.h but with one factor 2^k: below 2^-126 (float)
// the result stays there, which no sum with a largest term of 1 can notice. NaN stays NaN.
CK_INLINE float tile_exp_f32(float x) {
  float c = x < -87.0f ? -87.0f : x;
  float shifted = FMA(c, 1.44269504f, 12582912.0f);
  float kf = shifted - 12582912.0f;
  float r = FMA(kf, -1.42860682e-6f, FMA(kf, -0.693145752f, c));
  float p = 1.0f / 5040.0f;
  p = FMA(p, r, 1.0f / 720.0f);
  p = FMA(p, r, 1.0f / 120.0f);
  p = FMA(p, r, 1.0f / 24.0f);
  p = FMA(p, r, 1.0f / 6.0f);
  p = FMA(p, r, 0.5f);
  float y = 1.0f + FMA(p * r, r, r);
  // The bits of `shifted` are k and a constant that the shift drops.
  uint32_t k = (uint32_t)ck_bits32(shifted) + 127;
  return y * ck_from_bits32((int32_t)(k << 23));
}
CK_INLINE double tile_exp_f64(double x) {
  double c = x < -708.0 ? -708.0 : x;
  double shifted = FMA(c, 1.44269504088896340736, CK_ROUND64);
  double kd = shifted - CK_ROUND64;
  double r = FMA(kd, -CK_LN2_LOW, FMA(kd, -CK_LN2_HIGH, c));
  double y = 1.0 + ck_expm1_reduced(r);
  uint64_t k = (uint64_t)ck_bits64(shifted) + 1023;
  return y * ck_from_bits64((int64_t)(k << 52));
}

// Rows of queries taken together: (size + valueSize) * rows numbers of scratch in cache.
enum { BACK_ROWS = 64 };

typedef _Float16 HalvesU __attribute__((vector_size(32), aligned(2)));

static long padded(long n, long lanes) { return (n + lanes - 1) / lanes * lanes; }

/// Whether all keys that a query sees lie in one block; it sees at least one.
static int lies_in_one_block(const ck_attention *a, long query, long origin) {
  return (a->starts[query] - origin) / CK_TILE == (a->ends[query] - 1 - origin) / CK_TILE;
}

long ck_attend_room(long rows, long size, long valueSize, long bytes) {
  long lanes = 64 / bytes, s = padded(size, lanes), v = padded(valueSize, lanes);
  long numbers = rows * (s + v + 1) + CK_TILE * (2 * s + v) + 8 * CK_TILE + lanes;
  return numbers * bytes + rows * 8 + 16 * 64;
}

long ck_attend_slope_room(long size, long valueSize, long bytes) {
  long lanes = 64 / bytes, s = padded(size, lanes), v = padded(valueSize, lanes);
  long numbers = BACK_ROWS * (2 * s + v) + CK_TILE * (4 * s + 3 * v) + 2 * BACK_ROWS * CK_TILE;
  return numbers * bytes + 4 * BACK_ROWS * 8 + 16 * 64;
}

// Rows and vectors of a block of sums in registers: 64 bytes are one register, two or four.
#define SUFFIX f32
#define T float
#define LANES 16
#define LEVEL scalar
#define ROWS 2
#define COLUMNS 1
#define TARGETED
#include "Tiles.inc"
#if defined(__x86_64__)
#define LEVEL avx2
#define ROWS 6
#define COLUMNS 1
#define TARGETED CK_FOR(CK_TARGET_AVX2)
#include "Tiles.inc"
#define LEVEL avx512
#define ROWS 6
#define COLUMNS 4
#define TARGETED CK_FOR(CK_TARGET_AVX512)
#include "Tiles.inc"
#endif
#undef SUFFIX
#undef T
#undef LANES

#define SUFFIX f64
#define T double
#define LANES 8
#define LEVEL scalar
#define ROWS 2
#define COLUMNS 1
#define TARGETED
#include "Tiles.inc"
#if defined(__x86_64__)
#define LEVEL avx2
#define ROWS 6
#define COLUMNS 1
#define TARGETED CK_FOR(CK_TARGET_AVX2)
#include "Tiles.inc"
#define LEVEL avx512
#define ROWS 6
#define COLUMNS 4
#define TARGETED CK_FOR(CK_TARGET_AVX512)
#include "Tiles.inc"
#endif
#undef SUFFIX
#undef T
#undef LANES

// The level in use is read at each call: tests change it.
#if defined(__x86_64__)
#define CHOOSE(name, ...)                                                                         \
  if (ck_level >= CK_AVX512 && ck_level <= CK_AMX) return name##_avx512(__VA_ARGS__);             \
  if (ck_level >= CK_AVX2 && ck_level <= CK_AMX) return name##_avx2(__VA_ARGS__);                 \
  name##_scalar(__VA_ARGS__)
#else
#define CHOOSE(name, ...) name##_scalar(__VA_ARGS__)
#endif

#define DEFINE(T, S)                                                                              \
  void ck_attend_##S(const ck_attention *a, const T *q, const T *k, const T *v, long first,       \
                     long queries, long heads, long origin, T *out, double *lse, long lseStride,  \
                     void *scratch) {                                                             \
    CHOOSE(attend_##S, a, q, k, v, first, queries, heads, origin, out, lse, lseStride, scratch);  \
  }                                                                                               \
  void ck_attend_scores_##S(const ck_attention *a, const T *q, const T *k, long first,            \
                            long queries, long origin, T *table, long tableStride,                \
                            void *scratch) {                                                      \
    CHOOSE(scores_##S, a, q, k, first, queries, origin, table, tableStride, scratch);             \
  }                                                                                               \
  void ck_attend_through_##S(const T *d, const T *out, long rows, long valueSize, T *through) {   \
    CHOOSE(through_##S, d, out, rows, valueSize, through);                                        \
  }                                                                                               \
  void ck_attend_slope_##S(const ck_attention *a, const T *q, const T *k, const T *v,             \
                           const T *d, const double *lse, const T *through, long lseStride,       \
                           long first, long queries, long heads, long firstKey, long lastKey,     \
                           T *dq, T *dk, T *dv, void *scratch) {                                  \
    CHOOSE(slope_##S, a, q, k, v, d, lse, through, lseStride, first, queries, heads, firstKey,    \
           lastKey, dq, dk, dv, scratch);                                                         \
  }

DEFINE(float, f32)
DEFINE(double, f64)

// Rounding of activations, the plain form of the products with few rows, and the choice of a form.
#include "include/Rows.h"

#include <string.h>

#include "Halves.h"
#include "Simd.h"

// MARK: Rounding

// 32 values, `count` of them there.
CK_INLINE void round_block(const float *x, long count, ck_rounded *out, int block) {
  float v[32];
  if (count < 32) {
    for (int i = 0; i < 32; i++) v[i] = i < count ? x[i] : 0;
    x = v;
  }
  // Magnitudes compare as their bits do, NaN above all.
  int32_t most = 0;
  for (int i = 0; i < 32; i++) {
    int32_t bits = ck_bits32(x[i]) & 0x7FFFFFFF;
    most = bits > most ? bits : most;
  }
  int finite = most < 0x7F800000;
  float peak = finite ? ck_from_bits32(most) : 0;
  float scale = peak / 127.0f, inverse = peak > 0x1p-120f ? 127.0f / peak : 0;
  int8_t *q = out->q + 32 * block;
  int32_t *minus = out->minus + 8 * block;
  int32_t values[32];
  for (int i = 0; i < 32; i++) {
    // Adding 1.5 * 2^23 rounds to an integer, ties to even.
    float shifted = FMA(finite ? x[i] : 0.0f, inverse, 12582912.0f);
    values[i] = ck_bits32(shifted) - 0x4B400000;
  }
  for (int i = 0; i < 32; i++) q[i] = (int8_t)values[i];
  int32_t sums[2] = {0, 0};
  for (int i = 0; i < 8; i++) {
    int32_t sum = (values[4 * i] + values[4 * i + 1]) + (values[4 * i + 2] + values[4 * i + 3]);
    minus[i] = -sum;
    sums[i / 4] += sum;
  }
  if (!finite) scale = __builtin_nanf("");
  out->scale[block] = scale;
  out->sums[block] = scale * (float)(sums[0] + sums[1]);
  out->halfSums[2 * block] = scale * (float)sums[0];
  out->halfSums[2 * block + 1] = scale * (float)sums[1];
}
CK_INLINE void round_blocks(const float *x, ck_rounded *out, long n) {
  for (long i = 0; i < n; i += 256, out++)
    for (int block = 0; block < 8; block++) {
      long at = i + 32 * block;
      round_block(at < n ? x + at : x, at + 32 <= n ? 32 : at < n ? n - at : 0, out, block);
    }
}

static void round_scalar(const float *x, ck_rounded *out, long n) { round_blocks(x, out, n); }
#if defined(__x86_64__)
CK_FOR(CK_TARGET_AVX2) static void round_avx2(const float *x, ck_rounded *out, long n) {
  round_blocks(x, out, n);
}
CK_FOR(CK_TARGET_AVX512) static void round_avx512(const float *x, ck_rounded *out, long n) {
  round_blocks(x, out, n);
}
#endif

void ck_round_row(const float *x, ck_rounded *out, long n) {
#if defined(__x86_64__)
  if (ck_level >= CK_AVX512) return round_avx512(x, out, n);
  if (ck_level >= CK_AVX2) return round_avx2(x, out, n);
#endif
  round_scalar(x, out, n);
}

// MARK: The plain form

// A chunk of weights as whole numbers, with a scale and an offset for every 16.
typedef struct {
  int8_t q[256];
  float s[16], t[16];
} Chunk;

static int bit(const uint8_t *bits, int i) { return bits[i / 8] >> i % 8 & 1; }

static void small_block(int format, const uint8_t *w, Chunk *out, int block) {
  int five = format == CK_Q5_0 || format == CK_Q5_1, offset = format == CK_Q4_1 || format == CK_Q5_1;
  int8_t *q = out->q + 32 * block;
  float d = ck_load_half(w), m = offset ? ck_load_half(w + 2) : 0;
  const uint8_t *high = w + (offset ? 4 : 2), *low = high + (five ? 4 : 0);
  for (int i = 0; i < 32; i++) {
    if (format == CK_Q8_0) {
      q[i] = (int8_t)w[2 + i];
      continue;
    }
    int value = i < 16 ? low[i] & 15 : low[i - 16] >> 4;
    if (five) value |= bit(high, i) << 4;
    q[i] = (int8_t)(offset ? value : value - (five ? 16 : 8));
  }
  for (int i = 2 * block; i < 2 * block + 2; i++) {
    out->s[i] = d;
    out->t[i] = m;
  }
}

static void large_block(int format, const uint8_t *w, Chunk *out) {
  for (int i = 0; i < 256; i++) {
    int group = i / 32, half = i / 128, g = group % 4, j = i % 32, value;
    switch (format) {
      case CK_Q2_K: value = w[16 + half * 32 + j] >> 2 * g & 3; break;
      case CK_Q3_K:
        value = (w[32 + half * 32 + j] >> 2 * g & 3) + (w[j] >> group & 1) * 4 - 4;
        break;
      case CK_Q4_K: value = w[16 + group / 2 * 32 + j] >> group % 2 * 4 & 15; break;
      case CK_Q5_K:
        value = (w[48 + group / 2 * 32 + j] >> group % 2 * 4 & 15) | (w[16 + j] >> group & 1) << 4;
        break;
      default:
        value = (w[half * 64 + g % 2 * 32 + j] >> g / 2 * 4 & 15) |
                (w[128 + half * 32 + j] >> 2 * g & 3) << 4;
        value -= 32;
    }
    out->q[i] = (int8_t)value;
  }
  uint8_t s[8], t[8];
  if (format == CK_Q4_K || format == CK_Q5_K) ck_k_scales(w + 4, s, t);
  for (int i = 0; i < 16; i++) {
    out->t[i] = 0;
    switch (format) {
      case CK_Q2_K:
        out->s[i] = ck_load_half(w + 80) * (float)(w[i] & 15);
        out->t[i] = -ck_load_half(w + 82) * (float)(w[i] >> 4);
        break;
      case CK_Q3_K: {
        int low = w[96 + i % 8] >> i / 8 * 4 & 15, top = w[104 + i % 4] >> i / 4 * 2 & 3;
        out->s[i] = ck_load_half(w + 108) * (float)((low | top << 4) - 32);
        break;
      }
      case CK_Q4_K:
      case CK_Q5_K:
        out->s[i] = ck_load_half(w) * (float)s[i / 2];
        out->t[i] = -ck_load_half(w + 2) * (float)t[i / 2];
        break;
      default: out->s[i] = ck_load_half(w + 208) * (float)(int8_t)w[192 + i];
    }
  }
}

static float block_dot(int format, const uint8_t *w, const ck_rounded *x, long k) {
  long values = ck_block_values(format), bytes = ck_block_bytes(format);
  float sum = 0;
  for (long at = 0; at < k; at += 256, x++) {
    Chunk chunk;
    int groups = k - at < 256 ? (int)((k - at) / 32) : 8;
    if (values == 256) {
      large_block(format, w, &chunk);
      w += bytes;
    } else {
      for (int block = 0; block < groups; block++, w += bytes)
        small_block(format, w, &chunk, block);
    }
    for (int half = 0; half < 2 * groups; half++) {
      int32_t dot = 0;
      for (int i = 16 * half; i < 16 * half + 16; i++) dot += chunk.q[i] * x->q[i];
      sum = FMA(chunk.s[half] * x->scale[half / 2], (float)dot, sum);
      sum = FMA(chunk.t[half], x->halfSums[half], sum);
    }
  }
  return sum;
}

static float plain_dot(int format, const uint8_t *w, const float *x, long k) {
  float sum = 0, part[64];
  for (long at = 0; at < k; at += 64) {
    long n = k - at < 64 ? k - at : 64;
    ck_dequantize(format, w + at * ck_block_bytes(format), part, n);
    for (long i = 0; i < n; i++) sum = FMA(part[i], x[at + i], sum);
  }
  return sum;
}

static void ck_rows_scalar(int format, const uint8_t *w, long rows, long k, long bytes,
                           const void *x, long xs, long m, const float *bias, float *y, long ys) {
  for (long row = 0; row < rows; row++, w += bytes)
    for (long i = 0; i < m; i++) {
      float value = format >= CK_Q8_0
                      ? block_dot(format, w, (const ck_rounded *)x + i * xs, k)
                      : plain_dot(format, w, (const float *)x + i * xs, k);
      y[i * ys + row] = bias ? value + bias[row] : value;
    }
}

// MARK: The choice

typedef void Form(int format, const uint8_t *w, long rows, long k, long bytes, const void *x,
                  long xs, long m, const float *bias, float *y, long ys);
Form ck_rows_avx2, ck_rows_avx512, ck_rows_vnni;

void ck_rows(int format, const void *w, long rows, long k, const void *x, long xs, long m,
             const float *bias, float *y, long ys) {
  if (format < 0 || format >= CK_FORMATS || rows <= 0 || m <= 0) return;
  long bytes = k / ck_block_values(format) * ck_block_bytes(format);
  Form *form = ck_rows_scalar;
#if defined(__x86_64__)
  if (ck_level >= CK_VNNI)
    form = ck_rows_vnni;
  else if (ck_level >= CK_AVX512)
    form = ck_rows_avx512;
  else if (ck_level >= CK_AVX2)
    form = ck_rows_avx2;
#endif
  form(format, w, rows, k, bytes, x, xs, m, bias, y, ys);
}

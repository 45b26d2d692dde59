// Blocks of quantised values to floats and back (Blocks.h has the layouts). Loops are plain C that
// the compiler turns into vectors, built once a level; no variant changes a bit.
#include "include/Blocks.h"

#include <string.h>

#include "Halves.h"
#include "Simd.h"

#pragma STDC FP_CONTRACT OFF

static const struct {
  short values, bytes;
} sizes[CK_FORMATS] = {
    [CK_F32] = {1, 4},     [CK_F16] = {1, 2},      [CK_BFLOAT16] = {1, 2},     [CK_Q8_0] = {32, 34},
    [CK_Q4_0] = {32, 18},  [CK_Q4_1] = {32, 20},   [CK_Q5_0] = {32, 22},   [CK_Q5_1] = {32, 24},
    [CK_Q2_K] = {256, 84}, [CK_Q3_K] = {256, 110}, [CK_Q4_K] = {256, 144}, [CK_Q5_K] = {256, 176},
    [CK_Q6_K] = {256, 210},
};

long ck_block_values(int format) {
  return format >= 0 && format < CK_FORMATS ? sizes[format].values : 0;
}
long ck_block_bytes(int format) {
  return format >= 0 && format < CK_FORMATS ? sizes[format].bytes : 0;
}

// MARK: Reading

CK_INLINE void read_q8_0(const uint8_t *x, float *y) {
  float d = ck_load_half(x);
  const int8_t *q = (const int8_t *)x + 2;
  for (int i = 0; i < 32; i++) y[i] = d * (float)q[i];
}

// 32 quants of 4 bits (high = 0) or 5 (bit i of high is bit 4 of value i).
CK_INLINE void nibbles(const uint8_t *x, uint32_t high, int q[32]) {
  for (int j = 0; j < 16; j++) {
    q[j] = (x[j] & 15) | (int)((high >> j & 1) << 4);
    q[j + 16] = x[j] >> 4 | (int)((high >> (j + 16) & 1) << 4);
  }
}

CK_INLINE uint32_t load32(const uint8_t *x) {
  return x[0] | (uint32_t)x[1] << 8 | (uint32_t)x[2] << 16 | (uint32_t)x[3] << 24;
}

// d (q - middle).
CK_INLINE void read_centred(const uint8_t *x, float *y, int five) {
  int q[32], middle = five ? 16 : 8;
  float d = ck_load_half(x);
  nibbles(x + (five ? 6 : 2), five ? load32(x + 2) : 0, q);
  for (int i = 0; i < 32; i++) y[i] = d * (float)(q[i] - middle);
}

// d q + m.
CK_INLINE void read_offset(const uint8_t *x, float *y, int five) {
  int q[32];
  float d = ck_load_half(x), m = ck_load_half(x + 2);
  nibbles(x + (five ? 8 : 4), five ? load32(x + 4) : 0, q);
  for (int i = 0; i < 32; i++) y[i] = d * (float)q[i] + m;
}

CK_INLINE void read_q2_k(const uint8_t *x, float *y) {
  float d = ck_load_half(x + 80), m = ck_load_half(x + 82);
  for (int group = 0; group < 16; group++) {  // 16 values each
    const uint8_t *q = x + 16 + group / 8 * 32 + group % 2 * 16;
    int shift = group % 8 / 2 * 2;
    float step = d * (float)(x[group] & 15), offset = m * (float)(x[group] >> 4);
    for (int i = 0; i < 16; i++) *y++ = step * (float)(q[i] >> shift & 3) - offset;
  }
}

CK_INLINE void read_q3_k(const uint8_t *x, float *y) {
  const uint8_t *packed = x + 96;
  float d = ck_load_half(x + 108);
  for (int group = 0; group < 16; group++) {
    const uint8_t *q = x + 32 + group / 8 * 32 + group % 2 * 16, *high = x + group % 2 * 16;
    int shift = group % 8 / 2 * 2, bit = group / 2;
    int low = group < 8 ? packed[group] & 15 : packed[group - 8] >> 4;
    int top = packed[8 + group % 4] >> (group / 4 * 2) & 3;
    float step = d * (float)((low | top << 4) - 32);
    for (int i = 0; i < 16; i++) {
      int value = (q[i] >> shift & 3) - 4 + (high[i] >> bit & 1) * 4;
      *y++ = step * (float)value;
    }
  }
}

void ck_k_scales(const uint8_t packed[12], uint8_t s[8], uint8_t t[8]) {
  for (int j = 0; j < 4; j++) {
    s[j] = packed[j] & 63;
    t[j] = packed[j + 4] & 63;
    s[j + 4] = (uint8_t)((packed[j + 8] & 15) | packed[j] >> 6 << 4);
    t[j + 4] = (uint8_t)(packed[j + 8] >> 4 | packed[j + 4] >> 6 << 4);
  }
}

CK_INLINE void read_q45_k(const uint8_t *x, float *y, int five) {
  uint8_t s[8], t[8];
  float d = ck_load_half(x), m = ck_load_half(x + 2);
  ck_k_scales(x + 4, s, t);
  const uint8_t *high = x + 16, *quants = x + (five ? 48 : 16);
  for (int group = 0; group < 8; group++) {  // 32 values each
    const uint8_t *q = quants + group / 2 * 32;
    int shift = group % 2 * 4;
    float step = d * (float)s[group], offset = m * (float)t[group];
    for (int i = 0; i < 32; i++) {
      int value = (q[i] >> shift & 15) | (five ? (high[i] >> group & 1) << 4 : 0);
      *y++ = step * (float)value - offset;
    }
  }
}

CK_INLINE void read_q6_k(const uint8_t *x, float *y) {
  const int8_t *scales = (const int8_t *)x + 192;
  float d = ck_load_half(x + 208);
  for (int group = 0; group < 16; group++) {
    int half = group / 8, quarter = group % 8 / 2, side = group % 2 * 16;
    const uint8_t *low = x + half * 64 + quarter % 2 * 32 + side;
    const uint8_t *high = x + 128 + half * 32 + side;
    int shift = quarter / 2 * 4;
    float step = d * (float)scales[group];
    for (int i = 0; i < 16; i++) {
      int value = (low[i] >> shift & 15) | (high[i] >> (quarter * 2) & 3) << 4;
      *y++ = step * (float)(value - 32);
    }
  }
}

#define EACH(READ)                                                    \
  for (long i = 0; i < n; i += values, x += bytes, y += values) READ; \
  break

CK_INLINE void read_blocks(int format, const uint8_t *x, float *y, long n) {
  long values = sizes[format].values, bytes = sizes[format].bytes;
  switch (format) {
    case CK_Q8_0: EACH(read_q8_0(x, y));
    case CK_Q4_0: EACH(read_centred(x, y, 0));
    case CK_Q4_1: EACH(read_offset(x, y, 0));
    case CK_Q5_0: EACH(read_centred(x, y, 1));
    case CK_Q5_1: EACH(read_offset(x, y, 1));
    case CK_Q2_K: EACH(read_q2_k(x, y));
    case CK_Q3_K: EACH(read_q3_k(x, y));
    case CK_Q4_K: EACH(read_q45_k(x, y, 0));
    case CK_Q5_K: EACH(read_q45_k(x, y, 1));
    case CK_Q6_K: EACH(read_q6_k(x, y));
    default: break;
  }
}
#undef EACH

// MARK: Writing

// The nearest whole number, ties away from zero: adding the number just below 1/2 and cutting is
// right for every float (1/2 itself would lift 0.49999997 to 1).
CK_INLINE float nearest(float x) {
  return __builtin_truncf(x + __builtin_copysignf(0x1.fffffep-2f, x));
}

// A float as an int, of which callers keep the low bits. What no int holds comes of values that are
// not finite or of a step too small to divide by, and becomes 0: the low bits that the reference's
// conversion leaves on x86.
CK_INLINE int whole(float x) { return x >= -0x1p31f && x < 0x1p31f ? (int)x : 0; }

CK_INLINE float inverse(float d) { return d != 0 ? 1.0f / d : 0.0f; }

CK_INLINE void write_q8_0(const float *x, uint8_t *y) {
  float largest = 0;
  for (int i = 0; i < 32; i++) {
    float a = __builtin_fabsf(x[i]);
    largest = largest > a ? largest : a;  // NaN starts over, as in the reference
  }
  float d = largest / 127.0f, id = inverse(d);
  ck_store_half(y, d);
  for (int i = 0; i < 32; i++) y[i + 2] = (uint8_t)whole(nearest(x[i] * id));
}

CK_INLINE void put_nibbles(const int q[32], uint8_t *y, uint8_t *high) {
  uint32_t bits = 0;
  for (int j = 0; j < 16; j++) {
    y[j] = (uint8_t)((q[j] & 15) | (q[j + 16] & 15) << 4);
    bits |= (uint32_t)(q[j] >> 4 & 1) << j | (uint32_t)(q[j + 16] >> 4 & 1) << (j + 16);
  }
  if (high) {
    for (int j = 0; j < 4; j++) high[j] = (uint8_t)(bits >> (8 * j));
  }
}

// The value of largest magnitude (the first of equals), sign and all, gets the lowest quant.
CK_INLINE void write_centred(const float *x, uint8_t *y, int five) {
  int q[32], top = five ? 31 : 15;
  float largest = 0, extreme = 0, middle = five ? 16 : 8;
  for (int i = 0; i < 32; i++) {
    float a = __builtin_fabsf(x[i]);
    extreme = a > largest ? x[i] : extreme;
    largest = a > largest ? a : largest;
  }
  float d = extreme / -middle, id = inverse(d);
  ck_store_half(y, d);
  for (int i = 0; i < 32; i++) {
    int value = whole(x[i] * id + (middle + 0.5f));
    q[i] = value > top ? top : value;
  }
  put_nibbles(q, y + (five ? 6 : 2), five ? y + 2 : 0);
}

CK_INLINE void write_offset(const float *x, uint8_t *y, int five) {
  int q[32], top = five ? 31 : 15;
  float low = __FLT_MAX__, high = -__FLT_MAX__;
  for (int i = 0; i < 32; i++) {
    low = x[i] < low ? x[i] : low;
    high = x[i] > high ? x[i] : high;
  }
  float d = (high - low) / (float)top, id = inverse(d);
  ck_store_half(y, d);
  ck_store_half(y + 2, low);
  for (int i = 0; i < 32; i++) {
    int value = whole((x[i] - low) * id + 0.5f);
    q[i] = value > top ? top : value;
  }
  put_nibbles(q, y + (five ? 8 : 4), five ? y + 4 : 0);
}

CK_INLINE int write_blocks(int format, const float *x, uint8_t *y, long n) {
  long bytes = sizes[format].bytes;
#define ALL(WRITE)                                              \
  for (long i = 0; i < n; i += 32, x += 32, y += bytes) WRITE; \
  return 1
  switch (format) {
    case CK_Q8_0: ALL(write_q8_0(x, y));
    case CK_Q4_0: ALL(write_centred(x, y, 0));
    case CK_Q4_1: ALL(write_offset(x, y, 0));
    case CK_Q5_0: ALL(write_centred(x, y, 1));
    case CK_Q5_1: ALL(write_offset(x, y, 1));
    default: return 0;
  }
#undef ALL
}

// MARK: Levels

static void read_scalar(int format, const uint8_t *x, float *y, long n) {
  read_blocks(format, x, y, n);
}
static int write_scalar(int format, const float *x, uint8_t *y, long n) {
  return write_blocks(format, x, y, n);
}
#if defined(__x86_64__)
CK_FOR(CK_TARGET_AVX2) static void read_avx2(int format, const uint8_t *x, float *y, long n) {
  read_blocks(format, x, y, n);
}
CK_FOR(CK_TARGET_AVX2) static int write_avx2(int format, const float *x, uint8_t *y, long n) {
  return write_blocks(format, x, y, n);
}
CK_FOR(CK_TARGET_AVX512) static void read_avx512(int format, const uint8_t *x, float *y, long n) {
  read_blocks(format, x, y, n);
}
CK_FOR(CK_TARGET_AVX512) static int write_avx512(int format, const float *x, uint8_t *y, long n) {
  return write_blocks(format, x, y, n);
}
#endif

void ck_dequantize(int format, const void *x, float *y, long n) {
  if (n <= 0) return;
  switch (format) {
    case CK_F32: memcpy(y, x, (size_t)n * 4); return;
    case CK_F16: ck_f16_to_f32(x, y, n); return;
    case CK_BFLOAT16: ck_bf16_to_f32(x, y, n); return;
    default: break;
  }
  if (format < 0 || format >= CK_FORMATS) return;
#if defined(__x86_64__)
  if (ck_level >= CK_AVX512) return read_avx512(format, x, y, n);
  if (ck_level >= CK_AVX2) return read_avx2(format, x, y, n);
#endif
  read_scalar(format, x, y, n);
}

void ck_dequantize_part(int format, const void *x, long start, float *y, long n) {
  if (format < 0 || format >= CK_FORMATS || n <= 0) return;
  long values = sizes[format].values, bytes = sizes[format].bytes;
  const uint8_t *block = (const uint8_t *)x + start / values * bytes;
  float whole_block[256];
  long skip = start % values;
  if (skip > 0) {
    long part = values - skip < n ? values - skip : n;
    ck_dequantize(format, block, whole_block, values);
    memcpy(y, whole_block + skip, (size_t)part * 4);
    block += bytes;
    y += part;
    n -= part;
  }
  long middle = n / values * values;
  ck_dequantize(format, block, y, middle);
  if (middle == n) return;
  ck_dequantize(format, block + middle / values * bytes, whole_block, values);
  memcpy(y + middle, whole_block, (size_t)(n - middle) * 4);
}

int ck_quantize(int format, const float *x, void *y, long n) {
  switch (format) {
    case CK_F32:
      if (n > 0) memcpy(y, x, (size_t)n * 4);
      return 1;
    case CK_F16: ck_f32_to_f16(x, y, n); return 1;
    case CK_BFLOAT16: ck_f32_to_bf16(x, y, n); return 1;
    default: break;
  }
  if (format < 0 || format >= CK_FORMATS) return 0;
#if defined(__x86_64__)
  if (ck_level >= CK_AVX512) return write_avx512(format, x, y, n);
  if (ck_level >= CK_AVX2) return write_avx2(format, x, y, n);
#endif
  return write_scalar(format, x, y, n);
}

// Number formats to float and back, Q8_0 blocks, and the Philox generator.
#include "include/CKernels.h"
#include "Functions.h"

#if defined(__x86_64__)
#define CK_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define CK_CLONES
#endif

CK_CLONES void ck_f32_to_f64(const float *x, double *y, long n) {
  for (long i = 0; i < n; i++) y[i] = x[i];
}
CK_CLONES void ck_f64_to_f32(const double *x, float *y, long n) {
  for (long i = 0; i < n; i++) y[i] = (float)x[i];
}
CK_CLONES void ck_bf16_to_f32(const uint16_t *x, float *y, long n) {
  for (long i = 0; i < n; i++) y[i] = ck_from_bits32((int32_t)((uint32_t)x[i] << 16));
}
CK_CLONES void ck_f32_to_bf16(const float *x, uint16_t *y, long n) {
  for (long i = 0; i < n; i++) {
    uint32_t bits = (uint32_t)ck_bits32(x[i]);
    uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    y[i] = (uint16_t)((bits & 0x7FFFFFFF) > 0x7F800000 ? (bits >> 16) | 0x40 : rounded);
  }
}

// f16 by integer moves and one exact multiplication, which rebiases normals and denormals alike.
CK_INLINE float ck_half(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, rest = (uint32_t)(h & 0x7FFF) << 13;
  float scaled = ck_from_bits32((int32_t)rest) * 0x1p112f;
  float special = ck_from_bits32((int32_t)(rest | 0x7F800000));
  float magnitude = rest >= 0x0F800000 ? special : scaled;
  return ck_from_bits32((int32_t)((uint32_t)ck_bits32(magnitude) | sign));
}
CK_INLINE uint16_t ck_to_half(float x) {
  uint32_t bits = (uint32_t)ck_bits32(x), sign = (bits >> 16) & 0x8000, a = bits & 0x7FFFFFFF;
  if (a > 0x7F800000) return (uint16_t)(sign | 0x7E00 | ((a >> 13) & 0x1FF));
  if (a >= 0x477FF000) return (uint16_t)(sign | 0x7C00);
  if (a < 0x38800000) {  // below the normals: adding 1/2 leaves the digits, rounded to even
    float shifted = ck_from_bits32((int32_t)a) + 0.5f;
    return (uint16_t)(sign | ((uint32_t)ck_bits32(shifted) - 0x3F000000));
  }
  return (uint16_t)(sign | ((a - 0x38000000 + 0xFFF + ((a >> 13) & 1)) >> 13));
}
CK_CLONES void ck_f16_to_f32(const uint16_t *x, float *y, long n) {
  for (long i = 0; i < n; i++) y[i] = ck_half(x[i]);
}
CK_CLONES void ck_f32_to_f16(const float *x, uint16_t *y, long n) {
  for (long i = 0; i < n; i++) y[i] = ck_to_half(x[i]);
}

CK_CLONES void ck_q8_0_to_f32(const uint8_t *x, float *y, long blocks) {
  for (long b = 0; b < blocks; b++, x += 34, y += 32) {
    float scale = ck_half((uint16_t)(x[0] | x[1] << 8));
    const int8_t *q = (const int8_t *)x + 2;
    for (int i = 0; i < 32; i++) y[i] = scale * (float)q[i];
  }
}
// As the reference writer: d = max|x| / 127, q = x / d rounded to nearest, ties away from zero.
CK_CLONES void ck_f32_to_q8_0(const float *x, uint8_t *y, long blocks) {
  for (long b = 0; b < blocks; b++, x += 32, y += 34) {
    float largest = 0;
    for (int i = 0; i < 32; i++) {
      float a = __builtin_fabsf(x[i]);
      largest = a > largest ? a : largest;
    }
    float d = largest / 127.0f, inverse = d != 0 ? 1.0f / d : 0;
    uint16_t h = ck_to_half(d);
    y[0] = (uint8_t)h;
    y[1] = (uint8_t)(h >> 8);
    for (int i = 0; i < 32; i++) y[i + 2] = (uint8_t)(int8_t)__builtin_roundf(x[i] * inverse);
  }
}

void ck_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)0xD2511F53u * c0, b = (uint64_t)0xCD9E8D57u * c2;
    c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)b;
    c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)a;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

// Number formats to float and back, and the Philox generator.
#include "include/CKernels.h"
#include "Halves.h"

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

CK_CLONES void ck_f16_to_f32(const uint16_t *x, float *y, long n) {
  for (long i = 0; i < n; i++) y[i] = ck_half(x[i]);
}
CK_CLONES void ck_f32_to_f16(const float *x, uint16_t *y, long n) {
  for (long i = 0; i < n; i++) y[i] = ck_to_half(x[i]);
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

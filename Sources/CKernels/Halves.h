// One half-precision number to float and back, by integer moves: the same bits on every CPU.
#pragma once
#include "Functions.h"

// One exact multiplication rebiases normals and denormals alike.
CK_INLINE float ck_half(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, rest = (uint32_t)(h & 0x7FFF) << 13;
  float scaled = ck_from_bits32((int32_t)rest) * 0x1p112f;
  float special = ck_from_bits32((int32_t)(rest | 0x7F800000));
  float magnitude = rest >= 0x0F800000 ? special : scaled;
  return ck_from_bits32((int32_t)((uint32_t)ck_bits32(magnitude) | sign));
}

// To nearest, ties to even; NaN stays NaN.
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

// Stored little-endian at any address; every NaN as the reference has it.
CK_INLINE float ck_load_half(const uint8_t *x) { return ck_half((uint16_t)(x[0] | x[1] << 8)); }
CK_INLINE void ck_store_half(uint8_t *y, float x) {
  uint16_t h = x != x ? 0x7E00 : ck_to_half(x);
  y[0] = (uint8_t)h;
  y[1] = (uint8_t)(h >> 8);
}

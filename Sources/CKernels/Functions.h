// exp, log, sin, cos, tanh, erf and what is made of them, for one number: branch-free where a loop
// over them should become vectors. No call of the C library's functions of these names.
#pragma once
#include <stdint.h>
#include <string.h>

// Fused multiply-adds are those that are written: the bits are then the same on every CPU.
#pragma STDC FP_CONTRACT OFF

#define CK_INLINE static inline __attribute__((always_inline))
#define FMA __builtin_elementwise_fma

CK_INLINE double ck_from_bits64(int64_t bits) {
  double x;
  memcpy(&x, &bits, 8);
  return x;
}
CK_INLINE int64_t ck_bits64(double x) {
  int64_t bits;
  memcpy(&bits, &x, 8);
  return bits;
}
CK_INLINE float ck_from_bits32(int32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}
CK_INLINE int32_t ck_bits32(float x) {
  int32_t bits;
  memcpy(&bits, &x, 4);
  return bits;
}

// 2^k for k in the normal range. NaNs come here with any k: what they make is thrown away.
CK_INLINE double ck_two_to_f64(int64_t k) {
  return ck_from_bits64((int64_t)((uint64_t)(k + 1023) << 52));
}
CK_INLINE float ck_two_to_f32(int32_t k) {
  return ck_from_bits32((int32_t)((uint32_t)(k + 127) << 23));
}

// e^x: x = k ln 2 + r, |r| <= ln 2 / 2; e^r by its series, 2^k in two halves so that results round
// into the denormals once. Error below 1 ulp (f64), 1.5 ulp (f32).
CK_INLINE double ck_expm1_reduced(double r) {
  double p = 1.0 / 6227020800.0;
  p = FMA(p, r, 1.0 / 479001600.0);
  p = FMA(p, r, 1.0 / 39916800.0);
  p = FMA(p, r, 1.0 / 3628800.0);
  p = FMA(p, r, 1.0 / 362880.0);
  p = FMA(p, r, 1.0 / 40320.0);
  p = FMA(p, r, 1.0 / 5040.0);
  p = FMA(p, r, 1.0 / 720.0);
  p = FMA(p, r, 1.0 / 120.0);
  p = FMA(p, r, 1.0 / 24.0);
  p = FMA(p, r, 1.0 / 6.0);
  p = FMA(p, r, 0.5);
  return FMA(p * r, r, r);
}

#define CK_ROUND64 6755399441055744.0  // 1.5 * 2^52: adding it rounds to an integer
#define CK_LN2_HIGH 6.93147180369123816490e-01
#define CK_LN2_LOW 1.90821492927058770002e-10

CK_INLINE double ck_exp_f64(double x) {
  double c = x < -746.0 ? -746.0 : x;
  c = c > 710.0 ? 710.0 : c;
  double shifted = FMA(c, 1.44269504088896340736, CK_ROUND64);
  int64_t k = ck_bits64(shifted) - 0x4338000000000000;
  double kd = shifted - CK_ROUND64;
  double r = FMA(kd, -CK_LN2_LOW, FMA(kd, -CK_LN2_HIGH, c));
  double y = 1.0 + ck_expm1_reduced(r);
  int64_t half = k >> 1;
  y *= ck_two_to_f64(half);
  return y * ck_two_to_f64(k - half);
}

CK_INLINE float ck_exp_f32(float x) {
  float c = x < -104.0f ? -104.0f : x;
  c = c > 89.0f ? 89.0f : c;
  float shifted = FMA(c, 1.44269504f, 12582912.0f);
  int32_t k = ck_bits32(shifted) - 0x4B400000;
  float kf = shifted - 12582912.0f;
  float r = FMA(kf, -1.42860682e-6f, FMA(kf, -0.693145752f, c));
  float p = 1.0f / 5040.0f;
  p = FMA(p, r, 1.0f / 720.0f);
  p = FMA(p, r, 1.0f / 120.0f);
  p = FMA(p, r, 1.0f / 24.0f);
  p = FMA(p, r, 1.0f / 6.0f);
  p = FMA(p, r, 0.5f);
  float y = 1.0f + FMA(p * r, r, r);
  int32_t half = k >> 1;
  y *= ck_two_to_f32(half);
  return y * ck_two_to_f32(k - half);
}

// ln x: x = 2^e m, sqrt(1/2) <= m < sqrt 2; ln m = 2 atanh((m-1)/(m+1)) by its series.
CK_INLINE double ck_log_f64(double x) {
  int tiny = x < 2.2250738585072014e-308;
  double scaled = tiny ? x * 18014398509481984.0 : x;
  int64_t bits = (int64_t)((uint64_t)ck_bits64(scaled) - 0x3FE6A09E667F3BCD);
  int64_t e = bits >> 52;
  double m = ck_from_bits64((bits & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E667F3BCD);
  double k = (double)(int32_t)e - (tiny ? 54.0 : 0.0);
  double f = m - 1.0, s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
  double p = 2.0 / 23.0;
  p = FMA(p, z, 2.0 / 21.0);
  p = FMA(p, z, 2.0 / 19.0);
  p = FMA(p, z, 2.0 / 17.0);
  p = FMA(p, z, 2.0 / 15.0);
  p = FMA(p, z, 2.0 / 13.0);
  p = FMA(p, z, 2.0 / 11.0);
  p = FMA(p, z, 2.0 / 9.0);
  p = FMA(p, z, 2.0 / 7.0);
  p = FMA(p, z, 2.0 / 5.0);
  p = FMA(p, z, 2.0 / 3.0);
  // 2 atanh(s) = f - half + s (half + z p), the small parts first.
  double small = s * FMA(p, z, half);
  double y = FMA(k, CK_LN2_HIGH, f - (half - FMA(k, CK_LN2_LOW, small)));
  y = x == 0.0 ? -__builtin_inf() : y;
  y = x < 0.0 ? __builtin_nan("") : y;
  return (x != x || x == __builtin_inf()) ? x : y;
}
CK_INLINE float ck_log_f32(float x) { return (float)ck_log_f64((double)x); }

// sin and cos: x = k pi/2 + r, |r| <= pi/4, with pi/2 in three parts. Good to 1 ulp for |x| < 2^31; for
// finite angles beyond there is ck_sincos_large.
CK_INLINE void ck_sincos_f64(double x, double *sine, double *cosine) {
  double shifted = FMA(x, 0.63661977236758134308, CK_ROUND64);
  int64_t k = ck_bits64(shifted);
  double kd = shifted - CK_ROUND64;
  double r = FMA(kd, -1.5707963267948966, x);
  r = FMA(kd, -6.123233995736766e-17, r);
  r = FMA(kd, 1.4973849048591833e-33, r);
  double z = r * r;
  double s = 1.0 / 355687428096000.0;
  s = FMA(s, z, -1.0 / 1307674368000.0);
  s = FMA(s, z, 1.0 / 6227020800.0);
  s = FMA(s, z, -1.0 / 39916800.0);
  s = FMA(s, z, 1.0 / 362880.0);
  s = FMA(s, z, -1.0 / 5040.0);
  s = FMA(s, z, 1.0 / 120.0);
  s = FMA(s, z, -1.0 / 6.0);
  s = FMA(s * z, r, r);
  double c = -1.0 / 6402373705728000.0;
  c = FMA(c, z, 1.0 / 20922789888000.0);
  c = FMA(c, z, -1.0 / 87178291200.0);
  c = FMA(c, z, 1.0 / 479001600.0);
  c = FMA(c, z, -1.0 / 3628800.0);
  c = FMA(c, z, 1.0 / 40320.0);
  c = FMA(c, z, -1.0 / 720.0);
  c = FMA(c, z, 1.0 / 24.0);
  c = FMA(c * z, z, FMA(z, -0.5, 1.0));
  double a = k & 1 ? c : s, b = k & 1 ? s : c;
  *sine = k & 2 ? -a : a;
  *cosine = (k + 1) & 2 ? -b : b;
}
CK_INLINE double ck_sin_f64(double x) {
  double s, c;
  ck_sincos_f64(x, &s, &c);
  return s;
}
CK_INLINE double ck_cos_f64(double x) {
  double s, c;
  ck_sincos_f64(x, &s, &c);
  return c;
}
// Angles for which k does not fit the digits of a double.
#define CK_LARGE_ANGLE 0x1p31
CK_INLINE int ck_is_large_angle(double x) {
  return __builtin_fabs(x) >= CK_LARGE_ANGLE && x - x == 0.0;
}
/// sin and cos of a finite angle from CK_LARGE_ANGLE, good to 2 ulp; one number at a time.
void ck_sincos_large(double x, double *sine, double *cosine);

CK_INLINE double ck_any_sin_f64(double x) {
  if (!ck_is_large_angle(x)) return ck_sin_f64(x);
  double s, c;
  ck_sincos_large(x, &s, &c);
  return s;
}
CK_INLINE double ck_any_cos_f64(double x) {
  if (!ck_is_large_angle(x)) return ck_cos_f64(x);
  double s, c;
  ck_sincos_large(x, &s, &c);
  return c;
}
CK_INLINE float ck_any_sin_f32(float x) { return (float)ck_any_sin_f64((double)x); }
CK_INLINE float ck_any_cos_f32(float x) { return (float)ck_any_cos_f64((double)x); }
CK_INLINE float ck_sin_f32(float x) { return (float)ck_sin_f64((double)x); }
CK_INLINE float ck_cos_f32(float x) { return (float)ck_cos_f64((double)x); }

// tanh x = (e^2|x| - 1) / (e^2|x| + 1) with the sign of x, by e^y - 1 so that nothing cancels.
CK_INLINE double ck_tanh_f64(double x) {
  double a = __builtin_fabs(x);
  a = a > 22.0 ? 22.0 : a;
  double c = 2.0 * a;
  double shifted = FMA(c, 1.44269504088896340736, CK_ROUND64);
  int64_t k = ck_bits64(shifted) - 0x4338000000000000;
  double kd = shifted - CK_ROUND64;
  double r = FMA(kd, -CK_LN2_LOW, FMA(kd, -CK_LN2_HIGH, c));
  double scale = ck_two_to_f64(k);
  double e = FMA(scale, ck_expm1_reduced(r), scale - 1.0);
  double y = __builtin_copysign(e / (e + 2.0), x);
  return x != x ? x : y;
}
CK_INLINE float ck_tanh_f32(float x) { return (float)ck_tanh_f64((double)x); }

// erfc x e^(x^2) (1 + 2x) for x >= 0, as a polynomial in (x - 3.75) / (x + 3.75), fitted at
// Chebyshev nodes; error 3e-18.
CK_INLINE double ck_erfcx_positive(double x) {
  double u = (x - 3.75) / (x + 3.75);
  double p = -7.33950500852954e-11;
  p = FMA(p, u, -3.75315827795962e-11);
  p = FMA(p, u, 9.02214970034059e-10);
  p = FMA(p, u, 5.457157304704688e-10);
  p = FMA(p, u, -6.545560212480267e-09);
  p = FMA(p, u, -4.389284159986328e-09);
  p = FMA(p, u, 4.0971223152703005e-08);
  p = FMA(p, u, 2.4289762925488707e-08);
  p = FMA(p, u, -2.6114702359900956e-07);
  p = FMA(p, u, -5.826281078800777e-08);
  p = FMA(p, u, 1.7534434251106334e-06);
  p = FMA(p, u, -9.72849582211122e-07);
  p = FMA(p, u, -1.1445049125831309e-05);
  p = FMA(p, u, 2.2383912036550678e-05);
  p = FMA(p, u, 5.164940777546399e-05);
  p = FMA(p, u, -0.00029015397928986765);
  p = FMA(p, u, 0.00029371359480570737);
  p = FMA(p, u, 0.0017556258324217529);
  p = FMA(p, u, -0.009746579547619623);
  p = FMA(p, u, 0.0283622774215156);
  p = FMA(p, u, -0.05869339859054762);
  p = FMA(p, u, 0.09230432116019834);
  p = FMA(p, u, -0.10880393014170746);
  p = FMA(p, u, 0.08227673849015102);
  p = FMA(p, u, 0.00358541548546369);
  p = FMA(p, u, -0.14024059858554702);
  p = FMA(p, u, 1.2375126308378275);
  return p / FMA(2.0, x, 1.0);
}

/// e^(-x^2) with the rounding of x^2 made good.
CK_INLINE double ck_exp_minus_square(double x) {
  double z = x * x, lost = FMA(x, x, -z);
  double e = ck_exp_f64(-z);
  return FMA(-lost, e, e);
}

CK_INLINE double ck_erf_f64(double x) {
  double a = __builtin_fabs(x);
  a = a > 6.5 ? 6.5 : a;
  double far = FMA(-ck_exp_minus_square(a), ck_erfcx_positive(a), 1.0);
  // Near 0 the series 2/sqrt(pi) sum (-1)^n x^(2n+1) / (n! (2n+1)).
  double n = a > 0.5 ? 0.5 : a, z = n * n;
  double p = -1.0 / 918086400.0;
  p = FMA(p, z, 1.0 / 76204800.0);
  p = FMA(p, z, -1.0 / 6894720.0);
  p = FMA(p, z, 1.0 / 685440.0);
  p = FMA(p, z, -1.0 / 75600.0);
  p = FMA(p, z, 1.0 / 9360.0);
  p = FMA(p, z, -1.0 / 1320.0);
  p = FMA(p, z, 1.0 / 216.0);
  p = FMA(p, z, -1.0 / 42.0);
  p = FMA(p, z, 0.1);
  p = FMA(p, z, -1.0 / 3.0);
  double near = 1.12837916709551257390 * FMA(p * z, n, n);
  double y = __builtin_copysign(a > 0.5 ? far : near, x);
  return x != x ? x : y;
}
CK_INLINE float ck_erf_f32(float x) { return (float)ck_erf_f64((double)x); }

// The normal distribution function and density.
CK_INLINE double ck_normal_f64(double x) {
  double a = __builtin_fabs(x) * 0.70710678118654752440;
  a = a > 27.5 ? 27.5 : a;
  double tail = 0.5 * ck_exp_minus_square(a) * ck_erfcx_positive(a);
  double y = x > 0 ? 1.0 - tail : tail;
  return x != x ? x : y;
}
CK_INLINE double ck_density_f64(double x) {
  return 0.39894228040143267794 * ck_exp_f64(-0.5 * x * x);
}

CK_INLINE double ck_sigmoid_f64(double x) { return 1.0 / (1.0 + ck_exp_f64(-x)); }
CK_INLINE float ck_sigmoid_f32(float x) { return 1.0f / (1.0f + ck_exp_f32(-x)); }

// One block of Philox-4x32-10 as two words of 64 bits; counter = (block, stream), low word first.
CK_INLINE void ck_philox_words(uint64_t key, uint64_t stream, uint64_t block, uint64_t *first,
                               uint64_t *second) {
  uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32);
  uint32_t c2 = (uint32_t)stream, c3 = (uint32_t)(stream >> 32);
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  _Pragma("clang loop unroll(full)") for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)0xD2511F53u * c0, b = (uint64_t)0xCD9E8D57u * c2;
    c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)b;
    c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)a;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  *first = (uint64_t)c1 << 32 | c0;
  *second = (uint64_t)c3 << 32 | c2;
}
// In [0, 1), 53 bits.
CK_INLINE double ck_uniform_of(uint64_t word) { return (double)(word >> 11) * 0x1p-53; }

// gelu (tanh): x/2 (1 + tanh u) = x sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x^3).
#define CK_GELU_C 1.5957691216057307117597842397375  // 2 sqrt(2/pi)
CK_INLINE double ck_gelu_tanh_f64(double x) {
  return x * ck_sigmoid_f64(CK_GELU_C * FMA(0.044715 * x * x, x, x));
}
CK_INLINE float ck_gelu_tanh_f32(float x) {
  return x * ck_sigmoid_f32((float)CK_GELU_C * FMA(0.044715f * x * x, x, x));
}

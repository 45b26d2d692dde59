// The doors to the loops: each calls its best variant not above the level in use. What needs no
// vectors stands here too.
#include "Functions.h"
#include "Simd.h"

// Result, name, parameters, arguments. A list that disagrees with the header does not compile.
#define CK_TYPED(X)                                                                              \
  X(void, ck_unary, (int op, const T *x, T *y, long n), (op, x, y, n))                           \
  X(void, ck_unary_slope, (int op, const T *x, const T *d, T *out, long n), (op, x, d, out, n))  \
  X(void, ck_binary,                                                                             \
    (int op, const T *a, long as, const T *b, long bs, T *y, long n),                            \
    (op, a, as, b, bs, y, n))                                                                    \
  X(void, ck_compare,                                                                            \
    (int op, const T *a, long as, const T *b, long bs, uint8_t *y, long n),                      \
    (op, a, as, b, bs, y, n))                                                                    \
  X(void, ck_add_into, (T *y, const T *x, long n), (y, x, n))                                    \
  X(void, ck_add_scaled, (T *y, const T *x, T a, long n), (y, x, a, n))                          \
  X(void, ck_scale, (T *y, const T *x, T a, long n), (y, x, a, n))                               \
  X(void, ck_clamp, (const T *x, T low, T high, T *y, long n), (x, low, high, y, n))             \
  X(void, ck_clamp_slope,                                                                        \
    (const T *x, T low, T high, const T *d, T *out, long n),                                     \
    (x, low, high, d, out, n))                                                                   \
  X(double, ck_sum, (const T *x, long n), (x, n))                                                \
  X(double, ck_sum_squares, (const T *x, long n), (x, n))                                        \
  X(double, ck_sum_deviations, (const T *x, double center, long n), (x, center, n))              \
  X(double, ck_sum_products, (const T *x, const T *y, long n), (x, y, n))                        \
  X(T, ck_max, (const T *x, long n), (x, n))                                                     \
  X(T, ck_dot, (const T *x, const T *y, long n), (x, y, n))                                      \
  X(void, ck_rows_times_vector,                                                                  \
    (const T *w, long ws, long rows, const T *x, long k, const T *bias, T *y),                   \
    (w, ws, rows, x, k, bias, y))                                                                \
  X(void, ck_softmax, (const T *x, T *y, long n), (x, y, n))                                     \
  X(void, ck_log_softmax, (const T *x, T *y, long n), (x, y, n))                                 \
  X(double, ck_logsumexp, (const T *x, long n), (x, n))                                          \
  X(void, ck_softmax_slope, (const T *y, const T *d, T *dx, long n), (y, d, dx, n))              \
  X(void, ck_log_softmax_slope, (const T *y, const T *d, T *dx, long n), (y, d, dx, n))          \
  X(T, ck_rms_norm,                                                                              \
    (const T *x, const T *g, T plus, double e, T *y, long n),                                    \
    (x, g, plus, e, y, n))                                                                       \
  X(void, ck_rms_norm_slope,                                                                     \
    (const T *x, const T *g, T plus, T r, const T *d, T *dx, T *dg, long n),                     \
    (x, g, plus, r, d, dx, dg, n))                                                               \
  X(void, ck_layer_norm,                                                                         \
    (const T *x, const T *g, const T *b, double e, T *y, T *mean, T *r, long n),                 \
    (x, g, b, e, y, mean, r, n))                                                                 \
  X(void, ck_layer_norm_slope,                                                                   \
    (const T *x, const T *g, T mean, T r, const T *d, T *dx, T *dg, T *db, long n),              \
    (x, g, mean, r, d, dx, dg, db, n))                                                           \
  X(void, ck_rotate,                                                                             \
    (const T *x, T *y, const T *cosines, const T *sines, T sign, long half, long                 \
     secondOffset, long stride),                                                                 \
    (x, y, cosines, sines, sign, half, secondOffset, stride))                                    \
  X(void, ck_pack, (const T *w, long ws, long rows, long k, T *panel), (w, ws, rows, k, panel))  \
  X(void, ck_chain,                                                                              \
    (const T *x, long xs, long rows, const T *panel, long k, T *y, long ys, long columns),       \
    (x, xs, rows, panel, k, y, ys, columns))                                                     \
  X(double, ck_cross_entropy,                                                                    \
    (const T *x, long n, long target, T *slope, T scale),                                        \
    (x, n, target, slope, scale))                                                                \
  X(void, ck_adamw,                                                                              \
    (T *p, T *m, T *v, const T *g, long n, T clip, T rate, T decay, T beta1, T beta2, T          \
     correction1, T correction2, T epsilon),                                                     \
    (p, m, v, g, n, clip, rate, decay, beta1, beta2, correction1, correction2, epsilon))         \
  X(void, ck_transpose,                                                                          \
    (const T *x, long xs, T *y, long ys, long rows, long columns),                               \
    (x, xs, y, ys, rows, columns))

#define CK_CONVERSIONS(X)                                                                        \
  X(void, ck_f32_to_f64, (const float *x, double *y, long n), (x, y, n))                         \
  X(void, ck_f64_to_f32, (const double *x, float *y, long n), (x, y, n))                         \
  X(void, ck_bf16_to_f32, (const uint16_t *x, float *y, long n), (x, y, n))                      \
  X(void, ck_f16_to_f32, (const uint16_t *x, float *y, long n), (x, y, n))                       \
  X(void, ck_f32_to_bf16, (const float *x, uint16_t *y, long n), (x, y, n))                      \
  X(void, ck_f32_to_f16, (const float *x, uint16_t *y, long n), (x, y, n))                       \
  X(uint64_t, ck_read, (const void *bytes, long n), (bytes, n))                                  \
  X(void, ck_random_uniforms,                                                                    \
    (uint64_t key, uint64_t stream, uint64_t block, double low, double width, double *y, long n),\
    (key, stream, block, low, width, y, n))                                                      \
  X(void, ck_random_normals,                                                                     \
    (uint64_t key, uint64_t stream, uint64_t block, double mean, double deviation, double *y,    \
     long n),                                                                                    \
    (key, stream, block, mean, deviation, y, n))

// A door costs a load, two comparisons and a jump.
#if defined(__x86_64__)
#define DOOR(R, name, parameters, arguments)                                                      \
  __typeof__(name) name##_scalar, name##_avx2, name##_avx512;                                     \
  R name parameters {                                                                             \
    return ck_level >= CK_AVX512 ? name##_avx512 arguments                                        \
           : ck_level >= CK_AVX2 ? name##_avx2 arguments                                          \
                                 : name##_scalar arguments;                                       \
  }
#else
#define DOOR(R, name, parameters, arguments)                                                      \
  __typeof__(name) name##_scalar;                                                                 \
  R name parameters { return name##_scalar arguments; }
#endif

#define T float
#define DOOR_F32(R, name, parameters, arguments) DOOR(R, name##_f32, parameters, arguments)
CK_TYPED(DOOR_F32)
#undef T
#define T double
#define DOOR_F64(R, name, parameters, arguments) DOOR(R, name##_f64, parameters, arguments)
CK_TYPED(DOOR_F64)
#undef T
CK_CONVERSIONS(DOOR)

double ck_exp(double x) { return ck_exp_f64(x); }
double ck_log(double x) { return ck_log_f64(x); }
double ck_sin(double x) { return ck_any_sin_f64(x); }
double ck_cos(double x) { return ck_any_cos_f64(x); }

// The binary digits of 2/pi behind 64 zeros: as many as the largest double needs, and 128 more.
static const uint64_t two_over_pi[20] = {
    0x0000000000000000, 0xA2F9836E4E441529, 0xFC2757D1F534DDC0, 0xDB6295993C439041,
    0xFE5163ABDEBBC561, 0xB7246E3A424DD2E0, 0x06492EEA09D1921C, 0xFE1DEB1CB129A73E,
    0xE88235F52EBB4484, 0xE99C7026B45F7E41, 0x3991D639835339F4, 0x9C845F8BBDF9283B,
    0x1FF897FFDE05980F, 0xEF2F118B5A0A6D1F, 0x6D367ECF27CB09B7, 0x4F463F669E5FEA2D,
    0x7527BAC7EBE5F17B, 0x3D0739F78A5292EA, 0x6BFB5FB11F8D5D08, 0x56033046FC7B6BAB,
};

// Quarter turns are counted in whole numbers, as Payne and Hanek do: of 2/pi only the digits count that
// do not give whole turns, whatever the size of the angle.
void ck_sincos_large(double x, double *sine, double *cosine) {
  uint64_t bits = (uint64_t)ck_bits64(__builtin_fabs(x));
  int exponent = (int)(bits >> 52) - 1075;
  uint64_t m = (bits & 0x000FFFFFFFFFFFFF) | 0x0010000000000000;
  // |x| = m 2^exponent. 192 digits of 2/pi, the first worth 2^(1 - exponent).
  int offset = exponent + 62, word = offset / 64, shift = offset % 64;
  uint64_t digits[3];
  for (int i = 0; i < 3; i++) {
    digits[i] = two_over_pi[word + i] << shift;
    if (shift > 0) digits[i] |= two_over_pi[word + i + 1] >> (64 - shift);
  }
  // m times them, without what are whole turns: two digits before the point, 190 behind it.
  unsigned __int128 low = (unsigned __int128)m * digits[2];
  unsigned __int128 middle = (unsigned __int128)m * digits[1] + (uint64_t)(low >> 64);
  uint64_t high = m * digits[0] + (uint64_t)(middle >> 64);
  int quarter = (int)(high >> 62);
  unsigned __int128 part =
      ((unsigned __int128)(high << 2 | (uint64_t)middle >> 62) << 64) |
      ((uint64_t)middle << 2 | (uint64_t)low >> 62);
  // To the nearest quarter: what is left is between -1/2 and 1/2 of one.
  int negative = (int)(part >> 127);
  if (negative) {
    quarter += 1;
    part = -part;
  }
  double turn = 0.0;
  uint64_t head = (uint64_t)(part >> 64), tail = (uint64_t)part;
  if (part != 0) {
    int zeros = head ? __builtin_clzll(head) : 64 + __builtin_clzll(tail);
    uint64_t top = (uint64_t)((part << zeros) >> 64);
    double scale = ck_from_bits64((int64_t)(1023 - 53 - zeros) << 52);
    turn = (double)(int64_t)(((top >> 10) + 1) >> 1) * scale;
  }
  double r = FMA(turn, 1.5707963267948966, turn * 6.123233995736766e-17);
  double s, c;
  ck_sincos_f64(negative ? -r : r, &s, &c);
  double a = quarter & 1 ? c : s, b = quarter & 1 ? s : c;
  a = quarter & 2 ? -a : a;
  *sine = x < 0.0 ? -a : a;
  *cosine = (quarter + 1) & 2 ? -b : b;
}
double ck_tanh(double x) { return ck_tanh_f64(x); }
double ck_erf(double x) { return ck_erf_f64(x); }

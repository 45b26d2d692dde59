// Loops over contiguous memory, one function a loop, for float (_f32) and double (_f64). They know
// no shapes, no threads and no errors: callers check sizes and cut the work.
//
// Arithmetic: products and sums are written as fused multiply-adds over lanes of 64 bytes, so the
// bits do not depend on the vector width of the CPU. exp, log, sin, cos, tanh and erf are our own.
#pragma once
#include <stdint.h>

#include "Arena.h"
#include "Blocks.h"
#include "Panels.h"
#include "Rows.h"
#include "Tiles.h"

// Levels of vector instructions. On x86 each includes those before it.
enum { CK_SCALAR, CK_AVX2, CK_AVX512, CK_VNNI, CK_BF16, CK_AMX, CK_NEON, CK_LEVELS };
/// The best level of this CPU, whatever is in use.
int ck_simd_best(void);
/// The level in use.
int ck_simd_level(void);
/// Uses this level from now on; 0 (and no change) for an unknown name or one the CPU lacks. Not to
/// be called while kernels run.
int ck_simd_force(const char *name);
const char *ck_simd_name(int level);

// Unary operations. The order is shared with `UnaryOperation` in Tensors.
enum {
  CK_NEGATE, CK_ABS, CK_SQRT, CK_RSQRT, CK_EXP, CK_LOG, CK_SIN, CK_COS, CK_TANH, CK_SIGMOID,
  CK_RELU, CK_SILU, CK_GELU, CK_GELU_TANH, CK_ERF, CK_SQUARE, CK_SIGN, CK_FLOOR, CK_CEIL, CK_ROUND,
};

// Binary operations. The order is shared with `BinaryOperation` in Tensors.
enum { CK_ADD, CK_SUBTRACT, CK_MULTIPLY, CK_DIVIDE, CK_MAXIMUM, CK_MINIMUM, CK_POWER };

// Comparisons; results are bytes 0 or 1.
enum { CK_EQUAL, CK_NOT_EQUAL, CK_LESS, CK_LESS_EQUAL, CK_GREATER, CK_GREATER_EQUAL };

#define CK_DECLARE(T, S)                                                                          \
  void ck_unary_##S(int op, const T *x, T *y, long n);                                            \
  /* out = d * f'(x). */                                                                          \
  void ck_unary_slope_##S(int op, const T *x, const T *d, T *out, long n);                        \
  /* y[i] = a[i*as] op b[i*bs]. */                                                                \
  void ck_binary_##S(int op, const T *a, long as, const T *b, long bs, T *y, long n);             \
  void ck_compare_##S(int op, const T *a, long as, const T *b, long bs, uint8_t *y, long n);      \
  void ck_add_into_##S(T *y, const T *x, long n);                                                 \
  /* y += a * x. */                                                                               \
  void ck_add_scaled_##S(T *y, const T *x, T a, long n);                                          \
  void ck_scale_##S(T *y, const T *x, T a, long n);                                               \
  void ck_clamp_##S(const T *x, T low, T high, T *y, long n);                                     \
  /* out = low <= x <= high ? d : 0. */                                                           \
  void ck_clamp_slope_##S(const T *x, T low, T high, const T *d, T *out, long n);                 \
  /* Sums in double, eight lanes and a fixed tree. */                                             \
  double ck_sum_##S(const T *x, long n);                                                          \
  double ck_sum_squares_##S(const T *x, long n);                                                  \
  /* sum of (x - center)^2. */                                                                    \
  double ck_sum_deviations_##S(const T *x, double center, long n);                                \
  /* sum over i of x[i] * y[i], in double. */                                                     \
  double ck_sum_products_##S(const T *x, const T *y, long n);                                     \
  /* Largest value; NaN if there is one. n >= 1. */                                               \
  T ck_max_##S(const T *x, long n);                                                               \
  /* Dot product in lanes with a fixed tree. */                                                   \
  T ck_dot_##S(const T *x, const T *y, long n);                                                   \
  /* y[o] = x . w[o] (+ bias[o]) for rows o of w, each row ws apart. */                           \
  void ck_rows_times_vector_##S(const T *w, long ws, long rows, const T *x, long k,               \
                                const T *bias, T *y);                                             \
  void ck_softmax_##S(const T *x, T *y, long n);                                                  \
  void ck_log_softmax_##S(const T *x, T *y, long n);                                              \
  double ck_logsumexp_##S(const T *x, long n);                                                    \
  /* dx = y * (d - sum d*y). */                                                                   \
  void ck_softmax_slope_##S(const T *y, const T *d, T *dx, long n);                               \
  /* dx = d - exp(y) * sum d. */                                                                  \
  void ck_log_softmax_slope_##S(const T *y, const T *d, T *dx, long n);                           \
  /* y = x * r * (g + plus), r = (mean x^2 + e)^-1/2, returned. g may be null (all ones). */      \
  T ck_rms_norm_##S(const T *x, const T *g, T plus, double e, T *y, long n);                      \
  /* dx for one row; dg += d*x*r where dg is not null. */                                         \
  void ck_rms_norm_slope_##S(const T *x, const T *g, T plus, T r, const T *d, T *dx, T *dg,       \
                             long n);                                                             \
  /* y = (x - mean) * r * g + b. g, b may be null. Writes mean and r. */                          \
  void ck_layer_norm_##S(const T *x, const T *g, const T *b, double e, T *y, T *mean, T *r,       \
                         long n);                                                                 \
  void ck_layer_norm_slope_##S(const T *x, const T *g, T mean, T r, const T *d, T *dx, T *dg,     \
                               T *db, long n);                                                    \
  /* Rotates one head: pairs (first[j], second[j]) at stride. sign is 1, or -1 for the way back.*/ \
  void ck_rotate_##S(const T *x, T *y, const T *cosines, const T *sines, T sign, long half,       \
                     long secondOffset, long stride);                                             \
  /* panel[k][lanes] from `rows` rows of w (ws apart), missing rows zero; lanes = 64/sizeof(T). */ \
  void ck_pack_##S(const T *w, long ws, long rows, long k, T *panel);                             \
  /* y[i][0..<columns] continues chains of fused multiply-adds over k ascending. */               \
  void ck_chain_##S(const T *x, long xs, long rows, const T *panel, long k, T *y, long ys,        \
                    long columns);                                                                \
  /* Row loss of softmax cross entropy, and p - onehot over x when wanted (slope may be x). */    \
  double ck_cross_entropy_##S(const T *x, long n, long target, T *slope, T scale);                \
  /* One AdamW update of n weights. clip multiplies the gradient. */                              \
  void ck_adamw_##S(T *p, T *m, T *v, const T *g, long n, T clip, T rate, T decay, T beta1,       \
                    T beta2, T correction1, T correction2, T epsilon);                            \
  void ck_transpose_##S(const T *x, long xs, T *y, long ys, long rows, long columns);

CK_DECLARE(float, f32)
CK_DECLARE(double, f64)
#undef CK_DECLARE

double ck_exp(double x);
double ck_log(double x);
double ck_sin(double x);
double ck_cos(double x);
double ck_tanh(double x);
double ck_erf(double x);

void ck_f32_to_f64(const float *x, double *y, long n);
void ck_f64_to_f32(const double *x, float *y, long n);
// Numbers of 16 bits may stand at any address.
void ck_bf16_to_f32(const uint16_t *x, float *y, long n);
void ck_f16_to_f32(const uint16_t *x, float *y, long n);
/// Rounds to nearest, ties to even; NaN stays NaN.
void ck_f32_to_bf16(const float *x, uint16_t *y, long n);
void ck_f32_to_f16(const float *x, uint16_t *y, long n);

/// Reads n bytes at any address and does next to nothing with them: the exclusive or of their words.
uint64_t ck_read(const void *bytes, long n);

/// Philox-4x32-10: counter (four words, low first) and key (two words) to four words.
void ck_philox(uint64_t key, uint64_t stream, uint64_t block, uint64_t out[2]);
/* y[i] = low + width u, two numbers u in [0, 1) a block; n is even. */
void ck_random_uniforms(uint64_t key, uint64_t stream, uint64_t block, double low, double width,
                        double *y, long n);
/* y[i] = mean + deviation z, one normal z a block (Box and Muller). */
void ck_random_normals(uint64_t key, uint64_t stream, uint64_t block, double mean,
                       double deviation, double *y, long n);

/// What a thread does between two looks at memory that another thread will change.
static inline void ck_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

// The loops for float and double: one template, read twice, and what needs no template.
#include "include/CKernels.h"
#include "Functions.h"
#include <math.h>
#include <stddef.h>

#pragma STDC FP_CONTRACT OFF
#pragma clang diagnostic ignored "-Wpsabi"

// A function in three versions, chosen when the program starts.
#if defined(__x86_64__)
#define CK_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define CK_CLONES
#endif

#define PASTE2(a, b) a##_##b
#define PASTE(a, b) PASTE2(a, b)
#define F(name) PASTE(name, SUFFIX)

#define T float
#define BITS int32_t
#define SUFFIX f32
#define LANES 16
#define TSQRT(x) __builtin_sqrtf(x)
#define TABS(x) __builtin_fabsf(x)
#define TPOW(x, y) powf(x, y)
#define TFLOOR(x) __builtin_floorf(x)
#define TCEIL(x) __builtin_ceilf(x)
#define TRINT(x) __builtin_rintf(x)
#include "Kernels.inc"
#undef T
#undef BITS
#undef SUFFIX
#undef LANES
#undef TSQRT
#undef TABS
#undef TPOW
#undef TFLOOR
#undef TCEIL
#undef TRINT

#define T double
#define BITS int64_t
#define SUFFIX f64
#define LANES 8
#define TSQRT(x) __builtin_sqrt(x)
#define TABS(x) __builtin_fabs(x)
#define TPOW(x, y) pow(x, y)
#define TFLOOR(x) __builtin_floor(x)
#define TCEIL(x) __builtin_ceil(x)
#define TRINT(x) __builtin_rint(x)
#include "Kernels.inc"

double ck_exp(double x) { return ck_exp_f64(x); }
double ck_log(double x) { return ck_log_f64(x); }
double ck_sin(double x) { return ck_sin_f64(x); }
double ck_cos(double x) { return ck_cos_f64(x); }
double ck_tanh(double x) { return ck_tanh_f64(x); }
double ck_erf(double x) { return ck_erf_f64(x); }

const char *ck_cpu(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) return "avx512";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "avx2";
  return "sse2";
#else
  return "generic";
#endif
}

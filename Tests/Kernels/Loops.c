// The cases of CKernels.h: loops over float and double, and conversions.
#include <CKernels.h>

#include "Catalogue.h"

#define PASTE2(a, b) a##_##b
#define PASTE(a, b) PASTE2(a, b)
#define F(name) PASTE(name, SUFFIX)

#define T float
#define SUFFIX f32
#define IN floats
#define POSITIVE positive_floats
#define OUT out_floats
#include "Loops.inc"
#undef T
#undef SUFFIX
#undef IN
#undef POSITIVE
#undef OUT

#define T double
#define SUFFIX f64
#define IN doubles
#define POSITIVE positive_doubles
#define OUT out_doubles
#include "Loops.inc"

static void conversions(Run *run, long n) {
  float *x = floats(run, n);
  uint16_t *patterns = halves(run, n);
  double *wide = out_doubles(run, n);
  ck_f32_to_f64(x, wide, n);
  ck_f64_to_f32(wide, out_floats(run, n), n);
  ck_bf16_to_f32(patterns, out_floats(run, n), n);
  ck_f16_to_f32(patterns, out_floats(run, n), n);
  ck_f32_to_bf16(x, out_halves(run, n), n);
  ck_f32_to_f16(x, out_halves(run, n), n);
  // Every size of number that f16 rounds in its own way.
  for (long i = 0; i < n; i++) x[i] *= __builtin_ldexpf(1, (int)(i % 40) - 26);
  ck_f32_to_f16(x, out_halves(run, n), n);
}

static void reading(Run *run, long n) {
  uint64_t words = ck_read(bytes(run, n), n);
  result(run, (double)(uint32_t)words);
  result(run, (double)(words >> 32));
}

#define BOTH(name) {#name " f32", name##_f32, 0, 0}, {#name " f64", name##_f64, 0, 0}
static const long few_keys[] = {0, 1, 2, 7, 33, 65, -1};

const Case loop_cases[] = {
  BOTH(unary),
  BOTH(unary_extremes),
  BOTH(binary),
  BOTH(inPlace),
  BOTH(sums),
  BOTH(rowsTimesVector),
  BOTH(softmax),
  BOTH(norms),
  BOTH(rotate),
  {"attention f32", attention_f32, few_keys, 0},
  {"attention f64", attention_f64, few_keys, 0},
  {"chains f32", chains_f32, few_keys, 0},
  {"chains f64", chains_f64, few_keys, 0},
  BOTH(adamw),
  BOTH(transpose),
  {"conversions", conversions, 0, 0},
  {"reading", reading, 0, 0},
  {0},
};

// The catalogue of kernels: each as a case that is run at every level of vector instructions and
// held against the scalar one. Buffers end exactly where their values do and begin where no vector
// would like it, so that valgrind and the sanitizers see every byte too far.
#pragma once
#include <stdint.h>

/// One run of a case: its size, its pseudo-random numbers, its buffers.
typedef struct Run Run;

typedef void (*Body)(Run *run, long n);

typedef struct {
  const char *name;
  Body body;
  /// What the case is run with; -1 ends the list. Null: the usual sizes.
  const long *sizes;
  /// 0: the same bits at every level. Otherwise the difference that is allowed, in units of the
  /// largest value of the output.
  double tolerance;
} Case;

/// Sizes that are multiples of nothing, 0 and 1 among them.
extern const long usual_sizes[];

/// Normal numbers; the same in every run of this case and size.
float *floats(Run *run, long n);
double *doubles(Run *run, long n);
/// Positive numbers, 0.1 to 2.
float *positive_floats(Run *run, long n);
double *positive_doubles(Run *run, long n);
/// Random bytes, at any address.
uint8_t *bytes(Run *run, long n);
/// Random 16-bit patterns.
uint16_t *halves(Run *run, long n);
/// A whole number, 0 ..< limit.
long below(Run *run, long limit);

/// Room for results of n values; what the kernel leaves there is compared.
float *out_floats(Run *run, long n);
double *out_doubles(Run *run, long n);
uint8_t *out_bytes(Run *run, long n);
uint16_t *out_halves(Run *run, long n);
/// A single result.
void result(Run *run, double value);
/// Room that is not compared, aligned to 64.
void *scratch(Run *run, long byteCount);
/// n values, whole blocks, in a format that CPUs of any kind can add up: no NaN, no infinity, no
/// scale beyond ±2. Not compared.
void *weights(Run *run, int format, long n);

/// Whether values matter in this run; under valgrind memory alone does.
int checks_values(void);
/// Says that what must hold at every level does not, and at which.
void want(Run *run, int holds, const char *what);

/// Each list ends with a case without a name.
extern const Case loop_cases[], block_cases[], row_cases[], panel_cases[], tile_cases[];

/// What is wrong with the arena of memory, each said on a line.
long arena_wrongs(void);

// Runs the catalogue: every case at every level this CPU has, against the scalar level.
//
//   kernels [--digests] [--memory] [LEVEL...]     the levels to try; all by default
//
// --memory compares nothing: valgrind watches the memory, but its arithmetic does not round as CPUs
// do.
// --digests prints a number for each case, size and level: two builds can be compared by them.
#include <CKernels.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "Catalogue.h"

enum { MOST = 4096 };
typedef enum { NOT_COMPARED, FLOATS, DOUBLES, BYTES } Kind;
typedef struct {
  void *start;
  uint8_t *values;
  long byteCount;
  Kind kind;
} Buffer;

static int memory_only;
int checks_values(void) { return !memory_only; }

struct Run {
  uint64_t state;
  const char *name;
  long n, wrong;
  long count;
  Buffer buffers[MOST];
};

const long usual_sizes[] = {0, 1, 2, 3, 7, 15, 16, 17, 31, 33, 63, 65, 100, 129, 257, 1027, -1};

static uint32_t next(Run *run) {
  // SplitMix64's steps; its upper half.
  uint64_t z = run->state += 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return (uint32_t)((z ^ (z >> 31)) >> 32);
}
long below(Run *run, long limit) { return (long)(next(run) % (uint32_t)limit); }

// The values end where the block ends, and begin `unit` bytes past a multiple of 64 or somewhere
// else that vectors do not like.
static void *room(Run *run, long byteCount, long unit, Kind kind) {
  if (run->count == MOST) abort();
  Buffer *buffer = &run->buffers[run->count++];
  void *start = 0;
  if (posix_memalign(&start, 64, (size_t)(unit + byteCount)) != 0) abort();
  *buffer = (Buffer){start, (uint8_t *)start + unit, byteCount, kind};
  // The rest of a result that a kernel leaves alone is the same at every level.
  memset(buffer->values, 0x5A, (size_t)byteCount);
  return buffer->values;
}

static double uniform(Run *run) { return (next(run) + 0.5) * 0x1p-32; }
static double normal(Run *run) {
  double sum = 0;
  for (int i = 0; i < 4; i++) sum += uniform(run);
  return (sum - 2) * 1.7320508;
}

#define FILL(T, name, unit, value)                                                                \
  T *name(Run *run, long n) {                                                                     \
    T *values = room(run, n * (long)sizeof(T), unit, NOT_COMPARED);                               \
    for (long i = 0; i < n; i++) values[i] = (T)(value);                                          \
    return values;                                                                                \
  }
FILL(float, floats, 4, normal(run))
FILL(double, doubles, 8, normal(run))
FILL(float, positive_floats, 4, 0.1 + 1.9 * uniform(run))
FILL(double, positive_doubles, 8, 0.1 + 1.9 * uniform(run))
FILL(uint8_t, bytes, 1, next(run))
FILL(uint16_t, halves, 2, next(run))

float *out_floats(Run *run, long n) { return room(run, n * 4, 4, FLOATS); }
double *out_doubles(Run *run, long n) { return room(run, n * 8, 8, DOUBLES); }
uint8_t *out_bytes(Run *run, long n) { return room(run, n, 1, BYTES); }
uint16_t *out_halves(Run *run, long n) { return room(run, n * 2, 2, BYTES); }
void result(Run *run, double value) { *(double *)room(run, 8, 8, DOUBLES) = value; }
void *scratch(Run *run, long byteCount) { return room(run, byteCount, 0, NOT_COMPARED); }

// Bytes of a block that hold f16 scales: random ones would be NaN and infinities.
static void put_scales(Run *run, int format, uint8_t *block) {
  static const int places[CK_FORMATS][2] = {
    [CK_Q8_0] = {0, -1},   [CK_Q4_0] = {0, -1},    [CK_Q4_1] = {0, 2},     [CK_Q5_0] = {0, -1},
    [CK_Q5_1] = {0, 2},    [CK_Q2_K] = {80, 82},   [CK_Q3_K] = {108, -1},  [CK_Q4_K] = {0, 2},
    [CK_Q5_K] = {0, 2},    [CK_Q6_K] = {208, -1},
  };
  for (int i = 0; i < 2; i++) {
    int place = places[format][i];
    if (place < 0) continue;
    // Sign, an exponent that makes 2^-15 to 2^-1, any fraction.
    uint32_t bits = next(run), exponent = bits % 15;
    uint16_t half = (uint16_t)((bits >> 16 & 0x8000) | exponent << 10 | (bits >> 20 & 0x3FF));
    memcpy(block + place, &half, 2);
  }
}
void *weights(Run *run, int format, long n) {
  long values = ck_block_values(format), size = ck_block_bytes(format);
  if (values == 1) {
    float *x = floats(run, n);
    uint8_t *y = room(run, n * size, size, NOT_COMPARED);
    ck_quantize(format, x, y, n);
    return y;
  }
  uint8_t *y = bytes(run, n / values * size);
  for (long i = 0; i < n / values; i++) put_scales(run, format, y + i * size);
  return y;
}

void want(Run *run, int holds, const char *what) {
  if (holds) return;
  if (run->wrong++ == 0)
    printf("%s, n %ld, level %s: %s\n", run->name, run->n, ck_simd_name(ck_simd_level()), what);
}

static void start(Run *run, const Case *entry, long n) {
  run->name = entry->name;
  run->n = n;
  run->wrong = 0;
  run->state = (uint64_t)n * 1000003;
  for (const char *c = entry->name; *c; c++) run->state = run->state * 31 + (uint8_t)*c;
  run->count = 0;
  entry->body(run, n);
}
static void finish(Run *run) {
  for (long i = 0; i < run->count; i++) free(run->buffers[i].start);
}

static double value_at(const Buffer *buffer, long i) {
  return buffer->kind == FLOATS ? (double)((float *)buffer->values)[i]
                                : ((double *)buffer->values)[i];
}

// NaNs are equal to each other: which one an operation makes is the compiler's choice.
static int same_bits(const Buffer *a, const Buffer *b) {
  if (memcmp(a->values, b->values, (size_t)a->byteCount) == 0) return 1;
  if (a->kind == BYTES) return 0;
  long unit = a->kind == FLOATS ? 4 : 8;
  for (long i = 0; i < a->byteCount / unit; i++) {
    if (memcmp(a->values + i * unit, b->values + i * unit, (size_t)unit) == 0) continue;
    if (!isnan(value_at(a, i)) || !isnan(value_at(b, i))) return 0;
  }
  return 1;
}
static int near(const Buffer *a, const Buffer *b, double tolerance) {
  if (a->kind == BYTES) return same_bits(a, b);
  long count = a->byteCount / (a->kind == FLOATS ? 4 : 8);
  double largest = 0;
  for (long i = 0; i < count; i++)
    if (isfinite(value_at(a, i))) largest = fmax(largest, fabs(value_at(a, i)));
  for (long i = 0; i < count; i++) {
    double x = value_at(a, i), y = value_at(b, i);
    if (x == y || (isnan(x) && isnan(y))) continue;
    if (!(fabs(x - y) <= tolerance * largest)) return 0;
  }
  return 1;
}

static uint64_t digest(const Run *run) {
  uint64_t sum = 14695981039346656037u;
  for (long i = 0; i < run->count; i++) {
    const Buffer *buffer = &run->buffers[i];
    if (buffer->kind == NOT_COMPARED) continue;
    for (long j = 0; j < buffer->byteCount; j++) sum = (sum ^ buffer->values[j]) * 1099511628211u;
  }
  return sum;
}

static long check(const Case *entry, long n, const char *level, const Run *expected, int digests) {
  static Run run;
  if (!ck_simd_force(level)) return 0;
  start(&run, entry, n);
  if (digests) printf("%-28s n %-6ld %-8s %016llx\n", entry->name, n, level,
                      (unsigned long long)digest(&run));
  long wrong = !memory_only && (run.count != expected->count || run.wrong > 0);
  for (long i = 0; i < run.count && !wrong && !memory_only; i++) {
    const Buffer *a = &expected->buffers[i], *b = &run.buffers[i];
    if (a->kind == NOT_COMPARED) continue;
    if (a->byteCount == b->byteCount
        && (entry->tolerance > 0 ? near(a, b, entry->tolerance) : same_bits(a, b)))
      continue;
    printf("%s, n %ld: result %ld at level %s differs from scalar\n", entry->name, n, i, level);
    wrong = 1;
  }
  finish(&run);
  return wrong;
}

static const Case *const lists[] = {
  loop_cases, block_cases, row_cases, panel_cases, tile_cases,
};

int main(int argc, char **argv) {
  static Run expected;
  const char *levels[CK_LEVELS];
  int levelCount = 0, digests = 0;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--digests") == 0) {
      digests = 1;
    } else if (strcmp(argv[i], "--memory") == 0) {
      memory_only = 1;
    } else if (levelCount < CK_LEVELS) {
      levels[levelCount++] = argv[i];
    }
  }
  if (levelCount == 0)
    for (int level = 0; level < CK_LEVELS; level++) levels[levelCount++] = ck_simd_name(level);
  long runs = 0, wrong = arena_wrongs();
  printf("levels:");
  for (int i = 0; i < levelCount; i++)
    if (ck_simd_force(levels[i])) printf(" %s", levels[i]);
  printf("\n");
  for (size_t list = 0; list < sizeof lists / sizeof lists[0]; list++)
    for (const Case *entry = lists[list]; entry->name; entry++)
      for (const long *n = entry->sizes ? entry->sizes : usual_sizes; *n >= 0; n++) {
        ck_simd_force("scalar");
        if (!memory_only) start(&expected, entry, *n);
        for (int i = 0; i < levelCount; i++, runs++)
          wrong += check(entry, *n, levels[i], &expected, digests);
        if (!memory_only) finish(&expected);
      }
  printf("%ld runs, %ld wrong\n", runs, wrong);
  return wrong > 0;
}

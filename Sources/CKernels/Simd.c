// Which vector instructions the kernels use: what the CPU has, or less, when a caller asks.
#include "Simd.h"

#include <string.h>

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

int ck_level = CK_SCALAR;

static const char *const names[CK_LEVELS] = {
  "scalar", "avx2", "avx512", "vnni", "bf16", "amx", "neon",
};

#if defined(__x86_64__)
// Tile registers must be asked for, once a process; older kernels refuse.
static int tiles_granted(void) {
#if defined(__linux__)
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
  return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
  return 0;
#endif
}
#endif

static int best(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("f16c")))
    return CK_SCALAR;
  if (!(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")))
    return CK_AVX2;
  if (!__builtin_cpu_supports("avx512vnni")) return CK_AVX512;
  if (!__builtin_cpu_supports("avx512bf16")) return CK_VNNI;
  if (!(__builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") &&
        __builtin_cpu_supports("amx-int8") && tiles_granted()))
    return CK_BF16;
  return CK_AMX;
#elif defined(__aarch64__)
  return CK_NEON;
#else
  return CK_SCALAR;
#endif
}

// Before other constructors, which may ask for less.
__attribute__((constructor(200))) static void choose(void) { ck_level = best(); }

const char *ck_simd_name(int level) {
  return level >= 0 && level < CK_LEVELS ? names[level] : "?";
}

int ck_simd_best(void) { return best(); }

int ck_simd_level(void) { return ck_level; }

int ck_simd_force(const char *name) {
  int limit = best();
  for (int level = 0; level < CK_LEVELS; level++) {
    if (strcmp(name, names[level]) != 0) continue;
    int known = level == CK_SCALAR || level == limit || (limit != CK_NEON && level < limit);
    if (known) ck_level = level;
    return known;
  }
  return 0;
}

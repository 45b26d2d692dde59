// The tests run at the level of vector instructions that QUIRE_SIMD names. This is part of the
// test programs alone; no room reads the environment.
#include <CKernels.h>
#include <stdio.h>
#include <stdlib.h>

// After the kernels have looked at the CPU, which is done by an earlier constructor.
__attribute__((constructor)) static void use_level(void) {
  const char *name = getenv("QUIRE_SIMD");
  if (!name || !*name || ck_simd_force(name)) return;
  fprintf(stderr, "QUIRE_SIMD: no level %s here; the best is %s\n", name,
          ck_simd_name(ck_simd_best()));
  _Exit(2);
}

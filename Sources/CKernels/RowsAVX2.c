// Few rows times weights with AVX2.
#include "Simd.h"

#if defined(__x86_64__)
#define VARIANT avx2
#define FEATURES CK_TARGET_AVX2
#define WIDE 0
#define DOTS 0
#include "Rows.inc"
#endif

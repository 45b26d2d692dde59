// Few rows times weights with AVX-512.
#include "Simd.h"

#if defined(__x86_64__)
#define VARIANT avx512
#define FEATURES CK_TARGET_AVX512
#define WIDE 1
#define DOTS 0
#include "Rows.inc"
#endif

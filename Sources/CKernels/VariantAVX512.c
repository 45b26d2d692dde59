// The loops for AVX-512.
#include "Simd.h"

#if defined(__x86_64__)
#define VARIANT avx512
#define FEATURES CK_TARGET_AVX512
#include "Variant.inc"
#endif

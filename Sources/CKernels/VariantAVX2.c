// The loops for AVX2 with fused multiply-adds.
#include "Simd.h"

#if defined(__x86_64__)
#define VARIANT avx2
#define FEATURES CK_TARGET_AVX2
#include "Variant.inc"
#endif

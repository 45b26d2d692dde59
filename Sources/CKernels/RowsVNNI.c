// Few rows times weights with AVX-512 and its dot products of bytes.
#include "Simd.h"

#if defined(__x86_64__)
#define VARIANT vnni
#define FEATURES CK_TARGET_VNNI
#define WIDE 1
#define DOTS 1
#include "Rows.inc"
#endif

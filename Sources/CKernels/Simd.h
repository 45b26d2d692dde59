// The levels of vector instructions, each with all below it, and how a function is built for one.
#pragma once
#include "include/CKernels.h"

/// The level in use. Kernels take the best of their variants that is not above it.
extern int ck_level;

#if defined(__x86_64__)
#define CK_TARGET_AVX2 "avx2,fma,f16c,bmi2"
#define CK_TARGET_AVX512 "avx512f,avx512bw,avx512vl,avx512dq," CK_TARGET_AVX2
#define CK_TARGET_VNNI "avx512vnni," CK_TARGET_AVX512
#define CK_TARGET_BF16 "avx512bf16," CK_TARGET_VNNI
#define CK_TARGET_AMX "amx-tile,amx-int8,amx-bf16," CK_TARGET_BF16
#define CK_FOR(features) __attribute__((target(features)))
#endif

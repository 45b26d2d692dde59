// How weights are stored: number formats and blocks of quantised values.
#pragma once
#include <stdint.h>

/// Formats of stored weights. The order is shared with `DType.kernelCode` in Tensors.
enum {
  CK_F32, CK_F16, CK_BFLOAT16, CK_Q8_0, CK_Q4_0, CK_Q4_1, CK_Q5_0, CK_Q5_1, CK_Q2_K, CK_Q3_K,
  CK_Q4_K, CK_Q5_K, CK_Q6_K, CK_FORMATS,
};

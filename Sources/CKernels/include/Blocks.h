// How weights are stored: number formats and blocks of quantised values. Blocks stand along a row,
// at any address, little-endian; d and m are f16, q a quantised value (models.md 1.4):
//
//   format  values  bytes  in this order                                   value
//   Q8_0        32     34  d, 32 signed bytes                              d q
//   Q4_0        32     18  d, 16 bytes of nibbles                          d (q - 8)
//   Q4_1        32     20  d, m, 16 bytes of nibbles                       d q + m
//   Q5_0        32     22  d, 32 high bits, 16 bytes of nibbles            d (q - 16)
//   Q5_1        32     24  d, m, 32 high bits, 16 bytes of nibbles         d q + m
//   Q2_K       256     84  16 bytes of scale s and offset t, 64, d, m      d s q - m t
//   Q3_K       256    110  32 bytes of high bits, 64, 12 of scales, d      d (s - 32) (q - 4)
//   Q4_K       256    144  d, m, 12 bytes of s and t, 128 of nibbles       d s q - m t
//   Q5_K       256    176  d, m, 12 of s and t, 32 of high bits, 128       d s q - m t
//   Q6_K       256    210  128 of nibbles, 64 of high bits, 16 of s, d     d s (q - 32)
//
// In the blocks of 32, byte j holds value j low and value j + 16 high. Every product of a scale and
// a quantised value is exact in f32, so a value is rounded once at most: fused or not, on any CPU,
// its bits are those of the reference.
#pragma once
#include <stdint.h>

/// Formats of stored weights. The order is shared with `DType.kernelCode` in Tensors.
enum {
  CK_F32, CK_F16, CK_BFLOAT16, CK_Q8_0, CK_Q4_0, CK_Q4_1, CK_Q5_0, CK_Q5_1, CK_Q2_K, CK_Q3_K,
  CK_Q4_K, CK_Q5_K, CK_Q6_K, CK_FORMATS,
};

/// Values in a block: 1 for the plain formats, 0 for what is no format.
long ck_block_values(int format);
/// Bytes of a block.
long ck_block_bytes(int format);

/// n values as f32, n a multiple of the block; x at any address.
void ck_dequantize(int format, const void *x, float *y, long n);
/// Values start ..< start + n of what begins at x, anywhere inside blocks.
void ck_dequantize_part(int format, const void *x, long start, float *y, long n);
/// n values, a multiple of the block, rounded to the format as the reference writer does (d = the
/// step from f32, values divided by it before it is stored as f16). Values that are not finite
/// spoil their block and nothing else. 0 when the format can only be read (the K formats).
int ck_quantize(int format, const float *x, void *y, long n);
/// The scales s and offsets t, 6 bits each, of the 8 groups of a Q4_K or Q5_K block.
void ck_k_scales(const uint8_t packed[12], uint8_t s[8], uint8_t t[8]);

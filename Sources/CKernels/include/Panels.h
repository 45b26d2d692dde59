// Products of matrices with many rows: c = a b (+ c), the operands in any stored format and either
// orientation, packed once into panels that every kernel reads the same way. The sum is f32.
//
// Both operands are cut into units of 4 bytes along k: one f32, or two bf16. A tile is 16 rows of
// 16 units (1 KiB): `a` keeps [row][unit], `b` keeps [unit][column]. 2 tiles side by side make a
// block of 32 rows or columns. That is the layout of the tile registers (AMX), of dot products of
// pairs (AVX512-BF16) and of plain fused multiply-adds alike.
//
// Quantised weights meet activations rounded to whole numbers (as in Rows.h) where the CPU adds up
// products of bytes (VNNI) but has no tile registers. A tile is then 32 values of k too: in `a` 16
// lines of 64 bytes, a row's values and scale; in `b` 8 units of four values for 16 columns, then
// their scales. Sums inside 32 (or 16) values are exact; an output is one chain over these, scaled.
//
// Where there are tile registers, an f32 may be the sum of two bf16 (split): its value rounded, and
// what that left rounded too, 16 digits. A block of tiles with the first is followed by one with the
// second; three of the four products are computed, as the fourth is below the digits kept. The error
// is 3 * 2^-16 of each term at most, with random signs. An infinity, or a number that rounds to one,
// makes NaN of its outputs; numbers below 2^-110 lose digits, below 2^-126 they are 0.
//
// A product is cut by its shape alone, so its bits do not depend on who computes which piece.
// Work: 2 m n k operations; bytes: b once, a once, c read and written once for each `depth` of k.
#pragma once
#include <stdint.h>

#include "Blocks.h"

/// A stored matrix. `across` 0: stored rows are rows of `a` or columns of `b`, k runs along them.
/// `across` 1: stored rows are the steps of k.
typedef struct {
  const void *bytes;
  /// Values from one stored row to the next; whole blocks in block formats.
  long stride;
  int32_t format;
  int32_t across;
} ck_operand;

/// Packed as f32; as pairs of bf16, rounded to nearest even; as whole numbers of 8 bits; as pairs
/// of bf16 and pairs of what they leave of f32.
enum { CK_UNITS_SINGLE, CK_UNITS_PAIRS, CK_UNITS_BYTES, CK_UNITS_SPLIT };

/// How one product is cut, made by `ck_panel_plan`.
typedef struct {
  long m, n, k;
  /// How operands are packed: CK_UNITS_... Products of one `a` and one k that agree in this can
  /// share its packing.
  int32_t units;
  /// The level (Simd.h) whose kernel computes it.
  int32_t level;
  /// The stored format of b.
  int32_t format;
  /// 1: each output becomes its gelu (within 1e-6, or 1e-6 of its size) after the bias. The plan
  /// says 0, the caller may say otherwise; read where `units` is CK_UNITS_SPLIT alone.
  int32_t gelu;
  /// Columns of a piece and steps of k in one packed panel of b.
  long columns, depth;
  /// Rows of `a` that are packed at once; a larger m is several products.
  long rows;
  /// Pieces of packing (32 rows each) and of multiplying.
  long packPieces, pieces;
  /// Bytes of packed `a` and of the scratch of one piece of multiplying, aligned to 64.
  long packedBytes, scratchBytes;
} ck_panels;

/// 1 when the level in use has kernels for f32 panels of 512 bits.
int ck_panel_wide(void);
/// Plans c[m, n] = a b. `rounds` 1: f32 operands may be rounded to bf16 where that is faster; 2:
/// those of quantised weights to 8 bits too, 32 values with one scale; 3: two f32 operands that both
/// have k along their rows may be split. All of m, n, k >= 1.
void ck_panel_plan(long m, long n, long k, const ck_operand *a, const ck_operand *b, int rounds,
                   ck_panels *plan);
/// Packs rows [32 piece, 32 piece + 32) of the `count` rows of `a` that begin at `first`.
void ck_panel_pack(const ck_panels *plan, const ck_operand *a, long first, long count, long piece,
                   void *packed);
/// Packs all of the first `depth` values of k that such rows have as steps [start, start + depth) of
/// packed rows; `start` is a multiple of 32. For an `a` that comes to be a stretch of k at a time.
void ck_panel_pack_part(const ck_panels *plan, const ck_operand *a, long first, long count,
                        long piece, long start, long depth, void *packed);
/// Computes all `count` packed rows of the columns of `piece`. c is row `first` of the result, rows
/// `stride` apart. `adds`: onto what c holds. `bias`: n values added to each row, or null.
void ck_panel_multiply(const ck_panels *plan, const void *packed, long count, const ck_operand *b,
                       long piece, int adds, const float *bias, float *c, long stride,
                       void *scratch);
/// The same where c begins at the first column of the piece.
void ck_panel_multiply_piece(const ck_panels *plan, const void *packed, long count,
                             const ck_operand *b, long piece, int adds, const float *bias,
                             float *c, long stride, void *scratch);

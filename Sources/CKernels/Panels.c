// How a product of many rows is cut, the plain kernels of its panels, and the walk over them.
#include "include/Panels.h"

#include <string.h>

#include "Functions.h"
#include "PanelParts.h"

CK_INLINE long least(long a, long b) { return a < b ? a : b; }
CK_INLINE long rounded_up(long x, long unit) { return (x + unit - 1) / unit * unit; }

// MARK: The cut

// The widest stretch of columns that leaves nearly no thread of up to four without a piece at the
// end. `unit`: whole blocks of quantised values, where they stand along the columns.
static long columns_of(long n, long unit, long widest) {
  for (long width = widest; width > unit; width -= unit) {
    long pieces = (n + width - 1) / width, rest = n - (pieces - 1) * width;
    long turns = (pieces + 3) / 4 * 4;
    // Work done over room for work, in hundredths.
    if ((pieces - 1) * width * 100 + rest * 100 >= turns * width * 92) return width;
  }
  return unit;
}

int ck_panel_wide(void) {
#if defined(__x86_64__)
  return ck_level >= CK_AVX512 && ck_level <= CK_AMX;
#else
  return 0;
#endif
}

void ck_panel_plan(long m, long n, long k, const ck_operand *a, const ck_operand *b, int rounds,
                   ck_panels *plan) {
  *plan = (ck_panels){.m = m, .n = n, .k = k, .format = b->format};
  int narrow = a->format == CK_BFLOAT16 && b->format == CK_BFLOAT16;
  int single = a->format == CK_F32 && b->format == CK_F32 && !a->across && !b->across;
#if defined(__x86_64__)
  plan->level = ck_level;
  if (rounds == 3 && single && ck_level == CK_AMX)
    plan->units = CK_UNITS_SPLIT;
  else if (rounds == 2 && (ck_level == CK_VNNI || ck_level == CK_BF16) && ck_packs_bytes(b->format) &&
      a->format == CK_F32 && !a->across && !b->across)
    plan->units = CK_UNITS_BYTES;
  else if ((rounds == 1 || rounds == 2 || narrow) && ck_level >= CK_BF16 && ck_level <= CK_AMX)
    plan->units = CK_UNITS_PAIRS;
  else if (plan->level > CK_AVX512)
    plan->level = CK_AVX512;
#else
  (void)narrow;
  (void)single;
  (void)rounds;
  plan->level = CK_SCALAR;
#endif
  long unit = plan->units ? 2 : 1, deepest = 256;
  if (plan->units) deepest = plan->level >= CK_AMX ? 2048 : 512;
  long width = 4;  // bytes of a unit, with what it left
  if (plan->units == CK_UNITS_SPLIT) deepest = 1024, width = 8;
  long parts = (k + deepest - 1) / deepest;
  plan->depth = rounded_up((k + parts - 1) / parts, CK_PATCH * unit);
  if (ck_block_values(b->format) > 32) plan->depth = deepest;
  long block = b->across ? ck_block_values(b->format) : 1;
  plan->columns = columns_of(n, block > CK_BLOCK ? block : CK_BLOCK, 256);
  plan->pieces = (n + plan->columns - 1) / plan->columns;
  long lineBytes = rounded_up(k, CK_PATCH * unit) * width / unit;
  // Packed rows stay below 32 MiB, and a piece below a few milliseconds.
  long rows = ((32L << 20) / lineBytes) / CK_BLOCK * CK_BLOCK;
  plan->rows = rows < 512 ? 512 : rows > 2048 ? 2048 : rows;
  if (plan->rows > m) plan->rows = m;
  plan->packPieces = (plan->rows + CK_BLOCK - 1) / CK_BLOCK;
  plan->packedBytes = plan->packPieces * CK_BLOCK * lineBytes;
  plan->scratchBytes =
      plan->columns * plan->depth * width / unit + CK_BLOCK * CK_BLOCK * (long)sizeof(float);
}

// MARK: Packing

void ck_widen_row(const ck_operand *source, long row, long start, long count, float *out) {
  long values = ck_block_values(source->format), bytes = ck_block_bytes(source->format);
  const char *base = (const char *)source->bytes + row * (source->stride / values) * bytes;
  ck_dequantize_part(source->format, base, start, out, count);
}

// Units of f32, through a stage of widened rows.
void ck_pack_scalar(const ck_part *part, int turned, void *out) {
  enum { STAGE = 256 };
  float stage[CK_PATCH * STAGE];
  const ck_operand *source = part->source;
  long tiles = (part->depth + CK_PATCH - 1) / CK_PATCH;
  long blocks = (part->count + CK_BLOCK - 1) / CK_BLOCK;
  float *to = out;
  long rowStep = turned ? 1 : CK_PATCH, unitStep = turned ? CK_PATCH : 1;
  if (!source->across) {
    for (long half = 0; half < 2 * blocks; half++) {
      long rows = least(CK_PATCH, part->count - half * CK_PATCH);
      for (long start = 0; start < tiles * CK_PATCH; start += STAGE) {
        long width = least(STAGE, part->depth - start);
        memset(stage, 0, sizeof stage);
        for (long row = 0; row < rows; row++)
          ck_widen_row(source, part->first + half * CK_PATCH + row, part->start + start, width,
                       stage + row * STAGE);
        for (long t = 0; t < (width + CK_PATCH - 1) / CK_PATCH; t++) {
          long place = half / 2 * tiles + start / CK_PATCH + t;
          float *tile = to + (place * 2 + half % 2) * CK_PATCH * CK_PATCH;
          for (long row = 0; row < CK_PATCH; row++)
            for (long u = 0; u < CK_PATCH; u++)
              tile[row * rowStep + u * unitStep] = stage[row * STAGE + t * CK_PATCH + u];
        }
      }
    }
    return;
  }
  for (long column = 0; column < blocks * CK_BLOCK; column += STAGE) {
    long width = least(STAGE, part->count - column);
    for (long t = 0; t < tiles; t++) {
      memset(stage, 0, sizeof stage);
      long units = least(CK_PATCH, part->depth - t * CK_PATCH);
      for (long u = 0; u < units; u++)
        ck_widen_row(source, part->start + t * CK_PATCH + u, part->first + column, width,
                     stage + u * STAGE);
      for (long half = 0; half < rounded_up(width, CK_BLOCK) / CK_PATCH; half++) {
        long place = (column / CK_BLOCK + half / 2) * tiles + t;
        float *tile = to + (place * 2 + half % 2) * CK_PATCH * CK_PATCH;
        for (long u = 0; u < CK_PATCH; u++)
          for (long row = 0; row < CK_PATCH; row++)
            tile[row * rowStep + u * unitStep] = stage[u * STAGE + half * CK_PATCH + row];
      }
    }
  }
}

// Steps of k in a tile.
static long values_of_tile(const ck_panels *plan) {
  return plan->units == CK_UNITS_SINGLE ? CK_PATCH : 2 * CK_PATCH;
}

// Bytes of a block for one tile's steps of k.
static long block_bytes(const ck_panels *plan) {
  return plan->units == CK_UNITS_SPLIT ? 2 * CK_BLOCK_BYTES : CK_BLOCK_BYTES;
}

static ck_packer *packer(const ck_panels *plan, int turned) {
#if defined(__x86_64__)
  if (plan->units == CK_UNITS_BYTES) return turned ? ck_pack_bytes : ck_pack_rounded;
  if (plan->units == CK_UNITS_PAIRS) return ck_pack_bf16;
  if (plan->units == CK_UNITS_SPLIT) return ck_pack_split;
  if (plan->level >= CK_AVX512) return ck_pack_avx512;
#endif
  (void)plan;
  (void)turned;
  return ck_pack_scalar;
}

void ck_panel_pack(const ck_panels *plan, const ck_operand *a, long first, long count, long piece,
                   void *packed) {
  ck_panel_pack_part(plan, a, first, count, piece, 0, plan->k, packed);
}

void ck_panel_pack_part(const ck_panels *plan, const ck_operand *a, long first, long count,
                        long piece, long start, long depth, void *packed) {
  long row = piece * CK_BLOCK, per = values_of_tile(plan), tiles = (plan->k + per - 1) / per;
  if (row >= count) return;
  ck_part part = {a, first + row, least(CK_BLOCK, count - row), 0, depth};
  packer(plan, 0)(&part, 0, (char *)packed + (piece * tiles + start / per) * block_bytes(plan));
}

// MARK: Multiplying

void ck_block_scalar(const void *a, const void *b, long tiles, float *c, long stride, int adds,
                     long rows) {
  const float *left = a, *right = b;
  for (long i = 0; i < rounded_up(rows, CK_PATCH); i++) {
    float sum[CK_BLOCK] = {0};
    if (adds) memcpy(sum, c + i * stride, sizeof sum);
    for (long t = 0; t < tiles; t++) {
      const float *x = left + (t * 2 + i / CK_PATCH) * CK_PATCH * CK_PATCH + i % CK_PATCH * CK_PATCH;
      for (long u = 0; u < CK_PATCH; u++)
        for (long j = 0; j < CK_BLOCK; j++)
          sum[j] += x[u] * right[(t * 2 + j / CK_PATCH) * CK_PATCH * CK_PATCH + u * CK_PATCH +
                                 j % CK_PATCH];
    }
    memcpy(c + i * stride, sum, sizeof sum);
  }
}

static ck_block_kernel *kernel(const ck_panels *plan) {
#if defined(__x86_64__)
  if (plan->units == CK_UNITS_BYTES) return ck_byte_kernel(plan->format);
  if (plan->units == CK_UNITS_SPLIT) return ck_block_split;
  if (plan->units == CK_UNITS_PAIRS) return plan->level >= CK_AMX ? ck_block_amx : ck_block_bf16;
  if (plan->level >= CK_AVX512) return ck_block_avx512;
  if (plan->level >= CK_AVX2) return ck_block_avx2;
#endif
  (void)plan;
  return ck_block_scalar;
}

// What becomes of finished rows, while they are in cache.
static void finish(const ck_panels *plan, float *c, long stride, long rows, const float *bias,
                   long columns) {
#if defined(__x86_64__)
  if (plan->gelu && plan->units == CK_UNITS_SPLIT) {
    for (long i = 0; i < rows; i++) ck_gelu_row(c + i * stride, bias, columns);
    return;
  }
#endif
  (void)plan;
  if (bias)
    for (long i = 0; i < rows; i++) ck_add_into_f32(c + i * stride, bias, columns);
}

// A block at the rim: computed beside, its part that exists copied.
static void rim(ck_block_kernel *kernel, const char *a, const char *b, long tiles, float *c,
                long stride, int adds, long rows, long columns, float *beside) {
  if (adds) {
    memset(beside, 0, CK_BLOCK * CK_BLOCK * sizeof(float));
    for (long i = 0; i < rows; i++)
      memcpy(beside + i * CK_BLOCK, c + i * stride, (size_t)columns * sizeof(float));
  }
  kernel(a, b, tiles, beside, CK_BLOCK, adds, rows);
  for (long i = 0; i < rows; i++)
    memcpy(c + i * stride, beside + i * CK_BLOCK, (size_t)columns * sizeof(float));
}

void ck_panel_multiply(const ck_panels *plan, const void *packed, long count, const ck_operand *b,
                       long piece, int adds, const float *bias, float *c, long stride,
                       void *scratch) {
  ck_panel_multiply_piece(plan, packed, count, b, piece, adds, bias, c + piece * plan->columns,
                          stride, scratch);
}

void ck_panel_multiply_piece(const ck_panels *plan, const void *packed, long count,
                             const ck_operand *b, long piece, int adds, const float *bias,
                             float *c, long stride, void *scratch) {
  long per = values_of_tile(plan);
  long left = piece * plan->columns, columns = least(plan->columns, plan->n - left);
  long lineTiles = (plan->k + per - 1) / per, bytes = block_bytes(plan);
  float *beside = scratch;
  char *panel = (char *)scratch + CK_BLOCK * CK_BLOCK * sizeof(float);
  ck_block_kernel *block = kernel(plan);
#if defined(__x86_64__)
  int tiled = block == ck_block_amx || block == ck_block_split;
  if (tiled) ck_tiles_begin(CK_PATCH);
#endif
  for (long start = 0; start < plan->k; start += plan->depth) {
    ck_part part = {b, left, columns, start, least(plan->depth, plan->k - start)};
    packer(plan, 1)(&part, 1, panel);
    long tiles = (part.depth + per - 1) / per;
    int onto = adds || start > 0;
    for (long i = 0; i < count; i += CK_BLOCK) {
      long rows = least(CK_BLOCK, count - i);
      const char *x = (const char *)packed + (i / CK_BLOCK * lineTiles + start / per) * bytes;
      for (long j = 0; j < columns; j += CK_BLOCK) {
        const char *y = panel + j / CK_BLOCK * tiles * bytes;
        float *z = c + i * stride + j;
        if (rows % CK_PATCH == 0 && columns - j >= CK_BLOCK)
          block(x, y, tiles, z, stride, onto, rows);
        else
          rim(block, x, y, tiles, z, stride, onto, rows, least(CK_BLOCK, columns - j), beside);
      }
      if (start + plan->depth >= plan->k)
        finish(plan, c + i * stride, stride, rows, bias ? bias + left : 0, columns);
    }
  }
#if defined(__x86_64__)
  if (tiled) ck_tiles_end();
#endif
}

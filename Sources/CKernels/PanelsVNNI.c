// Panels of whole numbers for dot products of bytes: quantised columns as they are stored (made
// positive), rows of activations rounded once to 8 bits with a scale for each 32.
//
// Work for 6 rows by 32 columns and 32 values of k: 96 dot products of 64 bytes, 12 conversions, 12
// scalings, 12 multiply-adds; 64 loads. Three quarters of what the units could do at best.
#include "include/Panels.h"

#if defined(__x86_64__)
#define FEATURES CK_TARGET_VNNI
#define WIDE 1
#define DOTS 1
#define BLOCKS_ONLY
#include "Rows.inc"

#include "PanelParts.h"

// A row's part of a tile: 32 values scale * q, and what sums of their products start from.
typedef struct {
  int8_t q[32];
  float scale;
  /// Scale times the sum of q: what an offset is multiplied with.
  float sum;
  /// Minus 2^7, 2^3, 2^4 times the sum of q, for weights stored with that much added.
  int32_t minus[3];
  /// Minus the sums of 16 values each.
  int32_t halves[2];
  int32_t none;
} Line;

// A part of 16 columns: units of four values, then scales and offsets of each column; of formats
// with a scale for every 16 values two scales.
typedef struct {
  uint8_t u[8][64];
  float scale[16], offset[16];
  uint8_t none[384];
} Panel;

_Static_assert(sizeof(Line) == 64, "a line of a tile");
_Static_assert(sizeof(Panel) == CK_PATCH_BYTES, "a tile");

// MARK: Packing

static void put_lines(const ck_rounded *from, long groups, Line *to) {
  for (long g = 0; g < groups; g++, to += CK_PATCH) {
    int32_t low = 0, high = 0;
    for (int i = 0; i < 4; i++) {
      low += from->minus[8 * g + i];
      high += from->minus[8 * g + 4 + i];
    }
    memcpy(to->q, from->q + 32 * g, 32);
    to->scale = from->scale[g];
    to->sum = from->sums[g];
    to->minus[0] = (low + high) * 128;
    to->minus[1] = (low + high) * 8;
    to->minus[2] = (low + high) * 16;
    to->halves[0] = low;
    to->halves[1] = high;
    to->none = 0;
  }
}

void ck_pack_rounded(const ck_part *part, int turned, void *out) {
  (void)turned;
  long tiles = (part->depth + 31) / 32, blocks = (part->count + CK_BLOCK - 1) / CK_BLOCK;
  for (long row = 0; row < blocks * CK_BLOCK; row++) {
    long block = row / CK_BLOCK, half = row / CK_PATCH % 2;
    for (long t = 0; t < tiles; t += 8) {
      long groups = tiles - t < 8 ? tiles - t : 8, values = part->depth - t * 32;
      char *tile = (char *)out + ((block * tiles + t) * 2 + half) * CK_PATCH_BYTES;
      // Lines of one row stand two tiles apart.
      Line stage[8 * CK_PATCH];
      if (row < part->count) {
        ck_rounded rounded;
        const float *x = (const float *)part->source->bytes +
                         (part->first + row) * part->source->stride + part->start + t * 32;
        ck_round_row(x, &rounded, values < 256 ? values : 256);
        put_lines(&rounded, groups, stage);
      }
      for (long g = 0; g < groups; g++) {
        char *line = tile + g * CK_BLOCK_BYTES + row % CK_PATCH * (long)sizeof(Line);
        if (row < part->count)
          memcpy(line, stage + g * CK_PATCH, sizeof(Line));
        else
          memset(line, 0, sizeof(Line));
      }
    }
  }
}

CK_FLAT(CK_TARGET_VNNI) Panel *tile_at(char *to, long g) {
  return (Panel *)(void *)(to + g * CK_BLOCK_BYTES);
}

// Groups g and g + 1 of 16 columns' chunks.
CK_FLAT(CK_TARGET_VNNI)
void put_two(const int format, const uint8_t *const w[16], const int g, long groups, char *to) {
  __m512i z[16];
  if (g >= groups) return;
  for (int c = 0; c < 16; c += 2) {
    __m512i x = quants(format, w[c], w[c + 1], g), y = quants(format, w[c], w[c + 1], g + 1);
    if (format == CK_Q8_0) {
      x = _mm512_xor_si512(x, _mm512_set1_epi8((char)0x80));
      y = _mm512_xor_si512(y, _mm512_set1_epi8((char)0x80));
    }
    z[c] = _mm512_shuffle_i64x2(x, y, 0x44);
    z[c + 1] = _mm512_shuffle_i64x2(x, y, 0xEE);
  }
  transpose16(z);
  for (int i = 0; i < 8; i++) _mm512_store_si512(tile_at(to, g)->u[i], z[i]);
  if (g + 1 < groups)
    for (int i = 0; i < 8; i++) _mm512_store_si512(tile_at(to, g + 1)->u[i], z[i + 8]);
}

// 16 columns' chunk of 256 values, w[column] each, into `groups` tiles two apart.
CK_FLAT(CK_TARGET_VNNI)
void put_panels(const int format, const uint8_t *const w[16], long groups, char *to) {
  put_two(format, w, 0, groups, to);
  put_two(format, w, 2, groups, to);
  put_two(format, w, 4, groups, to);
  put_two(format, w, 6, groups, to);
  __m512i z[16];
  // Two sets of eight numbers a column: scales and offsets, or the scales of 16 halves.
  for (int c = 0; c < 16; c++) {
    __m256 s = scales(format, w[c], 0, 8), t = _mm256_setzero_ps();
    if (is_fine(format)) t = scales(format, w[c], 1, 8);
    if (has_offset(format)) t = offsets(format, w[c], 0, 8);
    z[c] = _mm512_castps_si512(join(s, t));
  }
  transpose16(z);
  for (int g = 0; g < groups; g++) {
    int one = is_fine(format) ? 2 * g : g, two = is_fine(format) ? 2 * g + 1 : g + 8;
    _mm512_store_si512(tile_at(to, g)->scale, z[one]);
    _mm512_store_si512(tile_at(to, g)->offset, z[two]);
  }
}

enum { CHUNK_MOST = 8 * 34 };

CK_FLAT(CK_TARGET_VNNI) void pack_columns(const int format, const ck_part *part, char *out) {
  // Of what is missing all bytes are zero: its scales are, too.
  uint8_t rest[16][CHUNK_MOST + 64];
  long tiles = (part->depth + 31) / 32, halves = (part->count + CK_BLOCK - 1) / CK_BLOCK * 2;
  const long bytes = block_bytes(format), values = is_large(format) ? 256 : 32;
  for (long half = 0; half < halves; half++)
    for (long t = 0; t < tiles; t += 8) {
      long groups = tiles - t < 8 ? tiles - t : 8;
      const uint8_t *w[16];
      for (int c = 0; c < 16; c++) {
        long column = half * 16 + c;
        if (column >= part->count) {
          memset(rest[c], 0, sizeof rest[c]);
          w[c] = rest[c];
          continue;
        }
        w[c] = (const uint8_t *)part->source->bytes +
               ((part->first + column) * (part->source->stride / values) +
                (part->start + t * 32) / values) * bytes;
        if (groups < 8) {
          memset(rest[c], 0, sizeof rest[c]);
          memcpy(rest[c], w[c], (size_t)(values == 32 ? groups * bytes : bytes));
          w[c] = rest[c];
        }
      }
      put_panels(format, w, groups, out + ((half / 2 * tiles + t) * 2 + half % 2) * CK_PATCH_BYTES);
    }
}

#define FORMATS(X)                                                                                \
  X(CK_Q8_0) X(CK_Q4_0) X(CK_Q4_1) X(CK_Q5_0) X(CK_Q5_1) X(CK_Q3_K) X(CK_Q4_K) X(CK_Q5_K) X(CK_Q6_K)
#define ONE(format)                                                                               \
  __attribute__((noinline, target(CK_TARGET_VNNI))) static void pack_##format(const ck_part *part, \
                                                                             char *out) {         \
    pack_columns(format, part, out);                                                              \
  }
FORMATS(ONE)
#undef ONE

// Q2_K has offsets for every 16 values: it is widened like formats without blocks.
int ck_packs_bytes(int format) { return format >= CK_Q8_0 && format != CK_Q2_K; }

void ck_pack_bytes(const ck_part *part, int turned, void *out) {
  (void)turned;
  switch (part->source->format) {
#define ONE(format)               \
  case format:                    \
    pack_##format(part, out);     \
    return;
    FORMATS(ONE)
#undef ONE
    default: return;
  }
}

// MARK: Multiplying

// What sums of a group start from: one of `minus`, nothing, or for a scale every 16 values `halves`
// shifted.
enum { FROM_MINUS, FROM_NOTHING, FROM_HALVES };

// `rows` rows by 32 columns; `shift`: which of `minus`, or the shift of `halves`.
CK_FLAT(CK_TARGET_VNNI)
void byte_rows(const int rows, const int way, const int shift, const Line *a, const Panel *b,
               long tiles, float *c, long stride, int adds) {
  __m512 s[6][2];
#define EACH(i, n) _Pragma("clang loop unroll(full)") for (int i = 0; i < n; i++)
  EACH(i, rows)
    EACH(j, 2) s[i][j] = adds ? _mm512_loadu_ps(c + i * stride + j * 16) : _mm512_setzero_ps();
  for (long t = 0; t < tiles; t++, a += 2 * CK_PATCH, b += 2) {
    __m512 scale[2] = {_mm512_load_ps(b[0].scale), _mm512_load_ps(b[1].scale)};
    __m512 other[2] = {_mm512_load_ps(b[0].offset), _mm512_load_ps(b[1].offset)};
    EACH(h, (way == FROM_HALVES ? 2 : 1)) {
      __m512i d[6][2];
      EACH(i, rows) {
        __m512i start = _mm512_setzero_si512();
        if (way == FROM_MINUS) start = _mm512_set1_epi32(a[i].minus[shift]);
        if (way == FROM_HALVES)
          start = _mm512_slli_epi32(_mm512_set1_epi32(a[i].halves[h]), (unsigned)shift);
        d[i][0] = d[i][1] = start;
      }
      const int units = way == FROM_HALVES ? 4 : 8;
      EACH(u, units) {
        __m512i low = _mm512_load_si512(b[0].u[h * units + u]);
        __m512i high = _mm512_load_si512(b[1].u[h * units + u]);
        EACH(i, rows) {
          int32_t four;
          memcpy(&four, a[i].q + 4 * (h * units + u), 4);
          __m512i x = _mm512_set1_epi32(four);
          d[i][0] = _mm512_dpbusd_epi32(d[i][0], low, x);
          d[i][1] = _mm512_dpbusd_epi32(d[i][1], high, x);
        }
      }
      EACH(i, rows) {
        __m512 own = _mm512_set1_ps(a[i].scale);
        EACH(j, 2) {
          __m512 both = _mm512_mul_ps(own, way == FROM_HALVES && h ? other[j] : scale[j]);
          s[i][j] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(d[i][j]), both, s[i][j]);
          if (way == FROM_NOTHING)
            s[i][j] = _mm512_fmadd_ps(other[j], _mm512_set1_ps(a[i].sum), s[i][j]);
        }
      }
    }
  }
  EACH(i, rows)
    EACH(j, 2) _mm512_storeu_ps(c + i * stride + j * 16, s[i][j]);
}

#define BYTE_KERNEL(name, way, shift)                                                             \
  __attribute__((noinline, target(CK_TARGET_VNNI))) static void name##_6(                         \
    const Line *a, const Panel *b, long tiles, float *c, long stride, int adds) {                 \
    byte_rows(6, way, shift, a, b, tiles, c, stride, adds);                                       \
  }                                                                                               \
  __attribute__((noinline, target(CK_TARGET_VNNI))) static void name##_4(                         \
    const Line *a, const Panel *b, long tiles, float *c, long stride, int adds) {                 \
    byte_rows(4, way, shift, a, b, tiles, c, stride, adds);                                       \
  }                                                                                               \
  static void name(const void *a, const void *b, long tiles, float *c, long stride, int adds,     \
                   long rows) {                                                                   \
    for (long i = 0; i < rows; i += CK_PATCH) {                                                   \
      const Line *x = (const Line *)a + i;                                                        \
      float *z = c + i * stride;                                                                  \
      name##_6(x, b, tiles, z, stride, adds);                                                     \
      name##_6(x + 6, b, tiles, z + 6 * stride, stride, adds);                                    \
      name##_4(x + 12, b, tiles, z + 12 * stride, stride, adds);                                  \
    }                                                                                             \
  }
BYTE_KERNEL(block_q8, FROM_MINUS, 0)
BYTE_KERNEL(block_q4, FROM_MINUS, 1)
BYTE_KERNEL(block_q5, FROM_MINUS, 2)
BYTE_KERNEL(block_offset, FROM_NOTHING, 0)
BYTE_KERNEL(block_q3k, FROM_HALVES, 2)
BYTE_KERNEL(block_q6k, FROM_HALVES, 5)

ck_block_kernel *ck_byte_kernel(int format) {
  switch (format) {
    case CK_Q8_0: return block_q8;
    case CK_Q4_0: return block_q4;
    case CK_Q5_0: return block_q5;
    case CK_Q3_K: return block_q3k;
    case CK_Q6_K: return block_q6k;
    default: return block_offset;
  }
}
#endif

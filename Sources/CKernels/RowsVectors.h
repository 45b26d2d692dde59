// The vectors that Rows.inc is written with: 64 bytes, whose halves belong to two rows of weights.
// One register with AVX-512, two with AVX2. Read once a variant, with WIDE and DOTS set.
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

INLINE __m128i load16(const void *p) { return _mm_loadu_si128((const __m128i *)p); }
INLINE __m256i load32(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }

#if WIDE
typedef __m512i VI;
typedef __m512 VF;

INLINE VI each32(const uint8_t *a, const uint8_t *b) {
  return _mm512_inserti64x4(_mm512_castsi256_si512(load32(a)), load32(b), 1);
}
INLINE VI both32(const void *x) { return _mm512_broadcast_i64x4(load32(x)); }
// 16 bytes of each row as 32 values: low nibbles, then high ones.
INLINE VI nibbles16(const uint8_t *a, const uint8_t *b) {
  VI v = _mm512_mask_broadcast_i32x4(_mm512_broadcast_i32x4(load16(a)), 0xFF00, load16(b));
  v = _mm512_srlv_epi64(v, _mm512_setr_epi64(0, 0, 4, 4, 0, 0, 4, 4));
  return _mm512_and_si512(v, _mm512_set1_epi8(15));
}
// `value` in every byte whose bit is set.
INLINE VI spread_bits(uint32_t a, uint32_t b, int value) {
  return _mm512_maskz_set1_epi8((uint64_t)b << 32 | a, (char)value);
}
INLINE VI mask_with(VI v, int bits) { return _mm512_and_si512(v, _mm512_set1_epi8((char)bits)); }
INLINE VI either(VI a, VI b) { return _mm512_or_si512(a, b); }
// Bits cross bytes here: mask what comes in.
INLINE VI right(VI v, int n) { return _mm512_srli_epi16(v, (unsigned)n); }
INLINE VI left(VI v, int n) { return _mm512_slli_epi16(v, (unsigned)n); }
INLINE VI times_power(VI v, int n) { return _mm512_slli_epi32(v, (unsigned)n); }
INLINE VI no_bytes(void) { return _mm512_setzero_si512(); }

// start + products of four bytes each; u at most 127 where it is not signed.
INLINE VI dot(VI start, VI u, VI x) {
#if DOTS
  return _mm512_dpbusd_epi32(start, u, x);
#else
  VI pairs = _mm512_maddubs_epi16(u, x);
  return _mm512_add_epi32(start, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
#endif
}
INLINE VI dot_signed(VI minus, VI w, VI x) {
#if DOTS
  VI u = _mm512_xor_si512(w, _mm512_set1_epi8((char)0x80));
  return _mm512_dpbusd_epi32(times_power(minus, 7), u, x);
#else
  (void)minus;
  VI turned = _mm512_mask_sub_epi8(x, _mm512_movepi8_mask(w), no_bytes(), x);
  return dot(no_bytes(), _mm512_abs_epi8(w), turned);
#endif
}

// The halves at words 0, step, 2 step, 3 step of two stretches of 64 bytes for each row, as floats.
INLINE VF halves_apart(const uint8_t *a, const uint8_t *b, const int next, const int step) {
  __m512i places = _mm512_castsi128_si512(
    _mm_setr_epi16(0, (short)step, (short)(2 * step), (short)(3 * step), 32, (short)(step + 32),
                   (short)(2 * step + 32), (short)(3 * step + 32)));
  __m512i x = _mm512_permutex2var_epi16(_mm512_loadu_si512(a), places, _mm512_loadu_si512(a + next));
  __m512i y = _mm512_permutex2var_epi16(_mm512_loadu_si512(b), places, _mm512_loadu_si512(b + next));
  __m128i low = _mm512_castsi512_si128(x), high = _mm512_castsi512_si128(y);
  return _mm512_cvtph_ps(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1));
}

INLINE VF no_floats(void) { return _mm512_setzero_ps(); }
INLINE VF to_float(VI v) { return _mm512_cvtepi32_ps(v); }
INLINE VF times(VF a, VF b) { return _mm512_mul_ps(a, b); }
INLINE VF plus_times(VF sum, VF a, VF b) { return _mm512_fmadd_ps(a, b, sum); }
INLINE VF join(__m256 a, __m256 b) {
  return _mm512_insertf32x8(_mm512_castps256_ps512(a), b, 1);
}
INLINE VF both8(const float *x) { return _mm512_broadcast_f32x8(_mm256_loadu_ps(x)); }
INLINE __m256 first(VF v) { return _mm512_castps512_ps256(v); }
INLINE __m256 second(VF v) { return _mm512_extractf32x8_ps(v, 1); }
// Number g of each half in all its lanes.
INLINE VF pick(VF v, int g) {
  int h = g + 8;
  return _mm512_permutexvar_ps(
    _mm512_setr_epi32(g, g, g, g, g, g, g, g, h, h, h, h, h, h, h, h), v);
}
// Numbers 2g and 2g + 1 of each half in four lanes each.
INLINE VF pick_two(VF v, int g) {
  int a = 2 * g, b = a + 1, c = a + 8, d = a + 9;
  return _mm512_permutexvar_ps(
    _mm512_setr_epi32(a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d), v);
}
// Numbers 4h ..< 4h + 4 of each half, each twice.
INLINE VF twice(VF v, int h) {
  int a = 4 * h, b = a + 8;
  return _mm512_permutexvar_ps(
    _mm512_setr_epi32(a, a, a + 1, a + 1, a + 2, a + 2, a + 3, a + 3, b, b, b + 1, b + 1, b + 2,
                      b + 2, b + 3, b + 3), v);
}

// 16 values of one row.
INLINE VF floats16(const float *p) { return _mm512_loadu_ps(p); }
INLINE VF brains16(const uint8_t *p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(load32(p)), 16));
}
INLINE VF halves16(const uint8_t *p) { return _mm512_cvtph_ps(load32(p)); }
#else
typedef struct { __m256i a, b; } VI;
typedef struct { __m256 a, b; } VF;

INLINE VI each32(const uint8_t *a, const uint8_t *b) { return (VI){load32(a), load32(b)}; }
INLINE VI both32(const void *x) {
  __m256i v = load32(x);
  return (VI){v, v};
}
INLINE __m256i nibbles_of(const uint8_t *p) {
  __m128i v = load16(p);
  __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(v), _mm_srli_epi16(v, 4), 1);
  return _mm256_and_si256(both, _mm256_set1_epi8(15));
}
INLINE VI nibbles16(const uint8_t *a, const uint8_t *b) {
  return (VI){nibbles_of(a), nibbles_of(b)};
}
INLINE __m256i bits_of(uint32_t bits, int value) {
  __m256i bytes = _mm256_shuffle_epi8(
    _mm256_set1_epi32((int)bits),
    _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3,
                     3, 3, 3, 3, 3, 3));
  __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);
  __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit), bit);
  return _mm256_and_si256(set, _mm256_set1_epi8((char)value));
}
INLINE VI spread_bits(uint32_t a, uint32_t b, int value) {
  return (VI){bits_of(a, value), bits_of(b, value)};
}
INLINE VI mask_with(VI v, int bits) {
  __m256i mask = _mm256_set1_epi8((char)bits);
  return (VI){_mm256_and_si256(v.a, mask), _mm256_and_si256(v.b, mask)};
}
INLINE VI either(VI x, VI y) {
  return (VI){_mm256_or_si256(x.a, y.a), _mm256_or_si256(x.b, y.b)};
}
INLINE VI right(VI v, int n) {
  return (VI){_mm256_srli_epi16(v.a, n), _mm256_srli_epi16(v.b, n)};
}
INLINE VI left(VI v, int n) { return (VI){_mm256_slli_epi16(v.a, n), _mm256_slli_epi16(v.b, n)}; }
INLINE VI times_power(VI v, int n) {
  return (VI){_mm256_slli_epi32(v.a, n), _mm256_slli_epi32(v.b, n)};
}
INLINE VI no_bytes(void) { return (VI){_mm256_setzero_si256(), _mm256_setzero_si256()}; }

INLINE __m256i dot_half(__m256i start, __m256i u, __m256i x) {
  __m256i pairs = _mm256_maddubs_epi16(u, x);
  return _mm256_add_epi32(start, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
INLINE VI dot(VI start, VI u, VI x) {
  return (VI){dot_half(start.a, u.a, x.a), dot_half(start.b, u.b, x.b)};
}
INLINE VI dot_signed(VI minus, VI w, VI x) {
  (void)minus;
  VI turned = {_mm256_sign_epi8(x.a, w.a), _mm256_sign_epi8(x.b, w.b)};
  return dot(no_bytes(), (VI){_mm256_abs_epi8(w.a), _mm256_abs_epi8(w.b)}, turned);
}

INLINE VF no_floats(void) { return (VF){_mm256_setzero_ps(), _mm256_setzero_ps()}; }
INLINE VF to_float(VI v) { return (VF){_mm256_cvtepi32_ps(v.a), _mm256_cvtepi32_ps(v.b)}; }
INLINE VF times(VF x, VF y) { return (VF){_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
INLINE VF plus_times(VF sum, VF x, VF y) {
  return (VF){_mm256_fmadd_ps(x.a, y.a, sum.a), _mm256_fmadd_ps(x.b, y.b, sum.b)};
}
INLINE VF join(__m256 a, __m256 b) { return (VF){a, b}; }
INLINE VF both8(const float *x) {
  __m256 v = _mm256_loadu_ps(x);
  return (VF){v, v};
}
INLINE __m256 first(VF v) { return v.a; }
INLINE __m256 second(VF v) { return v.b; }
INLINE VF shuffled(VF v, __m256i places) {
  return (VF){_mm256_permutevar8x32_ps(v.a, places), _mm256_permutevar8x32_ps(v.b, places)};
}
INLINE VF pick(VF v, int g) { return shuffled(v, _mm256_set1_epi32(g)); }
INLINE VF pick_two(VF v, int g) {
  int a = 2 * g, b = a + 1;
  return shuffled(v, _mm256_setr_epi32(a, a, a, a, b, b, b, b));
}
INLINE VF twice(VF v, int h) {
  int a = 4 * h;
  return shuffled(v, _mm256_setr_epi32(a, a, a + 1, a + 1, a + 2, a + 2, a + 3, a + 3));
}

INLINE VF floats16(const float *p) { return (VF){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
INLINE __m256 brains8(const uint8_t *p) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load16(p)), 16));
}
INLINE VF brains16(const uint8_t *p) { return (VF){brains8(p), brains8(p + 16)}; }
INLINE VF halves16(const uint8_t *p) {
  return (VF){_mm256_cvtph_ps(load16(p)), _mm256_cvtph_ps(load16(p + 16))};
}
#endif

// The eight lanes of one row, in one order.
INLINE float sum8(__m256 v) {
  __m128 a = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  a = _mm_add_ps(a, _mm_movehl_ps(a, a));
  return _mm_cvtss_f32(_mm_add_ss(a, _mm_shuffle_ps(a, a, 1)));
}

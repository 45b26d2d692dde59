// What the tokenizers ask of a scalar, in tables pinned to the Unicode versions of the reference
// (models.md 3.5). The tables are bytes of the binary: nothing is built at start. Knows no text.
#pragma once

#include <stdint.h>
#include <string.h>

#include "ScalarLayout.h"

// Made by Tests/Fixtures/tokenizers/make_scalars.py; little-endian.
extern const unsigned char ct_scalars[CT_SIZE];

/// Sets a scalar is in (Unicode 16 unless said otherwise).
enum : uint32_t {
  CT_LETTER = 1 << 0,
  CT_NUMBER = 1 << 1,
  CT_MARK = 1 << 2,
  CT_PUNCTUATION = 1 << 3,
  CT_SYMBOL = 1 << 4,
  /// Lu, Lt, Lm, Lo or M.
  CT_UPPER_LIKE = 1 << 5,
  /// Ll, Lm, Lo or M.
  CT_LOWER_LIKE = 1 << 6,
  /// White_Space.
  CT_SPACE = 1 << 7,
  /// `\w` of the reference's second regex engine.
  CT_WORD = 1 << 8,
  /// P of an old table, and ASCII symbols.
  CT_OLD_PUNCTUATION = 1 << 9,
  /// N of Unicode 17.
  CT_DIGIT = 1 << 10,
  /// What BertNormalizer cleans away, and what it makes a space.
  CT_BERT_REMOVED = 1 << 11,
  CT_BERT_SPACED = 1 << 12,
  /// Mn and M of an old table.
  CT_OLD_NONSPACING = 1 << 13,
  CT_OLD_MARK = 1 << 14,
  CT_HAS_LOWER = 1 << 15,
};

/// What normal forms and clusters ask.
enum : uint32_t {
  /// The scalar alone changes under NFD, NFKD, NFC, NFKC.
  CT_NFD_CHANGES = 1,
  CT_NFKD_CHANGES = 2,
  CT_NFC_CHANGES = 4,
  CT_NFKC_CHANGES = 8,
  /// It composes with a scalar before it.
  CT_COMPOSES = 16,
};

static inline uint32_t ct_u16(uint32_t at) {
  uint16_t value;
  memcpy(&value, ct_scalars + at, sizeof value);
  return value;
}

static inline uint32_t ct_u32(uint32_t at) {
  uint32_t value;
  memcpy(&value, ct_scalars + at, sizeof value);
  return value;
}

/// The place of a scalar's row number in a table of blocks of 128; values above the last scalar
/// count as the last.
static inline uint32_t ct_row(uint32_t scalar, uint32_t index, uint32_t blocks) {
  if (scalar > 0x10FFFF) scalar = 0x10FFFF;
  return ct_scalars[blocks + ct_u16(index + (scalar >> 7) * 2) * 128 + (scalar & 127)];
}

/// The sets of a scalar, as `CT_LETTER` and so on.
static inline uint32_t ct_sets(uint32_t scalar) {
  return ct_u32(CT_KINDS + ct_row(scalar, CT_KIND_INDEX, CT_KIND_BLOCKS) * 8);
}

/// The scalar that stands for this one while PCRE2 matches, or 0.
static inline uint32_t ct_stand_in(uint32_t scalar) {
  return ct_u32(CT_KINDS + ct_row(scalar, CT_KIND_INDEX, CT_KIND_BLOCKS) * 8 + 4);
}

/// Bits 0...7: `CT_NFD_CHANGES` and so on; 8...15: the combining class; 16...23: the class of
/// grapheme cluster breaks (UAX 29) in bits 16...19, then pictographic, and the classes of GB9c.
static inline uint32_t ct_form(uint32_t scalar) {
  return ct_u32(CT_FORMS + ct_row(scalar, CT_FORM_INDEX, CT_FORM_BLOCKS) * 4);
}

/// The UTF-8 a scalar is mapped to by one of the tables of mappings; length 0 when it is not in it.
typedef struct {
  const unsigned char *bytes;
  uint32_t length;
} ct_text;

static inline ct_text ct_mapped(uint32_t scalar, uint32_t table) {
  uint32_t count = ct_u32(table), low = 0, high = count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (ct_u32(table + 4 + middle * 4) < scalar) low = middle + 1;
    else high = middle;
  }
  if (low == count || ct_u32(table + 4 + low * 4) != scalar) return (ct_text){0, 0};
  uint32_t ends = table + 4 + count * 4, pool = ends + count * 2;
  uint32_t start = low == 0 ? 0 : ct_u16(ends + (low - 1) * 2);
  return (ct_text){ct_scalars + pool + start, ct_u16(ends + low * 2) - start};
}

/// Full canonical decomposition (not of Hangul syllables).
static inline ct_text ct_canonical(uint32_t scalar) { return ct_mapped(scalar, CT_CANONICAL); }
/// Full compatibility decomposition where it differs from the canonical one.
static inline ct_text ct_compatible(uint32_t scalar) { return ct_mapped(scalar, CT_COMPATIBLE); }
static inline ct_text ct_lower(uint32_t scalar) { return ct_mapped(scalar, CT_LOWER); }

/// The scalar that two compose to (not to a Hangul syllable), or 0.
static inline uint32_t ct_composed(uint32_t first, uint32_t second) {
  uint32_t low = 0, high = ct_u32(CT_PAIRS);
  uint64_t wanted = (uint64_t)first << 32 | second;
  while (low < high) {
    uint32_t middle = (low + high) / 2, at = CT_PAIRS + 4 + middle * 12;
    uint64_t key = (uint64_t)ct_u32(at) << 32 | ct_u32(at + 4);
    if (key == wanted) return ct_u32(at + 8);
    if (key < wanted) low = middle + 1;
    else high = middle;
  }
  return 0;
}

// Where grapheme clusters end (UAX 29), which the one normalizer of sentencepiece in tokenizer.json
// asks for. Knows no token.

import CScalars

/// The classes of cluster breaks, in the order of the tables.
private enum BreakClass {
  static let cr: UInt32 = 1
  static let lf: UInt32 = 2
  static let control: UInt32 = 3
  static let extend: UInt32 = 4
  static let joiner: UInt32 = 5
  static let regional: UInt32 = 6
  static let prepend: UInt32 = 7
  static let spacing: UInt32 = 8
  static let lead: UInt32 = 9
  static let vowel: UInt32 = 10
  static let tail: UInt32 = 11
  static let open: UInt32 = 12
  static let closed: UInt32 = 13
  static let pictographic: UInt32 = 16
  static let consonant: UInt32 = 32
  static let linker: UInt32 = 64
  static let conjunctExtend: UInt32 = 128
}

/// The end of the grapheme cluster that begins at `start`.
func graphemeEnd(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
  var (value, length) = decodeScalar(text, start)
  var end = start + length
  var before = ct_form(value) >> 16
  var afterPictograph = before & BreakClass.pictographic != 0
  var joinsPictograph = false
  /// 1 after a consonant, 2 when a linker has followed it.
  var conjunct = before & BreakClass.consonant != 0 ? 1 : 0
  var regionals = before & 15 == BreakClass.regional ? 1 : 0
  while end < text.count {
    (value, length) = decodeScalar(text, end)
    let next = ct_form(value) >> 16
    let (a, b) = (before & 15, next & 15)
    guard
      continues(a, b)
        || (joinsPictograph && next & BreakClass.pictographic != 0)
        || (conjunct == 2 && next & BreakClass.consonant != 0)
        || (a == BreakClass.regional && b == BreakClass.regional && regionals % 2 == 1)
    else { return end }
    joinsPictograph = afterPictograph && b == BreakClass.joiner
    afterPictograph =
      next & BreakClass.pictographic != 0 || (afterPictograph && b == BreakClass.extend)
    if next & BreakClass.consonant != 0 {
      conjunct = 1
    } else if next & BreakClass.linker != 0 {
      if conjunct > 0 { conjunct = 2 }
    } else if next & BreakClass.conjunctExtend == 0 {
      conjunct = 0
    }
    regionals = b == BreakClass.regional ? regionals + 1 : 0
    before = next
    end += length
  }
  return end
}

/// The rules that need two neighbours only (GB3 to GB9b).
private func continues(_ a: UInt32, _ b: UInt32) -> Bool {
  if a == BreakClass.cr { return b == BreakClass.lf }
  if a == BreakClass.lf || a == BreakClass.control { return false }
  switch b {
  case BreakClass.cr, BreakClass.lf, BreakClass.control: return false
  case BreakClass.extend, BreakClass.joiner, BreakClass.spacing: return true
  case BreakClass.lead, BreakClass.open, BreakClass.closed:
    return a == BreakClass.lead || a == BreakClass.prepend
  case BreakClass.vowel:
    return a == BreakClass.lead || a == BreakClass.vowel || a == BreakClass.open
      || a == BreakClass.prepend
  case BreakClass.tail:
    return a >= BreakClass.vowel && a <= BreakClass.closed || a == BreakClass.prepend
  default: return a == BreakClass.prepend
  }
}

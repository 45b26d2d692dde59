// The normal forms of Unicode (UAX 15) by the tables of the reference, which know Unicode 12: newer
// scalars stand as they are. Knows no file.

import CScalars

enum NormalForm: Sendable {
  case nfd, nfkd, nfc, nfkc

  var composes: Bool { self == .nfc || self == .nfkc }
  var isCompatible: Bool { self == .nfkd || self == .nfkc }

  /// The flag of scalars that alone change under this form.
  fileprivate var flag: UInt32 {
    switch self {
    case .nfd: CT_NFD_CHANGES
    case .nfkd: CT_NFKD_CHANGES
    case .nfc: CT_NFC_CHANGES
    case .nfkc: CT_NFKC_CHANGES
    }
  }
}

@inline(__always)
func combiningClass(_ value: UInt32) -> UInt32 {
  value < 0x300 ? 0 : ct_form(value) >> 8 & 0xFF
}

/// Hangul syllables are composed by arithmetic (The Unicode Standard, 3.12).
private enum Hangul {
  static let syllables: UInt32 = 0xAC00
  static let leads: UInt32 = 0x1100
  static let vowels: UInt32 = 0x1161
  static let tails: UInt32 = 0x11A7
  static let count: UInt32 = 11172

  static func composed(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if first >= leads, first < leads + 19, second >= vowels, second < vowels + 21 {
      return syllables + ((first - leads) * 21 + (second - vowels)) * 28
    }
    if first >= syllables, first < syllables + count, (first - syllables) % 28 == 0,
      second > tails, second < tails + 28
    {
      return first + (second - tails)
    }
    return nil
  }
}

extension TrackedText {
  mutating func normalize(_ form: NormalForm) {
    if !changes(under: form) { return }
    let decomposed = decompositions(compatible: form.isCompatible)
    transform(form.composes ? recomposed(decomposed) : decomposed)
  }

  /// Whether the form could change anything; nearly no text of most languages does.
  private func changes(under form: NormalForm) -> Bool {
    let flags =
      form.flag | 0xFF00 | (form.composes ? CT_COMPOSES : 0)
    return bytes.withUnsafeBufferPointer { buffer in
      var index = 0
      while index < buffer.count {
        if buffer[index] < 0x80 {
          index += 1
          continue
        }
        let (value, length) = decodeScalar(buffer, index)
        if ct_form(value) & flags != 0 { return true }
        index += length
      }
      return false
    }
  }

  /// The full decomposition in canonical order.
  private func decompositions(compatible: Bool) -> [ScalarChange] {
    var result: [ScalarChange] = []
    result.reserveCapacity(bytes.count)
    /// Where the marks begin that are not yet in order.
    var ready = 0
    func add(_ value: UInt32, _ change: Int) {
      if combiningClass(value) == 0 {
        NormalForm.order(&result, from: ready)
        ready = result.count + 1
      }
      result.append(ScalarChange(value: value, change: change))
    }
    bytes.withUnsafeBufferPointer { buffer in
      forEachScalar(in: buffer) { value, _ in
        if value < 0xA0 {
          add(value, 0)
          return
        }
        if value >= Hangul.syllables, value < Hangul.syllables + Hangul.count {
          let index = value - Hangul.syllables
          add(Hangul.leads + index / 588, 0)
          add(Hangul.vowels + index % 588 / 28, 1)
          if index % 28 != 0 { add(Hangul.tails + index % 28, 1) }
          return
        }
        let flags = ct_form(value)
        var text = ct_text()
        if compatible, flags & CT_NFKD_CHANGES != 0 {
          text = ct_compatible(value)
        }
        if text.length == 0, flags & CT_NFD_CHANGES != 0 {
          text = ct_canonical(value)
        }
        guard text.length > 0 else {
          add(value, 0)
          return
        }
        forEachScalar(in: UnsafeBufferPointer(start: text.bytes, count: Int(text.length))) {
          add($0, $1.lowerBound == 0 ? 0 : 1)
        }
      }
    }
    NormalForm.order(&result, from: ready)
    return result
  }

  /// Composes starters with what follows them, as long as nothing of the same class stands between.
  private func recomposed(_ given: [ScalarChange]) -> [ScalarChange] {
    var result: [ScalarChange] = []
    result.reserveCapacity(given.count)
    /// The place in `result` of the starter, and the class of the last scalar after it.
    var starter: Int?
    var lastClass: UInt32?
    for next in given {
      let itsClass = combiningClass(next.value)
      guard let place = starter else {
        if itsClass == 0 { starter = result.count }
        result.append(next)
        continue
      }
      let isBlocked = lastClass.map { $0 >= itsClass } ?? false
      if !isBlocked, let composed = composed(result[place].value, next.value) {
        result[place] = ScalarChange(
          value: composed, change: result[place].change + next.change - 1)
        continue
      }
      if itsClass == 0 {
        starter = result.count
        lastClass = nil
      } else {
        lastClass = itsClass
      }
      result.append(next)
    }
    return result
  }

  private func composed(_ first: UInt32, _ second: UInt32) -> UInt32? {
    guard second >= 0x300, ct_form(second) & CT_COMPOSES != 0 else { return nil }
    if let syllable = Hangul.composed(first, second) { return syllable }
    let value = ct_composed(first, second)
    return value == 0 ? nil : value
  }
}

extension NormalForm {
  /// Sorts the marks from a place on by their classes; equal ones keep their order.
  fileprivate static func order(_ changes: inout [ScalarChange], from start: Int) {
    guard changes.count - start > 1, start >= 0 else { return }
    let marks = changes[start...].enumerated().map {
      (combiningClass($0.element.value), $0.offset, $0.element)
    }
    let sorted = marks.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
    changes.replaceSubrange(start..., with: sorted.map(\.2))
  }
}

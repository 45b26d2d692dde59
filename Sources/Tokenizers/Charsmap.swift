// Sentencepiece's compiled map of characters: a double-array trie over UTF-8 whose values are
// places in a string of replacements, each ended by a zero byte. Every step is checked, so that no
// file can lead outside. Knows no text around it.

final class Charsmap: Sendable {
  /// Units of the trie: bits 0...7 the label (with bit 31, an inner label never matches), bit 8
  /// "has a leaf", bit 9 "the offset is shifted by eight", bits 10... the offset.
  private let units: [UInt32]
  private let replacements: [UInt8]
  /// ASCII bytes that are replaced or begin something that is.
  private let touches: [Bool]

  /// Nil when the bytes are no map: sizes that do not fit, replacements that are no UTF-8.
  init?(_ bytes: [UInt8]) {
    func word(_ at: Int) -> UInt32 {
      UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16
        | UInt32(bytes[at + 3]) << 24
    }
    guard bytes.count >= 4 else { return nil }
    let size = Int(word(0))
    guard size % 4 == 0, size >= 4, size <= bytes.count - 4 else { return nil }
    let units = (0..<size / 4).map { word(4 + $0 * 4) }
    replacements = Array(bytes[(4 + size)...])
    guard String(validating: replacements, as: UTF8.self) != nil else { return nil }
    let root = Charsmap.offset(units[0])
    touches = (UInt8(0)..<128).map { byte in
      byte != 0 && Charsmap.child(of: root, byte, in: units) != nil
    }
    self.units = units
  }

  private static func offset(_ unit: UInt32) -> Int {
    Int(unit >> 10) << Int((unit & 0x200) >> 6)
  }

  /// The unit that one byte leads to.
  @inline(__always)
  private static func child(
    of node: Int, _ byte: UInt8, in units: [UInt32]
  ) -> (unit: UInt32, node: Int)? {
    let place = node ^ Int(byte)
    guard place >= 0, place < units.count else { return nil }
    let unit = units[place]
    guard unit & 0x8000_00FF == UInt32(byte) else { return nil }
    return (unit, place ^ Charsmap.offset(unit))
  }

  @inline(__always)
  func mayTouch(_ ascii: UInt8) -> Bool { touches[Int(ascii & 0x7F)] }

  /// The replacement of the shortest, or the longest, prefix that has one, and its length.
  func replacement(
    _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, longest: Bool
  ) -> (text: ArraySlice<UInt8>, length: Int)? {
    var node = Charsmap.offset(units[0])
    var found: (Int, Int)?
    for index in range {
      let byte = text[index]
      guard byte != 0, let next = Charsmap.child(of: node, byte, in: units) else { break }
      node = next.node
      guard next.unit & 0x100 != 0, node >= 0, node < units.count else { continue }
      found = (Int(units[node] & 0x7FFF_FFFF), index + 1 - range.lowerBound)
      if !longest { break }
    }
    guard let (start, length) = found, start <= replacements.count else { return nil }
    let end = replacements[start...].firstIndex(of: 0) ?? replacements.count
    return (replacements[start..<end], length)
  }
}

extension TrackedText {
  /// As the reference: a grapheme cluster of fewer than six bytes is replaced as a whole by what
  /// its shortest known prefix stands for; others scalar by scalar.
  mutating func apply(_ map: Charsmap) {
    var changes: [ScalarChange] = []
    changes.reserveCapacity(count)
    var isChanged = false
    bytes.withUnsafeBufferPointer { buffer in
      var index = 0
      while index < buffer.count {
        let byte = buffer[index]
        if byte < 0x80, byte != 13, !map.mayTouch(byte),
          index + 1 == buffer.count || buffer[index + 1] < 0x80
        {
          changes.append(ScalarChange(value: UInt32(byte), change: 0))
          index += 1
          continue
        }
        let end = graphemeEnd(buffer, index)
        if end - index < 6, add(map, buffer, index..<end, &changes) {
          isChanged = true
          index = end
          continue
        }
        while index < end {
          let (value, length) = decodeScalar(buffer, index)
          if add(map, buffer, index..<index + length, &changes) {
            isChanged = true
          } else {
            changes.append(ScalarChange(value: value, change: 0))
          }
          index += length
        }
      }
    }
    if isChanged { transform(changes) }
  }

  private func add(
    _ map: Charsmap, _ buffer: UnsafeBufferPointer<UInt8>, _ range: Range<Int>,
    _ changes: inout [ScalarChange]
  ) -> Bool {
    guard let found = map.replacement(buffer, range, longest: false) else { return false }
    var oldCount = 0
    for index in range where buffer[index] & 0xC0 != 0x80 { oldCount += 1 }
    let newCount = found.text.count { $0 & 0xC0 != 0x80 }
    // New scalars take the places of old ones as far as these go; what is left of the old goes with
    // the last new one, or with the one before.
    found.text.withUnsafeBufferPointer { new in
      var index = 0
      forEachScalar(in: new) { value, _ in
        changes.append(ScalarChange(value: value, change: index < oldCount ? 0 : 1))
        index += 1
      }
    }
    if newCount < oldCount, !changes.isEmpty {
      changes[changes.count - 1].change -= oldCount - newCount
    }
    return true
  }
}

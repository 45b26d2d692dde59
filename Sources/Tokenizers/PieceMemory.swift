// The tokens of short pieces seen before: most words of a text come again, and are looked up whole.
// Bounded: a piece gives way to another of the same slot. Knows no model.

/// One line of memory a piece. `@unchecked Sendable`: it belongs to one `MergeScratch`, which one
/// encoding owns at a time.
final class PieceMemory: @unchecked Sendable {
  private static let slots = 8192
  private static let longest = 24
  private static let mostTokens = 6

  /// Of each line of 64 bytes: 0...23 the piece, filled up with zeros; 24 its length, 0 for none; 25
  /// the number of tokens; 28... their ids; 52... the bytes each covers.
  private let lines: UnsafeMutableRawPointer

  init() {
    lines = .allocate(byteCount: PieceMemory.slots * 64, alignment: 64)
    lines.initializeMemory(as: UInt8.self, repeating: 0, count: PieceMemory.slots * 64)
  }

  deinit { lines.deallocate() }

  private struct Key {
    let a: UInt64
    let b: UInt64
    let c: UInt64

    /// `piece` has 1 to 24 bytes.
    @inline(__always)
    init(_ piece: UnsafeBufferPointer<UInt8>) {
      let raw = UnsafeRawBufferPointer(piece)
      let count = raw.count
      if count <= 8 {
        a = Key.part(raw, 0, count)
        (b, c) = (0, 0)
      } else if count <= 16 {
        a = raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        b = Key.part(raw, 8, count - 8)
        c = 0
      } else {
        a = raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        b = raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        c = Key.part(raw, 16, count - 16)
      }
    }

    /// Up to eight bytes as a word.
    @inline(__always)
    private static func part(_ raw: UnsafeRawBufferPointer, _ at: Int, _ count: Int) -> UInt64 {
      if count == 8 { return raw.loadUnaligned(fromByteOffset: at, as: UInt64.self) }
      if count >= 4 {
        let low = UInt64(raw.loadUnaligned(fromByteOffset: at, as: UInt32.self))
        let high = UInt64(raw.loadUnaligned(fromByteOffset: at + count - 4, as: UInt32.self))
        return low | high << UInt64((count - 4) * 8)
      }
      var word: UInt64 = 0
      for index in 0..<count { word |= UInt64(raw[at + index]) << UInt64(index * 8) }
      return word
    }

    @inline(__always)
    var slot: Int {
      let first = (a ^ hashSeed).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
      let rest = (b ^ c &* 0xE703_7ED1_A0B4_28DB ^ first.low)
        .multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
      return Int(truncatingIfNeeded: first.high ^ rest.high ^ rest.low) & (PieceMemory.slots - 1)
    }
  }

  /// The line of a piece that is remembered.
  @inline(__always)
  private func line(_ piece: UnsafeBufferPointer<UInt8>) -> UnsafeMutableRawPointer? {
    guard piece.count <= PieceMemory.longest, piece.count > 0 else { return nil }
    let key = Key(piece)
    let line = lines + key.slot * 64
    guard line.load(fromByteOffset: 24, as: UInt8.self) == UInt8(truncatingIfNeeded: piece.count),
      line.load(fromByteOffset: 0, as: UInt64.self) == key.a,
      line.load(fromByteOffset: 8, as: UInt64.self) == key.b,
      line.load(fromByteOffset: 16, as: UInt64.self) == key.c
    else { return nil }
    return line
  }

  @inline(__always)
  func recall(_ piece: UnsafeBufferPointer<UInt8>, into ids: inout [Int]) -> Bool {
    guard let line = line(piece) else { return false }
    for index in 0..<Int(line.load(fromByteOffset: 25, as: UInt8.self)) {
      ids.append(Int(line.load(fromByteOffset: 28 + index * 4, as: Int32.self)))
    }
    return true
  }

  func recall(
    _ piece: UnsafeBufferPointer<UInt8>, _ ids: inout [Int32], _ lengths: inout [Int32]
  ) -> Bool {
    guard let line = line(piece) else { return false }
    for index in 0..<Int(line.load(fromByteOffset: 25, as: UInt8.self)) {
      ids.append(line.load(fromByteOffset: 28 + index * 4, as: Int32.self))
      lengths.append(Int32(line.load(fromByteOffset: 52 + index, as: UInt8.self)))
    }
    return true
  }

  func remember(_ piece: UnsafeBufferPointer<UInt8>, _ ids: [Int32], _ lengths: [Int32]) {
    guard piece.count > 0, piece.count <= PieceMemory.longest, ids.count == lengths.count,
      ids.count <= PieceMemory.mostTokens, lengths.allSatisfy({ $0 >= 0 && $0 < 256 })
    else { return }
    let key = Key(piece)
    let line = lines + key.slot * 64
    line.storeBytes(of: key.a, toByteOffset: 0, as: UInt64.self)
    line.storeBytes(of: key.b, toByteOffset: 8, as: UInt64.self)
    line.storeBytes(of: key.c, toByteOffset: 16, as: UInt64.self)
    line.storeBytes(of: UInt8(piece.count), toByteOffset: 24, as: UInt8.self)
    line.storeBytes(of: UInt8(ids.count), toByteOffset: 25, as: UInt8.self)
    for index in ids.indices {
      line.storeBytes(of: ids[index], toByteOffset: 28 + index * 4, as: Int32.self)
      line.storeBytes(
        of: UInt8(truncatingIfNeeded: lengths[index]), toByteOffset: 52 + index, as: UInt8.self)
    }
  }
}

// Byte-pair encoding of one piece of text: single scalars first, then the best pair of neighbours
// merged again and again (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909). Knows neither
// how text is cut into pieces nor special tokens.

import Diagnostics

struct BytePairModel: Sendable {
  /// Which pair is the best.
  enum Order: Sendable {
    /// That of the merge list.
    case merges(MergeTable)
    /// The pair whose joined token has the best score; entry `id` is its rank, best first.
    case scores([UInt32])
  }

  struct Settings: Sendable {
    var unknownID: Int32?
    var fusesUnknown = false
    var byteFallback = false
    var ignoresMerges = false
    var continuingPrefix: [UInt8] = []
    var endSuffix: [UInt8] = []
    /// By id, where sentencepiece's rules hold: 1 normal, 4 user-defined, 5 unused …
    var kinds: [UInt8] = []
  }

  let table: TokenTable
  let order: Order
  let settings: Settings
  /// The ids of `<0x00>` to `<0xFF>`; -1 where there is none.
  let byteIDs: [Int32]
  /// The ids of the scalars below U+0800; -1 where there is none.
  private let shortIDs: [Int32]
  /// The ids of the bytes' stand-ins; empty when the vocabulary is not of the byte level.
  private let standInIDs: [Int32]
  /// The user-defined pieces, found before anything is merged.
  private let wholePieces: ByteTrie

  init(table: TokenTable, order: Order, settings: Settings) {
    self.table = table
    self.order = order
    self.settings = settings
    byteIDs = (0..<256).map { table.id(of: byteTokenText(UInt8($0))) ?? -1 }
    shortIDs = (0..<0x800).map { table.id(of: utf8($0)) ?? -1 }
    let isPlain = settings.continuingPrefix.isEmpty && settings.endSuffix.isEmpty
    let standIns = ByteLevelAlphabet.scalarOfByte.map { table.id(of: utf8($0)) ?? -1 }
    var isByteLevel = false
    if case .merges = order, isPlain, !standIns.contains(-1) { isByteLevel = true }
    standInIDs = isByteLevel ? standIns : []
    var pieces = ByteTrie()
    for (id, kind) in settings.kinds.enumerated() where kind == 4 {
      if let text = table.text(of: id) { pieces.insert(text, Int32(id)) }
    }
    wholePieces = pieces
  }

  /// Every byte has a stand-in, so that any bytes can be encoded as they are.
  var isByteLevel: Bool { !standInIDs.isEmpty }

  /// The tokens of bytes before they are mapped to their stand-ins, for a model of the byte level.
  func encodeBytes(
    _ piece: UnsafeBufferPointer<UInt8>, scratch: inout MergeScratch, interrupt: Interrupt?
  ) throws {
    guard case .merges(let merges) = order, isByteLevel, !piece.isEmpty else { return }
    if scratch.recall(piece) { return }
    if settings.ignoresMerges, piece.count <= table.longest,
      let id = scratch.standIns(of: piece, { table.id(of: $0) })
    {
      scratch.emit(id, piece.count)
    } else {
      scratch.begin()
      for byte in piece { scratch.add(standInIDs[Int(byte)], 1) }
      try scratch.merge(interrupt: interrupt) { left, right in
        merges.value(left: left.id, right: right.id)
      }
      scratch.emitSymbols()
    }
    scratch.remember(piece)
  }

  /// Gives the tokens of a piece as the output of `scratch`: ids and the bytes each covers.
  /// O(n log n). Polls `interrupt`.
  func encode(
    _ piece: UnsafeBufferPointer<UInt8>, scratch: inout MergeScratch, interrupt: Interrupt?
  ) throws {
    if piece.isEmpty { return }
    if settings.ignoresMerges, let id = table.id(of: piece) {
      scratch.emit(id, piece.count)
      return
    }
    if scratch.recall(piece) { return }
    scratch.begin()
    switch order {
    case .merges(let merges):
      addSymbols(piece, &scratch)
      try scratch.merge(interrupt: interrupt) { left, right in
        merges.value(left: left.id, right: right.id)
      }
      scratch.emitSymbols()
    case .scores(let ranks) where !settings.kinds.isEmpty:
      try encodePieces(piece, ranks, &scratch, interrupt)
    case .scores(let ranks):
      addScalars(piece, &scratch)
      try scratch.merge(interrupt: interrupt) { left, right in
        let start = Int(left.start)
        let length = Int(left.length) + Int(right.length)
        guard length <= table.longest,
          let id = table.id(of: UnsafeBufferPointer(rebasing: piece[start..<start + length]))
        else { return .max }
        return UInt64(ranks[Int(id)]) << 32 | UInt64(UInt32(bitPattern: id))
      }
      emitScored(piece, &scratch)
    }
    scratch.remember(piece)
  }

  @inline(__always)
  private func scalarID(_ piece: UnsafeBufferPointer<UInt8>, _ value: UInt32, _ range: Range<Int>)
    -> Int32
  {
    if value < 0x800 { return shortIDs[Int(value)] }
    return table.id(of: UnsafeBufferPointer(rebasing: piece[range])) ?? -1
  }

  /// The first symbols of a merge list: scalars, else bytes, else the unknown token.
  private func addSymbols(_ piece: UnsafeBufferPointer<UInt8>, _ scratch: inout MergeScratch) {
    let decorated = !settings.continuingPrefix.isEmpty || !settings.endSuffix.isEmpty
    var unknownLength = 0
    var index = 0
    while index < piece.count {
      let (value, length) = decodeScalar(piece, index)
      let range = index..<index + length
      let id = decorated ? decoratedID(piece, range) : scalarID(piece, value, range)
      index += length
      if id >= 0 {
        if unknownLength > 0, let unknown = settings.unknownID {
          scratch.add(unknown, unknownLength)
          unknownLength = 0
        }
        scratch.add(id, length)
      } else if settings.byteFallback, range.allSatisfy({ byteIDs[Int(piece[$0])] >= 0 }) {
        for place in range { scratch.add(byteIDs[Int(piece[place])], 1) }
      } else if let unknown = settings.unknownID {
        if unknownLength > 0, !settings.fusesUnknown {
          scratch.add(unknown, unknownLength)
          unknownLength = 0
        }
        unknownLength += length
      }
    }
    if unknownLength > 0, let unknown = settings.unknownID { scratch.add(unknown, unknownLength) }
  }

  private func decoratedID(_ piece: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int32 {
    var text = range.lowerBound > 0 ? settings.continuingPrefix : []
    text.append(contentsOf: piece[range])
    if range.upperBound == piece.count { text.append(contentsOf: settings.endSuffix) }
    return table.id(of: text) ?? -1
  }

  private func addScalars(_ piece: UnsafeBufferPointer<UInt8>, _ scratch: inout MergeScratch) {
    forEachScalar(in: piece) { value, range in
      scratch.add(scalarID(piece, value, range), range.count)
    }
  }

  // MARK: - Sentencepiece

  /// As sentencepiece: user-defined pieces stand as they are; unused ones help to merge and then
  /// fall apart into what they were merged from; unknown scalars that touch are one.
  private func encodePieces(
    _ piece: UnsafeBufferPointer<UInt8>, _ ranks: [UInt32], _ scratch: inout MergeScratch,
    _ interrupt: Interrupt?
  ) throws {
    let kinds = settings.kinds
    var index = 0
    while index < piece.count {
      if let (id, length) = wholePiece(piece, index) {
        scratch.add(id, length)
        index += length
        continue
      }
      let (value, length) = decodeScalar(piece, index)
      let id = scalarID(piece, value, index..<index + length)
      scratch.add(id >= 0 && isMergeable(id) ? id : -1, length)
      index += length
    }
    var halves: [Int32: Int32] = [:]
    try scratch.merge(interrupt: interrupt) { left, right in
      if left.id >= 0, kinds[Int(left.id)] == 4 { return .max }
      if right.id >= 0, kinds[Int(right.id)] == 4 { return .max }
      let start = Int(left.start)
      let length = Int(left.length) + Int(right.length)
      guard length <= table.longest,
        let id = table.id(of: UnsafeBufferPointer(rebasing: piece[start..<start + length])),
        isMergeable(id)
      else { return .max }
      if kinds[Int(id)] == 5 { halves[id] = left.length }
      return UInt64(ranks[Int(id)]) << 32 | UInt64(UInt32(bitPattern: id))
    }
    var unknown = 0
    for symbol in scratch.symbols {
      var open = [symbol]
      while let next = open.popLast() {
        let (start, length) = (Int(next.start), Int(next.length))
        if next.id >= 0, kinds[Int(next.id)] == 5, let half = halves[next.id], half < next.length {
          for part in [(start + Int(half))..<start + length, start..<start + Int(half)] {
            let id = table.id(of: UnsafeBufferPointer(rebasing: piece[part])) ?? -1
            open.append(
              MergeScratch.Symbol(
                id: id >= 0 && isMergeable(id) ? id : -1, start: Int32(part.lowerBound),
                length: Int32(part.count)))
          }
          continue
        }
        let bytes = start..<start + length
        if next.id < 0,
          !(settings.byteFallback && bytes.allSatisfy { byteIDs[Int(piece[$0])] >= 0 })
        {
          unknown += length
          continue
        }
        flush(&unknown, &scratch)
        if next.id >= 0 {
          scratch.emit(next.id, length)
        } else {
          for place in bytes { scratch.emit(byteIDs[Int(piece[place])], 1) }
        }
      }
    }
    flush(&unknown, &scratch)
  }

  private func flush(_ unknown: inout Int, _ scratch: inout MergeScratch) {
    if unknown > 0, let id = settings.unknownID { scratch.emit(id, unknown) }
    unknown = 0
  }

  private func isMergeable(_ id: Int32) -> Bool {
    let kind = settings.kinds[Int(id)]
    return kind == 1 || kind == 4 || kind == 5
  }

  private func wholePiece(
    _ piece: UnsafeBufferPointer<UInt8>, _ start: Int
  ) -> (Int32, Int)? {
    if wholePieces.isEmpty { return nil }
    var node: Int32 = 0
    var found: (Int32, Int)?
    var end = start
    while end < piece.count, let next = wholePieces.child(of: node, piece[end]) {
      node = next
      end += 1
      let id = wholePieces.value(of: node)
      if id >= 0 { found = (id, end - start) }
    }
    return found
  }

  /// What no token covers becomes bytes, or the unknown token where there is no byte token.
  private func emitScored(_ piece: UnsafeBufferPointer<UInt8>, _ scratch: inout MergeScratch) {
    for symbol in scratch.symbols {
      let (start, length) = (Int(symbol.start), Int(symbol.length))
      if symbol.id >= 0 {
        scratch.emit(symbol.id, length)
        continue
      }
      for place in start..<start + length {
        let byte = byteIDs[Int(piece[place])]
        if let id = byte >= 0 ? byte : settings.unknownID { scratch.emit(id, 1) }
      }
    }
  }
}

/// `<0x0A>`.
func byteTokenText(_ byte: UInt8) -> [UInt8] {
  let digits = Array("0123456789ABCDEF".utf8)
  return Array("<0x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)], UInt8(ascii: ">")]
}

/// The byte that `<0x0A>` stands for; nil for any other token.
func byteOfToken(_ token: [UInt8]) -> UInt8? {
  guard token.count == 6, token[0] == UInt8(ascii: "<"), token[1] == UInt8(ascii: "0"),
    token[2] == UInt8(ascii: "x"), token[5] == UInt8(ascii: ">"),
    let high = hexDigit(token[3]), let low = hexDigit(token[4])
  else { return nil }
  return high << 4 | low
}

func hexDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  default: nil
  }
}

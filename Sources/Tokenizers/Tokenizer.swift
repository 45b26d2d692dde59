// Text ↔ token ids: the parts put together, in the order of the reference. Knows neither files nor
// models; it is made from bytes of JSON or from a plain table.

package import Diagnostics
import JSON

/// A tokenizer. Immutable; may be used by several threads.
package final class Tokenizer: Sendable {
  /// Start and end tokens around a text.
  struct Template: Sendable, Equatable {
    var prefix: [Int] = []
    var suffix: [Int] = []
  }

  /// What a tokenizer is made of.
  struct Parts: Sendable {
    var model: TokenModel
    var added: [AddedToken] = []
    var normalizer: Normalizer?
    var preTokenizer: PreTokenizer?
    var templates: [Template] = []
    /// For each step that takes blanks off the offsets: whether a blank was put in front.
    var trims: [Bool] = []
    var decoder: DecodeChain
    var roles = Roles()
    var notes: [String] = []
  }

  /// Tokens that play a part.
  struct Roles: Sendable, Equatable {
    var bos: Int?
    var eos: Int?
    var pad: Int?
    var unknown: Int?
  }

  /// What it was made from, for writing.
  enum Source: Sendable {
    case json([UInt8], config: JSON?)
    case table(VocabularyTable)
    case sentencePiece(SentencePieceFile, JSON?)
  }

  /// A token of an encoded text.
  package struct Piece: Sendable, Equatable {
    package let id: Int
    /// The bytes it stands for.
    package let bytes: [UInt8]
    /// Bytes of the given text that it covers; equal for a token that is not in it.
    package let start: Int
    package let end: Int
    package let isSpecial: Bool
  }

  let parts: Parts
  let source: Source
  private let rawFinder: AddedTokenFinder
  private let normalizedFinder: AddedTokenFinder
  private let addedByID: [Int: AddedToken]
  /// By id: 0 a token of the model, 1 an added one, 2 a special one.
  private let addedKinds: [UInt8]
  private let idBound: Int
  private let plan: EncodingPlan
  private let pool = ScratchPool()

  init(_ parts: Parts, source: Source) throws {
    self.parts = parts
    self.source = source
    let raw = parts.added.filter { !$0.isNormalized || parts.normalizer == nil }
    let normalized = parts.normalizer == nil ? [] : parts.added.filter(\.isNormalized)
    rawFinder = AddedTokenFinder(raw, texts: raw.map(\.content))
    normalizedFinder = AddedTokenFinder(
      normalized,
      texts: try normalized.map { token in
        var text = TrackedText(token.content[...], tracks: false)
        try parts.normalizer?.apply(&text)
        return text.bytes
      })
    addedByID = Dictionary(parts.added.map { ($0.id, $0) }) { first, _ in first }
    plan = EncodingPlan(parts)
    idBound = max(parts.model.table.idBound, (parts.added.map(\.id).max() ?? -1) + 1)
    var kinds = [UInt8](repeating: 0, count: idBound)
    for token in parts.added where kinds.indices.contains(token.id) && kinds[token.id] == 0 {
      kinds[token.id] = token.isSpecial ? 2 : 1
    }
    addedKinds = kinds
  }

  var decodeChain: DecodeChain { parts.decoder }

  // MARK: - Facts

  /// One more than the largest id; a model's embedding may have more rows.
  package var vocabularySize: Int { idBound }
  /// The number of tokens, without gaps.
  package var tokenCount: Int {
    parts.model.table.count
      + parts.added.count { parts.model.table.text(of: $0.id) == nil }
  }
  package var bosID: Int? { parts.roles.bos }
  package var eosID: Int? { parts.roles.eos }
  package var padID: Int? { parts.roles.pad }
  package var unknownID: Int? { parts.roles.unknown }
  /// What a person should hear of the file: settings that are not applied.
  package var notes: [String] { parts.notes }
  /// The special tokens by id.
  package var specialTokens: [(id: Int, text: String)] {
    parts.added.filter(\.isSpecial).sorted { $0.id < $1.id }.map {
      ($0.id, String(decoding: $0.content, as: UTF8.self))
    }
  }
  /// What `encode` puts before and after a text.
  package var startIDs: [Int] { parts.templates.reversed().flatMap(\.prefix) }
  package var endIDs: [Int] { parts.templates.flatMap(\.suffix) }

  package func isSpecial(_ id: Int) -> Bool {
    addedKinds.indices.contains(id) && addedKinds[id] == 2
  }

  /// The id of a token by its spelling in the vocabulary (`Ġthe`, `▁the`, `<s>`).
  package func id(of token: [UInt8]) -> Int? {
    if let added = parts.added.first(where: { $0.content == token }) { return added.id }
    return parts.model.table.id(of: token).map(Int.init)
  }

  /// The token's spelling in the vocabulary; nil for an id that has none.
  package func spelled(_ id: Int) -> ArraySlice<UInt8>? {
    guard addedKinds.indices.contains(id) else { return nil }
    if addedKinds[id] != 0, let added = addedByID[id] { return added.content[...] }
    return parts.model.table.text(of: id)
  }

  /// The bytes the token adds to a text, in its middle; empty for an id that has none.
  package func tokenBytes(_ id: Int) -> [UInt8] {
    guard let token = spelled(id) else { return [] }
    var state = DecodeState(parts.decoder, midStream: true)
    let bytes = try? state.append(token)
    let rest = try? state.finish()
    return (bytes ?? []) + (rest ?? [])
  }

  /// What every id adds to a text, as its first token and after others; empty for special tokens and
  /// ids that have none. Nil when what a token adds depends on more than that. O(vocabulary).
  package func tokenContributions() -> (first: [[UInt8]], later: [[UInt8]])? {
    var first: [[UInt8]] = []
    var later: [[UInt8]] = []
    for id in 0..<idBound {
      guard !isSpecial(id), let token = spelled(id) else {
        first.append([])
        later.append([])
        continue
      }
      var front = DecodeState(parts.decoder)
      var middle = DecodeState(parts.decoder, midStream: true)
      guard let start = try? front.append(token), let rest = try? middle.append(token) else {
        return nil
      }
      // A token that leaves something open changes what the next one adds; one that adds nothing
      // at the front is never used there.
      guard middle.isSettled, start.isEmpty || front.isSettled else { return nil }
      first.append(start)
      later.append(rest)
    }
    return (first, later)
  }

  /// `tokenBytes` as text, bad UTF-8 as U+FFFD.
  package func tokenText(_ id: Int) -> String { String(decoding: tokenBytes(id), as: UTF8.self) }

  // MARK: - Encoding

  /// The ids of a text. `addSpecial`: with start and end tokens; `parseSpecial`: the text of a
  /// special token stands for that token. In `literal`, ascending ranges of UTF-8 that do not touch,
  /// the text of a special token stays text: what a person wrote in a message cannot speak as the
  /// template; all else is encoded as if there were no such ranges. O(n log n). Throws `limit` when
  /// a split pattern is too costly, and `interrupted`.
  package func encode(
    _ text: String, addSpecial: Bool = true, parseSpecial: Bool = true,
    literal: [Range<Int>] = [], interrupt: Interrupt? = nil
  ) throws -> [Int] {
    let run = try run(
      Array(text.utf8), addSpecial: addSpecial, parseSpecial: parseSpecial,
      tracks: !literal.isEmpty, literal: literal, interrupt: interrupt)
    return run.ids
  }

  /// The ids of bytes; each bad sequence of UTF-8 counts as U+FFFD.
  package func encode(
    _ bytes: [UInt8], addSpecial: Bool = true, parseSpecial: Bool = true,
    interrupt: Interrupt? = nil
  ) throws -> [Int] {
    let run = try run(
      bytes, addSpecial: addSpecial, parseSpecial: parseSpecial, tracks: false,
      interrupt: interrupt)
    return run.ids
  }

  /// The tokens of a text with the bytes they cover.
  package func encodePieces(
    _ text: String, addSpecial: Bool = true, parseSpecial: Bool = true, interrupt: Interrupt? = nil
  ) throws -> [Piece] {
    let run = try run(
      Array(text.utf8), addSpecial: addSpecial, parseSpecial: parseSpecial, tracks: true,
      interrupt: interrupt)
    return zip(run.ids, run.origins).map { id, origin in
      Piece(
        id: id, bytes: tokenBytes(id), start: Int(origin.start), end: Int(origin.end),
        isSpecial: isSpecial(id))
    }
  }

  private struct Run {
    var ids: [Int] = []
    var origins: [Origin] = []
    let skipsSpecial: Bool
    let tracks: Bool
    let literal: [Range<Int>]
    let interrupt: Interrupt?
    var scratch: MergeScratch
  }

  private func run(
    _ given: [UInt8], addSpecial: Bool, parseSpecial: Bool, tracks: Bool,
    literal: [Range<Int>] = [], interrupt: Interrupt?
  ) throws -> Run {
    guard given.count <= 1 << 30 else { throw TokenizerError.tooLong(bytes: given.count) }
    let bytes = repaired(given).bytes
    var run = Run(
      skipsSpecial: !parseSpecial, tracks: tracks, literal: literal, interrupt: interrupt,
      scratch: pool.take())
    defer { pool.give(run.scratch) }
    run.ids.reserveCapacity(bytes.count / 4 + 8)
    if addSpecial { for id in startIDs { add(id, at: 0, &run) } }
    let first = run.ids.count
    let found = try bytes.withUnsafeBufferPointer {
      try rawFinder.matches(
        in: $0, skippingSpecial: run.skipsSpecial, interrupt: interrupt,
        isText: literal.isEmpty ? nil : { overlaps(literal, $0) })
    }
    var end = 0
    for match in found {
      try encodeSection(bytes[end..<max(end, match.range.lowerBound)], &run)
      run.ids.append(match.token.id)
      if tracks {
        run.origins.append(
          Origin(start: UInt32(match.range.lowerBound), end: UInt32(match.range.upperBound)))
      }
      end = match.range.upperBound
    }
    try encodeSection(bytes[end...], &run)
    for hasPrefix in parts.trims where tracks {
      trim(&run, from: first, in: bytes, hasPrefix: hasPrefix)
    }
    if addSpecial { for id in endIDs { add(id, at: bytes.count, &run) } }
    return run
  }

  private func add(_ id: Int, at place: Int, _ run: inout Run) {
    run.ids.append(id)
    if run.tracks { run.origins.append(Origin(start: UInt32(place), end: UInt32(place))) }
  }

  /// Text between added tokens: normalized, searched for the other added tokens, cut, encoded.
  private func encodeSection(_ part: ArraySlice<UInt8>, _ run: inout Run) throws {
    if part.isEmpty { return }
    try run.interrupt?.check()
    var text = TrackedText(part, tracks: run.tracks)
    try parts.normalizer?.apply(&text)
    let startsText = part.startIndex == 0
    if normalizedFinder.isEmpty {
      try encodeNormalized(text, startsText: startsText, &run)
      return
    }
    let (literal, tracked) = (run.literal, text)
    func isLiteral(_ range: Range<Int>) -> Bool {
      let origin = tracked.origin(of: range)
      return overlaps(literal, Int(origin.start)..<max(Int(origin.start), Int(origin.end)))
    }
    let found = try text.bytes.withUnsafeBufferPointer {
      try normalizedFinder.matches(
        in: $0, skippingSpecial: run.skipsSpecial, interrupt: run.interrupt,
        isText: literal.isEmpty ? nil : isLiteral)
    }
    var end = 0
    for match in found {
      try encodeNormalized(
        TrackedText(end..<max(end, match.range.lowerBound), of: text),
        startsText: startsText && end == 0,
        &run)
      run.ids.append(match.token.id)
      if run.tracks { run.origins.append(text.origin(of: match.range)) }
      end = match.range.upperBound
    }
    try encodeNormalized(
      TrackedText(end..<text.count, of: text), startsText: startsText && end == 0, &run)
  }

  private func encodeNormalized(
    _ text: TrackedText, startsText: Bool, _ run: inout Run
  ) throws {
    if text.bytes.isEmpty { return }
    switch plan {
    case .words(let split, let model) where !run.tracks:
      try encodeWords(text, split, model, &run)
    case .words(let split, let model):
      try encodeCut(text, startsText: startsText, bytesOf: model, &run) { cut in
        try cut.split(.isolated, inverted: false) { text, _ in split.pieces(of: text) }
      }
    case .bytes(let steps, let model):
      try encodeCut(text, startsText: startsText, bytesOf: model, &run) { cut in
        for step in steps { try step.apply(&cut) }
      }
    case .steps:
      try encodeCut(text, startsText: startsText, bytesOf: nil, &run) { cut in
        try parts.preTokenizer?.apply(&cut)
      }
    }
  }

  /// The most common pipelines, without offsets: a word at a time from the text as it stands.
  private func encodeWords(
    _ text: TrackedText, _ split: WordSplit, _ model: BytePairModel, _ run: inout Run
  ) throws {
    try text.bytes.withUnsafeBufferPointer { buffer in
      var (start, count) = (0, 0)
      while start < buffer.count {
        let end = split.end(buffer, start)
        let piece = UnsafeBufferPointer(rebasing: buffer[start..<end])
        if !run.scratch.recall(piece, into: &run.ids) {
          run.scratch.clearOutput()
          try model.encodeBytes(piece, scratch: &run.scratch, interrupt: run.interrupt)
          for id in run.scratch.outputIDs { run.ids.append(Int(id)) }
        }
        start = end
        count += 1
        if count & 0xFFF == 0 { try run.interrupt?.check() }
      }
    }
  }

  /// Cuts the text and encodes the pieces; by their bytes where `bytesOf` is given.
  private func encodeCut(
    _ text: TrackedText, startsText: Bool, bytesOf model: BytePairModel?, _ run: inout Run,
    _ split: (inout CutText) throws -> Void
  ) throws {
    var cut = CutText(text, startsText: startsText)
    try split(&cut)
    if model != nil { cut.text.refineToBytes() }
    try cut.text.bytes.withUnsafeBufferPointer { buffer in
      for (index, range) in cut.cuts.enumerated() {
        if index & 0xFFF == 0xFFF { try run.interrupt?.check() }
        let piece = UnsafeBufferPointer(rebasing: buffer[range])
        if !run.tracks, run.scratch.recall(piece, into: &run.ids) { continue }
        run.scratch.clearOutput()
        if let model {
          try model.encodeBytes(piece, scratch: &run.scratch, interrupt: run.interrupt)
        } else {
          try parts.model.encode(piece, scratch: &run.scratch, interrupt: run.interrupt)
        }
        for id in run.scratch.outputIDs { run.ids.append(Int(id)) }
        if run.tracks {
          var start = range.lowerBound
          for length in run.scratch.outputLengths {
            let end = min(start + Int(length), range.upperBound)
            run.origins.append(cut.text.origin(of: start..<end))
            start = end
          }
        }
      }
    }
  }

  /// Takes the blanks that a token begins or ends with off the place it covers. A blank that was put
  /// in front of the text is no part of it and stays.
  private func trim(
    _ run: inout Run, from first: Int, in text: [UInt8], hasPrefix: Bool
  ) {
    text.withUnsafeBufferPointer { text in
      for index in first..<run.ids.count {
        let id = run.ids[index]
        let (start, end) = (Int(run.origins[index].start), Int(run.origins[index].end))
        let token =
          addedByID[id] != nil
          ? Array(text[start..<end]) : Array(parts.model.table.text(of: id) ?? [])
        var (leading, trailing) = blanksAround(token)
        if leading == 1, hasPrefix, index == first || start == 0 { leading = 0 }
        var (newStart, newEnd) = (start, end)
        // A part of a scalar counts as all of it.
        var whole = end
        while whole < text.count, whole > 0, text[whole] & 0xC0 == 0x80 { whole += 1 }
        if trailing > 0 { newEnd = whole }
        while leading > 0, newStart < whole {
          newStart += decodeScalar(text, newStart).length
          leading -= 1
        }
        newStart = min(newStart, whole)
        while trailing > 0, newEnd > newStart {
          newEnd -= 1
          while newEnd > newStart, text[newEnd] & 0xC0 == 0x80 { newEnd -= 1 }
          trailing -= 1
        }
        run.origins[index] = Origin(start: UInt32(newStart), end: UInt32(max(newStart, newEnd)))
      }
    }
  }

  /// How many blanks, or stand-ins of one, a token begins and ends with.
  private func blanksAround(_ token: [UInt8]) -> (Int, Int) {
    var values: [UInt32] = []
    token.withUnsafeBufferPointer { forEachScalar(in: $0) { value, _ in values.append(value) } }
    func isBlank(_ value: UInt32) -> Bool { value == 0x120 || isWhiteSpace(value) }
    return (values.prefix(while: isBlank).count, values.reversed().prefix(while: isBlank).count)
  }

  // MARK: - Decoding

  /// The text of ids; ids without a token are passed over. Bad UTF-8 becomes U+FFFD.
  package func decode(_ ids: [Int], skipSpecial: Bool = true) -> String {
    String(decoding: decodeBytes(ids, skipSpecial: skipSpecial), as: UTF8.self)
  }

  /// The bytes of ids, as they are.
  package func decodeBytes(_ ids: [Int], skipSpecial: Bool = true) -> [UInt8] {
    var result: [UInt8] = []
    if parts.decoder.isByteLevel {
      for id in ids where !(skipSpecial && isSpecial(id)) {
        guard let token = spelled(id) else { continue }
        token.withUnsafeBufferPointer { ByteLevelAlphabet.append($0, to: &result) }
      }
      return result
    }
    var state = DecodeState(parts.decoder)
    var chunk: [UInt8] = []
    /// What each token adds once that is settled: place in `known` and length; for long lists.
    var places: [(start: Int32, length: Int32)] = []
    var known: [UInt8] = []
    var isSettled = false
    for id in ids {
      guard !(skipSpecial && isSpecial(id)), let token = spelled(id) else { continue }
      if isSettled, places[id].start >= 0 {
        let start = Int(places[id].start)
        result.append(contentsOf: known[start..<start + Int(places[id].length)])
        continue
      }
      chunk.removeAll(keepingCapacity: true)
      chunk.append(contentsOf: token)
      do { try state.append(&chunk) } catch { continue }
      result.append(contentsOf: chunk)
      if isSettled {
        if known.count + chunk.count < 1 << 30 {
          places[id] = (Int32(known.count), Int32(chunk.count))
          known.append(contentsOf: chunk)
        }
      } else if ids.count > 1000, state.isSettled {
        isSettled = true
        places = Array(repeating: (-1, 0), count: idBound)
      }
    }
    return result + ((try? state.finish()) ?? [])
  }
}

/// Whether ascending ranges have a byte in common with a range. O(log n).
private func overlaps(_ ranges: [Range<Int>], _ range: Range<Int>) -> Bool {
  var (low, high) = (0, ranges.count)
  while low < high {
    let middle = (low + high) / 2
    if ranges[middle].upperBound > range.lowerBound { high = middle } else { low = middle + 1 }
  }
  return low < ranges.count && ranges[low].lowerBound < range.upperBound
}

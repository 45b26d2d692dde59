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
    var model: BytePairModel
    var added: [AddedToken] = []
    var normalizer: Normalizer?
    var preTokenizer: PreTokenizer?
    var templates: [Template] = []
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
  private let idBound: Int

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
    idBound = max(parts.model.table.idBound, (parts.added.map(\.id).max() ?? -1) + 1)
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

  package func isSpecial(_ id: Int) -> Bool { addedByID[id]?.isSpecial ?? false }

  /// The id of a token by its spelling in the vocabulary (`Ġthe`, `▁the`, `<s>`).
  package func id(of token: [UInt8]) -> Int? {
    if let added = parts.added.first(where: { $0.content == token }) { return added.id }
    return parts.model.table.id(of: token).map(Int.init)
  }

  /// The token's spelling in the vocabulary; nil for an id that has none.
  package func spelled(_ id: Int) -> ArraySlice<UInt8>? {
    if let added = addedByID[id] { return added.content[...] }
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

  /// `tokenBytes` as text, bad UTF-8 as U+FFFD.
  package func tokenText(_ id: Int) -> String { String(decoding: tokenBytes(id), as: UTF8.self) }

  // MARK: - Encoding

  /// The ids of a text. `addSpecial`: with start and end tokens; `parseSpecial`: the text of a
  /// special token stands for that token. O(n log n). Throws `limit` when a split pattern is too
  /// costly, and `interrupted`.
  package func encode(
    _ text: String, addSpecial: Bool = true, parseSpecial: Bool = true, interrupt: Interrupt? = nil
  ) throws -> [Int] {
    try encode(
      Array(text.utf8), addSpecial: addSpecial, parseSpecial: parseSpecial, interrupt: interrupt)
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
    let interrupt: Interrupt?
    var scratch = MergeScratch()
  }

  private func run(
    _ given: [UInt8], addSpecial: Bool, parseSpecial: Bool, tracks: Bool, interrupt: Interrupt?
  ) throws -> Run {
    guard given.count <= 1 << 30 else { throw TokenizerError.tooLong(bytes: given.count) }
    let bytes = repaired(given).bytes
    var run = Run(skipsSpecial: !parseSpecial, tracks: tracks, interrupt: interrupt)
    let found = try bytes.withUnsafeBufferPointer {
      try rawFinder.matches(in: $0, skippingSpecial: run.skipsSpecial, interrupt: interrupt)
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
    if addSpecial { addTemplates(&run, length: bytes.count) }
    return run
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
    let found = try text.bytes.withUnsafeBufferPointer {
      try normalizedFinder.matches(
        in: $0, skippingSpecial: run.skipsSpecial, interrupt: run.interrupt)
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
    var cut = CutText(text, startsText: startsText)
    try parts.preTokenizer?.apply(&cut)
    try cut.text.bytes.withUnsafeBufferPointer { buffer in
      for (index, range) in cut.cuts.enumerated() {
        if index & 0xFFF == 0xFFF { try run.interrupt?.check() }
        run.scratch.clearOutput()
        try parts.model.encode(
          UnsafeBufferPointer(rebasing: buffer[range]), scratch: &run.scratch,
          interrupt: run.interrupt)
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

  private func addTemplates(_ run: inout Run, length: Int) {
    let (start, end) = (startIDs, endIDs)
    run.ids = start + run.ids + end
    guard run.tracks else { return }
    let last = Origin(start: UInt32(length), end: UInt32(length))
    run.origins =
      start.map { _ in Origin(start: 0, end: 0) } + run.origins + end.map { _ in last }
  }

  // MARK: - Decoding

  /// The text of ids; ids without a token are passed over. Bad UTF-8 becomes U+FFFD.
  package func decode(_ ids: [Int], skipSpecial: Bool = true) -> String {
    String(decoding: decodeBytes(ids, skipSpecial: skipSpecial), as: UTF8.self)
  }

  /// The bytes of ids, as they are.
  package func decodeBytes(_ ids: [Int], skipSpecial: Bool = true) -> [UInt8] {
    var state = DecodeState(parts.decoder)
    var result: [UInt8] = []
    for id in ids {
      guard let token = spelled(id), !(skipSpecial && isSpecial(id)) else { continue }
      result += (try? state.append(token)) ?? []
    }
    return result + ((try? state.finish()) ?? [])
  }
}

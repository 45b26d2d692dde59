// From tokens back to text, a token at a time: the decoders of tokenizer.json as stages that bytes
// flow through. One-shot decoding and streaming use the same stages. Knows no ids.

struct DecodeChain: Sendable {
  enum Stage: Sendable {
    case byteLevel
    case metaspace(replacement: [UInt8], dropsFirst: Bool)
    case byteFallback
    case fuse
    case replace(TextPattern, [UInt8])
    case strip([UInt8], start: Int, stop: Int)
    case wordPiece(prefix: [UInt8], cleans: Bool)
    /// What ends a word becomes a blank, at the very end nothing.
    case endings([UInt8])
    case ctc(pad: [UInt8], blank: [UInt8], cleans: Bool)
    /// No decoder at all: tokens with a space between.
    case spaced
  }

  let stages: [Stage]
  /// Whether what reaches a stage is one token that grows, and no longer single ones.
  fileprivate let isFused: [Bool]

  /// Nothing but the stand-ins of bytes.
  var isByteLevel: Bool {
    guard stages.count == 1, case .byteLevel = stages[0] else { return false }
    return true
  }

  init(_ stages: [Stage]) {
    self.stages = stages
    var fused = false
    isFused = stages.map { stage in
      defer {
        switch stage {
        case .byteLevel, .fuse, .spaced: fused = true
        default: break
        }
      }
      return fused
    }
  }
}

/// The stages at work on one stream of tokens.
struct DecodeState: Sendable {
  private let chain: DecodeChain
  private var memory: [Memory]

  private struct Memory: Sendable {
    var seen = false
    var stripped = 0
    var held: [UInt8] = []
    /// The token before, where it matters.
    var last: [UInt8]?
    var isMidStream = false
  }

  /// `midStream`: as if tokens had come before, so that nothing is taken from the front.
  init(_ chain: DecodeChain, midStream: Bool = false) {
    self.chain = chain
    memory = chain.stages.map { stage in
      var memory = Memory()
      memory.seen = midStream
      memory.isMidStream = midStream
      if midStream, case .spaced = stage { memory.seen = false }
      if midStream, case .strip(_, let start, _) = stage { memory.stripped = start }
      return memory
    }
  }

  /// The bytes that a token adds to the text.
  mutating func append(_ token: ArraySlice<UInt8>) throws -> [UInt8] {
    try run(Array(token), from: 0)
  }

  /// What was held back until the end.
  mutating func finish() throws -> [UInt8] {
    var result: [UInt8] = []
    for index in chain.stages.indices {
      let held = memory[index].held
      memory[index].held = []
      if held.isEmpty { continue }
      let ready = try finished(held, chain.stages[index], memory[index].isMidStream)
      result += try run(ready, from: index + 1)
    }
    return result
  }

  private mutating func run(_ chunk: [UInt8], from first: Int) throws -> [UInt8] {
    var chunk = chunk
    for index in first..<chain.stages.count {
      guard let next = try step(index, chunk) else { return [] }
      chunk = next
    }
    return chunk
  }

  /// One stage on one chunk; nil when it keeps it for the end.
  private mutating func step(_ index: Int, _ chunk: [UInt8]) throws -> [UInt8]? {
    let isFused = chain.isFused[index]
    let isFirst = !memory[index].seen
    memory[index].seen = true
    switch chain.stages[index] {
    case .byteLevel: return ByteLevelAlphabet.bytes(of: chunk[...])
    case .fuse: return chunk
    case .spaced: return isFirst ? chunk : [0x20] + chunk
    case .byteFallback:
      if let byte = byteOfToken(chunk) { return [byte] }
      return chunk
    case .metaspace(let replacement, let dropsFirst):
      if isFused, replacement.count > 1 { return hold(index, chunk) }
      let new: [UInt8] = (isFirst || isFused) && dropsFirst ? [] : [0x20]
      return try replaced(.literal(replacement), new, in: chunk)
    case .replace(let pattern, let new):
      if isFused {
        guard case .literal(let wanted) = pattern, wanted.count == 1 else {
          return hold(index, chunk)
        }
      }
      return try replaced(pattern, new, in: chunk)
    case .strip(let content, let start, let stop):
      if !isFused { return strippedToken(chunk, content, start: start, stop: stop) }
      if content.count > 1 { return hold(index, chunk) }
      return stripStream(index, chunk, content, start: start, stop: stop)
    case .wordPiece(let prefix, let cleans):
      if isFused { return hold(index, chunk) }
      var token = chunk
      if !isFirst {
        if !prefix.isEmpty, chunk.starts(with: prefix) {
          token.removeFirst(prefix.count)
        } else if !prefix.isEmpty {
          token.insert(0x20, at: 0)
        }
      }
      return cleans ? cleanedUp(token) : token
    case .endings(let ending):
      if isFused { return hold(index, chunk) }
      let ready = try replaced(.literal(ending), [0x20], in: memory[index].held)
      let cut = firstPlace(of: ending, in: chunk) ?? chunk.count
      memory[index].held = Array(chunk[cut...])
      return ready + chunk[..<cut]
    case .ctc(let pad, let blank, let cleans):
      defer { memory[index].last = chunk }
      if memory[index].last == chunk { return nil }
      var token = try replaced(.literal(pad), [], in: chunk)
      if cleans { token = try replaced(.literal(blank), [0x20], in: cleanedUp(token)) }
      return token.isEmpty ? nil : token
    }
  }

  private func firstPlace(of wanted: [UInt8], in chunk: [UInt8]) -> Int? {
    guard !wanted.isEmpty, chunk.count >= wanted.count else { return nil }
    return (0...chunk.count - wanted.count).first { chunk[$0...].starts(with: wanted) }
  }

  /// Blanks before marks and contractions are taken back, token by token, as in the reference.
  private func cleanedUp(_ token: [UInt8]) -> [UInt8] {
    guard token.contains(0x20) else { return token }
    let pairs: [(String, String)] = [
      (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
      (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ]
    var result = token
    for (old, new) in pairs {
      result = (try? replaced(.literal(Array(old.utf8)), Array(new.utf8), in: result)) ?? result
    }
    return result
  }

  private mutating func hold(_ index: Int, _ chunk: [UInt8]) -> [UInt8]? {
    memory[index].held += chunk
    return nil
  }

  /// What a stage makes of all it has held.
  private func finished(
    _ held: [UInt8], _ stage: DecodeChain.Stage, _ isMidStream: Bool
  ) throws -> [UInt8] {
    switch stage {
    case .metaspace(let replacement, let dropsFirst):
      try replaced(.literal(replacement), dropsFirst ? [] : [0x20], in: held)
    case .replace(let pattern, let new): try replaced(pattern, new, in: held)
    case .strip(let content, let start, let stop):
      content.count > 1 ? strippedToken(held, content, start: start, stop: stop) : []
    case .endings(let ending): try replaced(.literal(ending), isMidStream ? [0x20] : [], in: held)
    case .wordPiece(_, let cleans): cleans ? cleanedUp(held) : held
    default: held
    }
  }

  /// Strips a stream by one-byte content: the first `start` at once, the last `stop` by holding
  /// back as many as could still be the last.
  private mutating func stripStream(
    _ index: Int, _ chunk: [UInt8], _ content: [UInt8], start: Int, stop: Int
  ) -> [UInt8] {
    guard let byte = content.first else { return chunk }
    var result = memory[index].held
    var rest = chunk[...]
    while memory[index].stripped < start, let next = rest.first {
      if next == byte {
        memory[index].stripped += 1
        rest.removeFirst()
      } else {
        memory[index].stripped = start
      }
    }
    result += rest
    let trailing = min(stop, result.reversed().prefix { $0 == byte }.count)
    memory[index].held = Array(result.suffix(trailing))
    return Array(result.dropLast(trailing))
  }

  private func strippedToken(
    _ token: [UInt8], _ content: [UInt8], start: Int, stop: Int
  ) -> [UInt8] {
    guard !content.isEmpty else { return token }
    var part = token[...]
    var taken = 0
    while taken < start, part.starts(with: content) {
      part.removeFirst(content.count)
      taken += 1
    }
    taken = 0
    while taken < stop, part.count >= content.count,
      part.suffix(content.count).elementsEqual(content)
    {
      part.removeLast(content.count)
      taken += 1
    }
    return Array(part)
  }

  private func replaced(
    _ pattern: TextPattern, _ new: [UInt8], in chunk: [UInt8]
  ) throws -> [UInt8] {
    var text = TrackedText(chunk[...], tracks: false)
    if case .regex = pattern { text = TrackedText(repaired(chunk).bytes[...], tracks: false) }
    try text.replace(pattern, with: new)
    return text.bytes
  }
}

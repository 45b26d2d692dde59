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

  /// Whether what a token adds no longer depends on the tokens before it, now and for all that follow.
  var isSettled: Bool {
    for (stage, memory) in zip(chain.stages, memory) {
      switch stage {
      case .endings, .ctc: return false
      case .strip(_, let start, let stop):
        if stop > 0 || (memory.stripped < start && start > 0) { return false }
      default: break
      }
      if !memory.seen || !memory.held.isEmpty { return false }
    }
    return true
  }

  /// The bytes that a token adds to the text.
  mutating func append(_ token: ArraySlice<UInt8>) throws -> [UInt8] {
    var chunk = Array(token)
    return try run(&chunk, from: 0) ? chunk : []
  }

  /// Turns a token into the bytes that it adds to the text.
  mutating func append(_ chunk: inout [UInt8]) throws {
    if try !run(&chunk, from: 0) { chunk.removeAll(keepingCapacity: true) }
  }

  /// What was held back until the end.
  mutating func finish() throws -> [UInt8] {
    var result: [UInt8] = []
    for index in chain.stages.indices {
      let held = memory[index].held
      memory[index].held = []
      if held.isEmpty { continue }
      var ready = try finished(held, chain.stages[index], memory[index].isMidStream)
      if try run(&ready, from: index + 1) { result += ready }
    }
    return result
  }

  /// False when a stage keeps the chunk for the end.
  private mutating func run(_ chunk: inout [UInt8], from first: Int) throws -> Bool {
    for index in first..<chain.stages.count {
      if try !step(index, &chunk) { return false }
    }
    return true
  }

  /// One stage on one chunk; false when it keeps it for the end.
  private mutating func step(_ index: Int, _ chunk: inout [UInt8]) throws -> Bool {
    let isFused = chain.isFused[index]
    let isFirst = !memory[index].seen
    memory[index].seen = true
    switch chain.stages[index] {
    case .byteLevel: chunk = ByteLevelAlphabet.bytes(of: chunk[...])
    case .fuse: break
    case .spaced: if !isFirst { chunk.insert(0x20, at: 0) }
    case .byteFallback:
      if let byte = byteOfToken(chunk) {
        chunk.removeAll(keepingCapacity: true)
        chunk.append(byte)
      }
    case .metaspace(let replacement, let dropsFirst):
      if isFused, replacement.count > 1 { return hold(index, chunk) }
      let new: [UInt8] = (isFirst || isFused) && dropsFirst ? [] : [0x20]
      replaceAll(replacement, with: new, in: &chunk)
    case .replace(let pattern, let new):
      if isFused {
        guard case .literal(let wanted) = pattern, wanted.count == 1 else {
          return hold(index, chunk)
        }
      }
      try replace(pattern, new, in: &chunk)
    case .strip(let content, let start, let stop):
      if !isFused {
        chunk = strippedToken(chunk, content, start: start, stop: stop)
      } else if content.count > 1 {
        return hold(index, chunk)
      } else if stop > 0 || memory[index].stripped < start {
        chunk = stripStream(index, chunk, content, start: start, stop: stop)
      }
    case .wordPiece(let prefix, let cleans):
      if isFused { return hold(index, chunk) }
      if !isFirst, !prefix.isEmpty {
        if chunk.starts(with: prefix) {
          chunk.removeFirst(prefix.count)
        } else {
          chunk.insert(0x20, at: 0)
        }
      }
      if cleans { cleanUp(&chunk) }
    case .endings(let ending):
      if isFused { return hold(index, chunk) }
      var ready = memory[index].held
      replaceAll(ending, with: [0x20], in: &ready)
      let cut = firstPlace(of: ending, in: chunk) ?? chunk.count
      memory[index].held = Array(chunk[cut...])
      chunk = ready + chunk[..<cut]
    case .ctc(let pad, let blank, let cleans):
      if memory[index].last == chunk { return false }
      memory[index].last = chunk
      replaceAll(pad, with: [], in: &chunk)
      if cleans {
        cleanUp(&chunk)
        replaceAll(blank, with: [0x20], in: &chunk)
      }
      return !chunk.isEmpty
    }
    return true
  }

  private func firstPlace(of wanted: [UInt8], in chunk: [UInt8]) -> Int? {
    guard let first = wanted.first, chunk.count >= wanted.count else { return nil }
    for place in 0...chunk.count - wanted.count
    where chunk[place] == first && chunk[place...].starts(with: wanted) {
      return place
    }
    return nil
  }

  /// Blanks before marks and contractions are taken back, token by token, as in the reference.
  private func cleanUp(_ token: inout [UInt8]) {
    guard mayNeedCleaning(token) else { return }
    let pairs: [(String, String)] = [
      (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
      (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ]
    for (old, new) in pairs { replaceAll(Array(old.utf8), with: Array(new.utf8), in: &token) }
  }

  /// Whether a blank stands before what one of the rules goes on with.
  private func mayNeedCleaning(_ token: [UInt8]) -> Bool {
    for (blank, next) in zip(token, token.dropFirst()) where blank == 0x20 {
      switch next {
      case UInt8(ascii: "."), UInt8(ascii: "?"), UInt8(ascii: "!"), UInt8(ascii: ","),
        UInt8(ascii: "'"), UInt8(ascii: "n"), UInt8(ascii: "d"):
        return true
      default: break
      }
    }
    return false
  }

  /// Replaces a literal; most chunks do not have it.
  private func replaceAll(_ wanted: [UInt8], with new: [UInt8], in chunk: inout [UInt8]) {
    guard var place = firstPlace(of: wanted, in: chunk) else { return }
    if new.count <= wanted.count {
      var end = place
      while place < chunk.count {
        if chunk[place...].starts(with: wanted) {
          for byte in new {
            chunk[end] = byte
            end += 1
          }
          place += wanted.count
        } else {
          chunk[end] = chunk[place]
          end += 1
          place += 1
        }
      }
      chunk.removeLast(chunk.count - end)
      return
    }
    var result = Array(chunk[..<place])
    while place < chunk.count {
      if chunk[place...].starts(with: wanted) {
        result += new
        place += wanted.count
      } else {
        result.append(chunk[place])
        place += 1
      }
    }
    chunk = result
  }

  private mutating func hold(_ index: Int, _ chunk: [UInt8]) -> Bool {
    memory[index].held += chunk
    return false
  }

  /// What a stage makes of all it has held.
  private func finished(
    _ held: [UInt8], _ stage: DecodeChain.Stage, _ isMidStream: Bool
  ) throws -> [UInt8] {
    var held = held
    switch stage {
    case .metaspace(let replacement, let dropsFirst):
      replaceAll(replacement, with: dropsFirst ? [] : [0x20], in: &held)
    case .replace(let pattern, let new): try replace(pattern, new, in: &held)
    case .strip(let content, let start, let stop):
      held = content.count > 1 ? strippedToken(held, content, start: start, stop: stop) : []
    case .endings(let ending): replaceAll(ending, with: isMidStream ? [0x20] : [], in: &held)
    case .wordPiece(_, let cleans): if cleans { cleanUp(&held) }
    default: break
    }
    return held
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

  private func replace(
    _ pattern: TextPattern, _ new: [UInt8], in chunk: inout [UInt8]
  ) throws {
    if case .literal(let wanted) = pattern {
      replaceAll(wanted, with: new, in: &chunk)
      return
    }
    var text = TrackedText(repaired(chunk).bytes[...], tracks: false)
    try text.replace(pattern, with: new)
    chunk = text.bytes
  }
}

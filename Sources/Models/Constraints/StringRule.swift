// A JSON string byte by byte: escapes, length in scalars, pattern of the decoded text. Never enters a
// place from which the string could not be ended.

/// What a string of a schema may be. Built once, read by all that generate.
struct StringRule: Sendable {
  /// Of the decoded text in UTF-8.
  let content: ByteAutomaton
  let least: Int
  let most: Int?
  /// Whether the content is any text: nothing but the length can fail.
  private let isAny: Bool
  /// Without an upper bound: the most scalars (counted up to `least`) that may follow each state.
  private var reach: [Int32] = []
  /// With one: by state, which counts of scalars, of 0...most, end in an accepting state.
  private var counts: [UInt64] = []
  private var words = 0

  /// Places in a string, kept in the `extra` of an item.
  enum Stage {
    static let body: UInt32 = 0
    static let opening: UInt32 = 1
    static let backslash: UInt32 = 2
    /// After `\u`, with 0 to 3 digits read.
    static let digits: UInt32 = 3
    /// After a high surrogate, at the backslash of the low one, then at its `u`.
    static let secondBackslash: UInt32 = 7
    static let secondU: UInt32 = 8
    static let secondDigits: UInt32 = 9
  }

  /// A place in a string: state of the content, scalars so far, escape.
  struct Place: Hashable {
    var state: Int32 = 0
    var count: Int32 = 0
    /// Stage · 2^27 + bits of a high surrogate · 2^16 + digits read.
    var extra: UInt32 = Stage.opening << 27

    var stage: UInt32 { extra >> 27 }
    var high: UInt32 { extra >> 16 & 0x3FF }
    var low: UInt32 { extra & 0xFFFF }
    static func extra(_ stage: UInt32, high: UInt32 = 0, low: UInt32 = 0) -> UInt32 {
      stage << 27 | high << 16 | low
    }
  }

  enum Step {
    case none
    case to(Place)
    case closed
  }

  static let mostLength = 4096
  static let mostCells = 8_000_000

  init(_ content: ByteAutomaton, isAny: Bool, least: Int, most: Int?) throws(ConstraintError) {
    self.content = content
    self.isAny = isAny
    self.least = least
    self.most = most
    if isAny { return }
    if let most {
      words = most / 64 + 1
      guard content.stateCount * (most + 1) <= Self.mostCells else {
        throw .tooLarge(what: "a pattern with maxLength", limit: "\(Self.mostCells) places")
      }
      findCounts(most)
    } else {
      findReach()
    }
  }

  /// Whether there is a string at all.
  var isPossible: Bool { isLive(0, 0) }

  private func isLead(_ byte: Int) -> Bool { byte & 0xC0 != 0x80 }

  /// By state: where one byte leads, with the scalars it begins (a class can hold bytes of one kind
  /// only in effect: those of the other lead nowhere from any state).
  private var steps: [[(to: Int, isLead: Bool)]] {
    (0..<content.stateCount).map { state in
      var found: [(to: Int, isLead: Bool)] = []
      var seen: Set<Int> = []
      for byte in 0..<256 {
        let to = Int(content.next(Int32(state), UInt8(byte)))
        let lead = isLead(byte)
        if to >= 0, seen.insert(2 * to + (lead ? 1 : 0)).inserted { found.append((to, lead)) }
      }
      return found
    }
  }

  private mutating func findReach() {
    let steps = steps
    reach = [Int32](repeating: 0, count: content.stateCount)
    // All states are live, so every one can be followed by 0 scalars or more.
    for count in 1...max(least, 1) where count <= least {
      let before = Int32(count - 1)
      var isReached = [Bool](repeating: false, count: steps.count)
      for state in steps.indices {
        isReached[state] = steps[state].contains { $0.isLead && reach[$0.to] >= before }
      }
      // At most three bytes go on with a scalar that has begun.
      for _ in 0..<3 {
        for state in steps.indices where !isReached[state] {
          isReached[state] = steps[state].contains { !$0.isLead && isReached[$0.to] }
        }
      }
      var changed = false
      for state in steps.indices where isReached[state] {
        reach[state] = Int32(count)
        changed = true
      }
      if !changed { return }
    }
  }

  private mutating func findCounts(_ most: Int) {
    let steps = steps
    counts = [UInt64](repeating: 0, count: content.stateCount * words)
    var before = [Bool](repeating: false, count: steps.count)
    for count in 0...most {
      var isReached = [Bool](repeating: false, count: steps.count)
      for state in steps.indices {
        isReached[state] =
          count == 0
          ? content.isAccepting[state] : steps[state].contains { $0.isLead && before[$0.to] }
      }
      for _ in 0..<3 {
        for state in steps.indices where !isReached[state] {
          isReached[state] = steps[state].contains { !$0.isLead && isReached[$0.to] }
        }
      }
      for state in steps.indices where isReached[state] {
        counts[state * words + count / 64] |= 1 << UInt64(count % 64)
      }
      before = isReached
    }
  }

  /// Whether a string can still be ended from here.
  private func isLive(_ state: Int32, _ count: Int32) -> Bool {
    guard state >= 0 else { return false }
    guard let most else {
      return isAny || Int(count) >= least || Int(reach[Int(state)]) >= least - Int(count)
    }
    if Int(count) > most { return false }
    if isAny { return true }
    let (from, to) = (max(0, least - Int(count)), most - Int(count))
    let row = Int(state) * words
    return (from...max(from, to)).contains { rest in
      rest <= to && counts[row + rest / 64] >> UInt64(rest % 64) & 1 == 1
    }
  }

  /// One scalar more; counts beyond all bounds are one.
  private func counted(_ count: Int32) -> Int32 {
    most == nil ? min(count + 1, Int32(least)) : count + 1
  }

  /// Whether some scalar of a range may come next.
  private func isLive(
    _ state: Int32, _ count: Int32, any range: ClosedRange<UInt32>
  ) -> Bool {
    let set = ScalarSet([range])
    if isAny {
      // Between scalars only.
      return content.isAccepting[Int(state)] && !set.isEmpty && isLive(state, counted(count))
    }
    return set.byteSequences.contains { live($0[...], state, counted(count)) }
  }

  private func live(_ bytes: ArraySlice<ClosedRange<UInt8>>, _ state: Int32, _ count: Int32) -> Bool
  {
    guard let first = bytes.first else { return isLive(state, count) }
    var tried: Set<Int32> = []
    return first.contains { byte in
      let to = content.next(state, byte)
      return to >= 0 && tried.insert(to).inserted && live(bytes.dropFirst(), to, count)
    }
  }

  private func scalar(_ value: UInt32, at place: Place) -> Step {
    let to = content.next(place.state, utf8(value))
    let count = counted(place.count)
    guard Unicode.Scalar(value) != nil, isLive(to, count) else { return .none }
    return .to(Place(state: to, count: count, extra: 0))
  }

  /// The place after one more byte.
  func step(_ place: Place, _ byte: UInt8) -> Step {
    switch place.stage {
    case Stage.opening: return byte == 0x22 ? .to(Place(extra: 0)) : .none
    case Stage.body: return body(place, byte)
    case Stage.backslash: return escape(place, byte)
    case Stage.secondBackslash:
      return byte == 0x5C ? moved(place, Stage.extra(Stage.secondU, high: place.high)) : .none
    case Stage.secondU:
      return byte == 0x75 ? moved(place, Stage.extra(Stage.secondDigits, high: place.high)) : .none
    default: return hex(place, byte)
    }
  }

  private func moved(_ place: Place, _ extra: UInt32) -> Step {
    .to(Place(state: place.state, count: place.count, extra: extra))
  }

  private func body(_ place: Place, _ byte: UInt8) -> Step {
    if byte == 0x22 {
      let isLong = Int(place.count) >= least && Int(place.count) <= most ?? Int.max
      return content.isAccepting[Int(place.state)] && isLong ? .closed : .none
    }
    // Escapes stand between scalars, where the content could also take a plain byte.
    if byte == 0x5C {
      let canGoOn = isLive(place.state, place.count, any: 0...0x10FFFF)
      return canGoOn ? moved(place, Stage.extra(Stage.backslash)) : .none
    }
    if byte < 0x20 { return .none }
    let to = content.next(place.state, byte)
    let count = isLead(Int(byte)) ? counted(place.count) : place.count
    return isLive(to, count) ? .to(Place(state: to, count: count, extra: 0)) : .none
  }

  private func escape(_ place: Place, _ byte: UInt8) -> Step {
    switch byte {
    case 0x22, 0x5C, 0x2F: return scalar(UInt32(byte), at: place)
    case 0x62: return scalar(0x08, at: place)
    case 0x66: return scalar(0x0C, at: place)
    case 0x6E: return scalar(0x0A, at: place)
    case 0x72: return scalar(0x0D, at: place)
    case 0x74: return scalar(0x09, at: place)
    case 0x75: return moved(place, Stage.extra(Stage.digits))
    default: return .none
    }
  }

  private func hex(_ place: Place, _ byte: UInt8) -> Step {
    let digit: UInt32
    switch byte {
    case 0x30...0x39: digit = UInt32(byte) - 0x30
    case 0x41...0x46: digit = UInt32(byte) - 0x37
    case 0x61...0x66: digit = UInt32(byte) - 0x57
    default: return .none
    }
    let isSecond = place.stage >= Stage.secondDigits
    let known = place.stage - (isSecond ? Stage.secondDigits : Stage.digits) + 1
    let value = place.low << 4 | digit
    // What the digits still to come can make of it.
    let open = 4 * (4 - known)
    let range = (value << open)...(value << open | (1 << open - 1))
    if isSecond {
      let rest = range.clamped(to: 0xDC00...0xDFFF)
      guard range.overlaps(0xDC00...0xDFFF) else { return .none }
      let base = 0x10000 + place.high << 10
      if known == 4 { return scalar(base + value - 0xDC00, at: place) }
      let scalars = (base + rest.lowerBound - 0xDC00)...(base + rest.upperBound - 0xDC00)
      guard isLive(place.state, place.count, any: scalars) else { return .none }
      return moved(
        place, Stage.extra(place.stage + 1, high: place.high, low: value))
    }
    let isHigh = range.overlaps(0xD800...0xDBFF)
    if known == 4, !isHigh { return scalar(value, at: place) }
    if isHigh {
      let surrogates = range.clamped(to: 0xD800...0xDBFF)
      let first = 0x10000 + (surrogates.lowerBound - 0xD800) << 10
      let last = 0x10000 + (surrogates.upperBound - 0xD800) << 10 + 0x3FF
      if isLive(place.state, place.count, any: first...last) {
        return known == 4
          ? moved(place, Stage.extra(Stage.secondBackslash, high: value - 0xD800))
          : moved(place, Stage.extra(place.stage + 1, low: value))
      }
    }
    guard known < 4, isLive(place.state, place.count, any: range) else { return .none }
    return moved(place, Stage.extra(place.stage + 1, low: value))
  }
}

extension StringRule.Stage {
  static func extra(_ stage: UInt32, high: UInt32 = 0, low: UInt32 = 0) -> UInt32 {
    StringRule.Place.extra(stage, high: high, low: low)
  }
}

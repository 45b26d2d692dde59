// Constraints on random logits: whatever is drawn must meet the schema or regex by checkers that share
// nothing with the automaton, and what cannot be held is refused first.

import Foundation
import JSON
import TestSupport
import Testing

@testable import Models

@Suite struct ConstraintTests {
  private let vocabulary = TokenBytes(ConstraintCases.vocabulary())
  /// Adds nothing to a text, so it serves as the end.
  private let end = 0

  /// A text drawn with equal chances among what is allowed, later leaning towards what closes.
  private func drawn(_ constraint: Constraint, seed: UInt64) throws -> String? {
    var stream = SplitMix64(seed: seed)
    let tokens = vocabulary.tokens
    let tracker = ConstraintTracker(constraint, vocabulary)
    var bytes: [UInt8] = []
    for step in 0..<3000 {
      let text = String(decoding: bytes, as: UTF8.self)
      if tracker.isDone() { return text }
      let mask = try tracker.mask(ends: [end]) { text }
      #expect(mask.contains(end) == tracker.isAccepting())
      if mask.contains(end), step > 60 || stream.below(4) == 0 { return text }
      var ids = mask.ids.filter { $0 != end }
      if step > 40, stream.below(2) == 0 {
        let closing = ids.filter { [0x22, 0x5D, 0x7D].contains(tokens[$0].last ?? 0) }
        if !closing.isEmpty { ids = closing }
      }
      guard !ids.isEmpty else { continue }
      let id = ids[stream.below(ids.count)]
      bytes += tokens[id]
      tracker.append(id)
    }
    return nil
  }

  @Test func `what is drawn under a schema meets it by a check of its own`() throws {
    let all = ConstraintCases.schemas + (0..<130).map { ConstraintCases.random($0) }
    #expect(all.count >= 200)
    for (number, text) in all.enumerated() {
      let schema = try JSON.parse(text)
      let constraint = try Constraint(schema: schema)
      for seed in 0..<50 {
        let made = try drawn(constraint, seed: UInt64(number * 1000 + seed))
        let output = try #require(made, "\(text) did not end")
        _ = try constraint.value(of: output)
        let value = try JSONSerialization.jsonObject(
          with: Data(output.utf8), options: .fragmentsAllowed)
        let plain = try JSONSerialization.jsonObject(
          with: Data(text.utf8), options: .fragmentsAllowed)
        let root = plain as? [String: Any] ?? [:]
        #expect(PlainSchema(root).holds(value, plain), "\(text): \(output)")
      }
    }
  }

  @Test func `what is drawn under a regex matches it by another engine`() throws {
    #expect(ConstraintCases.regexes.count >= 99)
    for (number, text) in ConstraintCases.regexes.enumerated() {
      let constraint = try Constraint(regex: text)
      let checker = try NSRegularExpression(
        pattern: PlainSchema.ascii(text), options: .useUnixLineSeparators)
      for seed in 0..<50 {
        let made = try drawn(constraint, seed: UInt64(number * 1000 + seed))
        let output = try #require(made, "\(text) did not end")
        _ = try constraint.value(of: output)
        let whole = NSRange(location: 0, length: output.utf16.count)
        let found = checker.firstMatch(in: output, options: .anchored, range: whole)
        // The other engine takes the first alternative that fits; the whole must be one match.
        let full = try NSRegularExpression(
          pattern: "(?:" + PlainSchema.ascii(text) + ")\\z", options: .useUnixLineSeparators)
        let isWhole =
          found?.range == whole
          || full.firstMatch(in: output, options: .anchored, range: whole)?.range == whole
        #expect(isWhole, "\(text): \(output.debugDescription)")
      }
    }
  }

  @Test func `what is not supported is refused with its place before anything is made`() throws {
    let count = ConstraintCases.refusedSchemas.count + ConstraintCases.refusedRegexes.count
    #expect(count >= 60)
    for (text, place) in ConstraintCases.refusedSchemas {
      let schema = try JSON.parse(text)
      let error = #expect(throws: ConstraintError.self) { try Constraint(schema: schema) }
      let start = "schema \(place.isEmpty ? "/" : place) "
      #expect(error?.message.hasPrefix(start) == true, "\(text): \(error?.message ?? "")")
      #expect(error?.message.hasSuffix("nothing was generated") == true)
    }
    for text in ConstraintCases.refusedRegexes {
      #expect(throws: ConstraintError.self, "\(text)") { try Constraint(regex: text) }
    }
  }

  @Test func `a repeat has the automaton of its texts and no more`() throws {
    func texts(_ regex: String, upTo length: Int, over alphabet: [UInt8]) throws -> Set<String> {
      let automaton = try ByteAutomaton(try Regex(regex).tree, of: regex)
      var found: Set<String> = []
      var open: [(Int32, [UInt8])] = [(0, [])]
      while let (state, bytes) = open.popLast() {
        if automaton.isAccepting[Int(state)] {
          found.insert(String(decoding: bytes, as: UTF8.self))
        }
        guard bytes.count < length else { continue }
        for byte in alphabet {
          let next = automaton.next(state, byte)
          if next >= 0 { open.append((next, bytes + [byte])) }
        }
      }
      return found
    }
    let alphabet = Array("ab".utf8)
    for regex in ["a*b?", "(a|b){2,3}", "(ab|a)(bb|b)?", "a{2}b{0,2}", "((a)?b)*", "[^a]+|a"] {
      let matcher = RegexMatcher(try Regex(regex).tree)
      var wanted: Set<String> = []
      for length in 0...5 {
        for number in 0..<(1 << length) {
          let text = String((0..<length).map { number >> $0 & 1 == 1 ? "a" : "b" as Character })
          if matcher.matches(text) { wanted.insert(text) }
        }
      }
      #expect(try texts(regex, upTo: 5, over: alphabet) == wanted, "\(regex)")
    }
  }

  @Test func `integers between bounds are exactly those`() throws {
    for (low, high) in [
      (0, 0), (-3, 12), (95, 1203), (-1010, -9), (-7, -7), (0, 2000), (999, 1001),
    ] {
      let automaton = try NumberAutomata.integer(low, high)
      for value in -2200...2200 {
        let state = automaton.next(0, Array(String(value).utf8))
        let isIn = state >= 0 && automaton.isAccepting[Int(state)]
        #expect(isIn == (low...high).contains(value), "\(low)...\(high): \(value)")
      }
      for text in ["-0", "00", "01", "+1", "1.0", ""] {
        let state = automaton.next(0, Array(text.utf8))
        #expect(state < 0 || !automaton.isAccepting[Int(state)], "\(text)")
      }
    }
  }

  @Test func `sets of scalars have the UTF-8 of their members alone`() throws {
    for set in [
      ScalarSet([0x7F...0x81]), ScalarSet([0x7FF...0x801]), ScalarSet([0xD7FF...0xE000]),
      ScalarSet([0xFFFE...0x10001]), ScalarSet([0x41...0x41, 0xE9...0x3B1, 0x1F600...0x1F64F]),
      ScalarSet.digits.inverted, ScalarSet.all,
    ] {
      let automaton = try ByteAutomaton(.scalars(set), of: "a set")
      var stream = SplitMix64(seed: 5)
      var tried = (0..<3000).map { _ in UInt32(stream.below(0x110000)) }
      for range in set.ranges {
        tried += [range.lowerBound, range.upperBound, range.lowerBound &- 1, range.upperBound + 1]
      }
      for value in tried {
        guard let scalar = Unicode.Scalar(value) else { continue }
        let state = automaton.next(0, Array(String(Character(scalar)).utf8))
        #expect((state >= 0 && automaton.isAccepting[Int(state)]) == set.contains(value))
      }
    }
  }

  @Test func `a state that no token can leave is an error, and an end stands only at an end`()
    throws
  {
    let tokens = TokenBytes([[], Array("a".utf8), Array("b".utf8)])
    let tracker = ConstraintTracker(try Constraint(regex: "a+c"), tokens)
    #expect(try tracker.mask(ends: [0]) { "" }.ids == [1])
    tracker.append(1)
    #expect(try tracker.mask(ends: [0]) { "a" }.ids == [1])
    let stuck = ConstraintTracker(try Constraint(regex: "ac"), tokens)
    stuck.append(1)
    #expect(throws: ConstraintError.noToken(step: 1, after: "a")) {
      try stuck.mask(ends: [0]) { "a" }
    }
    let whole = ConstraintTracker(try Constraint(regex: "ab?"), tokens)
    whole.append(1)
    #expect(try whole.mask(ends: [0]) { "a" }.ids == [0, 2])
    #expect(!whole.isDone() && whole.isAccepting())
    whole.append(2)
    #expect(whole.isDone())
  }

  @Test func `a finished text that does not meet its schema is refused`() throws {
    let schema = try JSON.parse(
      ##"{"type":"object","properties":{"a":{"type":"integer","maximum":5}}}"##)
    let constraint = try Constraint(schema: schema)
    #expect(try constraint.value(of: "{\"a\": 5}") != nil)
    for text in [
      "{\"a\": 6}", "{\"b\": 1}", "[]", "{\"a\": 1", "{\"a\":1,\"a\":2}", "", "{\"a\":\"5\"}",
    ] {
      #expect(throws: ConstraintError.self, "\(text)") { try constraint.value(of: text) }
    }
  }
}

/// A checker of schemas over Foundation's values, for the tests alone.
private struct PlainSchema {
  let root: [String: Any]

  init(_ root: [String: Any]) { self.root = root }

  /// The three classes as ASCII alone, which the other engine means otherwise.
  static func ascii(_ regex: String) -> String {
    var result = ""
    var inClass = false
    var rest = Array(regex.unicodeScalars.map(Character.init))[...]
    while let next = rest.popFirst() {
      if next == "[" { inClass = true }
      if next == "]" { inClass = false }
      guard next == "\\", let code = rest.popFirst() else {
        result.append(next)
        continue
      }
      let sets: [Character: String] = [
        "d": "0-9", "w": "0-9A-Za-z_", "s": "\\t-\\r ",
      ]
      if let set = sets[code] {
        result += inClass ? set : "[\(set)]"
      } else if let set = sets[Character(code.lowercased())], code.isUppercase {
        result += "[^\(set)]"
      } else if code == "u", rest.first == "{" {
        result += "\\x"
      } else {
        result += "\\" + String(code)
      }
    }
    return result
  }

  func holds(_ value: Any, _ schema: Any) -> Bool {
    if let flag = schema as? NSNumber, isBool(flag) { return flag.boolValue }
    guard let schema = schema as? [String: Any] else { return false }
    if let name = schema["$ref"] as? String {
      let key = String(name.dropFirst("#/$defs/".count))
        .replacingOccurrences(of: "~1", with: "/").replacingOccurrences(of: "~0", with: "~")
      let target = (root["$defs"] as? [String: Any])?[key]
      guard let target, holds(value, target) else { return false }
    }
    if let type = schema["type"] {
      let names = type as? [String] ?? [type as? String ?? ""]
      if !names.contains(where: { isOf($0, value) }) { return false }
    }
    if let list = schema["enum"] as? [Any], !list.contains(where: { same($0, value) }) {
      return false
    }
    if let wanted = schema["const"], !same(wanted, value) { return false }
    if let list = schema["anyOf"] as? [Any], !list.contains(where: { holds(value, $0) }) {
      return false
    }
    if let list = schema["oneOf"] as? [Any], list.filter({ holds(value, $0) }).count != 1 {
      return false
    }
    if let text = value as? String { return holdsText(text, schema) }
    if let number = value as? NSNumber, !isBool(number) {
      if let least = schema["minimum"] as? NSNumber, number.compare(least) == .orderedAscending {
        return false
      }
      if let most = schema["maximum"] as? NSNumber, number.compare(most) == .orderedDescending {
        return false
      }
    }
    if let list = value as? [Any] {
      if let least = schema["minItems"] as? Int, list.count < least { return false }
      if let most = schema["maxItems"] as? Int, list.count > most { return false }
      let prefix = schema["prefixItems"] as? [Any] ?? []
      for (place, element) in list.enumerated() {
        guard let inner = place < prefix.count ? prefix[place] : schema["items"] else { continue }
        if !holds(element, inner) { return false }
      }
    }
    if let object = value as? [String: Any] {
      for key in schema["required"] as? [String] ?? [] where object[key] == nil { return false }
      let properties = schema["properties"] as? [String: Any] ?? [:]
      for (key, element) in object {
        if let inner = properties[key] {
          if !holds(element, inner) { return false }
        } else if schema["additionalProperties"] != nil {
          return false
        }
      }
    }
    return true
  }

  private func holdsText(_ text: String, _ schema: [String: Any]) -> Bool {
    let length = text.unicodeScalars.count
    if let least = schema["minLength"] as? Int, length < least { return false }
    if let most = schema["maxLength"] as? Int, length > most { return false }
    guard let pattern = schema["pattern"] as? String else { return true }
    let checker = try? NSRegularExpression(
      pattern: Self.ascii(pattern).replacingOccurrences(of: "$", with: "\\z"),
      options: .useUnixLineSeparators)
    return checker?.firstMatch(
      in: text, range: NSRange(location: 0, length: text.utf16.count)) != nil
  }

  private func isBool(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }

  private func isOf(_ type: String, _ value: Any) -> Bool {
    switch type {
    case "null": value is NSNull
    case "string": value is String
    case "array": value is [Any]
    case "object": value is [String: Any]
    case "boolean": (value as? NSNumber).map(isBool) ?? false
    case "number": (value as? NSNumber).map { !isBool($0) } ?? false
    default:
      (value as? NSNumber).map { !isBool($0) && $0.doubleValue.rounded() == $0.doubleValue }
        ?? false
    }
  }

  private func same(_ a: Any, _ b: Any) -> Bool {
    if let a = a as? NSNumber, let b = b as? NSNumber { return isBool(a) == isBool(b) && a == b }
    if let a = a as? String, let b = b as? String { return a.utf8.elementsEqual(b.utf8) }
    return (a as? NSObject) == (b as? NSObject)
  }
}

// Text → selections of sites (inspection.md 1.2). Reads short and canonical names, ranges and
// globs; knows of a model only its facts.

import Diagnostics
import Models

package struct SiteGrammar: Sendable {
  private let facts: SiteFacts

  package init(_ facts: SiteFacts) { self.facts = facts }

  /// The sites a text names, in the order written, without repeats. Throws InspectionError.
  package func parse(_ text: String) throws(InspectionError) -> [SiteSelection] {
    var found: [SiteSelection] = []
    var seen: Set<SiteSelection> = []
    for item in try items(text) {
      for selection in try expand(item) where seen.insert(selection).inserted {
        found.append(selection)
      }
    }
    if found.isEmpty { throw .badSite(item: text, reason: "must not be empty") }
    return found
  }

  /// Splits at commas outside braces, brackets and quotes.
  private func items(_ text: String) throws(InspectionError) -> [String] {
    guard text.utf8.count <= 4096 else {
      throw .badSite(item: String(text.prefix(40)) + "…", reason: "is at most 4096 bytes long")
    }
    var items = [""]
    var depth = 0
    var isQuoted = false
    for scalar in text.unicodeScalars {
      if scalar == "'" { isQuoted.toggle() }
      if !isQuoted {
        if scalar == "{" || scalar == "[" { depth += 1 }
        if scalar == "}" || scalar == "]" { depth -= 1 }
        if scalar == ",", depth == 0 {
          items.append("")
          continue
        }
      }
      items[items.count - 1].unicodeScalars.append(scalar)
    }
    if isQuoted { throw .badSite(item: text, reason: "needs a closing '") }
    if depth != 0 { throw .badSite(item: text, reason: "needs its brackets closed") }
    return items.map { trimmed($0) }.filter { !$0.isEmpty }
  }

  private func expand(_ item: String) throws(InspectionError) -> [SiteSelection] {
    let (path, position) = try position(item)
    let (bare, feature) = try feature(path, item)
    let name = try SiteName(bare, item, facts)
    let kinds = try kinds(name, item)
    let blocks = try name.blocks.resolved(facts.layerCount, item) { (index) in
      .noBlock(index, count: facts.layerCount)
    }
    var result: [SiteSelection] = []
    // Block by block, so that the order is that of the pass.
    for kind in kinds where !kind.isPerBlock {
      if name.hasBlock {
        throw .badSite(item: item, reason: "has no block before \(kind.rawValue)")
      }
      result.append(try checked(SiteSelection(kind, feature: feature, position: position)))
    }
    for block in blocks {
      for kind in kinds where kind.isPerBlock {
        for head in try heads(name, kind, item) {
          result.append(
            try checked(
              SiteSelection(kind, block: block, head: head, feature: feature, position: position)))
        }
      }
    }
    if result.isEmpty { throw .emptyMatch(item) }
    return result
  }

  // MARK: Parts of an item

  private func position(
    _ item: String
  ) throws(InspectionError) -> (String, SiteSelection.Position) {
    guard let at = item.firstIndex(of: "@") else { return (item, .span(.all)) }
    let path = trimmed(String(item[..<at]))
    let text = trimmed(String(item[item.index(after: at)...]))
    if text.hasPrefix("'"), text.hasSuffix("'"), text.count >= 3 {
      return (path, .token(Array(text.dropFirst().dropLast().utf8)))
    }
    guard let span = SiteName.span(text) else {
      throw .badSite(item: item, reason: "takes a position, a range, * or a 'token' after @")
    }
    return (path, .span(span))
  }

  private func feature(
    _ path: String, _ item: String
  ) throws(InspectionError) -> (String, SiteSelection.Span) {
    guard path.hasSuffix("]"), let open = path.firstIndex(of: "[") else { return (path, .all) }
    let inner = path[path.index(after: open)...].dropLast()
    guard let span = SiteName.span(trimmed(String(inner))) else {
      throw .badSite(item: item, reason: "takes an index or a range in [ ]")
    }
    return (trimmed(String(path[..<open])), span)
  }

  /// The kinds a name matches, in the order of the pass.
  private func kinds(_ name: SiteName, _ item: String) throws(InspectionError) -> [SiteKind] {
    var found: Set<SiteKind> = []
    for pattern in name.alternatives {
      let matches = SiteKind.allCases.filter { kind in
        name.isCanonical
          ? SiteName.matches(pattern, SiteName.tail(kind)) && kind.isPerBlock == name.hasBlock
          : SiteName.matches(pattern, kind.rawValue)
      }
      let present = matches.filter { facts.absent[$0] == nil }
      if present.isEmpty { throw refusal(pattern, matches, item) }
      found.formUnion(present)
    }
    return SiteKind.allCases.filter(found.contains)
  }

  private func refusal(
    _ pattern: String, _ matches: [SiteKind], _ item: String
  ) -> InspectionError {
    if let kind = matches.first {
      return .unknownSite(pattern, why: facts.absent[kind], near: nil)
    }
    if pattern.contains("*") { return .emptyMatch(item) }
    let names = facts.kinds.map(\.rawValue)
    return .unknownSite(pattern, why: nil, near: didYouMean(pattern, among: names))
  }

  private func heads(
    _ name: SiteName, _ kind: SiteKind, _ item: String
  ) throws(InspectionError) -> [SiteSelection.Head?] {
    guard let spec = name.heads else { return [nil] }
    let shared = facts.headCount / max(1, facts.keyValueHeadCount)
    switch kind.heads {
    case .none: throw .noHeads(site: kind.rawValue)
    case .query:
      if name.isKeyValue {
        throw .badSite(item: item, reason: "has H, not K, before \(kind.rawValue)")
      }
      return try spec.resolved(facts.headCount, item) { (index) in
        .noHead(index, count: facts.headCount, isKeyValue: false)
      }.map { .query($0) }
    case .keyValue:
      if !name.isKeyValue, shared > 1 {
        throw .sharedHead(site: kind.rawValue, group: "query heads 0–\(shared - 1) share K0")
      }
      return try spec.resolved(facts.keyValueHeadCount, item) { (index) in
        .noHead(index, count: facts.keyValueHeadCount, isKeyValue: true)
      }.map { .keyValue($0) }
    }
  }

  private func checked(_ selection: SiteSelection) throws(InspectionError) -> SiteSelection {
    // A square site's last axis is as long as the text: checked against the trace.
    if selection.kind.isSquare { return selection }
    let extent = facts.rowShape(selection.kind, keys: 0).last ?? 1
    if case .index(let index) = selection.feature, selection.feature.indices(extent) == nil {
      throw .noFeature(index, extent: extent, site: selection.kind.rawValue)
    }
    return selection
  }
}

/// A site's name taken apart: blocks, heads, and patterns of kinds.
private struct SiteName {
  enum Numbers {
    case all
    case span(SiteSelection.Span)

    func resolved(
      _ count: Int, _ item: String, _ outside: (Int) -> InspectionError
    ) throws(InspectionError) -> [Int] {
      switch self {
      case .all: return Array(0..<count)
      case .span(let span):
        if let found = span.indices(count) {
          if found.isEmpty { throw .emptyMatch(item) }
          return found
        }
        if case .index(let index) = span { throw outside(index) }
        throw .emptyMatch(item)
      }
    }
  }

  var blocks = Numbers.all
  var heads: Numbers?
  var isKeyValue = false
  var hasBlock = false
  var isCanonical = false
  var alternatives: [String] = []

  init(_ text: String, _ item: String, _ facts: SiteFacts) throws(InspectionError) {
    if text.hasPrefix("hf:") {
      throw .badSite(item: item, reason: "is a site of Quire; foreign module paths are not read")
    }
    var rest = text
    if text.hasPrefix("blocks.") {
      isCanonical = true
      hasBlock = true
      let parts = text.dropFirst("blocks.".count)
      let (numbers, tail) = SiteName.numbers(String(parts))
      guard let numbers, tail.hasPrefix(".") else {
        throw .badSite(item: item, reason: "has a block after blocks.")
      }
      blocks = numbers
      rest = String(tail.dropFirst())
    } else if ["hook_embed", "hook_pos_embed", "unembed.hook_out"].contains(text)
      || text.hasPrefix("ln_final.hook_")
    {
      isCanonical = true
    } else if text.hasPrefix("L") {
      rest = try short(text, item)
    }
    alternatives = try SiteName.alternatives(rest, item)
  }

  /// `L5H1.` taken off the front.
  private mutating func short(_ text: String, _ item: String) throws(InspectionError) -> String {
    hasBlock = true
    let (numbers, tail) = SiteName.numbers(String(text.dropFirst()))
    guard let numbers else {
      throw .badSite(item: item, reason: "has a block after L: a number, a range or *")
    }
    blocks = numbers
    var rest = tail
    if rest.hasPrefix("H") || rest.hasPrefix("K") {
      isKeyValue = rest.hasPrefix("K")
      let (found, after) = SiteName.numbers(String(rest.dropFirst()))
      guard let found else {
        throw .badSite(item: item, reason: "has a head after H or K: a number, a range or *")
      }
      heads = found
      rest = after
    }
    guard rest.hasPrefix("."), rest.count > 1 else {
      throw .badSite(item: item, reason: "has a dot and a name after its block")
    }
    return String(rest.dropFirst())
  }

  /// A number, range or `*` at the front, and the rest.
  static func numbers(_ text: String) -> (Numbers?, String) {
    if text.hasPrefix("*") { return (.all, String(text.dropFirst())) }
    var end = text.startIndex
    func skipInt() -> Bool {
      let start = end
      if end < text.endIndex, text[end] == "-" { end = text.index(after: end) }
      let digits = end
      while end < text.endIndex, text[end].isASCII, text[end].isNumber {
        end = text.index(after: end)
      }
      if end == digits { end = start }
      return end > digits
    }
    guard skipInt() else { return (nil, text) }
    if text[end...].hasPrefix("..") {
      let before = end
      end = text.index(end, offsetBy: 2)
      if text[end...].hasPrefix("=") { end = text.index(after: end) }
      if !skipInt() { end = before }
    }
    guard let span = span(String(text[..<end])) else { return (nil, text) }
    return (.span(span), String(text[end...]))
  }

  /// `*`, an int, `a..b`, `a..=b`, with bounds left out at will.
  static func span(_ text: String) -> SiteSelection.Span? {
    if text == "*" || text == ".." { return .all }
    if let index = Int(text) { return text.hasPrefix("+") ? nil : .index(index) }
    guard let dots = firstDots(text) else { return nil }
    let low = trimmed(String(text[..<dots]))
    var high = trimmed(String(text[text.index(dots, offsetBy: 2)...]))
    let isClosed = high.hasPrefix("=")
    if isClosed { high = trimmed(String(high.dropFirst())) }
    if !low.isEmpty, Int(low) == nil { return nil }
    if high.isEmpty { return isClosed ? nil : .range(Int(low), nil) }
    guard let bound = Int(high) else { return nil }
    if !isClosed { return .range(Int(low), bound) }
    // `..=-1` reaches to the end.
    let (next, overflow) = bound.addingReportingOverflow(1)
    return overflow || next == 0 ? .range(Int(low), nil) : .range(Int(low), next)
  }

  private static func firstDots(_ text: String) -> String.Index? {
    var index = text.startIndex
    while index < text.endIndex {
      if text[index...].hasPrefix("..") { return index }
      index = text.index(after: index)
    }
    return nil
  }

  /// `{a,b}` once, spelled out; a name must be made of word characters, dots and stars.
  static func alternatives(_ text: String, _ item: String) throws(InspectionError) -> [String] {
    var names = [text]
    if let open = text.firstIndex(of: "{"), let close = text.firstIndex(of: "}"), open < close {
      let (head, tail) = (text[..<open], text[text.index(after: close)...])
      names = text[text.index(after: open)..<close].split(separator: ",").map {
        head + trimmed(String($0)) + tail
      }
    }
    for name in names {
      let isWord = name.utf8.allSatisfy {
        $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "*")
          || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
      }
      if !isWord || name.isEmpty {
        throw .badSite(item: item, reason: "is made of words, dots and *")
      }
    }
    return names
  }

  /// The canonical name after `blocks.i.`, or the whole one.
  static func tail(_ kind: SiteKind) -> String {
    let name = kind.canonicalName(block: 0)
    return kind.isPerBlock ? String(name.dropFirst("blocks.0.".count)) : name
  }

  /// `*` stands for any text within one dotted part. O(pattern · text).
  static func matches(_ pattern: String, _ text: String) -> Bool {
    let (p, t) = (Array(pattern.utf8), Array(text.utf8))
    var reach = [Bool](repeating: false, count: t.count + 1)
    reach[0] = true
    for byte in p {
      if byte == UInt8(ascii: "*") {
        for index in 0..<t.count where reach[index] && t[index] != UInt8(ascii: ".") {
          reach[index + 1] = true
        }
      } else {
        for index in stride(from: t.count, to: 0, by: -1) {
          reach[index] = reach[index - 1] && t[index - 1] == byte
        }
        reach[0] = false
      }
    }
    return reach[t.count]
  }
}

func trimmed(_ text: String) -> String {
  var view = text[...]
  while view.first == " " { view.removeFirst() }
  while view.last == " " { view.removeLast() }
  return String(view)
}

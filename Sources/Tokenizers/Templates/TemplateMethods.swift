// The methods of strings, lists and maps. Those that would change their value cannot be had, as in
// the reference's sandbox.

import JSON

enum TemplateMethod: String, CaseIterable {
  // Of strings.
  case capitalize, casefold, center, count, endswith, expandtabs, find, format, index, isalnum
  case isalpha, isascii, isdecimal, isdigit, islower, isnumeric, isspace, isupper, join, ljust
  case lower, lstrip, partition, removeprefix, removesuffix, replace, rfind, rindex, rjust
  case rpartition, rsplit, rstrip, split, splitlines, startswith, strip, swapcase, title, upper
  case zfill
  // Of maps and lists.
  case copy, get, items, keys, values
  case append, clear, extend, insert, pop, popitem, remove, reverse, setdefault, sort, update
  // Of the helpers.
  case next, reset, cycle, changed

  static let named = Dictionary(
    uniqueKeysWithValues: allCases.map { (JSONString($0.rawValue), $0) })

  var changesItsValue: Bool {
    switch self {
    case .append, .clear, .extend, .insert, .pop, .popitem, .remove, .reverse, .setdefault, .sort,
      .update:
      true
    default: false
    }
  }

  func belongs(to value: TemplateValue) -> Bool {
    switch value {
    case .text:
      switch self {
      case .copy, .get, .items, .keys, .values, .next, .reset, .cycle, .changed: false
      default: !changesItsValue
      }
    case .map:
      [.copy, .get, .items, .keys, .values, .clear, .pop, .popitem, .setdefault, .update]
        .contains(self)
    case .list:
      [
        .copy, .count, .index, .append, .clear, .extend, .insert, .pop, .remove, .reverse, .sort,
      ].contains(self)
    case .tuple, .range: self == .count || self == .index
    case .cycler: self == .next || self == .reset
    default: false
    }
  }
}

extension TemplateMachine {
  func call(
    _ method: TemplateMethodValue, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    let name = method.name.rawValue
    switch method.receiver {
    case .text(let text): return try call(method.name, of: text, arguments)
    case .map(let map): return try call(method.name, of: map, arguments)
    case .list(let list), .tuple(let list):
      if method.name == .copy { return method.receiver }
      return try search(method.name, list.values, arguments)
    case .range(let range):
      return try search(method.name, (0..<range.count).map { .int(range.value($0)) }, arguments)
    case .cycler(let cycler):
      _ = try arguments.bound(name, [])
      let value = cycler.values[cycler.position]
      cycler.position = method.name == .next ? (cycler.position + 1) % cycler.values.count : 0
      return method.name == .next ? value : .none
    case .loop(let loop) where method.name == .cycle:
      guard !arguments.positional.isEmpty, arguments.named.isEmpty else {
        throw .arguments(of: "loop.cycle", "needs at least one value")
      }
      return arguments.positional[max(loop.index0, 0) % arguments.positional.count]
    case .loop(let loop):
      let values = arguments.positional
      if let last = loop.lastChanged, last.count == values.count {
        var isEqual = true
        for index in last.indices where isEqual {
          isEqual = try equal(last[index], values[index])
        }
        if isEqual { return .bool(false) }
      }
      loop.lastChanged = values
      return .bool(true)
    default: throw .notCallable(method.receiver.typeName)
    }
  }

  private func call(
    _ method: TemplateMethod, of map: TemplateMap, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    switch method {
    case .get:
      guard arguments.named.isEmpty else {
        throw .arguments(of: "get", "takes no named arguments")
      }
      let bound = try arguments.bound("get", ["key", "default"], required: 1)
      if case .undefined = bound.value(0) { return bound.value(1) }
      return map.value(try bound.value(0).key()) ?? bound.value(1)
    case .copy: return .map(map)
    case .keys, .values, .items:
      _ = try arguments.bound(method.rawValue, [])
      let kind: TemplateView.Kind =
        method == .keys ? .keys : method == .values ? .values : .items
      return .view(TemplateView(kind, map))
    default: throw .notCallable("a method of a map")
    }
  }

  private func search(
    _ method: TemplateMethod, _ values: [TemplateValue], _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    let bound = try arguments.bound(method.rawValue, ["value", "start", "stop"], required: 1)
    if method == .count {
      var count = 0
      for value in values {
        try step()
        if try equal(value, bound.value(0)) { count += 1 }
      }
      return .int(count)
    }
    let range = sliceBounds(values.count, try bound.int(1, default: 0), bound[2]?.integer, 1)
    for index in range.from..<range.from + range.count {
      try step()
      if try equal(values[index], bound.value(0)) { return .int(index) }
    }
    throw .notFound("\(try TemplatePrinter.quoted(bound.value(0)).string) is not in the list")
  }
}

// Strings.
extension TemplateMachine {
  private func call(
    _ method: TemplateMethod, of text: TemplateText, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    try charge(bytes: text.utf8.count)
    let name = method.rawValue
    switch method {
    case .strip, .lstrip, .rstrip:
      let chars = try arguments.bound(name, ["chars"])[0] ?? .none
      return .text(try stripped(text, chars, start: method != .rstrip, end: method != .lstrip))
    case .split, .rsplit:
      let bound = try arguments.bound(name, ["sep", "maxsplit"])
      return try split(
        text, bound[0] ?? .none, limit: try bound.int(1, default: -1), fromEnd: method == .rsplit)
    case .splitlines:
      let keeps = try arguments.bound(name, ["keepends"]).flag(0)
      return try madeList(lines(of: text, keepingEnds: keeps).map { .text($0) })
    case .startswith, .endswith: return .bool(try affixed(method, text, arguments))
    case .replace:
      let bound = try arguments.bound(name, ["old", "new", "count"], required: 2)
      let (old, new) = (try bound.text(0), try bound.text(1))
      return try replaced(
        text, old, text.isMarkup ? new.escaped() : new,
        try bound.int(2, default: -1), keepingMarkup: true)
    case .find, .rfind, .index, .rindex, .count: return try search(method, text, arguments)
    case .join:
      let value = try arguments.bound(name, ["iterable"], required: 1).value(0)
      return try joined(try elements(of: value).rest(), by: text) { value throws(TemplateProblem) in
        guard let text = value.text else {
          throw .argument(of: "join", wanted: "strings", got: value.typeName)
        }
        return text
      }
    case .format: return try made(try TemplateFormatter.format(text, arguments, self))
    case .partition, .rpartition:
      let separator = try arguments.bound(name, ["sep"], required: 1).text(0)
      guard !separator.isEmpty else { throw .arguments(of: name, "needs a separator") }
      let place = try find(separator, in: text, last: method == .rpartition)
      guard let place else {
        let empty = TemplateValue.text(TemplateText())
        return try .tuple(
          method == .partition ? [.text(text), empty, empty] : [empty, empty, .text(text)])
      }
      return try .tuple([
        .text(text.slice(0..<place)), .text(separator),
        .text(text.slice(place + separator.utf8.count..<text.utf8.count)),
      ])
    case .removeprefix:
      let part = try arguments.bound(name, ["prefix"], required: 1).text(0)
      return .text(
        text.starts(with: part) ? text.slice(part.utf8.count..<text.utf8.count) : text)
    case .removesuffix:
      let part = try arguments.bound(name, ["suffix"], required: 1).text(0)
      guard !part.isEmpty, text.ends(with: part) else { return .text(text) }
      return .text(text.slice(0..<text.utf8.count - part.utf8.count))
    case .center, .ljust, .rjust, .zfill: return try filled(method, text, arguments)
    default: break
    }
    if method == .expandtabs {
      return try expanded(text, try arguments.bound(name, ["tabsize"]).int(0, default: 8))
    }
    _ = try arguments.bound(name, [])
    return try plain(method, text)
  }

  /// The methods without arguments.
  private func plain(
    _ method: TemplateMethod, _ text: TemplateText
  ) throws(TemplateProblem) -> TemplateValue {
    try charge(bytes: text.utf8.count &* 8)
    switch method {
    case .upper: return try made(TemplateCase.upper(text).asMarkup(text.isMarkup))
    case .lower, .casefold: return try made(TemplateCase.lower(text).asMarkup(text.isMarkup))
    case .capitalize: return try made(TemplateCase.capitalized(text).asMarkup(text.isMarkup))
    case .title: return try made(TemplateCase.titled(text).asMarkup(text.isMarkup))
    case .swapcase: return try made(TemplateCase.swapped(text).asMarkup(text.isMarkup))
    case .isalpha: return .bool(text.all(\.isPythonAlpha))
    case .isdigit: return .bool(text.all(\.isPythonDigit))
    case .isdecimal: return .bool(text.all(\.isPythonDecimal))
    case .isnumeric: return .bool(text.all(\.isPythonNumeric))
    case .isalnum: return .bool(text.all { $0.isPythonAlpha || $0.isPythonNumeric })
    case .isspace: return .bool(text.all(isPythonSpace))
    case .isascii: return .bool(text.isASCII)
    case .islower: return .bool(text.isCased(upper: false))
    case .isupper: return .bool(text.isCased(upper: true))
    default: throw .notCallable("a method of a string")
    }
  }

  /// Without blanks, or without the scalars of `chars`, at the ends.
  func stripped(
    _ text: TemplateText, _ chars: TemplateValue, start: Bool = true, end: Bool = true
  ) throws(TemplateProblem) -> TemplateText {
    if chars.isNone { return text.slice(text.trimmedRange(start: start, end: end, isPythonSpace)) }
    guard let chars = chars.text else {
      throw .argument(of: "strip", wanted: "a string or none", got: chars.typeName)
    }
    let dropped = Set(chars.scalars)
    return text.slice(text.trimmedRange(start: start, end: end) { dropped.contains($0) })
  }

  private func split(
    _ text: TemplateText, _ separator: TemplateValue, limit: Int, fromEnd: Bool
  ) throws(TemplateProblem) -> TemplateValue {
    var parts: [Range<Int>]
    if separator.isNone {
      parts = words(of: text, limit: limit, fromEnd: fromEnd)
    } else {
      guard let wanted = separator.text else {
        throw .argument(of: "split", wanted: "a string or none", got: separator.typeName)
      }
      guard !wanted.isEmpty else {
        throw .arguments(of: "split", "needs a separator that is not empty")
      }
      parts = []
      var lower = 0
      var upper = text.utf8.count
      while limit < 0 || parts.count < limit,
        let place = try find(wanted, in: text, from: lower, to: upper, last: fromEnd)
      {
        if fromEnd {
          parts.append(place + wanted.utf8.count..<upper)
          upper = place
        } else {
          parts.append(lower..<place)
          lower = place + wanted.utf8.count
        }
        guard parts.count <= TemplateLimits.listCount else { throw .tooLong("a list") }
      }
      parts.append(lower..<upper)
      if fromEnd { parts.reverse() }
    }
    return try madeList(parts.map { .text(text.slice($0)) })
  }

  /// The runs without blanks; the last of a limited split keeps all that follows it.
  private func words(of text: TemplateText, limit: Int, fromEnd: Bool) -> [Range<Int>] {
    var words: [Range<Int>] = []
    var place = 0
    var start: Int?
    while place < text.utf8.count {
      let length = text.scalarLength(place)
      if isPythonSpace(text.scalar(place, length)) {
        if let from = start { words.append(from..<place) }
        start = nil
      } else if start == nil {
        start = place
      }
      place += length
    }
    if let start { words.append(start..<place) }
    guard limit >= 0, words.count > limit else { return words }
    if fromEnd {
      return [0..<words[words.count - limit - 1].upperBound] + words.suffix(limit)
    }
    return Array(words.prefix(limit)) + [words[limit].lowerBound..<text.utf8.count]
  }

  func lines(of text: TemplateText, keepingEnds: Bool = false) -> [TemplateText] {
    var lines: [TemplateText] = []
    var start = 0
    var place = 0
    while place < text.utf8.count {
      let length = text.scalarLength(place)
      let scalar = text.scalar(place, length)
      guard isPythonLineEnd(scalar) else {
        place += length
        continue
      }
      let end = place
      place += length
      if scalar == "\r", place < text.utf8.count, text.utf8[place] == 0x0A { place += 1 }
      lines.append(text.slice(start..<(keepingEnds ? place : end)))
      start = place
    }
    if start < place { lines.append(text.slice(start..<place)) }
    return lines
  }

  private func affixed(
    _ method: TemplateMethod, _ text: TemplateText, _ arguments: CallValues
  ) throws(TemplateProblem) -> Bool {
    let bound = try arguments.bound(method.rawValue, ["prefix", "start", "stop"], required: 1)
    let part = try window(text, bound[1], bound[2])
    let wanted: [TemplateValue]
    if case .tuple(let tuple) = bound.value(0) {
      wanted = tuple.values
    } else {
      wanted = [bound.value(0)]
    }
    for value in wanted {
      guard let affix = value.text else {
        throw .argument(
          of: method.rawValue, wanted: "a string or a tuple of strings", got: value.typeName)
      }
      if method == .startswith ? part.starts(with: affix) : part.ends(with: affix) { return true }
    }
    return false
  }

  /// The part between two positions in scalars.
  private func window(
    _ text: TemplateText, _ start: TemplateValue?, _ stop: TemplateValue?
  ) throws(TemplateProblem) -> TemplateText {
    if start == nil, stop == nil { return text }
    let boundaries = text.boundaries()
    let (from, count) = sliceBounds(boundaries.count - 1, start?.integer, stop?.integer, 1)
    return text.slice(boundaries[from]..<boundaries[from + count])
  }

  private func search(
    _ method: TemplateMethod, _ text: TemplateText, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    let bound = try arguments.bound(method.rawValue, ["sub", "start", "stop"], required: 1)
    let wanted = try bound.text(0)
    let boundaries = bound[1] == nil && bound[2] == nil ? [0, text.utf8.count] : text.boundaries()
    let (from, count) = sliceBounds(
      boundaries.count - 1, bound[1]?.integer, bound[2]?.integer, 1)
    let lower = boundaries[from]
    let upper = boundaries[from + count]
    if method == .count {
      var found = 0
      var place = lower
      if wanted.isEmpty { return .int(scalarCount(text.utf8[lower..<upper]) + 1) }
      while let next = try find(wanted, in: text, from: place, to: upper) {
        found += 1
        place = next + wanted.utf8.count
      }
      return .int(found)
    }
    let isLast = method == .rfind || method == .rindex
    guard let place = try find(wanted, in: text, from: lower, to: upper, last: isLast) else {
      if method == .find || method == .rfind { return .int(-1) }
      throw .notFound("\(method.rawValue) needs a part that is there")
    }
    return .int(scalarCount(text.utf8[..<place]))
  }

  func replaced(
    _ text: TemplateText, _ old: TemplateText, _ new: TemplateText, _ limit: Int,
    keepingMarkup: Bool = false
  ) throws(TemplateProblem) -> TemplateValue {
    var result = TemplateText()
    var place = 0
    var left = limit < 0 ? Int.max : limit
    func check() throws(TemplateProblem) {
      guard result.utf8.count <= TemplateLimits.valueBytes else { throw .tooLong("a value") }
    }
    if old.isEmpty {
      for boundary in text.boundaries() where left > 0 {
        result.append(text, bytes: place..<boundary)
        result.append(new)
        try check()
        place = boundary
        left -= 1
      }
    } else {
      while left > 0, let next = try find(old, in: text, from: place) {
        result.append(text, bytes: place..<next)
        result.append(new)
        try check()
        place = next + old.utf8.count
        left -= 1
      }
    }
    result.append(text, bytes: place..<text.utf8.count)
    return try made(result.asMarkup(keepingMarkup && text.isMarkup))
  }

  func joined(
    _ values: [TemplateValue], by separator: TemplateText,
    _ text: (TemplateValue) throws(TemplateProblem) -> TemplateText
  ) throws(TemplateProblem) -> TemplateValue {
    var result = TemplateText()
    for (index, value) in values.enumerated() {
      if index > 0 { result.append(separator) }
      result.append(try text(value))
      guard result.utf8.count <= TemplateLimits.valueBytes else { throw .tooLong("a value") }
    }
    try charge(elements: values.count)
    return try made(result)
  }

  private func filled(
    _ method: TemplateMethod, _ text: TemplateText, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    let bound = try arguments.bound(method.rawValue, ["width", "fillchar"], required: 1)
    let fill = bound[1] == nil ? TemplateText(method == .zfill ? "0" : " ") : try bound.text(1)
    guard fill.count == 1 else {
      throw .arguments(of: method.rawValue, "needs one character to fill with")
    }
    let width = try bound.int(0, default: 0)
    let missing = max(0, min(width, TemplateLimits.valueBytes + 1) - text.count)
    guard missing * fill.utf8.count <= TemplateLimits.valueBytes else { throw .tooLong("a value") }
    func fills(_ count: Int) -> TemplateText {
      TemplateText(Array(repeatElement(fill.utf8, count: count).joined()))
    }
    var result: TemplateText
    switch method {
    case .ljust:
      result = text
      result.append(fills(missing))
    case .center:
      // The odd one stands on the left when the width is odd too.
      let left = missing / 2 + (missing & width & 1)
      result = fills(left)
      result.append(text)
      result.append(fills(missing - left))
    case .zfill where text.utf8.first == 0x2B || text.utf8.first == 0x2D:
      result = text.slice(0..<1)
      result.append(fills(missing))
      result.append(text.slice(1..<text.utf8.count))
    default:
      result = fills(missing)
      result.append(text)
    }
    return try made(result)
  }

  private func expanded(
    _ text: TemplateText, _ size: Int
  ) throws(TemplateProblem) -> TemplateValue {
    var result: [UInt8] = []
    var column = 0
    for byte in text.utf8 {
      if byte == 0x09 {
        let count = size > 0 ? min(size - column % size, TemplateLimits.valueBytes + 1) : 0
        guard result.count + count <= TemplateLimits.valueBytes else { throw .tooLong("a value") }
        result += repeatElement(0x20, count: count)
        column += count
      } else {
        result.append(byte)
        if byte == 0x0A || byte == 0x0D { column = 0 } else if byte & 0xC0 != 0x80 { column += 1 }
      }
    }
    return try made(TemplateText(result, marked: text.isMarked))
  }
}

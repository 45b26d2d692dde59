// The filters of lists, maps and what can be looped over.

import JSON

extension TemplateMachine {
  func applyToSequence(
    _ filter: TemplateFilter, _ value: TemplateValue, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    let name = filter.rawValue
    switch filter {
    case .first, .last, .list, .reverse, .items:
      _ = try arguments.bound(name, [])
      return try end(filter, value)
    case .join:
      let bound = try arguments.bound(name, ["d", "attribute"])
      let separator = try bound[0].map(TemplatePrinter.string) ?? TemplateText()
      let getter = try self.getter(bound.value(1))
      return try joined(try elements(of: value).rest(), by: separator) {
        (element) throws(TemplateProblem) in
        try TemplatePrinter.string(try getter.value(element, self))
      }
    case .select, .reject, .selectattr, .rejectattr: return try selected(filter, value, arguments)
    case .map: return try mapped(value, arguments)
    case .sort:
      let bound = try arguments.bound(name, ["reverse", "case_sensitive", "attribute"])
      let getters = try self.getters(bound.value(2))
      return try madeList(
        try sorted(
          try elements(of: value).rest(), by: getters, foldingCase: !bound.flag(1),
          reversed: bound.flag(0), asLists: true))
    case .dictsort: return try sortedPairs(value, arguments)
    case .unique: return try unique(value, arguments)
    case .min, .max: return try extreme(value, arguments, isMax: filter == .max)
    case .sum: return try sum(value, arguments)
    case .batch, .slice: return try cut(filter, value, arguments)
    case .groupby: return try grouped(value, arguments)
    case .attr:
      let wanted = try arguments.bound(name, ["name"], required: 1).text(0)
      if case .map = value, TemplateMethod.named[JSONString(utf8: wanted.utf8)] == nil {
        return .undefined(
          UndefinedValue(.attribute(JSONString(utf8: wanted.utf8), of: value.typeName, nil)))
      }
      return try attribute(JSONString(utf8: wanted.utf8), of: value)
    default: throw .unknownFilter(name, near: nil)
    }
  }

  private func end(
    _ filter: TemplateFilter, _ value: TemplateValue
  ) throws(TemplateProblem) -> TemplateValue {
    switch filter {
    case .list: return try madeList(try elements(of: value).rest())
    case .items:
      if value.isUndefined { return try .iterator([]) }
      guard case .map(let map) = value else { throw wrong(value, "items", "a map") }
      return try madeIterator(TemplateView(.items, map).elements())
    case .first:
      if case .text(let text) = value {
        return text.isEmpty ? nothing("first") : .text(text.slice(0..<text.scalarLength(0)))
      }
      return try elements(of: value).next() ?? nothing("first")
    case .last:
      if case .iterator = value { throw .notReversible(value.typeName) }
      return try elements(of: value).values.last ?? nothing("last")
    default:
      if case .text(let text) = value {
        try charge(bytes: text.utf8.count)
        var result = TemplateText()
        for character in text.characters().reversed() { result.append(character) }
        return try made(result)
      }
      let values = try elements(of: value).rest()
      if case .iterator = value { return try madeList(values.reversed()) }
      return try madeIterator(values.reversed())
    }
  }

  private func nothing(_ which: String) -> TemplateValue {
    .undefined(UndefinedValue(.words("there is no \(which) item: the sequence is empty")))
  }

  private func selected(
    _ filter: TemplateFilter, _ value: TemplateValue, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    guard value.isTrue else { return try .iterator([]) }
    var rest = arguments.positional[...]
    var getter = AttributeGetter()
    if filter == .selectattr || filter == .rejectattr {
      guard let attribute = rest.popFirst() else {
        throw .arguments(of: filter.rawValue, "needs the name of an attribute")
      }
      getter = try self.getter(attribute)
    }
    var test: TemplateTest?
    if let name = rest.popFirst() {
      guard let text = name.text else {
        throw .argument(of: filter.rawValue, wanted: "the name of a test", got: name.typeName)
      }
      guard let found = TemplateTest.named[JSONString(utf8: text.utf8)] else {
        throw .unknownTest(text.string, near: nil)
      }
      test = found
    }
    let call = CallValues(positional: Array(rest), named: arguments.named)
    let isWanted = filter == .select || filter == .selectattr
    var kept: [TemplateValue] = []
    let source = try elements(of: value)
    while let element = source.next() {
      try step()
      let tested = try getter.value(element, self)
      let holds =
        try test.map { (test) throws(TemplateProblem) in
          try self.test(test, tested, call)
        } ?? tested.isTrue
      if holds == isWanted { kept.append(element) }
    }
    return try madeIterator(kept)
  }

  private func mapped(
    _ value: TemplateValue, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    guard value.isTrue else { return try .iterator([]) }
    var results: [TemplateValue] = []
    let source = try elements(of: value)
    if arguments.positional.isEmpty, arguments.named.contains(where: { $0.name == "attribute" }) {
      let bound = try arguments.bound("map", ["attribute", "default"])
      let getter = try self.getter(bound.value(0), default: bound.value(1))
      while let element = source.next() {
        try step()
        results.append(try getter.value(element, self))
      }
      return try madeIterator(results)
    }
    guard let first = arguments.positional.first, let name = first.text else {
      throw .arguments(of: "map", "needs the name of a filter, or attribute=")
    }
    guard let filter = TemplateFilter.named[JSONString(utf8: name.utf8)] else {
      throw .unknownFilter(name.string, near: nil)
    }
    let call = CallValues(
      positional: Array(arguments.positional.dropFirst()), named: arguments.named)
    try enter()
    while let element = source.next() {
      try step()
      results.append(try apply(filter, element, call))
    }
    leave()
    return try madeIterator(results)
  }

  private func sortedPairs(
    _ value: TemplateValue, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    let bound = try arguments.bound("dictsort", ["case_sensitive", "by", "reverse"])
    guard case .map(let map) = value else { throw wrong(value, "dictsort", "a map") }
    let by = bound[1] == nil ? TemplateText("key") : try bound.text(1)
    guard by.equals("key") || by.equals("value") else {
      throw .arguments(of: "dictsort", "sorts by 'key' or 'value'")
    }
    let getter = AttributeGetter(parts: [.int(by.equals("key") ? 0 : 1)])
    return try madeList(
      try sorted(
        TemplateView(.items, map).elements(), by: [getter], foldingCase: !bound.flag(0),
        reversed: bound.flag(2)))
  }

  private func unique(
    _ value: TemplateValue, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    let bound = try arguments.bound("unique", ["case_sensitive", "attribute"])
    let getter = try self.getter(bound.value(1))
    var seen: Set<TemplateKey> = []
    var kept: [TemplateValue] = []
    for element in try elements(of: value).rest() {
      try step()
      var key = try getter.value(element, self)
      if !bound.flag(0) { key = try folded(key) }
      if seen.insert(try key.key()).inserted { kept.append(element) }
    }
    return try madeIterator(kept)
  }

  private func extreme(
    _ value: TemplateValue, _ arguments: CallValues, isMax: Bool
  ) throws(TemplateProblem) -> TemplateValue {
    let bound = try arguments.bound(isMax ? "max" : "min", ["case_sensitive", "attribute"])
    let getter = try self.getter(bound.value(1))
    var best: (element: TemplateValue, key: TemplateValue)?
    for element in try elements(of: value).rest() {
      try step()
      var key = try getter.value(element, self)
      if !bound.flag(0) { key = try folded(key) }
      guard let known = best else {
        best = (element, key)
        continue
      }
      if isMax ? try less(known.key, key) : try less(key, known.key) { best = (element, key) }
    }
    return best?.element
      ?? .undefined(UndefinedValue(.words("there is no item to take: the sequence is empty")))
  }

  private func sum(
    _ value: TemplateValue, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    let bound = try arguments.bound("sum", ["attribute", "start"])
    let getter = try self.getter(bound.value(0))
    var total = bound[1] ?? .int(0)
    if case .text = total { throw .arguments(of: "sum", "adds no strings: use join") }
    for element in try elements(of: value).rest() {
      try step()
      total = try binary(.add, total, try getter.value(element, self))
    }
    return total
  }

  private func cut(
    _ filter: TemplateFilter, _ value: TemplateValue, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    let name = filter.rawValue
    let bound = try arguments.bound(name, ["count", "fill_with"], required: 1)
    let count = try bound.int(0, default: 1)
    let fill = bound.value(1)
    let values = try elements(of: value).rest()
    var parts: [TemplateValue] = []
    if filter == .batch {
      // A count of 0 or less cuts nowhere.
      var start = 0
      while start < values.count {
        let end = count > 0 ? min(start + count, values.count) : values.count
        var part = Array(values[start..<end])
        if end == values.count, !fill.isNone, part.count < count {
          guard count <= TemplateLimits.listCount else { throw .tooLong("a list") }
          part += Array(repeating: fill, count: count - part.count)
        }
        parts.append(try madeList(part))
        start = end
      }
      return try madeIterator(parts)
    }
    guard count != 0 else { throw .divisionByZero }
    guard count <= TemplateLimits.listCount else { throw .tooLong("a list") }
    guard count > 0 else { return try .iterator([]) }
    let extra = values.count % count
    var start = 0
    for index in 0..<count {
      let length = values.count / count + (index < extra ? 1 : 0)
      var part = Array(values[start..<start + length])
      if !fill.isNone, index >= extra { part.append(fill) }
      parts.append(try madeList(part))
      start += length
    }
    return try madeIterator(parts)
  }

  private func grouped(
    _ value: TemplateValue, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    let bound = try arguments.bound(
      "groupby", ["attribute", "default", "case_sensitive"], required: 1)
    let getter = try self.getter(bound.value(0), default: bound.value(1))
    let foldsCase = !bound.flag(2)
    let values = try sorted(
      try elements(of: value).rest(), by: [getter], foldingCase: foldsCase, reversed: false)
    var groups: [(key: TemplateValue, shown: TemplateValue, values: [TemplateValue])] = []
    for element in values {
      try step()
      let shown = try getter.value(element, self)
      let key = foldsCase ? try folded(shown) : shown
      if let last = groups.last, try equal(last.key, key) {
        groups[groups.count - 1].values.append(element)
      } else {
        groups.append((key, shown, [element]))
      }
    }
    var tuples: [TemplateValue] = []
    for group in groups {
      tuples.append(
        try .tuple([group.shown, try madeList(group.values)], names: ["grouper", "list"]))
    }
    return try madeList(tuples)
  }
}

// Attributes and order.
extension TemplateMachine {
  /// `a.b.0` as steps into a value.
  func getter(
    _ attribute: TemplateValue, default fallback: TemplateValue = .none
  ) throws(TemplateProblem) -> AttributeGetter {
    switch attribute {
    case .none: return AttributeGetter(fallback: fallback)
    case .text(let text):
      let parts = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false).map {
        (part) -> TemplateValue in
        let isIndex = !part.isEmpty && part.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        if isIndex, let index = Int(String(decoding: part, as: UTF8.self)) { return .int(index) }
        return .text(TemplateText(Array(part)))
      }
      return AttributeGetter(parts: parts, fallback: fallback)
    case .undefined(let nothing): throw problem(nothing)
    default: return AttributeGetter(parts: [attribute], fallback: fallback)
    }
  }

  private func getters(_ attribute: TemplateValue) throws(TemplateProblem) -> [AttributeGetter] {
    guard let text = attribute.text else { return [try getter(attribute)] }
    var getters: [AttributeGetter] = []
    for part in text.utf8.split(separator: 0x2C, omittingEmptySubsequences: false) {
      getters.append(try getter(.text(TemplateText(Array(part)))))
    }
    return getters
  }

  /// A string in lower case; anything else as it is.
  func folded(_ value: TemplateValue) throws(TemplateProblem) -> TemplateValue {
    guard let text = value.text else { return value }
    try charge(bytes: text.utf8.count &* 8)
    return .text(TemplateCase.lower(text))
  }

  private func sorted(
    _ values: [TemplateValue], by getters: [AttributeGetter], foldingCase: Bool, reversed: Bool,
    asLists: Bool = false
  ) throws(TemplateProblem) -> [TemplateValue] {
    var keys: [[TemplateValue]] = []
    for value in values {
      var key: [TemplateValue] = []
      for getter in getters {
        let part = try getter.value(value, self)
        key.append(foldingCase ? try folded(part) : part)
      }
      keys.append(key)
    }
    // Equal elements keep their order in both directions.
    let order = try sorted(Array(values.indices)) { (a, b) throws(TemplateProblem) in
      let (first, second) = reversed ? (keys[b], keys[a]) : (keys[a], keys[b])
      return try asLists ? self.less(first, second) : self.less(first[0], second[0])
    }
    return order.map { values[$0] }
  }

  private func less(
    _ a: [TemplateValue], _ b: [TemplateValue]
  ) throws(TemplateProblem) -> Bool {
    for index in a.indices {
      if try equal(a[index], b[index]) { continue }
      return try less(a[index], b[index])
    }
    return false
  }

  /// A stable merge sort whose comparison may fail.
  func sorted(
    _ values: [Int], _ less: (Int, Int) throws(TemplateProblem) -> Bool
  ) throws(TemplateProblem) -> [Int] {
    if values.count < 2 { return values }
    let middle = values.count / 2
    let left = try sorted(Array(values[..<middle]), less)
    let right = try sorted(Array(values[middle...]), less)
    var result: [Int] = []
    result.reserveCapacity(values.count)
    var (i, j) = (0, 0)
    while i < left.count, j < right.count {
      try step()
      if try less(right[j], left[i]) {
        result.append(right[j])
        j += 1
      } else {
        result.append(left[i])
        i += 1
      }
    }
    return result + left[i...] + right[j...]
  }
}

/// The steps from an element to the value that a filter looks at.
struct AttributeGetter {
  var parts: [TemplateValue] = []
  /// Takes the place of an undefined value, unless none.
  var fallback: TemplateValue = .none

  func value(
    _ element: TemplateValue, _ machine: TemplateMachine
  ) throws(TemplateProblem) -> TemplateValue {
    var value = element
    for part in parts {
      value = try machine.item(part, of: value)
      if value.isUndefined, !fallback.isNone { value = fallback }
    }
    return value
  }
}

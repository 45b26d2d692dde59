// The prelude's words for lists, maps and ranges.

import Diagnostics

extension Prelude {
  nonisolated(unsafe) static let lists: [Builtin] = [
    Builtin(
      "list", group: "lists", "Makes a list of what `for` would go over",
      [Parameter("values")], example: "list(0..3) -> [0, 1, 2]", flags: .pure
    ) { .list(try elements($0, "values")) },
    range,
    append,
    Builtin(
      "insert", group: "lists", "Gives a list with a value before a place",
      [Parameter("list"), Parameter("place"), Parameter("value")],
      example: "insert([1, 3], 1, 2) -> [1, 2, 3]", flags: .pure
    ) { call in
      var list = try call.list("list")
      let wanted = try call.int("place")
      let place = wanted < 0 ? wanted + list.count : wanted
      guard place >= 0, place <= list.count else {
        throw PreludeMessage.listPlace(wanted, list.count).diagnostic()
      }
      list.insert(try call.value("value"), at: place)
      return .list(list)
    },
    Builtin(
      "remove", group: "lists",
      "Gives a list without the element at a place, or a map without a key",
      [Parameter("values"), Parameter("key")], example: "remove([1, 2, 3], 1) -> [1, 3]",
      flags: .pure
    ) { call in
      let (values, key) = (try call.value("values"), try call.value("key"))
      switch values {
      case .list(let box):
        var list = Array(box)
        list.remove(at: try Elements.place(key, list.count, "list"))
        return .list(list)
      case .map(let box):
        guard let key = Operations.mapKey(key) else {
          throw RuntimeMessage.keyKind(key.kind).diagnostic()
        }
        guard box.map[key] != nil else { throw Elements.missing(key, box.map) }
        var map = box.map
        map[key] = nil
        return .map(map)
      default: throw call.mismatch("values", "a list or map", values)
      }
    },
    get,
    Builtin(
      "keys", group: "lists", "Lists the keys of a map", [Parameter("map")],
      example: "keys({a: 1, b: 2}) -> [\"a\", \"b\"]", flags: .pure
    ) { call in
      guard let map = try call.value("map").asMap else {
        throw call.mismatch("map", "a map", try call.value("map"))
      }
      return .list(map.keyList)
    },
    Builtin(
      "values", group: "lists", "Lists the values of a map", [Parameter("map")],
      example: "values({a: 1, b: 2}) -> [1, 2]", flags: .pure
    ) { call in
      guard let map = try call.value("map").asMap else {
        throw call.mismatch("map", "a map", try call.value("map"))
      }
      return .list(map.values)
    },
    Builtin(
      "reversed", group: "lists", "Gives the elements, or the characters of a string, backwards",
      [Parameter("values")], example: "reversed([1, 2, 3]) -> [3, 2, 1]", flags: .pure
    ) { call in
      if case .text(let box) = try call.value("values") {
        var poll = Poll(call.context.interrupt)
        var reversed = ""
        reversed.reserveCapacity(box.byteCount)
        for character in box.string.reversed() {
          try poll.turn()
          reversed.append(character)
        }
        return .string(reversed)
      }
      let values = try elements(call, "values")
      return .list(try made(values.count, call) { values[values.count - 1 - $0] })
    },
    Builtin(
      "zip", group: "lists", "Pairs the elements of lists of the same length",
      [Parameter("lists", .rest)],
      example: "zip([1, 2], [\"a\", \"b\"]) -> [[1, \"a\"], [2, \"b\"]]",
      flags: .pure
    ) { call in
      let lists: [ListStorage] = try call.list("lists").map { value in
        guard let list = try Iteration.elements(value, call.context.interrupt) else {
          throw PreludeMessage.needsElements("zip", value.kind).diagnostic()
        }
        return list
      }
      guard let first = lists.first else { return .list([]) }
      guard lists.allSatisfy({ $0.count == first.count }) else {
        throw PreludeMessage.zipLengths.diagnostic()
      }
      try checkMemory(first.count, of: 16 * lists.count + 64, for: "the list")
      return .list(
        try made(first.count, call) { place in
          let row = ListStorage.make(room: lists.count)
          for list in lists { row.fill(list.base + place) }
          return .list(row)
        })
    },
    Builtin(
      "enumerate", group: "lists", "Pairs each element with its place",
      [Parameter("values"), Parameter("from", .label("0"), "the first number")],
      example: "enumerate([\"a\", \"b\"]) -> [[0, \"a\"], [1, \"b\"]]", flags: .pure
    ) { call in
      let first = try call.int("from", default: 0)
      let values = try elements(call, "values")
      if first.addingReportingOverflow(max(0, values.count - 1)).overflow {
        throw RuntimeMessage.overflow("the last number").diagnostic()
      }
      try checkMemory(values.count, of: 96, for: "the list")
      return .list(
        try made(values.count, call) { place in
          var number = Value.int(first + place)
          return .list(ListStorage.make(&number, 1, adding: values.base + place))
        })
    },
    Builtin(
      "unique", group: "lists", "Gives each different element once, in the order they come",
      [Parameter("values")], example: "unique([1, 2, 1]) -> [1, 2]", flags: .pure
    ) { call in
      var known = KnownValues(call.context.interrupt)
      return .list(try elements(call, "values").filter { try known.insert($0) })
    },
  ]

  nonisolated(unsafe) private static let range = Builtin(
    "range", group: "lists", "Counts from a start up to an end, which is excluded, by a step",
    [
      Parameter("start", .required, "or the end, when it is the only one"),
      Parameter("end", .optional("nil")), Parameter("by", .label("1"), "not 0"),
    ], example: "list(range(0, 10, by: 4)) -> [0, 4, 8]", flags: .pure
  ) { call in
    let first = try call.int("start")
    let step = try call.int("by", default: 1)
    if step == 0 { throw PreludeMessage.stepZero.diagnostic() }
    guard let end = try call.optionalInt("end") else { return .range(0, first, by: step) }
    return .range(first, end, by: step)
  }

  nonisolated(unsafe) private static let get = Builtin(
    "get", group: "lists", "Reads a key or place that may be missing",
    [Parameter("values"), Parameter("key"), Parameter("fallback", .optional("nil"))],
    example: "get({a: 1}, \"b\", 0) -> 0", flags: .pure
  ) { call in
    let (values, key) = (try call.value("values"), try call.value("key"))
    let fallback = call["fallback"] ?? .nil
    switch values {
    case .map(let box):
      guard let key = Operations.mapKey(key) else {
        throw RuntimeMessage.keyKind(key.kind).diagnostic()
      }
      return box.map[key] ?? fallback
    case .list(let box):
      guard case .int(let number) = key else {
        throw RuntimeMessage.indexKind("list", key.kind).diagnostic()
      }
      let place = number < 0 ? number &+ box.count : number
      return box.indices.contains(place) ? box[place] : fallback
    default: throw call.mismatch("values", "a map or list", values)
    }
  }

  nonisolated(unsafe) private static let append = Builtin(
    "append", group: "lists", "Gives a list with one more element",
    [Parameter("list"), Parameter("value")], example: "append([1, 2], 3) -> [1, 2, 3]",
    flags: .pure
  ) { call in
    let value = try call.value("list")
    guard case .list(let list) = value else {
      throw PreludeMessage.needsList("append", value.kind).diagnostic()
    }
    var added = try call.value("value")
    return .list(ListStorage.make(list.base, list.count, adding: &added))
  }

  // MARK: With functions

  nonisolated(unsafe) static let functions: [Builtin] = [
    Builtin(
      "map", group: "lists", "Gives what a function makes of each element",
      [Parameter("values"), Parameter("function")],
      example: "map([1, 2, 3], x => x * 2) -> [2, 4, 6]"
    ) { call in
      let function = Callback(try function(call, "function"), call.context)
      let values = try elements(call, "values")
      var result = ListMaker(room: values.count)
      for place in 0..<values.count { result.append(try function.call(values[place])) }
      return .list(result.list)
    },
    Builtin(
      "filter", group: "lists", "Keeps the elements for which a function gives true",
      [Parameter("values"), Parameter("function")],
      example: "filter([1, 2, 3, 4], x => x % 2 == 0) -> [2, 4]"
    ) { call in
      let function = Callback(try function(call, "function"), call.context)
      let values = try elements(call, "values")
      var result = ListMaker()
      for place in 0..<values.count where try holds(call, function, values[place]) {
        result.append(values[place])
      }
      return .list(result.list)
    },
    Builtin(
      "reduce", group: "lists", "Joins all elements by a function, from the left",
      [
        Parameter("values"), Parameter("function"),
        Parameter("from", .label("the first element"), "the value to begin with"),
      ], example: "reduce([1, 2, 3], (a, b) => a * b) -> 6"
    ) { call in
      let function = Callback(try function(call, "function"), call.context)
      var list = try elements(call, "values")[...]
      guard var result = call["from"] ?? list.popFirst() else {
        throw PreludeMessage.reduceEmpty.diagnostic()
      }
      for element in list {
        result = try function.call(result, element)
      }
      return result
    },
    Builtin(
      "any", group: "lists", "True when an element is true, or a function says so of one",
      [Parameter("values"), Parameter("function", .optional("nil"))],
      example: "any([1, 2, 3], x => x > 2) -> true", flags: .pure
    ) { call in
      let function = optionalFunction(call)
      for element in try elements(call, "values") where try holds(call, function, element) {
        return .bool(true)
      }
      return .bool(false)
    },
    Builtin(
      "all", group: "lists", "True when every element is true, or a function says so of each",
      [Parameter("values"), Parameter("function", .optional("nil"))],
      example: "all([1, 2, 3], x => x > 0) -> true", flags: .pure
    ) { call in
      let function = optionalFunction(call)
      for element in try elements(call, "values") where try !holds(call, function, element) {
        return .bool(false)
      }
      return .bool(true)
    },
    Builtin(
      "sorted", group: "lists", "Gives the elements in order; equal ones keep theirs",
      [
        Parameter("values"), Parameter("by", .label("nil"), "a function that gives the key"),
        Parameter("reverse", .label("false"), "largest first"),
      ], example: "sorted([\"bb\", \"a\"], by: len) -> [\"a\", \"bb\"]", flags: .pure
    ) { call in try sorted(call) },
    extreme("min", "Gives the smallest of the arguments, or of one list", -1, "min(3, 1, 2) -> 1"),
    extreme("max", "Gives the largest of the arguments, or of one list", 1, "max([3, 1, 2]) -> 3"),
    Builtin(
      "sum", group: "numbers", "Adds all elements up",
      [Parameter("values"), Parameter("by", .label("nil"), "a function of each element")],
      example: "sum([1, 2, 3]) -> 6", flags: .pure
    ) { call in
      if case .range(let range) = try call.value("values"), call["by"] == nil {
        return try rangeSum(range)
      }
      var total = Value.int(0)
      var exact = Compensated()
      let by = call["by"].map { Callback($0, call.context) }
      var poll = Poll(call.context.interrupt)
      // Trues are counted; bools among numbers are a mistake.
      var bools = 0, seen = 0
      for element in try elements(call, "values") {
        try poll.turn()
        let value = try by?.call(element) ?? element
        seen += 1
        if value.asBool != nil { bools += 1 }
        guard bools == 0 || bools == seen else {
          throw PreludeMessage.notNumber("sum", "bool").diagnostic()
        }
        if case .float(let number) = value, exact.count > 0 || total.isZero {
          exact.add(number)
        } else if exact.count > 0, case .int(let number) = value {
          exact.add(Double(number))
        } else {
          guard value.asNumber != nil || value.isHost || value.asBool != nil else {
            throw PreludeMessage.notNumber("sum", value.kind).diagnostic()
          }
          if case .float(let number) = value, case .int(let before) = total {
            exact.add(Double(before))
            exact.add(number)
          } else {
            let number = value.asBool.map { Value.int($0 ? 1 : 0) } ?? value
            total = try Operations.binary(.add, total, number)
          }
        }
      }
      return exact.count > 0 ? .float(exact.total) : total
    },
    Builtin(
      "count", group: "lists", "Counts the elements for which a function gives true, or equal ones",
      [Parameter("values"), Parameter("what", .required, "a function or a value")],
      example: "count([1, 2, 1], 1) -> 2", flags: .pure
    ) { call in
      let what = try call.value("what")
      if case .text(let box) = try call.value("values"), case .text(let part) = what {
        let parts = try pieces(box.string, by: part.string, call.context.interrupt)
        return .int(parts.count - 1)
      }
      var count = 0
      var poll = Poll(call.context.interrupt)
      for element in try elements(call, "values") {
        try poll.turn()
        if case .function = what {
          if try holds(call, Callback(what, call.context), element) { count += 1 }
        } else if try equalElement(element, what) {
          count += 1
        }
      }
      return .int(count)
    },
  ]

  /// Whether an element is what is counted; those of a tensor are compared as numbers.
  private static func equalElement(_ element: Value, _ what: Value) throws -> Bool {
    guard case .host = element, what.asNumber != nil else {
      return try Operations.equal(element, what)
    }
    if case .bool(true) = try Operations.binary(.equal, element, what) { return true }
    return false
  }

  /// A list of so many elements, each made for its place. Throws `Interrupted`.
  private static func made(
    _ count: Int, _ call: Call, _ element: (Int) -> Value
  ) throws -> ListStorage {
    var made = ListMaker(room: count)
    var poll = Poll(call.context.interrupt)
    for place in 0..<count {
      try poll.turn()
      made.append(element(place))
    }
    return made.list
  }

  private static func rangeSum(_ range: RangeStorage) throws -> Value {
    guard let count = range.exactCount else {
      throw RuntimeMessage.overflow("the sum").diagnostic()
    }
    if count == 0 { return .int(0) }
    let (ends, overflow) = range.start.addingReportingOverflow(range.element(count - 1))
    let (a, b) = count % 2 == 0 ? (count / 2, ends) : (count, ends / 2)
    let (sum, overflow2) = a.multipliedReportingOverflow(by: b)
    if overflow || overflow2 { throw RuntimeMessage.overflow("the sum").diagnostic() }
    return .int(sum)
  }

  private static func optionalFunction(_ call: Call) -> Callback? {
    guard let function = call["function"], !function.isNil else { return nil }
    return Callback(function, call.context)
  }

  private static func holds(
    _ call: Call, _ function: Callback?, _ element: Value
  ) throws -> Bool {
    let answer: Value
    if let function {
      answer = try function.call(element)
    } else {
      try call.context.interrupt.check()
      answer = element
    }
    guard let flag = answer.asBool else {
      throw RuntimeMessage.notBool(asker: call.builtin.name, kind: answer.kind).diagnostic()
    }
    return flag
  }

  private static func sorted(_ call: Call) throws -> Value {
    let values = try elements(call, "values")
    let isReversed = try call.bool("reverse", default: false)
    if let by = call["by"], !by.isNil {
      let function = Callback(try function(call, "by"), call.context)
      var made = ListMaker(room: values.count)
      for place in 0..<values.count { made.append(try function.call(values[place])) }
      let keys = made.list
      let order =
        try Sorting.order(keys, isReversed)
        ?? Sorting.anyOrder(keys, isReversed, call.context.interrupt)
      return .list(Sorting.picked(values, order))
    }
    if let list = Sorting.sorted(values, isReversed) { return .list(list) }
    return .list(
      Sorting.picked(values, try Sorting.anyOrder(values, isReversed, call.context.interrupt)))
  }

  private static func extreme(
    _ name: String, _ summary: String, _ sign: Int, _ example: String
  ) -> Builtin {
    Builtin(
      name, group: "numbers", summary,
      [
        Parameter("values", .rest), Parameter("by", .label("nil"), "a function that gives the key"),
      ],
      example: example, flags: .pure
    ) { call in
      var values = try elements(call, "values")
      if values.count == 1,
        let inner = try Iteration.elements(values[0], call.context.interrupt)
      {
        values = inner
      }
      var keys = values
      if let by = call["by"], !by.isNil {
        let by = Callback(by, call.context)
        keys = ListStorage.make(try values.map { try by.call($0) })
      }
      guard var best = keys.indices.first else {
        throw PreludeMessage.empty(name).diagnostic()
      }
      if keys.count == 1 { _ = try Operations.order(keys[0], keys[0], name) }
      var poll = Poll(call.context.interrupt)
      for place in keys.indices.dropFirst() {
        try poll.turn()
        // A nan stays, as in a tensor: an unknown number may be the largest.
        if try Operations.order(keys[place], keys[best], name) == sign || keys[place].isNaN,
          !keys[best].isNaN
        {
          best = place
        }
      }
      return values[best]
    }
  }
}

/// Sums floats with Neumaier's compensation, as `sum` in Python 3.12 does.
struct Compensated {
  private var sum = 0.0
  private var rest = 0.0
  private(set) var count = 0

  mutating func add(_ number: Double) {
    count += 1
    let next = sum + number
    if next.isFinite {
      rest += abs(sum) >= abs(number) ? (sum - next) + number : (number - next) + sum
    }
    sum = next
  }

  var total: Double { sum.isFinite ? sum + rest : sum }
}

extension Value {
  var isZero: Bool { if case .int(0) = self { true } else { false } }
}

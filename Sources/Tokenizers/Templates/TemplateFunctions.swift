// The functions a template may call, and what calling anything means.

import Diagnostics
import JSON

extension TemplateMachine {
  func call(
    _ callee: TemplateValue, _ arguments: CallValues, at node: NodeID
  ) throws(TemplateProblem) -> TemplateValue {
    switch callee {
    case .undefined(let nothing): throw problem(nothing)
    case .macro(let macro): return try call(macro, arguments, at: node)
    case .method(let method): return try call(method, arguments)
    case .function(let function): return try call(function, arguments)
    case .joiner(let joiner):
      _ = try arguments.bound("joiner", [])
      defer { joiner.isUsed = true }
      return joiner.isUsed ? joiner.separator : .text(TemplateText())
    default: throw .notCallable(callee.typeName)
    }
  }

  private func call(
    _ function: TemplateFunction, _ arguments: CallValues
  ) throws(TemplateProblem) -> TemplateValue {
    switch function {
    case .range: return try range(arguments)
    case .dict: return try dict(arguments)
    case .namespace:
      let namespace = newNamespace()
      guard case .map(let map) = try dict(arguments) else { return .none }
      try charge(elements: map.keys.count &* map.keys.count)
      for (key, value) in zip(map.keys, map.values) {
        guard let text = key.text else { continue }
        namespace[JSONString(utf8: text.utf8)] = value
      }
      return .namespace(namespace)
    case .joiner:
      let bound = try arguments.bound("joiner", ["sep"])
      let joiner = TemplateValue.joiner(
        TemplateJoiner(bound[0] ?? .text(TemplateText(", "))))
      guard joiner.depth <= TemplateLimits.valueDepth else { throw .tooNested }
      return joiner
    case .cycler:
      guard arguments.named.isEmpty, !arguments.positional.isEmpty else {
        throw .arguments(of: "cycler", "needs at least one value")
      }
      let cycler = TemplateValue.cycler(TemplateCycler(arguments.positional))
      guard cycler.depth <= TemplateLimits.valueDepth else { throw .tooNested }
      return cycler
    case .raiseException:
      let bound = try arguments.bound("raise_exception", ["message"], required: 1)
      throw .raised(try TemplatePrinter.string(bound.value(0)).string)
    case .strftimeNow:
      let format = try arguments.bound("strftime_now", ["format"], required: 1).text(0)
      guard let date else {
        throw .arguments(of: "strftime_now", "needs a date, and none was handed in")
      }
      usedDate = true
      return try made(TemplateText(date.formatted(format.string)))
    }
  }

  private func range(_ arguments: CallValues) throws(TemplateProblem) -> TemplateValue {
    guard arguments.named.isEmpty, (1...3).contains(arguments.positional.count) else {
      throw .arguments(of: "range", "takes one to three integers")
    }
    var numbers: [Int] = []
    for value in arguments.positional {
      if case .undefined(let nothing) = value { throw problem(nothing) }
      guard let number = value.integer else {
        throw .argument(of: "range", wanted: "integers", got: value.typeName)
      }
      numbers.append(number)
    }
    let start = numbers.count == 1 ? 0 : numbers[0]
    let stop = numbers.count == 1 ? numbers[0] : numbers[1]
    let step = numbers.count == 3 ? numbers[2] : 1
    guard step != 0 else { throw .arguments(of: "range", "needs a step that is not 0") }
    guard step > 0 ? stop > start : stop < start else {
      return .range(TemplateRange(start: start, stop: stop, step: step, count: 0))
    }
    let distance = stop > start ? UInt(bitPattern: stop &- start) : UInt(bitPattern: start &- stop)
    let count = (distance - 1) / step.magnitude
    guard count < UInt(TemplateLimits.rangeCount) else {
      throw .rangeTooLong(Int(clamping: count) == .max ? .max : Int(clamping: count) + 1)
    }
    return .range(TemplateRange(start: start, stop: stop, step: step, count: Int(count) + 1))
  }

  private func dict(_ arguments: CallValues) throws(TemplateProblem) -> TemplateValue {
    guard arguments.positional.count <= 1 else {
      throw .arguments(of: "dict", "takes at most one map")
    }
    var pairs: [(TemplateValue, TemplateValue)] = []
    if let first = arguments.positional.first {
      if case .map(let map) = first {
        pairs = Array(zip(map.keys, map.values))
      } else {
        for pair in try elements(of: first).rest() {
          let parts = try elements(of: pair).rest()
          guard parts.count == 2 else { throw .unpack(wanted: 2, got: parts.count) }
          pairs.append((parts[0], parts[1]))
        }
      }
    }
    for (name, value) in arguments.named { pairs.append((.text(TemplateText(name.utf8)), value)) }
    try charge(elements: pairs.count)
    return try .map(pairs)
  }
}

/// A moment as a calendar and a clock show it, handed in from outside: templates know no other.
package struct TemplateDate: Sendable, Equatable {
  package var year: Int
  /// 1...12.
  package var month: Int
  /// 1...31.
  package var day: Int
  package var hour: Int
  package var minute: Int
  package var second: Int

  package init(
    year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0
  ) {
    self.year = min(max(year, 1), 9999)
    self.month = min(max(month, 1), 12)
    self.day = min(max(day, 1), 31)
    self.hour = min(max(hour, 0), 23)
    self.minute = min(max(minute, 0), 59)
    self.second = min(max(second, 0), 61)
  }

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]
  private static let weekdays = [
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
  ]

  /// The day of the year, from 1.
  private var yearDay: Int {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return lengths.prefix(month - 1).reduce(day, +)
  }

  /// From Monday, 0.
  private var weekday: Int {
    let past = year - 1
    return (past * 365 + past / 4 - past / 100 + past / 400 + yearDay - 1) % 7
  }

  /// The text by a format of `strftime` in the C locale; `%-d` leaves out a leading zero. What is
  /// no directive stays as it is.
  package func formatted(_ format: String) -> String {
    var result = ""
    var scalars = Array(format.unicodeScalars)[...]
    while let scalar = scalars.popFirst() {
      guard scalar == "%", let next = scalars.first else {
        result.unicodeScalars.append(scalar)
        continue
      }
      let isBare = next == "-" && scalars.count > 1
      let letter = isBare ? scalars[scalars.startIndex + 1] : next
      if let text = directive(letter, isBare: isBare) {
        result += text
        scalars = scalars.dropFirst(isBare ? 2 : 1)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private func directive(_ letter: Unicode.Scalar, isBare: Bool) -> String? {
    func number(_ value: Int, _ width: Int, fill: String = "0") -> String {
      let digits = String(value)
      if isBare { return digits }
      return String(repeating: fill, count: max(0, width - digits.utf8.count)) + digits
    }
    let hour12 = (hour + 11) % 12 + 1
    switch letter {
    case "Y": return String(year)
    case "C": return number(year / 100, 2)
    case "y": return number(year % 100, 2)
    case "m": return number(month, 2)
    case "d": return number(day, 2)
    case "e": return number(day, 2, fill: " ")
    case "B": return Self.months[month - 1]
    case "b", "h": return String(Self.months[month - 1].prefix(3))
    case "A": return Self.weekdays[weekday]
    case "a": return String(Self.weekdays[weekday].prefix(3))
    case "u": return String(weekday + 1)
    case "w": return String((weekday + 1) % 7)
    case "j": return number(yearDay, 3)
    case "U": return number((yearDay + 6 - (weekday + 1) % 7) / 7, 2)
    case "W": return number((yearDay + 6 - weekday) / 7, 2)
    case "H": return number(hour, 2)
    case "k": return number(hour, 2, fill: " ")
    case "I": return number(hour12, 2)
    case "l": return number(hour12, 2, fill: " ")
    case "M": return number(minute, 2)
    case "S": return number(second, 2)
    case "f": return "000000"
    case "p": return hour < 12 ? "AM" : "PM"
    case "P": return hour < 12 ? "am" : "pm"
    case "D", "x": return formatted("%m/%d/%y")
    case "F": return formatted("%Y-%m-%d")
    case "T", "X": return formatted("%H:%M:%S")
    case "R": return formatted("%H:%M")
    case "r": return formatted("%I:%M:%S %p")
    case "c": return formatted("%a %b %e %H:%M:%S %Y")
    case "n": return "\n"
    case "t": return "\t"
    case "%": return "%"
    // A time without a zone has none to name.
    case "z", "Z": return ""
    default: return nil
    }
  }
}

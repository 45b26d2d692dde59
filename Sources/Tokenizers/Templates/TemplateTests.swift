// The tests of `is`.

import JSON

enum TemplateTest: String, CaseIterable {
  case defined, undefined, none, string, number, integer, float, boolean
  case `true`, `false`, mapping, sequence, iterable, callable
  case eq, equalto, ne, lt, lessthan, le, gt, greaterthan, ge, `in`
  case equalSign = "=="
  case notEqualSign = "!="
  case lessSign = "<"
  case lessOrEqualSign = "<="
  case greaterSign = ">"
  case greaterOrEqualSign = ">="
  case odd, even, divisibleby, lower, upper, sameas, filter, test, escaped

  static let named = Dictionary(
    uniqueKeysWithValues: allCases.map { (JSONString($0.rawValue), $0) })
}

extension TemplateMachine {
  func test(
    _ test: TemplateTest, _ value: TemplateValue, _ arguments: CallValues
  ) throws(TemplateProblem) -> Bool {
    let name = "test '\(test.rawValue)'"
    func other() throws(TemplateProblem) -> TemplateValue {
      try arguments.bound(name, ["other"], required: 1).value(0)
    }
    switch test {
    case .eq, .equalto, .equalSign: return try compare(.equal, value, try other())
    case .ne, .notEqualSign: return try compare(.notEqual, value, try other())
    case .lt, .lessthan, .lessSign: return try compare(.less, value, try other())
    case .le, .lessOrEqualSign: return try compare(.lessOrEqual, value, try other())
    case .gt, .greaterthan, .greaterSign: return try compare(.greater, value, try other())
    case .ge, .greaterOrEqualSign: return try compare(.greaterOrEqual, value, try other())
    case .in: return try contains(try other(), value)
    case .sameas: return isSame(value, try other())
    case .divisibleby:
      let rest = try binary(.modulo, value, try other())
      return rest.number == 0
    default: break
    }
    _ = try arguments.bound(name, [])
    switch test {
    case .odd: return try binary(.modulo, value, .int(2)).number == 1
    case .even: return try binary(.modulo, value, .int(2)).number == 0
    case .lower: return try TemplatePrinter.string(value).isCased(upper: false)
    case .upper: return try TemplatePrinter.string(value).isCased(upper: true)
    case .filter:
      return value.text.map { TemplateFilter.named[JSONString(utf8: $0.utf8)] != nil } ?? false
    case .test:
      return value.text.map { TemplateTest.named[JSONString(utf8: $0.utf8)] != nil } ?? false
    default: return value.isOf(test)
    }
  }
}

extension TemplateValue {
  /// The tests of kind.
  fileprivate func isOf(_ test: TemplateTest) -> Bool {
    switch (test, self) {
    case (.defined, _): !isUndefined
    case (.undefined, .undefined), (.none, .none), (.string, .text): true
    case (.number, .bool), (.number, .int), (.number, .float): true
    case (.integer, .int), (.float, .float), (.boolean, .bool): true
    case (.true, .bool(let value)): value
    case (.false, .bool(let value)): !value
    case (.mapping, .map): true
    case (.sequence, .text), (.sequence, .list), (.sequence, .tuple), (.sequence, .map),
      (.sequence, .range):
      true
    // As in the reference: it asks whether there is a length and a way to take an item, which
    // nothing answers with yes.
    case (.sequence, .undefined): true
    case (.iterable, .undefined), (.iterable, .text), (.iterable, .list), (.iterable, .tuple),
      (.iterable, .map), (.iterable, .range), (.iterable, .view), (.iterable, .iterator),
      (.iterable, .loop):
      true
    case (.callable, .function), (.callable, .method), (.callable, .macro), (.callable, .joiner),
      (.callable, .undefined), (.callable, .loop):
      true
    default: false
    }
  }
}

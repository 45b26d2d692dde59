// The parameters of a run: the defaults of the front matter, replaced by `-p` (rule P1).

import Diagnostics
import JSON
import Workbench

enum Parameters {
  /// The values that are bound, in the order of the front matter; every objection at once.
  static func resolved(
    _ defaults: JSONObject, given: [(name: String, value: String)], session: Session
  ) -> (values: JSONObject, problems: [Diagnostic]) {
    var values = defaults
    var problems: [RunnerError] = []
    for key in defaults.keys {
      if let reason = session.objection(toParameter: key.text) {
        problems.append(.parameterName(reason))
      }
    }
    var seen: Set<String> = []
    for (name, text) in given {
      guard let fallback = defaults[name] else {
        let near = didYouMean(name, among: defaults.keys.map(\.text))
        problems.append(.unknownParameter(name, nearest: near))
        continue
      }
      guard seen.insert(name).inserted else {
        problems.append(.repeatedParameter(name))
        continue
      }
      if let value = value(text, like: fallback) {
        values[name] = value
      } else {
        problems.append(.parameterKind(name, wanted: kind(of: fallback), got: text))
      }
    }
    return (values, problems.map { Diagnostic($0) })
  }

  /// The text as a value of the kind of the default; nil when it is none.
  static func value(_ text: String, like fallback: JSON) -> JSON? {
    let parsed = try? JSON.parse(text)
    switch fallback {
    case .string: return JSON(text)
    case .null: return parsed ?? JSON(text)
    case .bool: return parsed?.bool.map { JSON($0) }
    case .array: return parsed?.array.map { JSON($0) }
    case .object: return parsed?.object.map { .object($0) }
    case .number(let number):
      if number.int != nil { return parsed?.int.map { JSON($0) } }
      guard let double = parsed?.double, double.isFinite else { return nil }
      return JSON(double)
    }
  }

  private static func kind(of value: JSON) -> String {
    switch value {
    case .number(let number): number.int == nil ? "a float" : "an int"
    case .bool: "true or false"
    case .array: "a list as JSON"
    case .object: "a map as JSON"
    case .string, .null: "text"
    }
  }
}

// A word of the language that is written in Swift: declared once, and from that declaration come
// help, completion, the reference page and the checks of its arguments.

package import Diagnostics

/// One parameter of a builtin.
package struct Parameter: Sendable {
  package enum Default: Sendable {
    /// Must be given, by position or by label.
    case required
    /// May be left out; the text is what help shows (`128`, `nil`, `the model's`). By label only.
    case label(String)
    /// May be left out and may be given by position too.
    case optional(String)
    /// Takes all remaining positional arguments, as a list.
    case rest
  }
  package let name: String
  package let fallback: Default
  /// One short phrase: meaning, unit, range.
  package let summary: String

  package init(_ name: String, _ fallback: Default = .required, _ summary: String = "") {
    self.name = name
    self.fallback = fallback
    self.summary = summary
  }
}

/// A builtin: the one declaration of a word.
/// Not Sendable: its code may hold the session it works for, which lives on one thread.
package struct Builtin {
  package struct Flags: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }
    /// Its result is a model (notebooks.md F12).
    package static let makesModel = Flags(rawValue: 1)
    /// Changes a model it is given (`finetune train resume attach detach merge unload`).
    package static let changesModel = Flags(rawValue: 2)
    /// A name alone at top level runs it (`vars`, `models`).
    package static let command = Flags(rawValue: 4)
    /// Sets the seed for later cells.
    package static let setsSeed = Flags(rawValue: 8)
    /// Takes its words as written (`help for`, `reset load`).
    package static let takesWords = Flags(rawValue: 16)
    /// Takes a phrase or a block, which it runs (`time`, `profile`): its first argument is a function.
    package static let takesPhrase = Flags(rawValue: 32)
    /// Gives a value and does nothing else, so that a call whose value goes nowhere is a mistake.
    package static let pure = Flags(rawValue: 64)
    /// Stands beside a builtin of the same name and takes over when the first argument is a host
    /// object: `sum` of lists is declared in the prelude, `sum` of tensors in Workbench with this
    /// flag. Without such a twin the machine asks `method(name)` of the object, then runs the
    /// builtin itself.
    package static let onHosts = Flags(rawValue: 128)
  }

  package var name: String { declaration.name }
  /// The chapter of the reference it stands in: `models`, `tensors`, `text`, `lists`, `numbers`,
  /// `files`, `tuning`, `inspection`, `plots`, `session`.
  package var group: String { declaration.group }
  /// One sentence without a full stop: what it gives.
  package var summary: String { declaration.summary }
  package var parameters: [Parameter] { declaration.parameters }
  /// A line of code, and what it shows, split by ` -> ` where the result is checked.
  package var example: String? { declaration.example }
  /// Further prose for `help name`: units, errors, source.
  package var details: String { declaration.details }
  package var flags: Flags { declaration.flags }
  /// The names of the parameters, and the place of the one that takes the rest; -1 for none.
  var names: [String] { declaration.names }
  var restPlace: Int { declaration.restPlace }
  package var code: (Call) throws -> Value { declaration.code }
  /// A short way for plain positional arguments; what it does not take, `code` does.
  let direct: ShortWay?

  /// All but the short way, in one object: a builtin is copied with each call of it.
  private final class Declaration {
    let name: String
    let group: String
    let summary: String
    let parameters: [Parameter]
    let example: String?
    let details: String
    let flags: Flags
    let code: (Call) throws -> Value
    let names: [String]
    let restPlace: Int

    init(
      _ name: String, _ group: String, _ summary: String, _ parameters: [Parameter],
      _ example: String?, _ details: String, _ flags: Flags,
      _ code: @escaping (Call) throws -> Value
    ) {
      self.name = name
      self.group = group
      self.summary = summary
      self.parameters = parameters
      self.example = example
      self.details = details
      self.flags = flags
      self.code = code
      names = parameters.map(\.name)
      restPlace = parameters.firstIndex(where: \.isRest) ?? -1
    }
  }

  private let declaration: Declaration

  package init(
    _ name: String, group: String, _ summary: String, _ parameters: [Parameter] = [],
    example: String? = nil, details: String = "", flags: Flags = [],
    code: @escaping (Call) throws -> Value
  ) {
    declaration = Declaration(name, group, summary, parameters, example, details, flags, code)
    direct = nil
  }

  private init(_ declaration: Declaration, _ direct: ShortWay?) {
    self.declaration = declaration
    self.direct = direct
  }

  /// The same word with an example from a table that several words share.
  package func with(example: String?) -> Builtin {
    Builtin(
      Declaration(name, group, summary, parameters, example, details, flags, code), direct)
  }

  /// The same word with a short way.
  func with(direct: ShortWay?) -> Builtin { Builtin(declaration, direct) }

  /// `prompt(model, text, max: 128, temperature: nil)`.
  package var signature: String {
    let parts = parameters.map { parameter in
      switch parameter.fallback {
      case .required: parameter.name
      case .label(let text), .optional(let text): "\(parameter.name): \(text)"
      case .rest: "\(parameter.name)…"
      }
    }
    return "\(name)(\(parts.joined(separator: ", ")))"
  }
}

/// What a running builtin may ask of the machine that runs it.
package protocol CallContext: AnyObject {
  var interrupt: Interrupt { get }
  /// Calls a function value (a lambda, an `fn`, a builtin) from Swift.
  func call(_ function: Value, _ arguments: [Value]) throws -> Value
  /// The same with labels, one an argument; nil for those given by position.
  func call(_ function: Value, _ arguments: [Value], labels: [String?]) throws -> Value
  /// Writes to what `print` writes to; the text holds its own newlines.
  func write(_ text: String)
  /// A line for the person that is no output (stderr).
  func note(_ text: String)
  /// One line from the person, without its newline; nil at the end of input.
  func readLine(prompt: String) -> String?
  /// A monotonic clock, in seconds.
  func seconds() -> Double
  /// What measures the code that runs, if anything does.
  var profiler: Profiler? { get set }
}

extension CallContext {
  package func call(
    _ function: Value, _ arguments: [Value], labels: [String?]
  ) throws -> Value { try call(function, arguments) }
  package func write(_ text: String) {}
  package func note(_ text: String) {}
  package func readLine(prompt: String) -> String? { nil }
  package func seconds() -> Double { 0 }
  package var profiler: Profiler? {
    get { nil }
    set {}
  }
}

/// One call of a builtin: its arguments, already matched to the parameters.
package final class Call {
  package let builtin: Builtin
  /// One a parameter; nil where it was left out. A `rest` parameter holds a list.
  package let arguments: [Value?]
  package let context: any CallContext
  /// True when this call is a whole top-level statement whose value will be displayed, so that a
  /// command may show its result as it comes.
  package let isDisplayed: Bool

  package init(
    builtin: Builtin, arguments: [Value?], context: any CallContext, isDisplayed: Bool = false
  ) {
    self.builtin = builtin
    self.arguments = arguments
    self.context = context
    self.isDisplayed = isDisplayed
  }

  /// The argument of a parameter; nil when it was left out (an explicit `nil` gives `.nil`).
  package subscript(_ name: String) -> Value? {
    guard let place = builtin.names.firstIndex(of: name) else { return nil }
    return arguments[place]
  }

  /// The argument of a required parameter.
  package func value(_ name: String) throws -> Value {
    guard let value = self[name] else {
      throw RuntimeMessage.missing(builtin.name, name, builtin.signature).diagnostic()
    }
    return value
  }

  package func mismatch(_ name: String, _ wanted: String, _ got: Value) -> Diagnostic {
    // `keys needs a map`, not `a map for map`.
    let place = wanted.hasSuffix(" " + name) ? "" : " for \(name)"
    return RuntimeMessage.argumentKind(
      builtin.name, wanted + place, got.kind, builtin.signature
    ).diagnostic()
  }

  package func string(_ name: String) throws -> String {
    let value = try value(name)
    guard let text = value.asString else { throw mismatch(name, "a string", value) }
    return text
  }

  package func optionalString(_ name: String) throws -> String? {
    guard let value = self[name], !value.isNil else { return nil }
    guard let text = value.asString else { throw mismatch(name, "a string or nil", value) }
    return text
  }

  /// An int of `range`; `fallback` when it was left out.
  package func int(
    _ name: String, default fallback: Int? = nil, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws -> Int {
    if self[name] == nil || self[name]?.isNil == true, let fallback { return fallback }
    let value = try value(name)
    guard let number = value.asInt else { throw mismatch(name, "an int", value) }
    guard range.contains(number) else {
      throw RuntimeMessage.argumentRange(
        builtin.name, "\(name) \(words(for: range))", number, builtin.signature
      ).diagnostic()
    }
    return number
  }

  package func optionalInt(
    _ name: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws -> Int? {
    guard let value = self[name], !value.isNil else { return nil }
    return try int(name, in: range)
  }

  package func number(_ name: String, default fallback: Double? = nil) throws -> Double {
    if self[name] == nil || self[name]?.isNil == true, let fallback { return fallback }
    let value = try value(name)
    guard let number = value.asNumber else { throw mismatch(name, "a number", value) }
    return number
  }

  package func optionalNumber(_ name: String) throws -> Double? {
    guard let value = self[name], !value.isNil else { return nil }
    return try number(name)
  }

  package func bool(_ name: String, default fallback: Bool) throws -> Bool {
    guard let value = self[name], !value.isNil else { return fallback }
    guard let flag = value.asBool else { throw mismatch(name, "true or false", value) }
    return flag
  }

  package func list(_ name: String) throws -> [Value] {
    let value = try value(name)
    guard let list = value.asList else { throw mismatch(name, "a list", value) }
    return list
  }

  /// The host object of a required parameter.
  package func host<T: AnyObject>(_ name: String, _ wanted: String, as type: T.Type) throws -> T {
    let value = try value(name)
    guard let object = value.asHost(type) else { throw mismatch(name, wanted, value) }
    return object
  }

  private func words(for range: ClosedRange<Int>) -> String {
    switch (range.lowerBound, range.upperBound) {
    case (let low, Int.max): "≥ \(low)"
    case (Int.min, let high): "≤ \(high)"
    case (let low, let high): "from \(low) to \(high)"
    }
  }
}

/// A function value. The compiler's closures are a subclass.
package class FunctionValue {
  /// The code of a function written in the language; nil for others.
  final let core: UnsafeMutablePointer<ChunkCore>?
  init(core: UnsafeMutablePointer<ChunkCore>?) { self.core = core }
  package var name: String { "" }
}

/// A builtin as a value.
package final class BuiltinFunction: FunctionValue {
  package let builtin: Builtin
  package init(_ builtin: Builtin) {
    self.builtin = builtin
    super.init(core: nil)
  }
  package override var name: String { builtin.name }
}

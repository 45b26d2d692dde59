// The prelude's words for numbers. Tensors take over by twins of the same names.

import CRuntime
import Diagnostics
import Glibc

extension Prelude {
  nonisolated(unsafe) static let numbers: [Builtin] = [
    fast(
      "abs", group: "numbers", "Gives the size of a number without its sign", "x",
      example: "abs(-3) -> 3"
    ) { value in
      switch value {
      case .int(Int.min): throw RuntimeMessage.overflow("abs(\(Int.min))").diagnostic()
      case .int(let number): return .int(abs(number))
      case .float(let number): return .float(abs(number))
      default: throw PreludeMessage.notNumber("abs", value.kind).diagnostic()
      }
    },
    Builtin(
      "round", group: "numbers",
      "Rounds to the nearest int, halves to the even one, or to a number of decimals",
      [Parameter("x"), Parameter("decimals", .optional("nil"))],
      example: "round(3.14159, 2) -> 3.14", flags: .pure
    ) { call in
      let value = try call.value("x")
      guard let decimals = try call.optionalInt("decimals", in: 0...15) else {
        return try whole("round", value, .toNearestOrEven)
      }
      guard let number = value.asNumber else {
        throw PreludeMessage.notNumber("round", value.kind).diagnostic()
      }
      return number.isFinite ? .float(Double(fixed(number, decimals)) ?? number) : value
    },
    fast(
      "floor", group: "numbers", "Gives the largest int that is not above a number", "x",
      example: "floor(-1.5) -> -2"
    ) { try whole("floor", $0, .down) },
    fast(
      "ceil", group: "numbers", "Gives the smallest int that is not below a number", "x",
      example: "ceil(1.2) -> 2"
    ) { try whole("ceil", $0, .up) },
    Builtin(
      "fixed", group: "numbers", "Gives a number as text with a fixed number of decimals",
      [Parameter("x"), Parameter("decimals", .optional("2"))],
      example: "fixed(2.0 / 3, 3) -> \"0.667\"", flags: .pure
    ) { call in
      .string(fixed(try call.number("x"), try call.int("decimals", default: 2, in: 0...30)))
    },
    fast(
      "sqrt", group: "numbers", "Gives the square root", "x", example: "sqrt(9) -> 3.0"
    ) { value in
      let number = try real("sqrt", value)
      if number < 0 { throw PreludeMessage.rootDomain(value.printed).diagnostic() }
      return .float(number.squareRoot())
    },
    fast(
      "exp", group: "numbers", "Gives e to the power of a number", "x", example: "exp(0) -> 1.0"
    ) { .float(exp(try real("exp", $0))) },
    Builtin(
      "log", group: "numbers", "Gives the natural logarithm, or that to a base",
      [Parameter("x"), Parameter("base", .label("e"))], example: "log(8, base: 2) -> 3.0",
      flags: .pure
    ) { call in
      let number = try call.number("x")
      if number <= 0 { throw PreludeMessage.logDomain(try call.value("x").printed).diagnostic() }
      guard let base = try call.optionalNumber("base") else { return .float(log(number)) }
      if base <= 0 || base == 1 {
        throw PreludeMessage.logBase.diagnostic()
      }
      if base == 2 { return .float(log2(number)) }
      if base == 10 { return .float(log10(number)) }
      return .float(log(number) / log(base))
    },
    fast(
      "sin", group: "numbers", "Gives the sine of an angle in radians", "x",
      example: "sin(0) -> 0.0"
    ) { .float(sin(try real("sin", $0))) },
    fast(
      "cos", group: "numbers", "Gives the cosine of an angle in radians", "x",
      example: "cos(0) -> 1.0"
    ) { .float(cos(try real("cos", $0))) },
    fast(
      "tanh", group: "numbers", "Gives the hyperbolic tangent", "x", example: "tanh(0) -> 0.0"
    ) { .float(tanh(try real("tanh", $0))) },
  ]

  private static func real(_ name: String, _ value: Value) throws -> Double {
    guard let number = value.asNumber else {
      throw PreludeMessage.notNumber(name, value.kind).diagnostic()
    }
    return number
  }

  private static func whole(
    _ name: String, _ value: Value, _ rule: FloatingPointRoundingRule
  ) throws -> Value {
    if case .int = value { return value }
    guard let number = Int(exactly: try real(name, value).rounded(rule)) else {
      throw PreludeMessage.rounding.diagnostic()
    }
    return .int(number)
  }

  /// Text with exactly so many decimals, correctly rounded.
  static func fixed(_ number: Double, _ decimals: Int) -> String {
    if !number.isFinite { return Display.float(number) }
    return withFixed(number, Int32(decimals)) { String(decoding: $0, as: UTF8.self) }
  }

  /// The bytes of that text, of a finite number; zero has no sign.
  static func withFixed<R>(
    _ number: Double, _ decimals: Int32, _ body: (UnsafeBufferPointer<UInt8>) -> R
  ) -> R {
    // The largest number has 309 digits, and there are at most 30 decimals.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 400) { buffer in
      let count = buffer.withMemoryRebound(to: CChar.self) {
        cl_fixed($0.baseAddress, $0.count, number, decimals)
      }
      let text = UnsafeBufferPointer(rebasing: buffer[..<count])
      let isZero = text.first == 0x2D && !text.contains { 0x31 <= $0 && $0 <= 0x39 }
      return body(isZero ? UnsafeBufferPointer(rebasing: text[1...]) : text)
    }
  }
}

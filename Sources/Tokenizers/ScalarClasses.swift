// The classes of scalars that normalizers and pre-tokenizers ask for, and the 256 stand-ins of the
// byte level. Knows no rule that uses them.

/// Unicode White_Space, as Rust's `char::is_whitespace`.
func isWhiteSpace(_ value: UInt32) -> Bool {
  switch value {
  case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F,
    0x3000:
    true
  default: false
  }
}

/// Nd, Nl and No.
func isNumeric(_ value: UInt32) -> Bool {
  if value < 0x80 { return value >= 0x30 && value <= 0x39 }
  switch scalar(value).properties.generalCategory {
  case .decimalNumber, .letterNumber, .otherNumber: return true
  default: return false
  }
}

/// Alphabetic, M, Nd, Pc and the two joiners: `\w` of the reference's second regex engine.
func isWord(_ value: UInt32) -> Bool {
  if value < 0x80 {
    switch UInt8(value) {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      return true
    default: return false
    }
  }
  if value == 0x200C || value == 0x200D { return true }
  let properties = scalar(value).properties
  guard isOfUnicode16(properties) else { return false }
  if properties.isAlphabetic { return true }
  switch properties.generalCategory {
  case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
    return true
  default: return false
  }
}

func isOfUnicode16(_ properties: Unicode.Scalar.Properties) -> Bool {
  guard let age = properties.age else { return false }
  return age.major <= 16
}

/// ASCII punctuation, or P of the reference's old category table (Unicode 8).
func isPunctuation(_ value: UInt32) -> Bool {
  if value < 0x80 {
    switch value {
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
    default: return false
    }
  }
  if value == 0x166D || value == 0x111C9 { return true }
  let properties = scalar(value).properties
  guard let age = properties.age, age.major <= 8 else { return false }
  switch properties.generalCategory {
  case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
    .initialPunctuation, .finalPunctuation, .otherPunctuation:
    return true
  default: return false
  }
}

/// GPT-2's stand-ins: each byte as one printable scalar, so that any bytes are a text.
enum ByteLevelAlphabet {
  /// The scalar that stands for a byte.
  static let scalarOfByte: [UInt32] = {
    var result = [UInt32](repeating: 0, count: 256)
    var extra: UInt32 = 256
    for byte in UInt32(0)..<256 {
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: result[Int(byte)] = byte
      default:
        result[Int(byte)] = extra
        extra += 1
      }
    }
    return result
  }()

  /// The UTF-8 of each stand-in: one or two bytes; the second is 0 where there is one.
  static let utf8OfByte: [(UInt8, UInt8)] = scalarOfByte.map { value in
    let bytes = utf8(value)
    return (bytes[0], bytes.count > 1 ? bytes[1] : 0)
  }

  /// The byte of a stand-in's scalar, or -1; indices below 324.
  static let byteOfScalar: [Int16] = {
    var result = [Int16](repeating: -1, count: 324)
    for (byte, value) in scalarOfByte.enumerated() { result[Int(value)] = Int16(byte) }
    return result
  }()

  /// The bytes a token stands for; its own bytes when a scalar of it is no stand-in.
  static func bytes(of token: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(token.count)
    var pure = true
    token.withUnsafeBufferPointer { buffer in
      forEachScalar(in: buffer) { value, _ in
        if value < 324, byteOfScalar[Int(value)] >= 0 {
          result.append(UInt8(truncatingIfNeeded: byteOfScalar[Int(value)]))
        } else {
          pure = false
        }
      }
    }
    return pure ? result : Array(token)
  }

  /// The stand-ins of bytes.
  static func text(of bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    for byte in bytes {
      let (first, second) = utf8OfByte[Int(byte)]
      result.append(first)
      if second != 0 { result.append(second) }
    }
    return result
  }
}

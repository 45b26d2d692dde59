// The classes of scalars that normalizers and pre-tokenizers ask for, and the 256 stand-ins of the
// byte level. Knows no rule that uses them.

import CScalars

/// Whether a scalar is in one of some sets of the tables.
@inline(__always)
func isIn(_ value: UInt32, _ sets: UInt32) -> Bool {
  ct_sets(value) & sets != 0
}

/// Unicode White_Space, as Rust's `char::is_whitespace`.
@inline(__always)
func isWhiteSpace(_ value: UInt32) -> Bool {
  value < 0x80 ? value == 0x20 || (value >= 0x09 && value <= 0x0D) : isIn(value, CT_SPACE)
}

/// Nd, Nl and No of Unicode 17.
func isNumeric(_ value: UInt32) -> Bool { isIn(value, CT_DIGIT) }

/// Alphabetic, M, Nd, Pc and the two joiners: `\w` of the reference's second regex engine.
func isWord(_ value: UInt32) -> Bool { isIn(value, CT_WORD) }

/// ASCII punctuation, or P of the reference's old category table.
func isPunctuation(_ value: UInt32) -> Bool { isIn(value, CT_OLD_PUNCTUATION) }

/// The blocks that BertNormalizer sets apart, with the gap of the reference.
func isChinese(_ value: UInt32) -> Bool {
  switch value {
  case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B81F,
    0x2B920...0x2CEAF, 0x2F800...0x2FA1F:
    true
  default: false
  }
}

/// What sentencepiece's rules for translation clean away, and what they make a space.
func isRemovedByNmt(_ value: UInt32) -> Bool {
  switch value {
  case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: true
  default: false
  }
}

func isSpacedByNmt(_ value: UInt32) -> Bool {
  switch value {
  case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD: true
  default: false
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

  /// Appends the bytes a token stands for, as `bytes(of:)` gives them.
  static func append(_ token: UnsafeBufferPointer<UInt8>, to result: inout [UInt8]) {
    let start = result.count
    var index = 0
    while index < token.count {
      let (value, length) = decodeScalar(token, index)
      guard value < 324, byteOfScalar[Int(value)] >= 0 else {
        result.removeSubrange(start...)
        result.append(contentsOf: token)
        return
      }
      result.append(UInt8(truncatingIfNeeded: byteOfScalar[Int(value)]))
      index += length
    }
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

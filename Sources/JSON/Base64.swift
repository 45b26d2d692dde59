// Bytes as base64 (RFC 4648, with padding): how JSON documents carry what is no text.

/// The bytes of base64 with padding; nil for anything else.
package func decodedBase64(_ text: [UInt8]) -> [UInt8]? {
  guard text.count % 4 == 0 else { return nil }
  var result: [UInt8] = []
  result.reserveCapacity(text.count / 4 * 3)
  var (value, bits) = (UInt32(0), 0)
  let padding = text.suffix(2).count { $0 == UInt8(ascii: "=") }
  for byte in text.dropLast(padding) {
    let digit: UInt8
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): digit = 62
    case UInt8(ascii: "/"): digit = 63
    default: return nil
    }
    value = value << 6 & 0xFF_FFFF | UInt32(digit)
    bits += 6
    if bits >= 8 {
      bits -= 8
      result.append(UInt8(truncatingIfNeeded: value >> UInt32(bits)))
    }
  }
  return result
}

/// Bytes as base64 with padding.
package func encodedBase64(_ bytes: [UInt8]) -> [UInt8] {
  let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var result: [UInt8] = []
  result.reserveCapacity((bytes.count + 2) / 3 * 4)
  var index = 0
  while index < bytes.count {
    let group = bytes[index..<min(index + 3, bytes.count)]
    var value: UInt32 = 0
    for offset in 0..<3 {
      value = value << 8 | (offset < group.count ? UInt32(group[index + offset]) : 0)
    }
    for place in 0..<4 {
      let digit = digits[Int(value >> UInt32(18 - 6 * place) & 63)]
      result.append(place <= group.count ? digit : UInt8(ascii: "="))
    }
    index += 3
  }
  return result
}

// The strings of the parser: plain runs are copied whole, escapes decoded, UTF-8 checked.

extension JSONParser {
  /// Reads the string whose opening quote is at the place.
  mutating func string() throws(JSONError) -> JSONString {
    let opening = place
    place += 1
    var decoded: [UInt8] = []
    var hasEscapes = false
    var run = place
    while place < bytes.count {
      if isStopped() { throw error(.unfinished("a string"), at: opening) }
      let byte = bytes[place]
      if byte == 0x22 {
        let tail = bytes[run..<place]
        place += 1
        if !hasEscapes { return JSONString(utf8: Array(tail)) }
        decoded.append(contentsOf: tail)
        return JSONString(utf8: decoded)
      } else if byte == 0x5C {
        hasEscapes = true
        decoded.append(contentsOf: bytes[run..<place])
        try escape(into: &decoded)
        run = place
      } else if byte < 0x20 {
        throw error(.control(byte), at: place)
      } else if byte < 0x80 {
        place += 1
      } else {
        try skipMultibyte(byte)
      }
    }
    throw error(.unfinished("a string"), at: opening)
  }

  /// Moves past one scalar of two to four bytes (Unicode, table 3-7).
  private mutating func skipMultibyte(_ first: UInt8) throws(JSONError) {
    let length: Int
    var low: UInt8 = 0x80
    var high: UInt8 = 0xBF
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, low) = (3, 0xA0)
    case 0xED: (length, high) = (3, 0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, low) = (4, 0x90)
    case 0xF4: (length, high) = (4, 0x8F)
    case 0xF1...0xF3: length = 4
    default: throw error(.notUTF8, at: place)
    }
    guard place + length <= bytes.count, bytes[place + 1] >= low, bytes[place + 1] <= high else {
      throw error(.notUTF8, at: place)
    }
    for index in 2..<max(length, 2) where bytes[place + index] & 0xC0 != 0x80 {
      throw error(.notUTF8, at: place)
    }
    place += length
  }

  private mutating func escape(into decoded: inout [UInt8]) throws(JSONError) {
    let start = place
    guard place + 1 < bytes.count else { throw error(.unfinished("a string"), at: place) }
    place += 2
    switch bytes[start + 1] {
    case 0x22: decoded.append(0x22)
    case 0x5C: decoded.append(0x5C)
    case 0x2F: decoded.append(0x2F)
    case 0x62: decoded.append(0x08)
    case 0x66: decoded.append(0x0C)
    case 0x6E: decoded.append(0x0A)
    case 0x72: decoded.append(0x0D)
    case 0x74: decoded.append(0x09)
    case 0x75: try unicodeEscape(from: start, into: &decoded)
    default: throw badEscape(from: start, length: 2)
    }
  }

  private mutating func unicodeEscape(
    from start: Int, into decoded: inout [UInt8]
  ) throws(JSONError) {
    var value = try hexDigits(from: start)
    if value >= 0xD800, value < 0xDC00 {
      guard place + 1 < bytes.count, bytes[place] == 0x5C, bytes[place + 1] == 0x75 else {
        throw error(.loneSurrogate, at: start)
      }
      let second = place
      place += 2
      let low = try hexDigits(from: second)
      guard low >= 0xDC00, low < 0xE000 else { throw error(.loneSurrogate, at: start) }
      value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw error(.loneSurrogate, at: start) }
    decoded.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
  }

  private mutating func hexDigits(from start: Int) throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard place < bytes.count else { throw error(.unfinished("a string"), at: start) }
      guard let digit = Character(Unicode.Scalar(bytes[place])).hexDigitValue else {
        throw badEscape(from: start, length: 6)
      }
      value = value << 4 | UInt32(digit)
      place += 1
    }
    return value
  }

  private func badEscape(from start: Int, length: Int) -> JSONError {
    let text = bytes[start..<min(start + length, bytes.count)].prefix { $0 >= 0x20 && $0 < 0x7F }
    return error(.badEscape(String(decoding: text, as: UTF8.self)), at: start)
  }
}

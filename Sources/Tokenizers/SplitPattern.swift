// A split pattern compiled by PCRE2, with limits, and the stand-ins that keep its results the same
// for any version of PCRE2's tables. Knows no tokenizer; the pattern's text comes from the
// translator.

import CPCRE2
import CScalars

/// A compiled pattern. `@unchecked Sendable`: PCRE2's compiled code and match context are only read
/// after `init`, and PCRE2 allows that from several threads; each call has its own match data.
final class SplitPattern: @unchecked Sendable {
  /// The pattern as it stands in the file.
  let source: [UInt8]
  private let code: OpaquePointer
  private let context: OpaquePointer
  private let hasJIT: Bool
  /// The same pattern as code, for those that many models use.
  let native: WordSplit?

  /// Compiles a pattern of the reference's regex language. `pointer` names it in errors; with
  /// `native` false PCRE2 matches even where there is code for the pattern.
  convenience init(
    _ source: [UInt8], pointer: String, native: Bool = true
  ) throws(TokenizerError) {
    try self.init(
      source: source, translated: try translatedPattern(source, pointer: pointer),
      pointer: pointer, native: native ? WordSplit.named(source) : nil)
  }

  private init(
    source: [UInt8], translated: [UInt8], pointer: String, native: WordSplit?
  ) throws(TokenizerError) {
    self.source = source
    self.native = native
    let settings = pcre2_compile_context_create_8(nil)
    defer { pcre2_compile_context_free_8(settings) }
    pcre2_set_newline_8(settings, UInt32(PCRE2_NEWLINE_LF))
    pcre2_set_bsr_8(settings, UInt32(PCRE2_BSR_UNICODE))
    let options =
      UInt32(PCRE2_UTF) | UInt32(PCRE2_UCP) | UInt32(PCRE2_MULTILINE)
      | UInt32(PCRE2_NEVER_BACKSLASH_C)
    var errorNumber: Int32 = 0
    var errorOffset = 0
    let compiled = translated.withUnsafeBufferPointer {
      pcre2_compile_8($0.baseAddress, $0.count, options, &errorNumber, &errorOffset, settings)
    }
    guard let compiled else {
      throw .pattern(
        pointer: pointer, part: shown(source), column: 1, help: SplitPattern.words(errorNumber))
    }
    guard let context = pcre2_match_context_create_8(nil) else {
      pcre2_code_free_8(compiled)
      throw .pattern(pointer: pointer, part: shown(source), column: 1, help: "out of memory")
    }
    pcre2_set_match_limit_8(context, 10_000_000)
    pcre2_set_heap_limit_8(context, 64 * 1024)
    code = compiled
    self.context = context
    hasJIT = pcre2_jit_compile_8(compiled, UInt32(PCRE2_JIT_COMPLETE)) == 0
  }

  deinit {
    pcre2_match_context_free_8(context)
    pcre2_code_free_8(code)
  }

  /// The matches in valid UTF-8, left to right; an empty match directly after another is passed
  /// over, and the search goes on one scalar further. `base` is added to byte places in errors.
  func matches(in text: UnsafeBufferPointer<UInt8>, at base: Int) throws -> [Range<Int>] {
    guard !text.isEmpty else { return [] }
    if let native { return native.pieces(of: text) }
    if let replaced = pinned(text) {
      return try replaced.withUnsafeBufferPointer { try find(in: $0, at: base) }
    }
    return try find(in: text, at: base)
  }

  private func find(in text: UnsafeBufferPointer<UInt8>, at base: Int) throws -> [Range<Int>] {
    guard let data = pcre2_match_data_create_8(1, nil) else {
      throw TokenizerError.patternTooCostly(byte: base)
    }
    defer { pcre2_match_data_free_8(data) }
    let ends = pcre2_get_ovector_pointer_8(data)
    var found: [Range<Int>] = []
    found.reserveCapacity(text.count / 5)
    var place = 0
    var lastEnd = -1
    while place <= text.count {
      let result = match(text, from: place, data)
      if result == PCRE2_ERROR_NOMATCH { break }
      guard result >= 0, let ends else {
        throw TokenizerError.patternTooCostly(byte: base + place)
      }
      let (start, end) = (ends[0], ends[1])
      guard start <= end, end <= text.count else { break }
      if start == end, end == lastEnd {
        place = end < text.count ? end + decodeScalar(text, end).length : end + 1
        continue
      }
      found.append(start..<end)
      place = end
      lastEnd = end
    }
    return found
  }

  /// By JIT; by the interpreter, which has its own heap, when the JIT's stack does not suffice.
  private func match(
    _ text: UnsafeBufferPointer<UInt8>, from place: Int, _ data: OpaquePointer
  ) -> Int32 {
    let options = UInt32(PCRE2_NO_UTF_CHECK)
    if hasJIT {
      let result = pcre2_jit_match_8(
        code, text.baseAddress, text.count, place, options, data, context)
      if result != PCRE2_ERROR_JIT_STACKLIMIT { return result }
    }
    return pcre2_match_8(
      code, text.baseAddress, text.count, place, options | UInt32(PCRE2_NO_JIT), data, context)
  }

  private static func words(_ number: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let length = pcre2_get_error_message_8(number, &buffer, buffer.count)
    return length > 0
      ? String(decoding: buffer.prefix(Int(length)), as: UTF8.self)
      : "the pattern cannot be compiled"
  }
}

/// The text with each scalar that PCRE2's tables of some version see differently than the
/// reference's (Unicode 16) replaced, for matching only, by one of equal category, script and length
/// in bytes that all see alike. Nil when there is none.
private func pinned(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
  var result: [UInt8] = []
  var index = 0
  while index < text.count {
    if text[index] < 0x80 {
      index += 1
      continue
    }
    let (value, length) = decodeScalar(text, index)
    let other = ct_stand_in(value)
    if other != 0 {
      if result.isEmpty { result = Array(text) }
      for (offset, byte) in utf8(other).enumerated() where index + offset < result.count {
        result[index + offset] = byte
      }
    }
    index += length
  }
  return result.isEmpty ? nil : result
}

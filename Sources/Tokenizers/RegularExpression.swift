// A regular expression of PCRE2 over UTF-8, with limits: what the language's `matches` searches by.
// Knows no tokenizer.

import CPCRE2

/// A compiled expression.
package final class RegularExpression {
  /// Why a pattern cannot be used, or a search was given up.
  package enum Failure: Error, Equatable {
    /// PCRE2's words, and the byte of the pattern they are about.
    case pattern(String, at: Int)
    /// Too many steps without a result.
    case tooCostly
  }

  /// Byte ranges of a match and of its groups; nil for a group that took no part.
  package typealias Match = [Range<Int>?]

  /// The groups that have names, by number.
  package private(set) var names: [(name: String, group: Int)] = []
  private let code: OpaquePointer
  private let context: OpaquePointer
  private let hasJIT: Bool

  /// Compiles `pattern`, with or without difference of case.
  package init(_ pattern: String, ignoresCase: Bool) throws(Failure) {
    var options =
      UInt32(PCRE2_UTF) | UInt32(PCRE2_UCP) | UInt32(PCRE2_NEVER_BACKSLASH_C)
    if ignoresCase { options |= UInt32(PCRE2_CASELESS) }
    var number: Int32 = 0, place = 0
    let bytes = Array(pattern.utf8)
    let settings = pcre2_compile_context_create_8(nil)
    defer { pcre2_compile_context_free_8(settings) }
    pcre2_set_newline_8(settings, UInt32(PCRE2_NEWLINE_LF))
    let compiled = bytes.withUnsafeBufferPointer {
      pcre2_compile_8($0.baseAddress, $0.count, options, &number, &place, settings)
    }
    guard let compiled else { throw .pattern(RegularExpression.words(number), at: place) }
    guard let context = pcre2_match_context_create_8(nil) else {
      pcre2_code_free_8(compiled)
      throw .tooCostly
    }
    pcre2_set_match_limit_8(context, 2_000_000)
    pcre2_set_heap_limit_8(context, 64 * 1024)
    code = compiled
    self.context = context
    hasJIT = pcre2_jit_compile_8(compiled, UInt32(PCRE2_JIT_COMPLETE)) == 0
    names = namedGroups()
  }

  deinit {
    pcre2_match_context_free_8(context)
    pcre2_code_free_8(code)
  }

  /// The first match that begins at `place` or after it; nil when there is none. A match of no
  /// length is not accepted at `forbidden`.
  package func match(
    _ text: UnsafeBufferPointer<UInt8>, from place: Int, forbidden: Int? = nil
  ) throws(Failure) -> Match? {
    guard let data = pcre2_match_data_create_from_pattern_8(code, nil) else { throw .tooCostly }
    defer { pcre2_match_data_free_8(data) }
    var start = place
    while start <= text.count {
      let result = run(text, start, data)
      if result == PCRE2_ERROR_NOMATCH { return nil }
      guard result > 0, let ends = pcre2_get_ovector_pointer_8(data) else { throw .tooCostly }
      let groups = (0..<Int(pcre2_get_ovector_count_8(data))).map { group -> Range<Int>? in
        // Groups that took no part are past the result, or hold PCRE2_UNSET, all bits of which are 1.
        let (from, to) = (ends[2 * group], ends[2 * group + 1])
        return group < result && from >= 0 && from <= to && to <= text.count ? from..<to : nil
      }
      guard let whole = groups[0] else { throw .tooCostly }
      if !whole.isEmpty || whole.lowerBound != forbidden { return groups }
      start = following(text, start)
    }
    return nil
  }

  /// By JIT; by the interpreter, which has its own heap, when the JIT's stack does not suffice.
  private func run(
    _ text: UnsafeBufferPointer<UInt8>, _ place: Int, _ data: OpaquePointer
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

  /// The byte after the scalar at `place`.
  private func following(_ text: UnsafeBufferPointer<UInt8>, _ place: Int) -> Int {
    var next = place + 1
    while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
    return next
  }

  /// PCRE2's table of names: two bytes of number, then the name and a zero, in rows of one size.
  private func namedGroups() -> [(name: String, group: Int)] {
    var count: UInt32 = 0, size: UInt32 = 0
    var table: UnsafePointer<UInt8>?
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMECOUNT), &count)
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMEENTRYSIZE), &size)
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMETABLE), &table)
    guard let table, size > 2 else { return [] }
    let rows = (0..<Int(count)).map { row in
      let bytes = UnsafeBufferPointer(start: table + row * Int(size), count: Int(size))
      let name = String(decoding: bytes.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self)
      return (name: name, group: Int(bytes[0]) << 8 | Int(bytes[1]))
    }
    return rows.sorted { $0.group < $1.group }
  }

  private static func words(_ number: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let length = pcre2_get_error_message_8(number, &buffer, buffer.count)
    return length > 0
      ? String(decoding: buffer.prefix(Int(length)), as: UTF8.self)
      : "the pattern cannot be compiled"
  }
}

// What could stand at the cursor: names, labels, members, map keys, files, models. Runs no code.

import Diagnostics
import Files
import Language

/// One way to go on.
package struct Completion: Sendable, Equatable {
  package enum Kind: String, Sendable {
    case variable, builtin, keyword, label, member, file, model
  }
  /// What replaces the typed beginning.
  package let text: String
  package let kind: Kind
  /// A signature or a short meaning; may be empty.
  package let detail: String
}

/// The ways to go on, and the byte where what they replace begins.
package struct Completions: Sendable, Equatable {
  package let start: Int
  package let items: [Completion]
}

extension Session {
  /// Completions for `text` with the cursor at byte `cursor`.
  package func completions(in text: String, at cursor: Int) -> Completions {
    let bytes = Array(text.utf8.prefix(max(0, cursor)))
    if let quote = openQuote(bytes) {
      return Completions(start: quote + 1, items: fileItems(bytes[(quote + 1)...]))
    }
    var start = bytes.count
    while start > 0, isNameByte(bytes[start - 1]) { start -= 1 }
    let typed = String(decoding: bytes[start...], as: UTF8.self)
    if start > 0, bytes[start - 1] == UInt8(ascii: ".") {
      return Completions(start: start, items: memberItems(before: bytes[..<(start - 1)], typed))
    }
    let items = labelItems(bytes[..<start], typed) + nameItems(typed)
    return Completions(start: start, items: items)
  }

  private func isNameByte(_ byte: UInt8) -> Bool {
    byte >= 0x80 || byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte)
      || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  /// The place of the quote that opens the string the cursor is in.
  private func openQuote(_ bytes: [UInt8]) -> Int? {
    var open: Int?
    var index = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\\") where open != nil: index += 1
      case UInt8(ascii: "\""): open = open == nil ? index : nil
      case UInt8(ascii: "#") where open == nil:
        while index < bytes.count, bytes[index] != 0x0A { index += 1 }
      default: break
      }
      index += 1
    }
    return open
  }

  private func nameItems(_ typed: String) -> [Completion] {
    var items = interpreter.variables.map { name, value in
      Completion(text: name, kind: .variable, detail: value.kind)
    }
    let taken = Set(items.map(\.text))
    items += builtins.filter { !taken.contains($0.name) }.map {
      Completion(text: $0.name, kind: .builtin, detail: $0.signature)
    }
    items += languageKeywords.map { Completion(text: $0, kind: .keyword, detail: "") }
    return matching(items, typed)
  }

  /// Labels of the call the cursor is in.
  private func labelItems(_ bytes: ArraySlice<UInt8>, _ typed: String) -> [Completion] {
    guard let name = enclosingCall(bytes),
      let builtin = builtins.first(where: { $0.name == name })
    else { return [] }
    let text = String(decoding: bytes, as: UTF8.self)
    let items = builtin.parameters.compactMap { parameter -> Completion? in
      guard case .label(let fallback) = parameter.fallback, !text.contains(parameter.name + ":")
      else { return nil }
      let detail = parameter.summary.isEmpty ? fallback : "\(parameter.summary) (\(fallback))"
      return Completion(text: parameter.name + ": ", kind: .label, detail: detail)
    }
    return matching(items, typed)
  }

  /// The name before the innermost open parenthesis, or the first word of the phrase.
  private func enclosingCall(_ bytes: ArraySlice<UInt8>) -> String? {
    var depth = 0
    var index = bytes.endIndex
    while index > bytes.startIndex {
      index -= 1
      switch bytes[index] {
      case UInt8(ascii: ")"), UInt8(ascii: "]"): depth += 1
      case UInt8(ascii: "["): depth -= 1
      case UInt8(ascii: "("):
        depth -= 1
        if depth < 0 { return lastName(bytes[..<index]) ?? firstName(bytes[(index + 1)...]) }
      case 0x0A, UInt8(ascii: ";"), UInt8(ascii: "{"), UInt8(ascii: "="):
        if depth == 0 { return firstName(bytes[(index + 1)...]) }
      default: break
      }
    }
    return firstName(bytes)
  }

  private func lastName(_ bytes: ArraySlice<UInt8>) -> String? {
    let name = bytes.reversed().prefix(while: isNameByte)
    return name.isEmpty ? nil : String(decoding: name.reversed(), as: UTF8.self)
  }

  private func firstName(_ bytes: ArraySlice<UInt8>) -> String? {
    let body = bytes.drop { $0 == 0x20 || $0 == 0x09 }
    let name = body.prefix(while: isNameByte)
    guard !name.isEmpty, name.count < body.count else { return nil }
    return String(decoding: name, as: UTF8.self)
  }

  /// Members of the variable before the dot, or keys of a map.
  private func memberItems(before bytes: ArraySlice<UInt8>, _ typed: String) -> [Completion] {
    guard let name = lastName(bytes), let value = interpreter[name] else { return [] }
    let names: [String]
    switch value {
    case .map(let box):
      names = box.map.keys.compactMap { if case .text(let key) = $0 { key } else { nil } }
    case .host(let box): names = box.object.memberNames
    default: names = []
    }
    return matching(names.map { Completion(text: $0, kind: .member, detail: "") }, typed)
  }

  private func fileItems(_ typed: ArraySlice<UInt8>) -> [Completion] {
    let text = String(decoding: typed, as: UTF8.self)
    let cut = text.lastIndex(of: "/").map { text.index(after: $0) } ?? text.startIndex
    let folder = String(text[..<cut])
    let beginning = String(text[cut...])
    guard let place = try? resolveQuietly(folder.isEmpty ? "." : folder),
      let names = try? Files.list(place)
    else { return cachedItems(text) }
    var items: [Completion] = []
    for name in names where name.hasPrefix(beginning) {
      if name.hasPrefix("."), !beginning.hasPrefix(".") { continue }
      let isFolder = Files.isDirectory(Path.join(place, name))
      items.append(
        Completion(text: folder + name + (isFolder ? "/" : ""), kind: .file, detail: ""))
    }
    if folder.isEmpty { items += modelItems(beginning) }
    return items + cachedItems(text)
  }

  /// Models by name, from the folders of models.
  private func modelItems(_ beginning: String) -> [Completion] {
    options.modelFolders.flatMap { (try? Files.list($0)) ?? [] }
      .filter { $0.hasPrefix(beginning) }
      .map { Completion(text: $0, kind: .model, detail: "model in the box") }
  }

  private func resolveQuietly(_ path: String) throws -> String {
    let ask = options.ask
    options.ask = nil
    defer { options.ask = ask }
    return try resolve(path, for: .reading)
  }

  /// Those that begin as typed, ignoring case; names that begin with `_` last.
  private func matching(_ items: [Completion], _ typed: String) -> [Completion] {
    let lowered = typed.lowercased()
    return items.filter { $0.text.lowercased().hasPrefix(lowered) }
      .sorted { a, b in
        let hidden = (a.text.hasPrefix("_"), b.text.hasPrefix("_"))
        if hidden.0 != hidden.1 { return hidden.1 }
        return a.kind == .label && b.kind != .label || (a.kind == b.kind && a.text < b.text)
      }
  }
}

let languageKeywords = [
  "fn", "if", "else", "for", "in", "while", "break", "continue", "return", "and", "or", "not",
  "true", "false", "nil", "try", "catch", "use",
]

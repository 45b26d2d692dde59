// What could stand at the cursor: names, labels, members, map keys, files, models. Runs no code.

import Diagnostics
import Files
import Inspection
import Language
import Models

/// One way to go on.
package struct Completion: Sendable, Equatable {
  package enum Kind: String, Sendable {
    case variable, builtin, keyword, label, member, key, site, symbol, file, model
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
    if let symbols = symbolItems(bytes) { return symbols }
    if let quote = openQuote(bytes) { return stringItems(bytes, quote) }
    var start = bytes.count
    while start > 0, isNameByte(bytes[start - 1]) { start -= 1 }
    let typed = String(decoding: bytes[start...], as: UTF8.self)
    if start > 0, bytes[start - 1] == UInt8(ascii: ".") {
      return memberItems(before: bytes[..<(start - 1)], typed, start)
    }
    let labels = labelItems(bytes[..<start], typed)
    // Nothing is typed: the labels are what is asked for.
    let items = labels + (typed.isEmpty && !labels.isEmpty ? [] : nameItems(typed))
    return Completions(start: start, items: items)
  }

  /// In a string: keys of the map before `[`, sites of a trace, else files and models.
  private func stringItems(_ bytes: [UInt8], _ quote: Int) -> Completions {
    let content = bytes[(quote + 1)...]
    if quote > 0, bytes[quote - 1] == UInt8(ascii: "["), let value = chain(bytes[..<(quote - 1)]) {
      let typed = String(decoding: content, as: UTF8.self)
      let items = keys(of: value).map {
        Completion(text: quoted($0).dropFirst() + "]", kind: .key, detail: "")
      }
      return Completions(start: quote + 1, items: matching(items, typed))
    }
    if let name = enclosingCall(bytes[..<quote]), ["trace", "attention"].contains(name) {
      // After a comma or a plus another site may follow.
      let part = content.lastIndex { ", +".utf8.contains($0) }.map { $0 + 1 } ?? content.startIndex
      let typed = String(decoding: bytes[part...], as: UTF8.self)
      return Completions(start: part, items: matching(siteItems(typed), typed))
    }
    return Completions(start: quote + 1, items: fileItems(content))
  }

  /// The sites of the pass; those that stand in every block with the block that is typed.
  private func siteItems(_ typed: String) -> [Completion] {
    let digits = typed.dropFirst().prefix { $0.isNumber }
    let block = typed.lowercased().hasPrefix("l") && !digits.isEmpty ? String(digits) : "0"
    return SiteKind.allCases.map { kind in
      let name = kind.isPerBlock ? "L\(block).\(kind.rawValue)" : kind.rawValue
      return Completion(text: name, kind: .site, detail: "site")
    }
  }

  /// `\alpha` becomes a letter; nil when no such word stands before the cursor.
  private func symbolItems(_ bytes: [UInt8]) -> Completions? {
    var start = bytes.count
    while start > 0,
      (0x41...0x5A).contains(bytes[start - 1]) || (0x61...0x7A).contains(bytes[start - 1])
    {
      start -= 1
    }
    guard start > 0, start < bytes.count, bytes[start - 1] == UInt8(ascii: "\\") else { return nil }
    // In a string a backslash begins an escape.
    if openQuote(Array(bytes[..<(start - 1)])) != nil { return nil }
    let typed = String(decoding: bytes[start...], as: UTF8.self)
    if let letter = greekLetters[typed] {
      return Completions(
        start: start - 1, items: [Completion(text: letter, kind: .symbol, detail: typed)])
    }
    let names = greekLetters.filter { $0.key.hasPrefix(typed) }.sorted { $0.key < $1.key }
    if names.count == 1, let only = names.first {
      return Completions(
        start: start - 1, items: [Completion(text: only.value, kind: .symbol, detail: only.key)])
    }
    return Completions(
      start: start - 1,
      items: names.map { Completion(text: "\\" + $0.key, kind: .symbol, detail: $0.value) })
  }

  func isNameByte(_ byte: UInt8) -> Bool {
    byte >= 0x80 || byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte)
      || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  /// The place of the quote that opens the string the cursor is in.
  func openQuote(_ bytes: [UInt8]) -> Int? {
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
    guard let name = enclosingCall(bytes) else { return [] }
    let text = String(decoding: bytes, as: UTF8.self)
    if let value = interpreter[name] {
      guard case .function(let function) = value, let closure = function as? ClosureFunction else {
        return []
      }
      let labels = closure.labels.filter { !text.contains($0.name + ":") }
      return matching(
        labels.map { Completion(text: $0.name + ": ", kind: .label, detail: $0.fallback) }, typed)
    }
    guard let builtin = interpreter.builtins[name] else { return [] }
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

  func lastName(_ bytes: ArraySlice<UInt8>) -> String? {
    let name = bytes.reversed().prefix(while: isNameByte)
    return name.isEmpty ? nil : String(decoding: name.reversed(), as: UTF8.self)
  }

  private func firstName(_ bytes: ArraySlice<UInt8>) -> String? {
    let body = bytes.drop { $0 == 0x20 || $0 == 0x09 }
    let name = body.prefix(while: isNameByte)
    guard !name.isEmpty, name.count < body.count else { return nil }
    return String(decoding: name, as: UTF8.self)
  }

  /// Members of what stands before the dot. Keys that are no names go into brackets, in the
  /// dot's place.
  private func memberItems(
    before bytes: ArraySlice<UInt8>, _ typed: String, _ start: Int
  ) -> Completions {
    guard let value = chain(bytes) else { return Completions(start: start, items: []) }
    if case .map = value {
      let found = keys(of: value)
      let plain = found.filter(isName).map { Completion(text: $0, kind: .key, detail: "") }
      let items = matching(plain, typed)
      if !items.isEmpty || found.isEmpty { return Completions(start: start, items: items) }
      let lowered = typed.lowercased()
      let bracketed = found.filter { $0.lowercased().hasPrefix(lowered) }
        .map { Completion(text: "[\(quoted($0))]", kind: .key, detail: "") }
      return Completions(start: start - 1, items: bracketed)
    }
    guard case .host(let box) = value else { return Completions(start: start, items: []) }
    let items = box.object.memberNames.map { Completion(text: $0, kind: .member, detail: "") }
    return Completions(start: start, items: matching(items, typed))
  }

  /// The value of `name`, `name.field`, `name[3]`, `name["key"]` and so on at the end of the text.
  /// Reads variables, elements and fields that are there; nothing is called.
  private func chain(_ bytes: ArraySlice<UInt8>) -> Value? {
    var start = bytes.endIndex
    while start > bytes.startIndex {
      let byte = bytes[start - 1]
      if byte == UInt8(ascii: "]") {
        guard let open = bytes[..<(start - 1)].lastIndex(of: UInt8(ascii: "[")) else { return nil }
        start = open
      } else if isNameByte(byte) || byte == UInt8(ascii: ".") {
        start -= 1
      } else {
        break
      }
    }
    var rest = bytes[start...]
    let name = rest.prefix(while: isNameByte)
    rest = rest.dropFirst(name.count)
    var value = interpreter[String(decoding: name, as: UTF8.self)]
    while let first = rest.popFirst(), let current = value {
      if first == UInt8(ascii: ".") {
        let field = rest.prefix(while: isNameByte)
        rest = rest.dropFirst(field.count)
        value = member(String(decoding: field, as: UTF8.self), of: current)
      } else {
        guard first == UInt8(ascii: "["), let close = rest.firstIndex(of: UInt8(ascii: "]")) else {
          return nil
        }
        value = element(String(decoding: rest[..<close], as: UTF8.self), of: current)
        rest = rest[(close + 1)...]
      }
    }
    return value
  }

  private func member(_ name: String, of value: Value) -> Value? {
    switch value {
    case .map(let box): box.map[.text(name)]
    // Fields of a model name what is there; those of a tensor or a trace may compute.
    case .host(let box) where box.object is ModelObject || box.object is ModuleObject:
      try? box.object.member(name)
    default: nil
    }
  }

  private func element(_ index: String, of value: Value) -> Value? {
    if let number = Int(index) {
      if case .list(let box) = value {
        let place = number < 0 ? box.count + number : number
        return box.indices.contains(place) ? box[place] : nil
      }
      if case .map(let box) = value { return box.map[.int(number)] }
      return nil
    }
    guard index.count > 1, index.hasPrefix("\""), index.hasSuffix("\""), !index.contains("\\"),
      case .map(let box) = value
    else { return nil }
    return box.map[.text(String(index.dropFirst().dropLast()))]
  }

  /// Keys of a map that are texts, and the sites of a trace.
  private func keys(of value: Value) -> [String] {
    switch value {
    case .map(let box):
      box.map.keys.compactMap { if case .text(let key) = $0 { key } else { nil } }
    case .host(let box): (box.object as? TraceObject)?.trace.sites ?? []
    default: []
    }
  }

  private func isName(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, first == "_" || first.properties.isXIDStart else {
      return false
    }
    return text.unicodeScalars.allSatisfy { $0.properties.isXIDContinue }
  }

  /// As a string of the language.
  private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// Files as they stand in a string; `~` is the home folder.
  private func fileItems(_ typed: ArraySlice<UInt8>) -> [Completion] {
    let text = String(decoding: typed, as: UTF8.self)
    let cut = text.lastIndex(of: "/").map { text.index(after: $0) } ?? text.startIndex
    let folder = String(text[..<cut])
    let beginning = String(text[cut...])
    var wanted = folder.isEmpty ? "." : folder
    // What a string holds is no path of the shell: the name of the home folder is put in.
    var written = folder
    if folder.hasPrefix("~/"), let home = options.environment["HOME"] {
      wanted = home + folder.dropFirst()
      written = wanted
    }
    guard let place = try? resolveQuietly(wanted), let names = try? Files.list(place)
    else { return cachedItems(text) }
    var items: [Completion] = []
    for name in names where name.hasPrefix(beginning) {
      if name.hasPrefix("."), !beginning.hasPrefix(".") { continue }
      let isFolder = Files.isDirectory(Path.join(place, name))
      let plain = quoted(written + name).dropFirst().dropLast()
      items.append(Completion(text: plain + (isFolder ? "/" : ""), kind: .file, detail: ""))
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

/// What `\alpha` and the others become: letters that names may hold.
let greekLetters: [String: String] = [
  "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η",
  "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ",
  "omicron": "ο", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ",
  "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ",
  "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
]

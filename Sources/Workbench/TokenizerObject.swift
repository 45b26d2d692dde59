// A tokenizer as a value of the language: encode, decode, and what it knows.

import Diagnostics
import Files
import JSON
import Language
import Plots
import Tokenizers

final class TokenizerObject: Displayable, Savable {
  let tokenizer: Tokenizer
  /// The file's or the vocabulary's name.
  let name: String

  init(_ tokenizer: Tokenizer, name: String) {
    self.tokenizer = tokenizer
    self.name = name
  }

  var kind: String { "tokenizer" }
  var extent: String? { "\(tokenizer.tokenCount) tokens" }

  var description: String {
    let special = tokenizer.specialTokens
    var line = "tokenizer \(visibleText(name)): \(tokenizer.tokenCount) tokens"
    if !special.isEmpty {
      let shown = special.prefix(6).map { visibleText($0.text) }.joined(separator: " ")
      line += ", \(special.count) special: \(shown)\(special.count > 6 ? " …" : "")"
    }
    return line
  }

  func shown(_ style: TextStyle) -> String { description }

  // MARK: - Members

  var memberNames: [String] {
    ["encode", "decode", "vocab", "special", "size", "name", "bos", "eos", "pad", "unknown"]
  }

  func member(_ name: String) throws -> Value? {
    func id(_ id: Int?) -> Value { id.map { .int($0) } ?? .nil }
    switch name {
    case "name": return .string(self.name)
    case "size": return .int(tokenizer.vocabularySize)
    case "vocab": return .list(vocabulary())
    case "special":
      let pairs = tokenizer.specialTokens.map { (MapKey.text($0.text), Value.int($0.id)) }
      return .map(OrderedMap(pairs))
    case "bos": return id(tokenizer.bosID)
    case "eos": return id(tokenizer.eosID)
    case "pad": return id(tokenizer.padID)
    case "unknown": return id(tokenizer.unknownID)
    default: return nil
    }
  }

  /// The spelling of each token by id; nil where an id has none.
  private func vocabulary() -> [Value] {
    (0..<tokenizer.vocabularySize).map { id in
      tokenizer.spelled(id).map { .string(String(decoding: $0, as: UTF8.self)) } ?? .nil
    }
  }

  func method(_ name: String) -> Builtin? {
    switch name {
    case "encode": encodeMethod()
    case "decode": decodeMethod()
    default: nil
    }
  }

  private func encodeMethod() -> Builtin {
    Builtin(
      "encode", group: "models", "the token ids of a text",
      [
        Parameter("text"),
        Parameter("add", .label("true"), "with start and end tokens"),
        Parameter("special", .label("true"), "the text of a special token stands for that token"),
      ]
    ) { [tokenizer] call in
      let ids = try tokenizer.encode(
        try call.string("text"), addSpecial: try call.bool("add", default: true),
        parseSpecial: try call.bool("special", default: true), interrupt: call.context.interrupt)
      return .list(ids.map { .int($0) })
    }
  }

  private func decodeMethod() -> Builtin {
    Builtin(
      "decode", group: "models", "the text of token ids",
      [
        Parameter("ids", .required, "a list of ints, or one"),
        Parameter("special", .label("false"), "special tokens are written too"),
      ]
    ) { [tokenizer] call in
      let ids = try tokenIDs(try call.value("ids"), "ids", call)
      if let wrong = ids.first(where: { tokenizer.spelled($0) == nil }) {
        throw WorkbenchError.noToken(id: wrong, vocabulary: tokenizer.vocabularySize)
      }
      let keepsSpecial = try call.bool("special", default: false)
      return .string(tokenizer.decode(ids, skipSpecial: !keepsSpecial))
    }
  }

  // MARK: - Saving

  var saveEndings: [String] { ["json", ""] }

  /// `tokenizer.json` alone, or a folder with the settings beside it.
  func save(to path: String, ending: String, _ call: Call) throws -> [String] {
    let document = try tokenizer.jsonBytes()
    if !ending.isEmpty {
      try Files.writeAtomically(path, document)
      return [path]
    }
    try Files.createDirectory(path)
    let files = ["tokenizer.json", "tokenizer_config.json"].map { Path.join(path, $0) }
    try Files.writeAtomically(files[0], document)
    try Files.writeAtomically(files[1], tokenizer.configJSON().written(pretty: true))
    return files
  }
}

/// Token ids given as a list of ints or as one int.
func tokenIDs(_ value: Value, _ name: String, _ call: Call) throws -> [Int] {
  if let one = value.asInt { return [one] }
  guard let list = value.asList else { throw call.mismatch(name, "a list of ints", value) }
  return try list.map { element in
    guard let id = element.asInt else {
      throw WorkbenchError.tokenIDs(word: call.builtin.name, label: name, kind: element.kind)
    }
    return id
  }
}

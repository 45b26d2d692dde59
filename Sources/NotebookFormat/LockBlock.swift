// The lock block of a notebook (D4): what its results rest on besides its text. One `key: <JSON>` a
// line, in the order of their names; the last fence of the file.

import JSON

package struct LockBlock: Sendable, Equatable {
  /// Who multiplies matrices.
  package var backend: String
  /// `sha256:` and the digest of each file of data, by the name that cells use.
  package var data: [String: String]
  /// Machine and vector instructions.
  package var device: String
  package var dtype: String
  /// The version of the language.
  package var language: Int
  package var tool: String
  /// `sha256:` and the digest of each model, by the name that cells use.
  package var weights: [String: String]

  package init(
    backend: String, data: [String: String], device: String, dtype: String, language: Int,
    tool: String, weights: [String: String]
  ) {
    self.backend = backend
    self.data = data
    self.device = device
    self.dtype = dtype
    self.language = language
    self.tool = tool
    self.weights = weights
  }

  /// Reads the lines between the fences; nil when a key is missing or has a wrong value. Unknown
  /// keys are left alone.
  package init?(body: String) {
    var values: [String: JSON] = [:]
    for line in body.utf8.split(separator: 0x0A) {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
      let key = String(decoding: line[..<colon], as: UTF8.self)
      guard values[key] == nil,
        let value = try? JSON.parse(Array(line[line.index(after: colon)...]))
      else { return nil }
      values[key] = value
    }
    guard let backend = values["backend"]?.text, let data = Self.digests(values["data"]),
      let device = values["device"]?.text, let dtype = values["dtype"]?.text,
      let language = values["language"]?.int, let tool = values["tool"]?.text,
      let weights = Self.digests(values["weights"])
    else { return nil }
    self.init(
      backend: backend, data: data, device: device, dtype: dtype, language: language, tool: tool,
      weights: weights)
  }

  private static func digests(_ value: JSON?) -> [String: String]? {
    guard let object = value?.object, object.duplicateKeys.isEmpty else { return nil }
    var result: [String: String] = [:]
    for (name, digest) in object.pairs {
      guard let text = digest.text else { return nil }
      result[name.text] = text
    }
    return result
  }

  /// The fence with its body, lines without endings.
  var lines: [String] {
    func text(_ value: String) -> String { JSON(value).writtenText() }
    func map(_ values: [String: String]) -> String {
      let pairs = values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      return "{" + pairs.map { "\(text($0.key)): \(text($0.value))" }.joined(separator: ", ") + "}"
    }
    return [
      "```lock", "backend: \(text(backend))", "data: \(map(data))", "device: \(text(device))",
      "dtype: \(text(dtype))", "language: \(language)", "tool: \(text(tool))",
      "weights: \(map(weights))", "```",
    ]
  }
}

extension Notebook {
  /// The lock block, nil when there is none or it cannot be read.
  package var lockBlock: LockBlock? {
    guard let lock else { return nil }
    let reader = LineReader(Array(content[lock]))
    guard reader.lines.count >= 2 else { return nil }
    return LockBlock(body: reader.body(1..<(reader.lines.count - 1)))
  }
}

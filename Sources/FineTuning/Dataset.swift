// Rows to train on, as values: what they say, where they stood, and their fingerprint. Does not
// know tokens or models.

import Digests
package import JSON

/// The shapes a row can have (tuning.md 2.1).
package enum RowShape: String, Sendable, CaseIterable {
  case messages
  case conversations
  case preference
  case completion = "prompt+completion"
  case alpaca
  case classification
  case text
  case prompt = "prompt only"

  /// The keys that make a row of this shape.
  package var keys: [String] {
    switch self {
    case .messages: ["messages"]
    case .conversations: ["conversations"]
    case .preference: ["chosen", "rejected"]
    case .completion: ["prompt", "completion"]
    case .alpaca: ["instruction", "output"]
    case .classification: ["text", "label"]
    case .text: ["text"]
    case .prompt: ["prompt"]
    }
  }

  /// What `format:` calls it.
  package var word: String {
    switch self {
    case .completion: "completion"
    case .conversations: "sharegpt"
    case .prompt: "prompt"
    default: rawValue
    }
  }

  package static func named(_ word: String) throws -> RowShape {
    if let shape = allCases.first(where: { $0.word == word || $0.rawValue == word }) {
      return shape
    }
    throw TuningError.unknownFormat(word, known: allCases.map(\.word))
  }
}

/// What a row teaches.
package enum RowContent: Sendable, Equatable {
  /// A document, all trained.
  case text(String)
  /// A prompt and what should follow it.
  case exchange(prompt: String, completion: String)
  /// For samples and evaluation; training on it is refused.
  case prompt(String)

  package var text: String {
    switch self {
    case .text(let text), .prompt(let text): text
    case .exchange(let prompt, let completion): prompt + completion
    }
  }
}

/// The first 128 bits of the SHA-256 of a row's canonical JSON (keys sorted, no white space).
package struct RowKey: Hashable, Sendable, Comparable {
  package let high: UInt64
  package let low: UInt64

  init(_ canonical: [UInt8]) {
    let digest = Digests.sha256(canonical)
    high = digest[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
    low = digest[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
  }

  package static func < (a: RowKey, b: RowKey) -> Bool {
    (a.high, a.low) < (b.high, b.low)
  }

  var bytes: [UInt8] {
    (0..<16).map { UInt8(truncatingIfNeeded: ($0 < 8 ? high : low) >> UInt64(56 - $0 % 8 * 8)) }
  }
}

/// One row and where it came from.
package struct DataRow: Sendable {
  package let content: RowContent
  /// Keys the shape does not use, kept for `d[3]`.
  package let extra: JSONObject?
  /// Index into the dataset's files.
  package let file: Int
  /// The line it begins on, from 1; 0 when it came from no file.
  package let line: Int
  /// Its number in the file, from 1.
  package let number: Int
  package let key: RowKey
}

/// A row that was left out, and why.
package struct RowProblem: Sendable, Equatable {
  package let file: Int
  package let line: Int
  package let number: Int
  package let reason: String
}

/// Rows of one shape.
package struct Dataset: Sendable {
  package let rows: [DataRow]
  package let shape: RowShape
  /// The keys the rows have, in the order they first appear.
  package let columns: [String]
  package let problems: [RowProblem]
  package let files: [String]
  /// SHA-256 over the rows' fingerprints in order, 64 hex digits.
  package let hash: String
  /// Rows that stand more than once (each repetition counts).
  package let duplicates: Int

  init(
    rows: [DataRow], shape: RowShape, columns: [String], problems: [RowProblem], files: [String]
  ) {
    self.rows = rows
    self.shape = shape
    self.columns = columns
    self.problems = problems
    self.files = files
    hash = Digests.hex(Digests.sha256(rows.flatMap(\.key.bytes)))
    duplicates = rows.count - Set(rows.map(\.key)).count
  }

  package var count: Int { rows.count }

  /// The same data with other rows.
  func with(_ rows: [DataRow]) -> Dataset {
    Dataset(rows: rows, shape: shape, columns: columns, problems: [], files: files)
  }

  /// Where a row stands, as errors and previews say it: `row 17 (line 18)`.
  package func place(of row: DataRow) -> String {
    placeText(number: row.number, line: row.line, file: row.file, files: files)
  }

  /// The row as a value: its keys as in the file.
  package func json(_ row: DataRow) -> JSON {
    var object = JSONObject()
    switch (row.content, shape) {
    case (.text(let text), _): object["text"] = JSON(text)
    case (.prompt(let text), _): object["prompt"] = JSON(text)
    case (.exchange(let text, let label), .classification):
      object["text"] = JSON(text)
      object["label"] = JSON(label)
    case (.exchange(let prompt, let completion), _):
      object["prompt"] = JSON(prompt)
      object["completion"] = JSON(completion)
    }
    if let extra = row.extra { for (key, value) in extra.pairs { object[key] = value } }
    return .object(object)
  }
}

/// `row 17`, `row 17 (line 18)`, with the file's name before it when there are several.
func placeText(number: Int, line: Int, file: Int, files: [String]) -> String {
  let prefix = files.count > 1 && files.indices.contains(file) ? "\(files[file]) " : ""
  return prefix + "row \(number)" + (line > 0 && line != number ? " (line \(line))" : "")
}

/// The parts of a dataset.
package struct DataParts: Sendable {
  package let train: Dataset
  package let valid: Dataset
  package let test: Dataset
}

extension Dataset {
  /// The rows with the smallest fingerprints become `valid`, the next ones `test`: stable when rows
  /// are added, and equal rows stand on one side. Fractions count rows; each part has 1 to 200 rows
  /// unless its fraction is 0; fewer than 10 rows are not split.
  package func split(valid: Double, test: Double = 0) throws -> DataParts {
    for (label, value) in [("valid", valid), ("test", test)] where !(0..<1).contains(value) {
      throw TuningError.badNumber(label: label, rule: "from 0 to below 1", got: short(value))
    }
    guard valid + test < 1 else {
      throw TuningError.badNumber(
        label: "valid + test", rule: "below 1", got: short(valid + test))
    }
    guard count >= 10 else { return DataParts(train: self, valid: with([]), test: with([])) }
    let order = Set(rows.map(\.key)).sorted()
    let copies = Dictionary(grouping: rows, by: \.key).mapValues(\.count)
    var taken = 0
    func part(_ fraction: Double) -> Set<RowKey> {
      guard fraction > 0 else { return [] }
      let wanted = min(200, max(1, Int((Double(count) * fraction).rounded())))
      var keys: Set<RowKey> = []
      var size = 0
      while size < wanted, taken < order.count - 1 {
        keys.insert(order[taken])
        size += copies[order[taken]] ?? 1
        taken += 1
      }
      return keys
    }
    let validKeys = part(valid)
    let testKeys = part(test)
    return DataParts(
      train: with(rows.filter { !validKeys.contains($0.key) && !testKeys.contains($0.key) }),
      valid: with(rows.filter { validKeys.contains($0.key) }),
      test: with(rows.filter { testKeys.contains($0.key) }))
  }
}

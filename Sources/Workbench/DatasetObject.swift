// Rows of training data as a value of the language.

import Diagnostics
package import FineTuning
package import Language

package final class DatasetObject: HostObject {
  package let data: Dataset

  package init(_ data: Dataset) { self.data = data }

  package var kind: String { "dataset" }
  package var extent: String? { "\(data.count) rows" }
  package var description: String {
    var line = "\(grouped(data.count)) rows of \(data.shape.rawValue)"
    if !data.files.isEmpty {
      line += " from " + data.files.map { visibleText($0) }.joined(separator: ", ")
    }
    if !data.problems.isEmpty { line += ", \(data.problems.count) left out" }
    if data.duplicates > 0 { line += ", \(data.duplicates) repeated" }
    return line
  }

  package var memberNames: [String] {
    ["columns", "count", "duplicates", "files", "format", "hash", "problems", "rows"]
  }

  package func member(_ name: String) throws -> Value? {
    switch name {
    case "count": .int(data.count)
    case "format": .string(data.shape.word)
    case "columns": .list(data.columns.map { .string($0) })
    case "files": .list(data.files.map { .string($0) })
    case "hash": .string(data.hash)
    case "duplicates": .int(data.duplicates)
    case "rows": .list(data.rows.map { languageValue(data.json($0)) })
    case "problems":
      .list(
        data.problems.map {
          .map(["row": .int($0.number), "line": .int($0.line), "reason": .string($0.reason)])
        })
    default: nil
    }
  }

  package func method(_ name: String) -> Builtin? {
    guard name == "split" else { return nil }
    return Builtin(
      "split", group: "tuning", "the dataset in parts: a map of train, valid and test",
      [
        Parameter("valid", .label("0.1"), "the fraction that becomes valid"),
        Parameter("test", .label("0"), "the fraction that becomes test"),
      ],
      example: "parts = split d, valid: 0.2",
      details: "By the SHA-256 of each row, so that adding rows moves no others; equal rows stay "
        + "together; 1 to 200 rows a part, none of fewer than 10."
    ) { [data] call in
      let parts = try data.split(
        valid: try call.number("valid", default: 0.1), test: try call.number("test", default: 0))
      return .map([
        "train": .object(DatasetObject(parts.train)), "valid": .object(DatasetObject(parts.valid)),
        "test": .object(DatasetObject(parts.test)),
      ])
    }
  }

  package func element(at indices: [Index]) throws -> Value {
    guard indices.count == 1, case .value(let value) = indices[0] else {
      throw WorkbenchError.datasetIndex(kind: nil)
    }
    guard let index = value.asInt else { throw WorkbenchError.datasetIndex(kind: value.kind) }
    let place = index < 0 ? index + data.count : index
    guard data.rows.indices.contains(place) else {
      throw TuningError.rowOutOfRange(index, count: data.count)
    }
    return try iterationElement(place)
  }

  package var iterationCount: Int? { data.count }

  package func iterationElement(_ position: Int) throws -> Value {
    guard data.rows.indices.contains(position) else { return .nil }
    return languageValue(data.json(data.rows[position]))
  }

  package func isEqual(to other: any HostObject) -> Bool {
    (other as? DatasetObject)?.data.hash == data.hash
  }
}

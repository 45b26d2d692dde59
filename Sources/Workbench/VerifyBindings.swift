// The word `verify`: the card of a model in full, with digests of its files. Knows no arithmetic.

import Diagnostics
import Digests
import Files
import Language
import Models
import Plots

extension Session {
  func verifyBindings() -> [Builtin] {
    [
      Builtin(
        "verify", group: "models", "the checks of a model: files, weights, text, template, passes",
        [
          Parameter("model"),
          Parameter("against", .label("nil"), "another model: what differs, block by block"),
          Parameter("deep", .label("true"), "false: only what loading has checked"),
        ],
        example: "verify m, against: m",
        details: """
          The result has ok, rows, files and differences; rows are maps of name, status, text and \
          value. Deep checks read every weight, hash every file, and run a short text.
          """
      ) { [unowned self] call in .object(try verify(call)) }
    ]
  }

  private func verify(_ call: Call) throws -> CardObject {
    let model = try call.model()
    var verification = Verification(model)
    verification.interrupt = interrupt
    if model.parameters.byteCount > Session.quickBytes {
      verification.onProgress = { [unowned self] in progress("verify", done: $0, total: $1) }
    }
    let isDeep = try call.bool("deep", default: true)
    let card = CardObject(name: model.name, rows: try verification.rows(deep: isDeep))
    if isDeep { try addFiles(of: model, to: card) }
    if let other = call["against"], !other.isNil {
      guard let second = other.asHost(ModelObject.self)?.model else {
        throw call.mismatch("against", "a model", other)
      }
      card.differences = try verification.differences(from: second)
    }
    return card
  }

  /// Digests of the model's files. In a cache whose files are named by their digest the two are
  /// compared.
  private func addFiles(of model: Model, to card: CardObject) throws {
    guard let place = model.parts.path else { return }
    let paths =
      Files.isDirectory(place)
      ? try Files.list(place).sorted().map { Path.join(place, $0) }.filter {
        !Files.isDirectory($0) && !Path.name(of: $0).hasPrefix(".")
      } : [place]
    var changed: [String] = []
    var named = 0
    for path in paths {
      try interrupt.check()
      let digest = Digests.hex(try Digests.sha256(ofFile: path))
      card.files.append((Path.name(of: path), try Files.size(path), digest))
      guard let name = Path.resolved(path).map({ Path.name(of: $0) }), name.utf8.count == 64,
        name.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
      else { continue }
      named += 1
      if name != digest { changed.append(Path.name(of: path)) }
    }
    if let first = changed.first {
      card.add(
        Check(
          "digests", .fail, "\(changed.count) files are not what was downloaded, first \(first)"))
    } else {
      card.add(
        Check(
          "digests", .ok,
          "SHA-256 of \(paths.count) file\(paths.count == 1 ? "" : "s")"
            + (named > 0 ? ", \(named) as downloaded" : "")))
    }
  }
}

/// The verify card as a value of the language.
final class CardObject: Displayable {
  let name: String
  private(set) var rows: [(check: Check, value: Double?)]
  var files: [(name: String, bytes: Int, sha256: String)] = []
  var differences: [VerifiedRow] = []

  init(name: String, rows: [VerifiedRow]) {
    self.name = name
    self.rows = rows.map { ($0.check, $0.value) }
  }

  func add(_ check: Check) { rows.append((check, nil)) }

  private var all: [(check: Check, value: Double?)] {
    rows + differences.map { ($0.check, $0.value) }
  }

  var isOK: Bool { !all.contains { $0.check.status == .fail } }
  var kind: String { "card" }
  var extent: String? { "\(rows.count) checks" }
  var description: String { shown(.log) }

  func shown(_ style: TextStyle) -> String {
    let counts = [Check.Status.fail, .warn, .note].compactMap { status -> String? in
      let count = all.count { $0.check.status == status }
      if count == 0 { return nil }
      return "\(count) \(status.rawValue)\(status == .fail || count == 1 ? "" : "s")"
    }
    let head = "\(visibleText(name)): " + (counts.isEmpty ? "ok" : counts.joined(separator: ", "))
    let width = all.map(\.check.row.count).max() ?? 0
    return
      ([head]
      + all.flatMap { row in
        let status = row.check.status.rawValue
        return foldedText(
          "  " + status + String(repeating: " ", count: 6 - status.count)
            + row.check.row + String(repeating: " ", count: width + 2 - row.check.row.count)
            + visibleText(row.check.text), hanging: width + 10)
      }).joined(separator: "\n")
  }

  var memberNames: [String] { ["differences", "files", "name", "ok", "rows"] }

  func member(_ name: String) throws -> Value? {
    switch name {
    case "name": return .string(self.name)
    case "ok": return .bool(isOK)
    case "rows": return .list(rows.map(value))
    case "differences": return .list(differences.map { value(($0.check, $0.value)) })
    case "files":
      return .list(
        files.map {
          .map(["name": .string($0.name), "bytes": .int($0.bytes), "sha256": .string($0.sha256)])
        })
    default: return nil
    }
  }

  private func value(_ row: (check: Check, value: Double?)) -> Value {
    .map([
      "name": .string(row.check.row), "status": .string(row.check.status.rawValue),
      "text": .string(row.check.text), "value": row.value.map { .float($0) } ?? .nil,
    ])
  }
}

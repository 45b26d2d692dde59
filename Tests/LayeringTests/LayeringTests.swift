// Holds the sources against the table of rooms in Package.swift: who imports whom, and what a room
// below the front ends may not do.

import Foundation
import Testing

struct House {
  let root: URL
  /// Room name to the rooms it may import.
  let allowed: [String: Set<String>]
  let files: [(room: String, path: String, lines: [String])]

  init() throws {
    root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let manifest = try String(contentsOf: root.appending(path: "Package.swift"), encoding: .utf8)
    allowed = House.table(of: manifest)
    files = try House.sources(below: root.appending(path: "Sources"))
  }

  /// The rows `Room("Name", …, imports: [ … ])` of the manifest.
  static func table(of manifest: String) -> [String: Set<String>] {
    var result: [String: Set<String>] = [:]
    let rows = manifest.components(separatedBy: "Room(").dropFirst()
    for row in rows {
      guard let name = quoted(row).first else { continue }
      let imports = row.components(separatedBy: "imports:").dropFirst().first ?? ""
      result[name] = Set(quoted(imports.components(separatedBy: "]").first ?? ""))
    }
    let quire = manifest.components(separatedBy: "name: \"quire\",\n      dependencies:")
      .dropFirst()
    result["quire"] = Set(quoted(quire.first?.components(separatedBy: "]").first ?? ""))
    return result
  }

  private static func quoted(_ text: String) -> [String] {
    let parts = text.components(separatedBy: "\"")
    return stride(from: 1, to: parts.count, by: 2).map { parts[$0] }
  }

  private static func sources(
    below folder: URL
  ) throws -> [(room: String, path: String, lines: [String])] {
    let base = folder.path
    guard let walk = FileManager.default.enumerator(atPath: base) else { return [] }
    var result: [(room: String, path: String, lines: [String])] = []
    for case let path as String in walk where path.hasSuffix(".swift") {
      let text = try String(contentsOfFile: base + "/" + path, encoding: .utf8)
      let room = String(path.prefix { $0 != "/" })
      result.append((room, path, text.components(separatedBy: "\n")))
    }
    return result.sorted { $0.path < $1.path }
  }

  /// The module a line imports, if it is an import.
  static func importedModule(_ line: String) -> String? {
    var words = line.split(separator: " ").map(String.init)
    while let first = words.first,
      ["package", "public", "internal", "private", "fileprivate"].contains(first)
        || first.hasPrefix("@")
    {
      words.removeFirst()
    }
    guard words.count >= 2, words[0] == "import" else { return nil }
    let kinds = ["struct", "class", "enum", "protocol", "func", "let", "var", "typealias"]
    let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
    return name.split(separator: ".").first.map(String.init)
  }

  /// Every import that the table does not allow, as `path: room imports other`.
  func forbiddenImports() -> [String] {
    let rooms = Set(allowed.keys)
    var found: [String] = []
    for file in files {
      for line in file.lines {
        guard let module = House.importedModule(line), rooms.contains(module) else { continue }
        if module != file.room, allowed[file.room]?.contains(module) != true {
          found.append("\(file.path): \(file.room) imports \(module)")
        }
      }
    }
    return found
  }
}

@Test func `the manifest names every room that has sources`() throws {
  let house = try House()
  let missing = Set(house.files.map(\.room)).subtracting(house.allowed.keys)
  #expect(missing.isEmpty, "\(missing)")
  #expect(house.allowed.count > 15)
  #expect(house.allowed["Language"] == ["CRuntime", "Diagnostics"])
}

@Test func `no file imports a room that its own room may not import`() throws {
  let found = try House().forbiddenImports()
  #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
}

@Test func `an import in any spelling is seen`() {
  #expect(House.importedModule("import Tensors") == "Tensors")
  #expect(House.importedModule("package import Tensors") == "Tensors")
  #expect(House.importedModule("@testable import Models") == "Models")
  #expect(House.importedModule("internal import struct Tensors.Tensor") == "Tensors")
  #expect(House.importedModule("// import Tensors") == nil)
  #expect(House.importedModule("let important = 1") == nil)
}

@Test func `rooms of levels 0 to 4 import neither the language nor a front end`() throws {
  let house = try House()
  let upper: Set = ["Workbench", "Benchmarks", "Console", "NotebookRunner", "quire"]
  for (room, imports) in house.allowed where !upper.contains(room) {
    #expect(imports.isDisjoint(with: upper), "\(room)")
    #expect(!imports.contains("Language"), "\(room)")
  }
  #expect(house.allowed["Language"]?.contains("Tensors") == false)
}

@Test func `no room imports Foundation, which would cost each start milliseconds`() throws {
  let house = try House()
  for file in house.files {
    let modules = file.lines.compactMap(House.importedModule)
    #expect(!modules.contains { $0.hasPrefix("Foundation") }, "\(file.path)")
  }
}

@Test func `only Console sees readline`() throws {
  let house = try House()
  for file in house.files where file.lines.compactMap(House.importedModule).contains("CReadline") {
    #expect(file.room == "Console", "\(file.path)")
  }
}

@Test func `a room below the front ends does not write to the terminal or read the environment`()
  throws
{
  let house = try House()
  let front: Set = ["Console", "NotebookRunner", "quire"]
  let words = ["fputs(", "fprintf(", "getenv(", "clock_gettime(", "gettimeofday("]
  for file in house.files where !front.contains(file.room) {
    for (number, line) in file.lines.enumerated() {
      let code = line.components(separatedBy: "//").first ?? ""
      let bare = code.trimmingCharacters(in: .whitespaces)
      let prints = bare.hasPrefix("print(") || words.contains { code.contains($0) }
      #expect(!prints, "\(file.path):\(number + 1): \(bare)")
    }
  }
}

@Test func `nothing traps on what a user controls by its own words`() throws {
  let house = try House()
  for file in house.files {
    for (number, line) in file.lines.enumerated() {
      let code = line.components(separatedBy: "//").first ?? ""
      let traps = ["fatalError(", "try!", " as! ", "preconditionFailure("].filter(code.contains)
      #expect(traps.isEmpty, "\(file.path):\(number + 1): \(traps)")
    }
  }
}

@Test func `no file is longer than 800 lines`() throws {
  for file in try House().files { #expect(file.lines.count <= 801, "\(file.path)") }
}

// Where the fixtures are, and how they are read.

import Foundation
import JSON
import Testing

@testable import Tokenizers

let repositoryFolder = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

let fixtureFolder = repositoryFolder.appendingPathComponent("Tests/Fixtures/tokenizers")

let sharedFolder = repositoryFolder.deletingLastPathComponent().appendingPathComponent("shared")

func bytes(of url: URL) throws -> [UInt8] { Array(try Data(contentsOf: url)) }

func fixtureBytes(_ name: String) throws -> [UInt8] {
  try bytes(of: fixtureFolder.appendingPathComponent(name))
}

/// The pipelines there is a fixture for.
let fixtureNames: [String] = {
  let files = (try? FileManager.default.contentsOfDirectory(atPath: fixtureFolder.path)) ?? []
  return files.filter { $0.hasSuffix(".cases.json") }.map { String($0.dropLast(11)) }.sorted()
}()

struct FixtureCase {
  let text: String
  let ids: [Int]
  let idsWithSpecial: [Int]
  let decoded: String
  let decodedWithSpecial: String
}

func fixtureCases(_ name: String) throws -> [FixtureCase] {
  let strings = try #require(JSON.parse(fixtureBytes("strings.json"))["strings"]?.array)
  let rows = try #require(JSON.parse(fixtureBytes(name + ".cases.json")).array)
  try #require(rows.count == strings.count)
  return try zip(strings, rows).map { string, row in
    let text = try #require(string.text)
    let ids = try #require(row[0]?.array).compactMap(\.int)
    let decoded = row[2]?.text ?? text
    return FixtureCase(
      text: text, ids: ids, idsWithSpecial: row[1]?.array?.compactMap(\.int) ?? ids,
      decoded: decoded, decodedWithSpecial: row[3]?.text ?? decoded)
  }
}

/// Equality of texts by bytes, not by canonical equivalence.
func same(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

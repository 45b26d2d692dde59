// Saving while others edit, pictures, parameters: no cell is run here.

import Diagnostics
import Digests
import Files
import Foundation
import JSON
import NotebookFormat
import Plots
import Testing
import Workbench

@testable import NotebookRunner

/// A folder with a notebook in it.
struct Bench {
  let folder: String
  var path: String { folder + "/book.md" }

  init(_ text: String) throws {
    folder = NSTemporaryDirectory() + "runner-\(UUID())"
    try Files.createDirectory(folder)
    try Files.writeAtomically(path, text)
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  var text: String { (try? Files.readText(path)) ?? "" }

  func notebook() throws -> Notebook { Notebook(try Files.read(path), name: path) }
}

private func output(_ text: String, images: [OutputImage] = []) -> CellOutput {
  var result = CellOutput()
  result.text = NormalForm(text)
  result.images = images
  return result
}

@Test func `pictures are written beside the notebook and removed when nothing names them`() throws {
  let bench = try Bench("```quire {#a}\n1\n```\n")
  defer { bench.remove() }
  var entry = EventRecord()
  let picture = Picture(svg: "<svg>1</svg>", alt: "loss falls", summary: "loss, 3 points")
  entry.record(.value(Shown(pictures: [picture]) { _ in "text" }))
  let book = try bench.notebook()
  let saver = Saver(book, path: bench.path, isInPlace: true)
  let (first, assets) = entry.output(
    of: book.cells[0], source: .init(name: "t", text: "1"), tokens: nil, notebook: saver.assetName)
  saver.store(0, first, assets)
  #expect(try saver.save() == [])
  #expect(
    bench.text.contains("text\nfigure: loss, 3 points\n```\n![loss falls](book.assets/a-1.svg"))
  #expect(try Files.readText(bench.folder + "/book.assets/a-1.svg") == "<svg>1</svg>")
  try Files.writeAtomically(bench.folder + "/book.assets/mine.svg", "keep")
  let again = Saver(try bench.notebook(), path: bench.path, isInPlace: true)
  again.store(0, output("none"), [:])
  #expect(try again.save() == [])
  #expect(try Files.list(bench.folder + "/book.assets") == ["mine.svg"])
}

@Test func `edits made while a notebook runs are kept, and lost cells are named once`() throws {
  let bench = try Bench("one\n\n```quire {#a}\n1\n```\n\n```quire {#b}\n2\n```\n")
  defer { bench.remove() }
  let saver = Saver(try bench.notebook(), path: bench.path, isInPlace: true)
  saver.store(0, output("first"), [:])
  #expect(try saver.save() == [])
  try Files.writeAtomically(
    bench.path, bench.text.replacingOccurrences(of: "one", with: "edited"))
  saver.store(1, output("second"), [:])
  #expect(try saver.save() == [])
  #expect(bench.text.hasPrefix("edited\n"))
  #expect(bench.text.contains("first"))
  #expect(bench.text.contains("second"))
  try Files.writeAtomically(bench.path, "gone\n\n```quire {#b}\n2\n```\n")
  let warnings = try saver.save()
  #expect(warnings.count == 1)
  #expect(warnings.first?.hasPrefix("#a is no longer in ") == true)
  #expect(bench.text == "gone\n\n```quire {#b}\n2\n```\n\n```out {.partial of=b}\nsecond\n```\n")
  #expect(try saver.save() == [])
}

@Test func `a file that was broken meanwhile is left alone and a rescue is written`() throws {
  let bench = try Bench("```quire {#a}\n1\n```\n")
  defer { bench.remove() }
  let saver = Saver(try bench.notebook(), path: bench.path, isInPlace: true)
  saver.store(0, output("mine"), [:])
  try Files.writeAtomically(bench.path, "```quire\nbroken")
  let rescue = bench.folder + "/book.rescue.md"
  #expect(throws: RunnerError.changedOnDisk(bench.path, rescue: rescue)) { try saver.save() }
  #expect(bench.text == "```quire\nbroken")
  #expect(try Files.readText(rescue).contains("mine"))
}

@Test func `a save that changes nothing does not touch the file`() throws {
  let bench = try Bench("```quire\n1\n```\n\n```out {.partial}\nx\n```\n")
  defer { bench.remove() }
  let before = try FileManager.default.attributesOfItem(atPath: bench.path)[.systemFileNumber]
  let saver = Saver(try bench.notebook(), path: bench.path, isInPlace: true)
  saver.store(0, output("x"), [:])
  #expect(try saver.save() == [])
  let after = try FileManager.default.attributesOfItem(atPath: bench.path)[.systemFileNumber]
  #expect(before as? Int == after as? Int)
}

@Test func `parameters take the kind of their default`() {
  func value(_ text: String, _ fallback: JSON) -> JSON? { Parameters.value(text, like: fallback) }
  #expect(value("10", 50) == 10)
  #expect(value("1.5", 50) == nil)
  #expect(value("x", 50) == nil)
  #expect(value("3", 0.5)?.double == 3)
  #expect(value("true", false) == true)
  #expect(value("1", false) == nil)
  #expect(value("10", "text") == "10")
  #expect(value("[1]", []) == [1])
  #expect(value("{\"a\": 1}", [:]) == ["a": 1])
  #expect(value("7", nil) == 7)
  #expect(value("seven", nil) == "seven")
}

// The format on every Markdown file of the repository and on random and mutated ones: what is read is
// written again byte for byte, and a save changes outputs only.

import Foundation
import TestSupport
import Testing

@testable import NotebookFormat

@Suite struct NotebookFuzzTests {
  @Test func `L4 the normal form of a normal form is itself`() {
    let pieces = [
      "a", "b ", "\n", "\r", "\u{8}", "\u{1B}", "[", "31m", "]", "\u{7}", "é", "😀", "\u{301}", "\t",
      "<<<<<<<", "=======", " ", "\u{9B}", "\u{202E}", "\u{0}", "\\u{", "7", "}", "(B", "\u{2028}",
    ]
    fuzz("normal form", rounds: 20_000, share: 3) { numbers in
      let text = (0..<numbers.below(12)).map { _ in numbers.pick(pieces) }.joined()
      let once = NormalForm(text)
      if NormalForm(once.text).text != once.text { Issue.record("\(text.debugDescription)") }
    }
  }

  /// `QUIRE_MARKDOWN` names a folder, `/` say, whose Markdown files are read besides.
  @Test func `L1 on every Markdown file of a folder that is named`() throws {
    guard let folder = ProcessInfo.processInfo.environment["QUIRE_MARKDOWN"] else { return }
    let walker = FileManager.default.enumerator(
      at: URL(filePath: folder), includingPropertiesForKeys: [.isRegularFileKey])
    var counts = (files: 0, bytes: 0, cells: 0, refused: 0)
    while let url = walker?.nextObject() as? URL {
      if ["/proc", "/sys", "/dev"].contains(url.path) { walker?.skipDescendants() }
      guard url.pathExtension == "md", let data = try? Data(contentsOf: url) else { continue }
      let bytes = [UInt8](data)
      let book = Notebook(bytes, name: url.path)
      counts.files += 1
      counts.bytes += bytes.count
      counts.cells += book.cells.count
      if !book.problems.isEmpty { counts.refused += 1 }
      if joined(book) != book.content || book.writing([:]) != bytes {
        Issue.record("not the same bytes: \(url.path)")
      }
    }
    print("notebooks: \(counts)")
  }

  @Test func `comparisons of random texts end, and every text is like itself`() throws {
    let pieces = [
      "1", "2.5", "-", "+", ".", "e", "1e9", "nan", "inf", " ", "\n", "a", "_", "é", "[", "]", "(",
      ")",
      "<svg ", "<", ">", "/>", "</svg>", "x=\"1\"", "d='M1-2'", "\"", "<!--", "-->", "#",
      "[... 3 more lines, sha256:\(String(repeating: "0", count: 64))]",
    ]
    let rules = try CheckRules("num:1e-3 shape text~0.5 svg:1 text")
    fuzz("comparisons", rounds: 3000, share: 3) { numbers in
      func text() -> String { (0..<numbers.below(14)).map { _ in numbers.pick(pieces) }.joined() }
      func made() -> ComparedOutput {
        ComparedOutput(
          text: NormalForm(text()).text,
          pictures: [.init(path: "a.svg", bytes: Array(("<svg>" + text()).utf8))])
      }
      let a = made(), b = made()
      func failures(_ a: ComparedOutput, _ b: ComparedOutput) -> [CheckFailure] {
        Comparison(stored: a, came: b, search: { _, _ in true }).outcomes(rules)
          .compactMap(\.failure)
      }
      if !failures(a, a).isEmpty { Issue.record("not like itself: \(a.text.debugDescription)") }
      _ = failures(a, b).map(\.message)
      _ = TextDiff.lines(a.text, b.text)
    }
  }

  @Test func `L1 and L2 on every Markdown file of the repository and on random and mutated ones`()
    throws
  {
    var files: [[UInt8]] = [try fixture("lora.md")]
    let walker = FileManager.default.enumerator(
      at: repository, includingPropertiesForKeys: nil, options: [.skipsHiddenFiles])
    while let url = walker?.nextObject() as? URL {
      if url.pathExtension == "md", let data = try? Data(contentsOf: url) {
        files.append([UInt8](data))
      }
    }
    for bytes in files {
      let book = Notebook(bytes, name: "t.md")
      #expect(joined(book) == bytes)
      #expect(book.writing([:]) == bytes)
    }
    let pieces = [
      "```quire\n", "```quire {#a}\n", "```\n", "~~~\n", "```out\n", "```out {.err}\n", "x = 1\n",
      "\n",
      "\r\n", "prose\n", "<!--\n", "-->\n", "---\n", "quire: 1\n", "seed: 3\n", "    ", " ", "`",
      "\u{FEFF}",
      "![a](t.assets/a-1.svg \"out:a 00000000\")\n", "<<<<<<< a\n", "=======\n", ">>>>>>> b\n", "é",
      "😀",
      "```lock\n", "{#a .noeval k=\"", "\r", "> ", "```quire {.hint}\r\n", "````quire\n", "````\n",
    ]
    fuzz("notebooks", rounds: 5000, share: 3) { numbers in
      var bytes: [UInt8]
      if numbers.below(2) == 0 {
        bytes = Array((0..<numbers.below(24)).map { _ in numbers.pick(pieces) }.joined().utf8)
      } else {
        bytes = numbers.pick(files.filter { $0.count < 4000 })
        for _ in 0...numbers.below(4) {
          let at = numbers.below(bytes.count)
          switch numbers.below(3) {
          case 0: bytes[at] = UInt8(numbers.below(256))
          case 1: bytes.remove(at: at)
          default: bytes.insert(contentsOf: Array(numbers.pick(pieces).utf8), at: at)
          }
          if bytes.isEmpty { break }
        }
      }
      let book = Notebook(bytes, name: "t.md")
      guard joined(book) == book.content, book.writing([:]) == bytes else {
        Issue.record("not the same bytes: \(text(bytes).debugDescription)")
        return
      }
      // L2, L3: outputs written are read again, and writing them twice changes nothing.
      guard book.problems.isEmpty, !book.cells.isEmpty else { return }
      var outputs: [Int: CellOutput] = [:]
      for index in book.cells.indices where numbers.below(2) == 0 {
        outputs[index] = numbers.below(4) == 0 ? CellOutput() : output("v\(numbers.below(3))\n```")
      }
      let saved = book.writing(outputs)
      let again = Notebook(saved, name: "t.md")
      guard again.cells.map(\.source) == book.cells.map(\.source), again.problems.isEmpty,
        again.writing(outputs) == saved
      else {
        Issue.record("a save changed more than outputs: \(text(bytes).debugDescription)")
        return
      }
      for (index, output) in outputs {
        if again.cells[index].group?.blocks.first?.body ?? "" != output.text.text {
          Issue.record("an output is not what was written: \(text(bytes).debugDescription)")
        }
      }
    }
  }
}

// The rules of the format on notebooks that run: conflicts, warnings, which cells run, output that no
// file should hold as it is.

import Diagnostics
import Files
import Foundation
import NotebookFormat
import Testing
import Workbench

@testable import NotebookRunner

extension `running a notebook` {
  private func check(_ bench: Bench, _ sink: Collector = Collector()) -> Int32 {
    NotebookRunner.check(
      CheckOptions(paths: [bench.path]), session: { SessionOptions(folder: $0) },
      report: TextReport(.check, live: sink))
  }

  @Test func `a conflict in outputs alone is stale, and a run resolves it`() throws {
    let bench = try Bench(
      "# Title\n\n```quire {#a}\n6 * 7\n```\n\nprose between\n\n```quire\n1\n```\n")
    defer { bench.remove() }
    #expect(bench.run() == 0)
    let good = bench.text
    let conflict = good.replacingOccurrences(
      of: "\n42\n```", with: "\n<<<<<<< ours\n41\n=======\n43\n>>>>>>> theirs\n```")
    try Files.writeAtomically(bench.path, conflict)
    let sink = Collector()
    #expect(check(bench, sink) == 4)
    #expect(sink.out.contains(":3: #a stale\n"))
    #expect(bench.run() == 0)
    #expect(bench.text == good)
    #expect(check(bench) == 0)
  }

  @Test func `what is doubtful warns, and exactly the cells that are cells run`() throws {
    let bench = try Bench(
      """
      ```out
      orphan
      ```

      ```quire {#a}
      print "one"
      ```

      ```quire {#a}
      print "two"
      ```

      ```quire {broken
      print "three"
      ```

      <!--
      ```quire
      print "comment"
      ```
      -->

      ~~~~text
      ```quire
      print "inside"
      ```
      ~~~~

      > ```quire
      > print "quoted"
      > ```

       ```quire
       print "indented"
       ```

      ```quire {.hint}
      print "hint"
      ```

      ~~~quire
      print "four"
      ~~~

      """)
    defer { bench.remove() }
    let before = bench.text
    let sink = Collector()
    #expect(bench.run(sink) == 0)
    #expect(sink.out == "one\ntwo\nthree\nfour\n")
    // The orphan, the second #a, the broken attributes, and a hint of no task.
    #expect(sink.notes.filter { $0.hasPrefix("warning[") }.count == 4)
    #expect(bench.text.hasPrefix("```out\norphan\n```\n"))
    // L3: without its groups the file is what it was.
    var rest = bench.text
    for word in ["one", "two", "three", "four"] {
      let body = try #require(rest.range(of: "\n\(word)\n```\n"))
      let start = try #require(
        rest.range(of: "\n```out {", options: .backwards, range: rest.startIndex..<body.lowerBound))
      rest.removeSubrange(start.lowerBound..<body.upperBound)
    }
    #expect(rest == before)
  }

  @Test func `output that no file should hold as it is stored in normal form, and reads to itself`()
    throws
  {
    let bench = try Bench(
      #"""
      ```quire {#a}
      print "\u{1b}[31mred\u{1b}[0m \u{202e}right\u{2028}x\u{0}"
      print "10 %\r100 %"
      print "<<<<<<< a\n=======\n>>>>>>> b"
      print "```\n~~~~"
      ```

      ```quire {#b}
      for i in 0..100000 { print i }
      ```

      ```quire {#c}
      print "x" * 1000000
      ```

      """#)
    defer { bench.remove() }
    #expect(bench.run() == 0)
    #expect(
      try bench.outputs(0) == [
        "red \\u{202e}right\\u{2028}x\\u{0}\n100 %\n\\u{3c}<<<<<< a\n\\u{3d}======\n\\u{3e}>>>>>> b\n```\n~~~~"
      ])
    #expect(try bench.outputs(1)[0].contains("\n[... 99801 more lines, sha256:"))
    #expect(try bench.outputs(1)[0].split(separator: "\n").count == 200)
    #expect(try bench.outputs(2)[0].utf8.count <= 16 << 10)
    let saved = bench.text
    #expect(try bench.notebook().problems.isEmpty)
    #expect(try bench.notebook().writing([:]) == Array(saved.utf8))
    #expect(bench.run() == 0)
    #expect(bench.text == saved)
    #expect(check(bench) == 0)
    #expect(bench.test() == 0)
  }

  @Test func `a picture that was deleted or edited is told, and so are dependents of what changed`()
    throws
  {
    let bench = try Bench(
      "---\nquire: 1\nparams: {\"n\": 3}\n---\n```quire {#a}\nx = n\nplot [1, 2, n]\n```\n\n```quire {#b}\nx + 1\n```\n\n```quire {#c}\n5\n```\n"
    )
    defer { bench.remove() }
    #expect(bench.run() == 0)
    func states() -> String {
      let sink = Collector()
      _ = check(bench, sink)
      return sink.out.split(separator: "\n").dropLast().compactMap {
        $0.split(separator: " ", maxSplits: 1).last
      }
      .joined(separator: ", ")
    }
    #expect(states() == "")
    let picture = bench.folder + "/book.assets/a-1.svg"
    let svg = try Files.read(picture)
    try Files.remove(picture)
    #expect(states() == "#a edited")
    try Files.writeAtomically(picture, svg + [0x20])
    #expect(states() == "#a edited")
    try Files.writeAtomically(picture, svg)
    #expect(states() == "")
    try bench.replace("\"n\": 3", "\"n\": 4")
    #expect(states() == "#a stale, #b stale")
  }
}

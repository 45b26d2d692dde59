// Each rule of the format has its test, named after it.

import Diagnostics
import Digests
import Foundation
import JSON
import Testing

@testable import NotebookFormat

@Test func `the example file: its parts and its tokens`() throws {
  let book = Notebook(try fixture("lora.md"), name: "lora.md")
  #expect(book.problems == [])
  #expect(book.warnings == [])
  #expect(book.frontMatter.title == "LoRA on a toy set")
  #expect(book.frontMatter.seed == 42)
  #expect(book.frontMatter.params["steps"] == 50)
  #expect(book.cells.map(\.address) == ["load", nil, "loss", nil, "oops", nil])
  #expect(book.cells.map(\.runs) == [true, true, true, true, true, false])
  #expect(book.cells[0].attributes["timeout"] == "60")
  #expect(book.cells[2].attributes["check"] == "num:1e-3 svg:0.5")
  #expect(book.cells[3].source == #"print "```\nnot a cell\n```""#)
  #expect(book.cells[3].group?.blocks.first?.body == "```\nnot a cell\n```")
  #expect(book.cells[4].attributes["raises"] == "index")
  #expect(book.cells[4].group?.block(.error)?.attributes["at"] == "1:8-1:9")
  #expect(book.cells[0].firstLine == 13)
  #expect(book.lock != nil)
  #expect(
    book.cells[2].group?.images == [
      OutputImage(
        alt: "loss, 50 points", path: "lora.assets/loss-1.svg", key: "loss", digest: "d4dc5666")
    ])
  for cell in book.cells {
    for block in cell.group?.blocks ?? [] {
      #expect(block.attributes["src"] == Freshness.token(cell.sourceDigest))
      #expect(block.attributes["sum"] == Freshness.token(Digests.sha256Hex(block.body)))
    }
  }
}

@Test func `the example file: the inputs of each cell, as a run from top to bottom sees them`()
  throws
{
  let book = Notebook(try fixture("lora.md"), name: "lora.md")
  let params = book.frontMatter.params
  // As the language says them: builtins are no names of the notebook.
  var names = [CellNames](repeating: CellNames(), count: 6)
  names[0] = CellNames(reads: ["source"], writes: ["m"], makesModel: true)
  names[1] = CellNames(reads: [], writes: ["data"])
  names[2] = CellNames(reads: ["m", "data", "steps"], writes: ["r"], changesModel: true)
  names[5] = CellNames(reads: ["m", "data"], writes: [], changesModel: true)
  var flow = NotebookFlow(seed: 42, params: params)
  for (index, cell) in book.cells.enumerated() where cell.runs {
    let inputs = flow.run(cell, names[index])
    #expect(cell.group?.blocks.first?.attributes["in"] == Freshness.token(inputs.digest))
    #expect(
      cell.state(inputs: inputs.digest) { _ in "d4dc5666" } == .fresh, "cell \(cell.number)")
  }
  // Another value of a parameter makes the cells that read it stale, and those that read them.
  var other = NotebookFlow(seed: 42, params: ["steps": 50, "source": "other"])
  let states = book.cells.map { cell in
    cell.state(inputs: other.run(cell, names[cell.number - 1]).digest) { _ in "d4dc5666" }
  }
  #expect(states == [.stale, .fresh, .stale, .fresh, .fresh, .off])
}

@Test func `F1 lines end at LF or CRLF and a lone CR is content`() {
  let book = notebook("a\r```quire\r\n```quire\r\nx = 1\ry\r\n```\r\n")
  #expect(book.cells.map(\.source) == ["x = 1\ry"])
  let large = Notebook([UInt8](repeating: 0x61, count: Notebook.sizeLimit + 1), name: "big.md")
  #expect(large.problems.first?.code == .limit)
}

@Test func `F2 front matter that is ours, that is not, and that is wrong`() {
  #expect(notebook("---\ntags: [a]\n---\n").frontMatter.range == nil)
  #expect(notebook("---\nquire: 1\n").frontMatter.range == nil)
  #expect(notebook("\n---\nquire: 1\n---\n").frontMatter.range == nil)
  let kept = notebook("---\n# note\n\nquire: 1\nauthor: Jo: x\nseed: 7\n---\n")
  #expect(kept.frontMatter.seed == 7)
  #expect(kept.problems == [])
  #expect(notebook("\u{FEFF}---\nquire: 1\nseed: 3\n---\n").frontMatter.seed == 3)
  func problem(_ line: String) -> ErrorCode? {
    notebook("---\nquire: 1\n\(line)\n---\n").problems.first?.code
  }
  #expect(problem("seed: -1") == .frontmatter)
  #expect(problem("seed: 1.5") == .frontmatter)
  #expect(problem("seed: 9223372036854775808") == .frontmatter)
  #expect(problem("seed: yes") == .frontmatter)
  #expect(problem("params: [1]") == .frontmatter)
  #expect(problem("params: {\"a\": 1, \"a\": 2}") == .frontmatter)
  #expect(problem("timeout: 0") == .frontmatter)
  #expect(problem("check: 1") == .frontmatter)
  #expect(problem("quire: 1") == .frontmatter)
  #expect(problem("title: 3") == nil)
  #expect(notebook("---\nquire: 1\ntitle: 3\n---\n").warnings.first?.code == .frontmatter)
  #expect(notebook("---\nquire: 2\n---\n").problems.first?.code == .version)
  #expect(notebook("---\nquire: \"1\"\n---\n").problems.first?.code == .frontmatter)
  let place = notebook("---\nquire: 1\nseed: x\n---\n").problems.first?.rendered()
  #expect(place?.contains("--> test.md:3:1") == true)
}

@Test func `F3 all fences are tracked, comments too, and unclosed ones of ours refuse`() {
  let outside = notebook(
    """
    ~~~text
    ```quire
    no
    ```
    ~~~
    <!--
    ```quire
    no
    ```
    -->
    <!-- one line -->
    ````md
    ```quire
    no
    ```
    ````
    ```quire
    yes
    ```
    """)
  #expect(outside.cells.map(\.source) == ["yes"])
  #expect(notebook("```quire\nx\n").problems.first?.code == .fence)
  #expect(notebook("```quire\nx\n~~~\n``\n").problems.first?.code == .fence)
  #expect(notebook("```out\nx\n").problems.first?.code == .fence)
  #expect(notebook("```python\nx\n").problems == [])
  #expect(notebook("```quire\nx\n   `````  \n").cells.count == 1)
  #expect(notebook("```quire\nx\n    ```\n").problems.count == 1)
  #expect(notebook("```quire `a`\nx\n").problems == [])
}

@Test func `F4 a cell starts at column 0 with the word quire`() {
  for text in [
    " ```quire\nx\n```\n", "> ```quire\n> x\n> ```\n", "```quirex\nx\n```\n",
    "```python quire\nx\n```\n", "```Quire\nx\n```\n", "    ```quire\n    x\n    ```\n",
  ] { #expect(notebook(text).cells.isEmpty) }
  for text in ["```quire\nx\n```\n", "~~~ quire {#a}\nx\n~~~\n", "`````quire\nx\n`````"] {
    #expect(notebook(text).cells.count == 1)
  }
  #expect(notebook("```quire {.hint task=a}\nx\n```\n").cells.first?.runs == false)
}

@Test func `F5 attributes are words or JSON, and unreadable ones only warn`() {
  let good = Attributes(#"{#a-b .x .y k=v n=1e-3 s="a b\"" l=[1, "]"] o={"a": {}} }"#)
  #expect(good.defect == nil)
  #expect(good.id == "a-b")
  #expect(good.classes == ["x", "y"])
  #expect(good["k"] == "v")
  #expect(good["s"] == "a b\"")
  #expect(good.pairs.last?.value == .json(["a": [:]]))
  for bad in [
    "{", "x", "{#}", "{#1}", "{k}", "{k=}", "{#a #b}", "{k=1 k=2}", "{k=\"a}", "{#a}x", "{#a.b}",
    "{k=[1}", "{.}", "{#\(String(repeating: "a", count: 65))}",
  ] {
    #expect(Attributes(bad).defect != nil, "\(bad)")
  }
  let book = notebook("```quire {#a\nx\n```\n")
  #expect(book.warnings.count == 1)
  #expect(book.cells.first?.runs == true)
  #expect(book.cells.first?.id == nil)
  #expect(notebook("```quire {#a .noeval\nx\n```\n").cells.first?.runs == false)
}

@Test func `F6 a duplicate id warns and is addressed with a number`() {
  let book = notebook("```quire {#a}\n1\n```\n```quire {#a}\n2\n```\n")
  #expect(book.cells.map(\.address) == ["a", "a~2"])
  #expect(book.cells.map(\.key) == ["#a", "#a~2"])
  #expect(book.warnings.count == 1)
  let same = notebook("```quire\n1\n```\n```quire\n1\n```\n")
  #expect(same.cells[0].key == "=\(same.cells[0].sourceDigest)~1")
  #expect(same.cells[1].key == "=\(same.cells[0].sourceDigest)~2")
  #expect(notebook("```quire {#a key=\"x y\"}\n1\n```\n").cells[0].key == "x y")
}

@Test func `F7 groups attach by position`() {
  let book = notebook(
    "```quire {#a}\n1\n```\n\n\n```out\nx\n```\n![f](t.assets/a-1.svg \"out:a 00000000\")\n\n"
      + "```out {.err of=b}\ny\n```\nprose\n```out\norphan\n```\n")
  #expect(book.cells[0].group?.blocks.map(\.body) == ["x", "y"])
  #expect(book.cells[0].group?.images.count == 1)
  #expect(book.warnings.map(\.code) == [.fence, .fence])
  #expect(notebook("```out\nx\n```\n").cells.isEmpty)
  #expect(notebook("```quire\n1\n```\n```python\n```\n```out\nx\n```\n").cells[0].group == nil)
}

@Test func `F8 a surplus block is stale`() {
  for text in ["```out\n```\n```out\n```\n", "```out {.error}\n```\n```out\n```\n"] {
    #expect(notebook("```quire\n1\n```\n" + text).cells[0].group?.hasSurplus == true)
  }
}

@Test func `F9 image lines escape what Markdown would read`() {
  let image = OutputImage(
    alt: "a [b] \\ c", path: "my (lora) 100%.assets/a-1.svg", key: "a", digest: "0123abcd")
  #expect(
    image.line
      == #"![a \[b\] \\ c](my%20%28lora%29%20100%25.assets/a-1.svg "out:a 0123abcd")"#)
  #expect(OutputImage(line: image.line) == image)
  for line in ["![a](b)", "![a](b \"title\")", "![a](b \"out:a 12\")", "!a", "![a"] {
    #expect(OutputImage(line: line) == nil)
  }
  #expect(Assets.folder(of: "x/lora.md") == "lora.assets")
  #expect(Assets.isOurs("lora.assets/loss-12.svg", notebook: "x/lora.md"))
  for path in [
    "lora.assets/mine.svg", "other.assets/a-1.svg", "lora.assets/../a-1.svg", "lora.assets/a-1.png",
  ] { #expect(!Assets.isOurs(path, notebook: "lora.md")) }
}

@Test func `F10 the source token does not see line ends and blank lines at the end`() {
  let digests = ["```quire\nx\n```", "```quire\r\nx\r\n```", "```quire\nx\n\n  \n\n```\n"]
    .map { notebook($0).cells[0].sourceDigest }
  #expect(Set(digests).count == 1)
  #expect(notebook("```quire\n  \n\n```").cells[0].source == "")
  let inputs = CellInputs(
    seed: 1, key: "#a", params: ["b": 1.0, "a": ["z": 1, "y": [0.10, "é"]]],
    names: ["n": "00", "B": "11"], modules: ["lib/mine.quire": "22"])
  #expect(
    inputs.text == """
      quire-in 1
      seed 1
      key #a
      param a {"y":[0.1,"é"],"z":1}
      param b 1.0
      name B 11
      name n 00
      module lib/mine.quire 22

      """)
}

@Test func `F11 what was edited by hand is told from what is stale`() {
  func state(_ body: String, tokens: String, inputs: String = "11112222") -> CellState {
    notebook("```quire\n1\n```\n\n```out {\(tokens)}\n\(body)\n```\n").cells[0].state(
      inputs: inputs
    ) { _ in nil }
  }
  let source = Freshness.token(Freshness.sourceDigest("1"))
  let sum = Freshness.token(Digests.sha256Hex("x"))
  #expect(state("x", tokens: "src=\(source) in=11112222 sum=\(sum)") == .fresh)
  #expect(state("y", tokens: "src=\(source) in=11112222 sum=\(sum)") == .edited)
  #expect(state("x", tokens: "src=\(source) in=33334444 sum=\(sum)") == .stale)
  #expect(state("x", tokens: "src=00000000 in=11112222 sum=\(sum)") == .stale)
  #expect(state("x", tokens: ".partial") == .stale)
}

@Test func `F12 names flow from cell to cell, through functions and models`() {
  func cell(_ id: String) -> Cell { notebook("```quire {#\(id)}\n\(id)\n```\n").cells[0] }
  var flow = NotebookFlow(seed: 0, params: [:])
  _ = flow.run(cell("a"), CellNames(writes: ["x"]))
  _ = flow.run(cell("f"), CellNames(writes: ["f"], functionReads: ["x", "y"]))
  let first = flow.inputs(cell("g"), CellNames(reads: ["f"]))
  #expect(first.names.keys.sorted() == ["f", "x"])
  _ = flow.run(cell("y"), CellNames(writes: ["y"]))
  #expect(
    flow.inputs(cell("g"), CellNames(reads: ["f"])).names.keys.sorted() == ["f", "x", "y"])
  _ = flow.run(cell("m"), CellNames(writes: ["m"], makesModel: true))
  let before = flow.inputs(cell("u"), CellNames(reads: ["m"])).names["m"]
  _ = flow.run(cell("t"), CellNames(changesModel: true))
  #expect(flow.inputs(cell("u"), CellNames(reads: ["m"])).names["m"] != before)
  _ = flow.run(cell("s"), CellNames(setsSeed: true))
  #expect(flow.inputs(cell("z"), CellNames()).names.keys.sorted() == ["%seed"])
}

@Test func `F13 the normal form`() {
  func form(_ text: String) -> String { NormalForm(text).text }
  #expect(form("a  \nb\n\n\n") == "a\nb")
  #expect(form("a\r\nb\r\n") == "a\nb")
  #expect(form("10%\r50%\r100%\n") == "100%")
  #expect(form("abc\rx") == "xbc")
  #expect(form("ab\u{8}c") == "ac")
  #expect(form("\u{1B}[1;31mred\u{1B}[0m \u{1B}]0;title\u{7}x\u{1B}(B") == "red x")
  #expect(form("a\u{0}b\u{1B}\u{202E}\u{2028}\t.") == "a\\u{0}b\\u{1b}\\u{202e}\\u{2028}\t.")
  #expect(
    form("<<<<<<< ours\n=======\n>>>>>>>> no\n||||||| x")
      == "\\u{3c}<<<<<< ours\n\\u{3d}======\n>>>>>>>> no\n\\u{7c}|||||| x")
  #expect(NormalForm([0x61, 0xFF]).text == "a\u{FFFD}")
  #expect(NormalForm([0x61, 0xFF]).isLossy)
  #expect(form("") == "")
  #expect(form("\n\n") == "")
}

@Test func `F13 long output keeps its head and says what was cut`() throws {
  let lines = (1...1000).map { "line \($0)" }
  let text = NormalForm(lines.joined(separator: "\n")).text
  let kept = text.split(separator: "\n")
  #expect(kept.count == 200)
  #expect(kept[198] == "line 199")
  #expect(
    kept[199]
      == "[... 801 more lines, sha256:\(Digests.sha256Hex(lines.joined(separator: "\n")))]")
  let wide = NormalForm(String(repeating: "é", count: 500_000)).text
  #expect(wide.utf8.count <= 16384)
  #expect(wide.utf8.count > 16300)
  #expect(wide.hasPrefix("éé"))
  let many = NormalForm(
    (1...150).map { _ in String(repeating: "w", count: 1000) }
      .joined(separator: "\n")
  ).text
  #expect(many.utf8.count <= 16384)
  #expect(many.contains("\n[... "))
  for text in [text, wide, many] { #expect(NormalForm(text).text == text) }
}

@Test func `F15 a new group goes after the cell, with blank lines around it`() {
  let group = "```out {.partial}\n7\n```\n"
  func written(_ text: String, _ output: CellOutput = output("7", tokens: nil)) -> String {
    NotebookFormatTests.text(notebook(text).writing([0: output]))
  }
  #expect(written("```quire\n1\n```\n") == "```quire\n1\n```\n\n" + group)
  #expect(written("```quire\n1\n```\nprose\n") == "```quire\n1\n```\n\n\(group)\nprose\n")
  #expect(written("```quire\n1\n```\n\nprose\n") == "```quire\n1\n```\n\n\(group)\nprose\n")
  #expect(written("```quire\n1\n```") == "```quire\n1\n```\n\n" + group.dropLast())
  #expect(
    written("```quire\r\n1\r\n```\r\n")
      == "```quire\r\n1\r\n```\r\n\r\n```out {.partial}\r\n7\r\n```\r\n")
  // Replaced, kept, removed.
  #expect(written("```quire\n1\n```\n\n\n```out\nold\n```\nx") == "```quire\n1\n```\n\n\n\(group)x")
  #expect(written("```quire\n1\n```\n```out { .partial }\n7\n```\nx").contains("{ .partial }"))
  #expect(
    written("```quire\n1\n```\n\n```out\nold\n```\n\nx\n", CellOutput())
      == "```quire\n1\n```\n\nx\n")
  #expect(written("```quire\n1\n```\n\nx\n", CellOutput()) == "```quire\n1\n```\n\nx\n")
}

@Test func `F15 fences are longer than any run in the body, and tildes stay`() {
  let book = notebook("```quire\n1\n```\n\n~~~out\nx\n~~~\n")
  #expect(
    text(book.writing([0: output("a ~~~~ b", tokens: nil)])).contains("~~~~~out {.partial}\na"))
  let plain = notebook("```quire\n1\n```\n")
  let bytes = plain.writing([0: output("a ```` b\n```", tokens: nil)])
  #expect(text(bytes).contains("`````out {.partial}\n"))
  #expect(Notebook(bytes, name: "t").cells[0].group?.blocks[0].body == "a ```` b\n```")
}

@Test func `F15 a whole group: order of kinds and attributes`() {
  let book = notebook("```quire {#a}\n1\n```\n")
  var all = output("out")
  all.warnings = NormalForm("careful")
  all.error = .init(code: "index", at: "1:8-1:9", text: NormalForm("error[index]: x"))
  all.images = [
    Assets.image(Array("<svg/>".utf8), alt: "f", of: book.cells[0], number: 1, notebook: "t.md")
  ]
  let digest = Freshness.token(Digests.sha256Hex("<svg/>"))
  func sum(_ text: String) -> String { Freshness.token(Digests.sha256Hex(text)) }
  let expected = """
    ```quire {#a}
    1
    ```

    ```out {of=a src=aaaaaaaa in=bbbbbbbb sum=\(sum("out"))}
    out
    ```
    ![f](t.assets/a-1.svg "out:a \(digest)")

    ```out {.err of=a src=aaaaaaaa in=bbbbbbbb sum=\(sum("careful"))}
    careful
    ```

    ```out {.error of=a code=index at=1:8-1:9 src=aaaaaaaa in=bbbbbbbb sum=\(sum("error[index]: x"))}
    error[index]: x
    ```

    """
  let bytes = book.writing([0: all])
  #expect(text(bytes) == expected)
  #expect(Notebook(bytes, name: "t").writing([0: all]) == bytes)
}

@Test func `F16 bytes that are not UTF-8 refuse the run and are kept`() {
  let bytes = Array("a\n```quire\n".utf8) + [0xFF, 0x0A] + Array("```\n".utf8)
  let book = Notebook(bytes, name: "t.md")
  #expect(book.problems.first?.code == .encoding)
  #expect(book.problems.first?.message.contains("byte 11") == true)
  #expect(book.problems.first?.rendered().contains("t.md:3:1") == true)
  #expect(book.writing([:]) == bytes)
  #expect(joined(book) == bytes)
}

@Test func `F18 outputs find their cells in a file that was edited`() {
  let old = notebook("```quire {#a}\n1\n```\n\n```quire\n2\n```\n\n```quire\n3\n```\n")
  let new = notebook("new\n\n```quire\n2\n```\n\n```quire {#a}\n1\n```\n\n```quire\n4\n```\n")
  let (outputs, homeless) = old.rehomed([0: output("A"), 1: output("B"), 2: output("C")], in: new)
  #expect(outputs == [1: output("A"), 0: output("B")])
  #expect(homeless.map(\.number) == [3])
}

@Test func `F19 a conflict in outputs alone is harmless, in prose a warning, else refused`() {
  func hunk(_ ours: String, _ theirs: String) -> String {
    "<<<<<<< HEAD\n\(ours)=======\n\(theirs)>>>>>>> branch\n"
  }
  let cell = "```quire\n1\n```\n\n"
  let outputs = notebook("p\n" + cell + hunk("```out\na\n```\n", "```out\nb\n```\n") + "\nq\n")
  #expect(outputs.problems == [])
  #expect(outputs.cells[0].group?.isConflicted == true)
  #expect(outputs.writing([:]) == outputs.bytes)
  #expect(
    text(outputs.writing([0: output("a", tokens: nil)]))
      == "p\n" + cell + "```out {.partial}\na\n```\n\nq\n")
  let inside = notebook(cell + "```out\n" + hunk("a\n", "b\n") + "```\n")
  #expect(inside.problems == [])
  #expect(inside.cells[0].group?.isConflicted == true)
  let prose = notebook(hunk("a\n", "b\n") + cell)
  #expect(prose.problems == [])
  #expect(prose.warnings.map(\.code) == [.conflict])
  #expect(prose.cells.count == 1)
  let source = notebook("```quire\n" + hunk("1\n", "2\n") + "```\n")
  #expect(source.problems.map(\.code) == [.conflict])
  #expect(joined(source) == source.bytes)
  // A cell on one side would get its outputs there, and the two sides would differ in more.
  let hidden = notebook("<<<<<<< a\n" + cell + "<!--\n=======\n>>>>>>> b\n" + cell)
  #expect(hidden.problems.map(\.code) == [.conflict])
  #expect(notebook("<<<<<<< x\n=======\n" + cell).problems == [])
  #expect(notebook("=======\n" + cell).warnings == [])
}

@Test func `ten thousand cells are read and written`() {
  let cell = "# Part\n\nprose\n\n```quire\nx = 1\nx + 1\n```\n\n```out {src=00000000}\n2\n```\n\n"
  let bytes = Array(String(repeating: cell, count: 10_000).utf8)
  let book = Notebook(bytes, name: "big.md")
  #expect(book.cells.count == 10_000)
  #expect(Set(book.cells.map(\.key)).count == 10_000)
  let outputs = Dictionary(uniqueKeysWithValues: (0..<10_000).map { ($0, output("3")) })
  let saved = Notebook(book.writing(outputs), name: "big.md")
  #expect(saved.cells.count == 10_000)
  #expect(saved.cells.allSatisfy { $0.group?.blocks.map(\.body) == ["3"] })
}

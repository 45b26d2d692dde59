// Exported pages: well-formed, nothing live, the same bytes every time (E1, E2).

import Files
import Foundation
import NotebookFormat
import Plots
import Testing
import Workbench

@testable import NotebookRunner

@Suite struct `exported pages` {
  @Test func `every notebook becomes a sound page, twice the same`() throws {
    for path in try storedNotebooks() {
      let notebook = Notebook(try Files.read(path), name: path)
      let first = try exported(notebook, .html).bytes
      #expect(first == (try exported(notebook, .html).bytes), "\(path)")
      let page = PageChecker(String(decoding: first, as: UTF8.self))
      #expect(page.problems == [], "\(path)")
      for link in page.links where link.hasPrefix("#") && !path.hasSuffix("hostile.md") {
        #expect(page.names.contains(String(link.dropFirst())), "\(path): \(link)")
      }
    }
  }

  @Test func `a hostile notebook shows its text and does nothing`() throws {
    let path = repository.path + "/Tests/Fixtures/notebooks/hostile.md"
    let result = try exported(Notebook(try Files.read(path), name: path), .html)
    let text = String(decoding: result.bytes, as: UTF8.self)
    #expect(!text.contains("<script") && !text.contains("href=\"javascript"))
    #expect(!text.contains("root:"))
    #expect(PageChecker(text).text.contains("<script>alert(22)</script>"))
    let pictures = text.split(separator: "src=\"").dropFirst().map { $0.prefix { $0 != "\"" } }
    #expect(pictures.count == 3)
    for picture in pictures {
      let digits = try #require(picture.split(separator: ",").last)
      let data = try #require(Data(base64Encoded: String(digits)))
      let svg = String(decoding: data, as: UTF8.self)
      for word in ["evil", "script>", "onload", "onclick", "ENTITY", "import", "xlink:href=\"h"] {
        #expect(!svg.contains(word) || svg.contains("&lt;script&gt;"), "\(word) in \(svg)")
      }
    }
    #expect(result.warnings.contains(.pictureOutside("../../../../etc/passwd")))
    #expect(result.warnings.contains(.pictureOutside("../../etc/passwd")))
    #expect(result.warnings.contains(.pictureMissing("hostile.assets/none.svg")))
    #expect(result.warnings.contains(.noPicture("hostile.md")))
  }

  @Test func `all cells are coloured, foldable and named`() throws {
    let page = try exported(
      """
      ```quire {#load .hide}
      print "a \\(len(\"b\")) c" # note
      ```

      ```quire {.hint}
      return 1.5
      ```
      """, .html)
    #expect(
      page.contains("<div class=\"cell\" id=\"cell-load\" role=\"group\" aria-label=\"Cell load\">")
    )
    #expect(page.contains("<details><summary>Code</summary>"))
    #expect(page.contains("<details><summary>Hint</summary>"))
    #expect(page.contains("<span class=\"b\">print</span> <span class=\"s\">&quot;a \\(</span>"))
    #expect(page.contains("<span class=\"b\">len</span>("))
    #expect(page.contains("<span class=\"c\"># note</span>"))
    #expect(page.contains("<span class=\"k\">return</span> <span class=\"n\">1.5</span>"))
    #expect(page.contains("<h1>book</h1>"))
  }

  @Test func `headings get one first level, no gaps and names of their own`() throws {
    let page = PageChecker(
      try exported(
        "## Über uns\n\n##### deep\n\n```quire {#x}\n1\n```\n\n# Cell x\n\n## Über uns\n", .html))
    #expect(page.problems == [])
    #expect(page.headings == [1, 2, 3, 2, 3])
    #expect(page.names.contains("über-uns") && page.names.contains("über-uns-2"))
    #expect(page.names.contains("cell-x") && page.names.contains("cell-x-2"))
  }

  @Test func `what is empty leaves nothing behind`() throws {
    let page = try exported(
      "#\n\n## <b></b>\n\n<b></b>\n\n```\n```\n\n```quire\n```\n\n### deep\n", .html)
    let read = PageChecker(page)
    #expect(read.problems == [])
    #expect(read.headings == [1, 2])
    #expect(!page.contains("<p></p>") && !page.contains("<code></code>"))
  }

  @Test func `the title comes from the front matter, what it ran with stands below`() throws {
    let front =
      "---\nquire: 1\ntitle: \"A <b> title\"\nseed: 3\nlang: \"de-AT\"\nparams: {\"n\": [1, \"<\"]}\n---\n"
    let page = try exported(front + "text\n", .html)
    #expect(page.contains("<html lang=\"de-AT\">"))
    #expect(page.contains("<title>A &lt;b&gt; title</title>"))
    #expect(page.contains("<code>n = [1,&quot;&lt;&quot;]</code>, <code>seed 3</code>"))
    #expect(PageChecker(page).problems == [])
  }

  @Test func `link schemes are http, https, mailto, fragments and relative ones`() {
    for good in [
      "http://a", "HTTPS://a", "mailto:a@b", "#x", "a.md", "a/b:c", "?q=a:b", "//host/a", "",
    ] {
      #expect(ProseHTML.isAllowed(good), "\(good)")
    }
    for bad in [
      "javascript:x", "JAVASCRIPT:x", " javascript:x", "java\nscript:x", "\u{1}javascript:x",
      "data:x",
      "file:///x", "vbscript:x", "blob:x", "ftp://x", ":x",
    ] {
      #expect(!ProseHTML.isAllowed(bad), "\(bad)")
    }
  }

  @Test func `pictures of prose are embedded, those of a linked folder are not`() throws {
    let bench = try Bench(
      "![a \"b\"](<my pic.svg> \"t\") ![c](out.svg) ![d](https://x.org/d.png)\n")
    defer { bench.remove() }
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>"
    try Files.writeAtomically(bench.folder + "/my pic.svg", svg)
    let other = NSTemporaryDirectory() + "quire-outside-\(UUID()).svg"
    try Files.writeAtomically(other, svg)
    defer { try? Files.remove(other) }
    try FileManager.default.createSymbolicLink(
      atPath: bench.folder + "/out.svg", withDestinationPath: other)
    let result = try exported(try bench.notebook(), .html)
    let page = String(decoding: result.bytes, as: UTF8.self)
    let data = Data(svg.utf8).base64EncodedString()
    #expect(
      page.contains(
        "<img alt=\"a &quot;b&quot;\" title=\"t\" src=\"data:image/svg+xml;base64,\(data)\">"))
    #expect(page.contains("<span class=\"missing\">c</span>"))
    #expect(page.contains("<a href=\"https://x.org/d.png\">d</a>"))
    #expect(result.warnings == [.pictureOutside("out.svg")])
  }

  @Test func `definitions of links hold in all prose between cells`() throws {
    let page = try exported(
      "See [here] and [There].\n\n```quire\n1\n```\n\n[here]: https://example.org/a\n[there]: <javascript:x>\n",
      .html)
    #expect(page.contains("See <a href=\"https://example.org/a\">here</a> and <a>There</a>."))
  }

  @Test func `hidden characters show in code and outputs and are never markup`() throws {
    let page = try exported("a\u{1}b\n\n```quire\nx = \"\u{202E}\u{0}\"\n```\n", .html)
    #expect(page.contains("\\u{202e}"))
    #expect(page.contains("a\\u{1}b"))
    #expect(!page.contains("\u{202E}") && !page.contains("\u{0}"))
  }

  @Test func `the colours of both themes can be read`() throws {
    let colors = Dictionary(
      uniqueKeysWithValues: PageStyle.colors.map { ($0.name, (RGB($0.light), RGB($0.dark))) })
    let pairs = [
      "ground": ["ink", "quiet", "link", "comment"],
      "field": ["ink", "quiet", "keyword", "builtin", "string", "number", "comment"],
      "fault-field": ["ink", "fault"], "note-field": ["ink"],
    ]
    for (ground, inks) in pairs {
      for ink in inks {
        let (below, above) = (try #require(colors[ground]), try #require(colors[ink]))
        #expect(above.0.contrast(to: below.0) >= 4.5, "\(ink) on \(ground), light")
        #expect(above.1.contrast(to: below.1) >= 4.5, "\(ink) on \(ground), dark")
      }
    }
  }

  @Test func `a page of ten thousand quotations inside each other is cut, not refused`() throws {
    let page = try exported(String(repeating: ">", count: 2000) + " deep\n", .html)
    #expect(PageChecker(page).problems == [])
    #expect(page.contains("deep"))
  }
}

@Suite struct `pictures made harmless` {
  private func clean(_ body: String) -> String {
    let svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\">\(body)</svg>"
    guard let result = try? SVGSanitizer.sanitized(Array(svg.utf8)) else { return "refused" }
    let text = String(decoding: result.bytes, as: UTF8.self)
    guard result.removed > 0 else { return "as it was" }
    return String(
      text.dropFirst(
        text.distance(from: text.startIndex, to: text.firstIndex(of: ">") ?? text.startIndex) + 1
      )
      .dropLast("</svg>\n".count))
  }

  @Test func `our own pictures keep their bytes`() throws {
    for path in try storedNotebooks() where !path.hasSuffix("hostile.md") {
      let notebook = Notebook(try Files.read(path), name: path)
      for image in notebook.cells.flatMap({ $0.group?.images ?? [] }) {
        guard let bytes = try? Files.read(Path.join(Path.folder(of: path), image.path)) else {
          continue
        }
        let result = try SVGSanitizer.sanitized(bytes)
        #expect(result.removed == 0, "\(image.path)")
        #expect(result.bytes == bytes)
      }
    }
  }

  @Test(arguments: [
    ("<script>x</script><g/>", "<g></g>"), ("<SCRIPT>x</SCRIPT>", ""),
    ("<g onload=\"x\"/>", "<g></g>"),
    ("<g ONCLICK=\"x\"/>", "<g></g>"), ("<foreignObject><p>x</p></foreignObject>", ""),
    ("<image href=\"a.png\"/>", ""), ("<use href=\"a.svg#b\"/>", ""), ("<use/>", ""),
    ("<a href=\"javascript:x\"><g/></a>", "<g></g>"), ("<animate attributeName=\"href\"/>", ""),
    ("<style>@import 'x'</style>", ""), ("<style>a{b:url(http://x)}</style>", ""),
    ("<style>a{b:u\\72l(x)}</style>", ""), ("<style>a{b:url/**/(x)}</style>", ""),
    ("<style>a{b:image-set('x' 1x)}</style>", ""), ("<style>a{b:expression(x)}</style>", ""),
    ("<g style=\"fill:url(//x)\"/>", "<g></g>"), ("<g fill=\"url( 'http://x#a' )\"/>", "<g></g>"),
    ("<g filter=\"url(x)\"/>", "<g></g>"), ("<x:g xmlns:x=\"y\"/>", ""), ("<iframe/>", ""),
    (
      "<g id=\"a\"><use href=\"#b\"/></g><use href=\"#a\"/>",
      "<g id=\"a\"><use href=\"#b\"></use></g>"
    ),
    ("<g href=\"#a\" xlink:href=\"http://x\"/>", "<g href=\"#a\"></g>"),
    ("<?php x?><g/>", "<g></g>"), ("<!-- x --><g/>", "<g></g>"), ("<unknown><g/></unknown>", ""),
    ("<g data-x=\"1\"/>", "<g></g>"), ("<style>a{b:url\u{1}(http://x)}</style>", ""),
    ("<g style=\"fill:ur\u{2}l(http://x)\"/>", "<g></g>"),
  ])
  func `what is live goes, the rest stays`(_ from: String, _ to: String) {
    #expect(clean(from) == to, "\(from)")
  }

  @Test(arguments: [
    "<g fill=\"url(#a)\"/>", "<g style=\"fill:url('#a')\"/>", "<style>a{fill:rgb(1,2,3)}</style>",
    "<style>@media (prefers-color-scheme:dark){a{fill:red}}</style>", "<use href=\"#a\"/>",
    "<text aria-label=\"f(x)\">a &lt; b</text>", "<g transform=\"rotate(1 2 3)\"/>",
    "<path d=\"M0 0\"/>", "<use xlink:href=\"#a\"/>",
  ])
  func `what is harmless keeps its bytes`(_ body: String) {
    #expect(clean(body) == "as it was", "\(body)")
  }

  @Test(arguments: [
    "", "x", "<html/>", "<svg>", "<svg></g></svg>", "<svg a=b/>", "<svg a='1' a='2'/>",
    "<svg/><svg/>",
    "<svg>&x</svg>", "<svg a='<'/>", "<svg></svg>x", "<svg><!-- </svg>", "<svg b='1'c='2'/>",
    "<svg><!DOCTYPE a></svg>", "<s:svg/>",
  ])
  func `what is no SVG is refused`(_ text: String) {
    #expect(throws: XMLProblem.self, "\(text)") { try SVGSanitizer.sanitized(Array(text.utf8)) }
  }

  @Test func `a document type and its entities are left out, references to them stay text`() throws
  {
    let svg =
      "<!DOCTYPE svg [<!ENTITY a \"]>\"> <!ENTITY b '&a;&a;'>]>\n<svg><text>&b;&#65;&#x42;&amp;</text></svg>"
    let result = try SVGSanitizer.sanitized(Array(svg.utf8))
    #expect(
      String(decoding: result.bytes, as: UTF8.self)
        == "<svg xmlns=\"http://www.w3.org/2000/svg\"><text>&amp;b;AB&amp;</text></svg>\n")
  }

  @Test func `pictures are told apart by their content, not their names`() {
    #expect(PictureFile.kind(of: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) == .png)
    #expect(PictureFile.kind(of: [0xFF, 0xD8, 0xFF, 0xE0]) == .jpeg)
    #expect(PictureFile.kind(of: Array("GIF89a".utf8)) == .gif)
    #expect(PictureFile.kind(of: Array("\u{FEFF}\n<svg".utf8)) == .svg)
    #expect(PictureFile.kind(of: Array("hello".utf8)) == nil)
    #expect(PictureFile.kind(of: []) == nil)
  }
}

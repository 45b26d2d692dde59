// A notebook as one self-contained HTML page (E1): no script, no date, nothing fetched. The same
// notebook gives the same bytes.

import Diagnostics
import Files
import JSON
import NotebookFormat
import Workbench

struct PageExport {
  private let notebook: Notebook
  private let session: Session
  private let pictures: PictureStore
  private let definitions: LinkDefinitions
  private var html = HTMLText()
  private var names = HTMLNames()
  /// The `id=` of each cell that has one, by index.
  private var cellNames: [Int: String] = [:]

  init(_ notebook: Notebook, session: Session, pictures: PictureStore) {
    self.notebook = notebook
    self.session = session
    self.pictures = pictures
    definitions = LinkDefinitions(notebook)
  }

  /// The page, ending in a newline.
  mutating func page() -> [UInt8] {
    for (index, cell) in notebook.cells.enumerated() {
      if let address = cell.address {
        cellNames[index] = names.unique("cell-" + Self.plain(address))
      }
    }
    _ = names.unique("content")
    let plan = headingPlan()
    head(title: plan.title ?? plan.entries.first { !$0.id.isEmpty }?.text ?? title)
    html.markup("<body>\n")
    contents(plan)
    html.markup("<main id=\"content\">\n")
    if let title = plan.title {
      html.markup("<h1>")
      html.text(title)
      html.markup("</h1>\n")
    }
    body(plan)
    html.markup("</main>\n<footer>")
    html.text("A Quire notebook: \(Path.name(of: notebook.name))")
    html.markup("</footer>\n</body>\n</html>\n")
    return html.bytes
  }

  private var title: String {
    notebook.frontMatter.title.flatMap { $0.isEmpty ? nil : $0 } ?? Path.stem(of: notebook.name)
  }

  /// `load~2` as a name that needs no escape in an address.
  private static func plain(_ address: String) -> String {
    String(address.map { $0 == "~" ? "-" : $0 })
  }

  private mutating func headingPlan() -> HeadingPlan {
    var found: [(level: Int, text: String)] = []
    for span in notebook.spans where span.kind == .prose {
      if let tree = tree(span) { found += tree.headings() }
    }
    return HeadingPlan(found, title: title, names: &names)
  }

  private func tree(_ span: Notebook.Span) -> MarkdownTree? {
    let text = notebook.content[span.range]
    return MarkdownTree(text, definitions: definitions.used(by: text))
  }

  // MARK: Around the notebook

  private mutating func head(title: String) {
    html.markup("<!DOCTYPE html>\n<html")
    html.attribute("lang", notebook.languageTag)
    html.markup(
      """
      >
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
      style-src 'unsafe-inline'">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta name="generator" content="Quire">
      <title>
      """)
    html.text(title.isEmpty ? "Notebook" : title)
    html.markup("</title>\n<style>\n\(PageStyle.sheet)\n</style>\n</head>\n")
  }

  /// The list of sections, where there are three or more.
  private mutating func contents(_ plan: HeadingPlan) {
    let sections = plan.entries.filter { !$0.id.isEmpty && ($0.level == 2 || $0.level == 3) }
    guard sections.count(where: { $0.level == 2 }) > 2 else { return }
    html.markup(
      "<nav class=\"contents\" aria-labelledby=\"contents\">\n<p id=\"contents\">Contents</p>\n<ul>\n"
    )
    for entry in sections {
      html.markup("<li class=\"l\(entry.level)\"><a")
      html.address("href", "#" + entry.id)
      html.markup(">")
      html.text(entry.text)
      html.markup("</a></li>\n")
    }
    html.markup("</ul>\n</nav>\n")
  }

  /// What the front matter says about the run: under the first heading.
  private func facts() -> HTMLText {
    var result = HTMLText()
    guard notebook.frontMatter.range != nil else { return result }
    var parts: [String] = []
    for (name, value) in notebook.frontMatter.params.pairs {
      parts.append("\(name.text) = \(value.writtenText())")
    }
    if notebook.frontMatter.seed != 0 { parts.append("seed \(notebook.frontMatter.seed)") }
    guard !parts.isEmpty else { return result }
    result.markup("<p class=\"facts\">Run with ")
    for (index, part) in parts.enumerated() {
      if index > 0 { result.markup(", ") }
      result.markup("<code>")
      result.text(part, showingHidden: true)
      result.markup("</code>")
    }
    result.markup("</p>\n")
    return result
  }

  // MARK: The notebook

  private mutating func body(_ plan: HeadingPlan) {
    var waiting: HTMLText? = facts()
    if plan.title != nil, let facts = waiting {
      html.markup(facts)
      waiting = nil
    }
    var next = 0
    for span in notebook.spans {
      switch span.kind {
      case .prose: prose(span, plan, &next, &waiting)
      case .cell(let index):
        if let facts = waiting { html.markup(facts) }
        waiting = nil
        cell(index)
      case .frontMatter, .group, .lock: break
      }
    }
  }

  private mutating func prose(
    _ span: Notebook.Span, _ plan: HeadingPlan, _ next: inout Int, _ facts: inout HTMLText?
  ) {
    guard let tree = tree(span) else { return }
    let pictures = pictures
    let session = session
    var writer = ProseHTML(
      headings: plan, afterTitle: facts,
      image: { url in
        if PictureStore.isRemote(url) { return .remote }
        let picture = pictures.picture(PictureStore.path(of: url))
        return picture.map { .embedded($0.dataAddress) } ?? .missing
      }, code: { Self.colored($0, session) })
    writer.add(tree) {
      defer { next += 1 }
      return plan.entries.indices.contains(next) ? plan.entries[next] : nil
    }
    if writer.hasWrittenTitle { facts = nil }
    html.markup(writer.html)
  }

  private mutating func cell(_ index: Int) {
    let cell = notebook.cells[index]
    let classes = cell.attributes.classes
    html.markup("<div class=\"cell\(cell.runs ? "" : " off")\"")
    if let name = cellNames[index] { html.attribute("id", name) }
    html.markup(" role=\"group\"")
    html.attribute("aria-label", cell.address.map { "Cell \($0)" } ?? "Cell \(cell.number)")
    html.markup(">\n")
    if let name = cellNames[index], let address = cell.address {
      html.markup("<a class=\"name\"")
      html.address("href", "#" + name)
      html.markup(">")
      html.text(address)
      html.markup("</a>\n")
    }
    if let label = Self.label(classes) { html.markup("<p class=\"label\">\(label)</p>\n") }
    if !cell.source.isEmpty { code(cell, classes) }
    if let group = cell.group { outputs(group) }
    html.markup("</div>\n")
  }

  private mutating func code(_ cell: Cell, _ classes: [String]) {
    let summary = classes.contains("hint") ? "Hint" : classes.contains("hide") ? "Code" : nil
    if let summary { html.markup("<details><summary>\(summary)</summary>\n") }
    html.markup("<pre class=\"code\" tabindex=\"0\"><code>")
    html.markup(Self.colored(cell.source, session))
    html.markup("</code></pre>\n")
    if summary != nil { html.markup("</details>\n") }
  }

  private static func label(_ classes: [String]) -> String? {
    if classes.contains("task") { return "Task" }
    if classes.contains("solution") { return "Solution" }
    return classes.contains("test") ? "Test" : nil
  }

  /// Source code with a class for each kind of token.
  private static func colored(_ text: String, _ session: Session) -> HTMLText {
    let source = SourceText(name: "", text: text)
    var result = HTMLText()
    var end = 0
    func plain(_ low: Int, _ high: Int) -> String {
      String(decoding: source.bytes[low..<max(low, high)], as: UTF8.self)
    }
    for piece in session.codePieces(of: source) {
      guard let name = Self.name(of: piece.kind) else { continue }
      result.text(plain(end, piece.range.lower), showingHidden: true)
      result.markup("<span class=\"\(name)\">")
      result.text(plain(piece.range.lower, piece.range.upper), showingHidden: true)
      result.markup("</span>")
      end = piece.range.upper
    }
    result.text(plain(end, source.bytes.count), showingHidden: true)
    return result
  }

  private static func name(of kind: CodePiece.Kind) -> String? {
    switch kind {
    case .keyword: "k"
    case .builtin: "b"
    case .string: "s"
    case .number: "n"
    case .comment: "c"
    case .name, .mark: nil
    }
  }

  // MARK: Outputs

  private mutating func outputs(_ group: OutputGroup) {
    html.markup("<div class=\"outputs\" role=\"group\" aria-label=\"Output\">\n")
    var figures = group.images.map { ($0, pictures.picture($0.path)) }
    for block in group.blocks {
      switch block.kind {
      case .text:
        let (body, captions) = Self.withoutFigureLines(block.body, count: figures.count)
        output(body)
        for (index, (image, picture)) in figures.enumerated() {
          figure(image, picture, caption: captions.indices.contains(index) ? captions[index] : nil)
        }
        figures = []
      case .warnings: output(block.body, in: "warnings")
      case .error: error(block.body)
      }
    }
    for (image, picture) in figures { figure(image, picture, caption: nil) }
    html.markup("</div>\n")
  }

  /// The text without the lines `figure: …` that stand for pictures, and what they say, when there
  /// is one for each picture.
  static func withoutFigureLines(_ body: String, count: Int) -> (body: String, captions: [String]) {
    guard count > 0 else { return (body, []) }
    var kept: [String] = []
    var captions: [String] = []
    for line in body.lineList {
      if line.hasPrefix("figure: ") {
        captions.append(String(line.dropFirst("figure: ".count)))
      } else {
        kept.append(line)
      }
    }
    guard captions.count == count else { return (body, []) }
    return (kept.joined(separator: "\n"), captions)
  }

  private mutating func output(_ body: String, in name: String? = nil) {
    guard body.unicodeScalars.contains(where: { $0 != "\n" && $0 != " " }) else { return }
    if let name { html.markup("<div class=\"\(name)\">\n") }
    // Long lines are sentences of a model: they wrap. Tables keep their columns and scroll.
    let isWide = body.lineList.contains { $0.unicodeScalars.count > 110 }
    html.markup(isWide ? "<pre class=\"wrap\"" : "<pre tabindex=\"0\"")
    html.markup(">")
    html.text(body, showingHidden: true)
    html.markup("</pre>\n")
    if name != nil { html.markup("</div>\n") }
  }

  private mutating func error(_ body: String) {
    let cut = body.firstIndex(of: "\n") ?? body.endIndex
    html.markup("<div class=\"error\">\n<pre class=\"wrap\"><b>")
    html.text(body[..<cut], showingHidden: true)
    html.markup("</b>")
    html.text(body[cut...], showingHidden: true)
    html.markup("</pre>\n</div>\n")
  }

  private mutating func figure(_ image: OutputImage, _ picture: PictureFile?, caption: String?) {
    html.markup("<figure>")
    if let picture {
      html.markup("<img")
      html.attribute("alt", image.alt)
      html.markup(" src=\"\(picture.dataAddress)\">")
    } else {
      html.markup("<span class=\"missing\">")
      html.text(image.alt)
      html.markup("</span>")
    }
    if let caption {
      html.markup("<figcaption>")
      html.text(caption)
      html.markup("</figcaption>")
    }
    html.markup("</figure>\n")
  }
}

/// Lines of the whole notebook that define links (`[name]: address`): prose is read piece by piece
/// between the cells, and a definition holds for all of it.
struct LinkDefinitions {
  private static let limit = 256
  private var lines: [(label: String, line: [UInt8])] = []

  init(_ notebook: Notebook) {
    for span in notebook.spans where span.kind == .prose {
      for line in notebook.content[span.range].split(separator: 0x0A) {
        if lines.count < Self.limit, let label = Self.label(line) {
          lines.append((label, Array(line)))
        }
      }
    }
  }

  private static func label(_ line: ArraySlice<UInt8>) -> String? {
    let body = line.drop { $0 == 0x20 }
    guard body.startIndex - line.startIndex <= 3, body.first == UInt8(ascii: "["),
      let end = body.firstIndex(of: UInt8(ascii: "]")),
      body[(end + 1)...].first == UInt8(ascii: ":")
    else { return nil }
    let label = String(decoding: body[(body.startIndex + 1)..<end], as: UTF8.self)
    return label.isEmpty ? nil : label.lowercased()
  }

  /// The definitions of labels that the text mentions.
  func used(by text: ArraySlice<UInt8>) -> [[UInt8]] {
    guard !lines.isEmpty, text.contains(UInt8(ascii: "[")) else { return [] }
    let words = String(decoding: text, as: UTF8.self).lowercased()
    return lines.filter { words.contains("[" + $0.label + "]") }.map(\.line)
  }
}

extension Notebook {
  /// The language of the prose: `lang: "de"` of the front matter, else English.
  var languageTag: String {
    guard let range = frontMatter.range else { return "en" }
    for line in content[range].split(separator: 0x0A) {
      let text = String(decoding: line, as: UTF8.self)
      guard text.hasPrefix("lang:") else { continue }
      let tag = text.dropFirst("lang:".count).filter { !$0.isWhitespace && $0 != "\"" }
      let isTag = tag.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || $0 == 0x2D
      }
      if isTag, (2...35).contains(tag.utf8.count) { return String(tag) }
    }
    return "en"
  }
}

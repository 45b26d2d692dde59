// Prose as HTML: every tag is written here from the tree, so nothing of the file reaches the page
// but text, checked links and embedded pictures (E1, E2).

/// What a picture in prose becomes.
enum PageImage: Equatable {
  /// A `data:` address.
  case embedded(String)
  /// Elsewhere on the net: a link, never fetched.
  case remote
  /// The file is not there or no picture.
  case missing
}

struct ProseHTML {
  /// Blocks inside each other beyond this are written without tags.
  private static let depthLimit = 100
  private(set) var html = HTMLText()
  private let headings: HeadingPlan
  /// Stands after the first heading of level 1.
  private let afterTitle: HTMLText?
  private(set) var hasWrittenTitle = false
  private let image: (String) -> PageImage
  /// Writes code of the language `quire` in colours.
  private let code: (String) -> HTMLText
  private var depth = 0
  private var links = 0
  private var columns: [MarkdownEvent.Alignment] = []
  private var column = 0
  private var isHeadRow = false
  private var hasBody = false
  private var headingID = ""
  /// Inside an image: its alternative text so far.
  private var alt: String?
  private var imageDepth = 0

  init(
    headings: HeadingPlan, afterTitle: HTMLText? = nil, image: @escaping (String) -> PageImage,
    code: @escaping (String) -> HTMLText
  ) {
    self.headings = headings
    self.afterTitle = afterTitle
    self.image = image
    self.code = code
  }

  /// `names` gives each heading its id, in the order of the page.
  mutating func add(_ tree: borrowing MarkdownTree, nextHeading: () -> HeadingPlan.Entry?) {
    tree.walk { event in
      if alt != nil { return addToAlt(event) }
      switch event {
      case .open(let block): open(block, nextHeading)
      case .close(let block): close(block)
      case .openInline(let inline): open(inline)
      case .closeInline(let inline): close(inline)
      case .text(let text): html.text(text)
      case .code(let text):
        html.markup("<code>")
        html.text(text, showingHidden: true)
        html.markup("</code>")
      case .codeBlock(let info, let text): add(code: text, info)
      case .softBreak: html.markup("\n")
      case .lineBreak: html.markup("<br>\n")
      case .rule: html.markup("<hr>\n")
      case .html: break
      }
    }
  }

  // MARK: Blocks

  private mutating func open(
    _ block: MarkdownEvent.Block, _ nextHeading: () -> HeadingPlan.Entry?
  ) {
    depth += 1
    var heading: HeadingPlan.Entry?
    if case .heading = block { heading = nextHeading() }
    guard depth <= Self.depthLimit else { return }
    switch block {
    case .quote: html.markup("<blockquote>\n")
    case .paragraph: html.markup("<p>")
    case .tightParagraph: break
    case .item: html.markup("<li>")
    case .taskItem(let isDone):
      html.markup("<li class=\"task\"><input type=\"checkbox\" disabled")
      html.markup(isDone ? " checked aria-label=\"done\"> " : " aria-label=\"to do\"> ")
    case .list(nil): html.markup("<ul>\n")
    case .list(let start?): html.markup(start == 1 ? "<ol>\n" : "<ol start=\"\(start)\">\n")
    case .heading: openHeading(heading)
    case .table(let alignments):
      columns = alignments
      hasBody = false
      html.markup(
        "<div class=\"table\" role=\"group\" aria-label=\"Table\" tabindex=\"0\"><table>\n")
    case .row(let isHead): openRow(isHead)
    case .cell:
      html.markup(isHeadRow ? "<th scope=\"col\"" : "<td")
      if columns.indices.contains(column), columns[column] != .none {
        html.markup(columns[column] == .right ? " class=\"right\"" : " class=\"center\"")
      }
      html.markup(">")
    }
  }

  private mutating func openRow(_ isHead: Bool) {
    column = 0
    isHeadRow = isHead
    if isHead {
      html.markup("<thead>\n")
    } else if !hasBody {
      hasBody = true
      html.markup("<tbody>\n")
    }
    html.markup("<tr>")
  }

  private mutating func openHeading(_ entry: HeadingPlan.Entry?) {
    headingID = entry?.id ?? ""
    guard let entry, !headingID.isEmpty else { return }
    html.markup("<h\(entry.level)")
    html.attribute("id", headingID)
    html.markup(">")
  }

  private mutating func closeHeading() {
    guard !headingID.isEmpty else { return }
    let level = headings.level(of: headingID)
    html.markup("</h\(level)>\n")
    guard level == 1, !hasWrittenTitle, let afterTitle else { return }
    hasWrittenTitle = true
    html.markup(afterTitle)
  }

  private mutating func close(_ block: MarkdownEvent.Block) {
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { return }
    switch block {
    case .quote: html.markup("</blockquote>\n")
    // Raw HTML alone leaves nothing.
    case .paragraph: if !html.takeBack("<p>") { html.markup("</p>\n") }
    case .tightParagraph: html.markup("\n")
    case .item, .taskItem: html.markup("</li>\n")
    case .list(let start): html.markup(start == nil ? "</ul>\n" : "</ol>\n")
    case .heading: closeHeading()
    case .table: html.markup((hasBody ? "</tbody>\n" : "") + "</table></div>\n")
    case .row(let isHead): html.markup(isHead ? "</tr>\n</thead>\n" : "</tr>\n")
    case .cell:
      html.markup(isHeadRow ? "</th>" : "</td>")
      column += 1
    }
  }

  private mutating func add(code text: String, _ info: String) {
    if text.utf8.allSatisfy({ $0 <= 0x20 }) { return }
    let language = info.split(separator: " ").first.map(String.init) ?? ""
    html.markup("<pre class=\"code\" tabindex=\"0\"><code>")
    if language == "quire" {
      html.markup(code(text))
    } else {
      html.text(text, showingHidden: true)
    }
    html.markup("</code></pre>\n")
  }

  // MARK: Inlines

  private mutating func open(_ inline: MarkdownEvent.Inline) {
    depth += 1
    switch inline {
    case .image:
      alt = ""
      imageDepth = depth
    case .emphasis where depth <= Self.depthLimit: html.markup("<em>")
    case .strong where depth <= Self.depthLimit: html.markup("<strong>")
    case .strikethrough where depth <= Self.depthLimit: html.markup("<del>")
    case .link(let url, let title):
      links += 1
      guard links == 1 else { return }
      html.markup("<a")
      if Self.isAllowed(url) { html.address("href", url) }
      if !title.isEmpty { html.attribute("title", title) }
      html.markup(">")
    default: break
    }
  }

  private mutating func close(_ inline: MarkdownEvent.Inline) {
    defer { depth -= 1 }
    switch inline {
    case .emphasis where depth <= Self.depthLimit: html.markup("</em>")
    case .strong where depth <= Self.depthLimit: html.markup("</strong>")
    case .strikethrough where depth <= Self.depthLimit: html.markup("</del>")
    case .link:
      links -= 1
      if links == 0 { html.markup("</a>") }
    default: break
    }
  }

  /// Inside an image all inlines are text.
  private mutating func addToAlt(_ event: MarkdownEvent) {
    switch event {
    case .text(let text), .code(let text): alt? += text
    case .softBreak, .lineBreak: alt? += " "
    case .openInline: depth += 1
    case .closeInline(.image(let url, let title)) where depth == imageDepth:
      let text = alt ?? ""
      alt = nil
      depth -= 1
      add(picture: url, title, text)
    case .closeInline: depth -= 1
    default: break
    }
  }

  private mutating func add(picture url: String, _ title: String, _ text: String) {
    switch image(url) {
    case .embedded(let address):
      html.markup("<img")
      html.attribute("alt", text)
      if !title.isEmpty { html.attribute("title", title) }
      html.markup(" src=\"\(address)\">")
    case .remote where Self.isAllowed(url) && links == 0:
      html.markup("<a")
      html.address("href", url)
      html.markup(">")
      html.text(text.isEmpty ? url : text)
      html.markup("</a>")
    case .remote, .missing:
      html.markup("<span class=\"missing\">")
      html.text(text.isEmpty ? "picture" : text)
      html.markup("</span>")
    }
  }

  /// True for http, https, mailto, `#…` and relative addresses (E1). Browsers drop blanks and
  /// controls before they look at the scheme, so they are dropped here too.
  static func isAllowed(_ url: String) -> Bool {
    let bytes = url.utf8.filter { $0 > 0x20 && $0 != 0x7F }
    guard let end = bytes.firstIndex(where: { ":/?#".utf8.contains($0) }),
      bytes[end] == UInt8(ascii: ":")
    else { return true }
    let scheme = String(decoding: bytes[..<end], as: UTF8.self).lowercased()
    return ["http", "https", "mailto"].contains(scheme)
  }
}

/// The headings of a page: one first level, no level left out, each with an id.
struct HeadingPlan {
  struct Entry: Equatable {
    let level: Int
    /// Empty for a heading without text, which is left out of the page.
    let id: String
    let text: String
  }

  private(set) var entries: [Entry] = []
  /// The page's own first heading, where the notebook does not start with one.
  private(set) var title: String?
  private var levels: [String: Int] = [:]

  /// `found`: levels and texts in order. `fallback`: the title of the front matter, or the file.
  init(_ found: [(level: Int, text: String)], title wanted: String, names: inout HTMLNames) {
    let shown = found.filter { Self.says($0.text) }
    let isSound = shown.first?.level == 1 && shown.count { $0.level == 1 } == 1
    if !isSound { title = wanted }
    let least = shown.map(\.level).min() ?? 1
    // Under a title of the page's own the notebook's highest headings are second.
    let shift = isSound ? 0 : 2 - least
    var last = 1
    for (level, text) in found {
      guard Self.says(text) else {
        entries.append(Entry(level: last, id: "", text: ""))
        continue
      }
      let placed = max(1, min(6, level + shift, last + 1))
      last = placed
      let entry = Entry(level: placed, id: names.heading(text), text: text)
      entries.append(entry)
      levels[entry.id] = placed
    }
  }

  private static func says(_ text: String) -> Bool { text.utf8.contains { $0 > 0x20 } }

  func level(of id: String) -> Int { levels[id] ?? 2 }
}

extension MarkdownTree {
  /// The headings in order, each with its text.
  func headings() -> [(level: Int, text: String)] {
    var result: [(level: Int, text: String)] = []
    var isInside = false
    walk { event in
      switch event {
      case .open(.heading(let level)):
        isInside = true
        result.append((level, ""))
      case .close(.heading): isInside = false
      case .text(let text) where isInside, .code(let text) where isInside:
        result[result.count - 1].text += text
      case .softBreak where isInside, .lineBreak where isInside:
        result[result.count - 1].text += " "
      default: break
      }
    }
    return result
  }
}

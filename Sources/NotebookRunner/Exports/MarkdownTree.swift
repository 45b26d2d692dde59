// Markdown as a tree, by cmark-gfm with tables, strikethrough, autolinks and task lists. Its own
// writer of HTML is not used: what it lets through differs between versions.

import CCMark
import Synchronization

/// What a walk over a tree meets.
enum MarkdownEvent: Equatable {
  enum Block: Equatable {
    case quote, paragraph, item, cell
    case table([Alignment])
    /// A paragraph of a tight list, which has no tags.
    case tightParagraph
    case taskItem(isDone: Bool)
    case list(start: Int?)
    case heading(Int)
    case row(isHead: Bool)
  }
  enum Inline: Equatable {
    case emphasis, strong, strikethrough
    case link(url: String, title: String)
    case image(url: String, title: String)
  }
  /// Of a table's column.
  enum Alignment { case none, center, right }

  case open(Block)
  case close(Block)
  case openInline(Inline)
  case closeInline(Inline)
  case text(String)
  case code(String)
  case codeBlock(info: String, String)
  case softBreak, lineBreak, rule
  /// Raw HTML, which is left out.
  case html
}

/// A parsed piece of Markdown. Owns the library's tree.
struct MarkdownTree: ~Copyable {
  private let root: OpaquePointer
  /// Blocks that start in these first lines are definitions of links, not content.
  private let skippedLines: Int

  /// The library's registry of extensions is one for the process, and filled without a lock.
  private static let registry = Mutex(false)

  /// Nil when the library gives no tree. `definitions`: lines that define links used in `text`.
  init?(_ text: some Collection<UInt8>, definitions: [[UInt8]] = []) {
    guard let root = Self.parsed(text, definitions) else { return nil }
    self.root = root
    skippedLines = definitions.count * 2
  }

  private static func parsed(
    _ text: some Collection<UInt8>, _ definitions: [[UInt8]]
  ) -> OpaquePointer? {
    registry.withLock { isFilled in
      if !isFilled { cmark_gfm_core_extensions_ensure_registered() }
      isFilled = true
    }
    guard let parser = cmark_parser_new(CMARK_OPT_DEFAULT) else { return nil }
    defer { cmark_parser_free(parser) }
    for name in ["table", "strikethrough", "autolink", "tasklist"] {
      if let found = cmark_find_syntax_extension(name) {
        cmark_parser_attach_syntax_extension(parser, found)
      }
    }
    for line in definitions { feed(parser, line + [0x0A, 0x0A]) }
    feed(parser, Array(text))
    return cmark_parser_finish(parser)
  }

  private static func feed(_ parser: OpaquePointer, _ bytes: [UInt8]) {
    bytes.withUnsafeBytes { raw in
      cmark_parser_feed(parser, raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count)
    }
  }

  deinit { cmark_node_free(root) }

  /// Hands over the events of the tree in order; every block and inline that opens closes again.
  /// Iterative: nesting costs no stack.
  func walk(_ body: (MarkdownEvent) -> Void) {
    guard let iterator = cmark_iter_new(root) else { return }
    defer { cmark_iter_free(iterator) }
    while true {
      let event = cmark_iter_next(iterator)
      if event == CMARK_EVENT_DONE { return }
      guard let node = cmark_iter_get_node(iterator) else { continue }
      if cmark_node_parent(node) == root, Int(cmark_node_get_start_line(node)) <= skippedLines {
        if event == CMARK_EVENT_ENTER { cmark_iter_reset(iterator, node, CMARK_EVENT_EXIT) }
        continue
      }
      if let found = Self.event(node, isEnter: event == CMARK_EVENT_ENTER) { body(found) }
    }
  }

  private static func event(_ node: OpaquePointer, isEnter: Bool)
    -> MarkdownEvent?
  {
    if let block = block(node) { return isEnter ? .open(block) : .close(block) }
    if let inline = inline(node) { return isEnter ? .openInline(inline) : .closeInline(inline) }
    guard isEnter else { return nil }
    switch cmark_node_get_type(node) {
    case CMARK_NODE_TEXT: return .text(string(cmark_node_get_literal(node)))
    case CMARK_NODE_CODE: return .code(string(cmark_node_get_literal(node)))
    case CMARK_NODE_CODE_BLOCK:
      return .codeBlock(
        info: string(cmark_node_get_fence_info(node)), string(cmark_node_get_literal(node)))
    case CMARK_NODE_SOFTBREAK: return .softBreak
    case CMARK_NODE_LINEBREAK: return .lineBreak
    case CMARK_NODE_THEMATIC_BREAK: return .rule
    case CMARK_NODE_HTML_BLOCK, CMARK_NODE_HTML_INLINE: return .html
    default: return nil
    }
  }

  private static func block(_ node: OpaquePointer) -> MarkdownEvent.Block? {
    switch cmark_node_get_type(node) {
    case CMARK_NODE_BLOCK_QUOTE: return .quote
    case CMARK_NODE_PARAGRAPH: return isInTightList(node) ? .tightParagraph : .paragraph
    case CMARK_NODE_HEADING: return .heading(Int(cmark_node_get_heading_level(node)))
    case CMARK_NODE_LIST:
      let isOrdered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST
      return .list(start: isOrdered ? Int(cmark_node_get_list_start(node)) : nil)
    default: break
    }
    switch string(cmark_node_get_type_string(node)) {
    case "item": return .item
    case "tasklist":
      return .taskItem(isDone: cmark_gfm_extensions_get_tasklist_item_checked(node))
    case "table": return .table(alignments(node))
    case "table_header": return .row(isHead: true)
    case "table_row": return .row(isHead: false)
    case "table_cell": return .cell
    default: return nil
    }
  }

  private static func alignments(_ table: OpaquePointer) -> [MarkdownEvent.Alignment] {
    let count = Int(cmark_gfm_extensions_get_table_columns(table))
    guard let marks = cmark_gfm_extensions_get_table_alignments(table) else { return [] }
    return (0..<count).map { index in
      switch marks[index] {
      case UInt8(ascii: "c"): .center
      case UInt8(ascii: "r"): .right
      default: .none
      }
    }
  }

  private static func inline(_ node: OpaquePointer) -> MarkdownEvent.Inline? {
    switch cmark_node_get_type(node) {
    case CMARK_NODE_EMPH: return .emphasis
    case CMARK_NODE_STRONG: return .strong
    case CMARK_NODE_LINK:
      return .link(
        url: string(cmark_node_get_url(node)), title: string(cmark_node_get_title(node)))
    case CMARK_NODE_IMAGE:
      return .image(
        url: string(cmark_node_get_url(node)), title: string(cmark_node_get_title(node)))
    default:
      return string(cmark_node_get_type_string(node)) == "strikethrough" ? .strikethrough : nil
    }
  }

  private static func isInTightList(_ node: OpaquePointer) -> Bool {
    guard let list = cmark_node_parent(cmark_node_parent(node)),
      cmark_node_get_type(list) == CMARK_NODE_LIST
    else { return false }
    return cmark_node_get_list_tight(list) != 0
  }

  private static func string(_ text: UnsafePointer<CChar>?) -> String {
    text.map { String(cString: $0) } ?? ""
  }
}

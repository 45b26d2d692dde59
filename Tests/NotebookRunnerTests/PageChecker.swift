// Reads an exported page strictly and says what is wrong with it: tags that do not balance,
// anything live, anything fetched, names that stand twice. Knows only what our pages may hold.

import Foundation

struct PageChecker {
  private(set) var problems: [String] = []
  private(set) var names: [String] = []
  private(set) var links: [String] = []
  /// Tag names in the order they open.
  private(set) var tags: [String] = []
  private(set) var headings: [Int] = []
  /// All text outside tags, references decoded.
  private(set) var text = ""

  private static let void: Set = ["meta", "br", "hr", "img", "input"]
  private static let known: Set = [
    "html", "head", "meta", "title", "style", "body", "nav", "main", "footer", "header", "h1", "h2",
    "h3", "h4", "h5", "h6", "p", "div", "pre", "code", "span", "b", "a", "ul", "ol", "li", "input",
    "blockquote", "em", "strong", "del", "br", "hr", "img", "figure", "figcaption", "table",
    "thead",
    "tbody", "tr", "th", "td", "details", "summary",
  ]
  private static let attributes: Set = [
    "lang", "charset", "http-equiv", "content", "name", "id", "class", "href", "title", "alt",
    "src",
    "role", "aria-label", "aria-labelledby", "tabindex", "type", "disabled", "checked", "start",
    "scope",
  ]

  init(_ page: String) {
    guard page.hasPrefix("<!DOCTYPE html>\n") else {
      problems = ["no doctype"]
      return
    }
    var open: [String] = []
    var rest = page.dropFirst("<!DOCTYPE html>".count)
    while let next = rest.firstIndex(of: "<") {
      add(text: rest[..<next])
      guard let end = rest[next...].firstIndex(of: ">") else {
        problems.append("a tag does not end")
        return
      }
      let tag = rest[rest.index(after: next)..<end]
      rest = rest[rest.index(after: end)...]
      if tag.hasPrefix("/") {
        let name = String(tag.dropFirst())
        if open.popLast() != name { problems.append("</\(name)> closes nothing") }
      } else {
        let name = element(tag)
        if !Self.void.contains(name) { open.append(name) }
        if name == "style" { skipStyle(&rest) }
      }
    }
    add(text: rest)
    if !open.isEmpty { problems.append("open at the end: \(open)") }
    checkWhole()
  }

  private mutating func skipStyle(_ rest: inout Substring) {
    guard let end = rest.range(of: "</style>") else {
      problems.append("style does not end")
      return
    }
    let sheet = rest[..<end.lowerBound]
    if sheet.contains("<") || sheet.contains("url(") || sheet.contains("@import") {
      problems.append("the style sheet refers to something")
    }
    rest = rest[end.lowerBound...]
  }

  private mutating func add(text part: Substring) {
    let bare = part.replacing(/&(amp|lt|gt|quot);/, with: "")
    if bare.contains("&") { problems.append("a bare &: \(part.prefix(60))") }
    if part.contains(">") { problems.append("a bare >: \(part.prefix(60))") }
    text += part.replacing("&lt;", with: "<").replacing("&gt;", with: ">")
      .replacing("&quot;", with: "\"").replacing("&amp;", with: "&")
  }

  private mutating func element(_ tag: Substring) -> String {
    let name = String(tag.prefix { $0.isLetter || $0.isNumber })
    tags.append(name)
    if !Self.known.contains(name) { problems.append("element \(name)") }
    if name.count == 2, name.hasPrefix("h"), let level = Int(name.dropFirst()) {
      headings.append(level)
    }
    var rest = tag.dropFirst(name.count)
    while !rest.isEmpty {
      guard rest.hasPrefix(" ") else {
        problems.append("in <\(tag.prefix(80))>: no blank before an attribute")
        return name
      }
      rest = rest.dropFirst()
      let key = String(rest.prefix { $0.isLetter || $0 == "-" })
      rest = rest.dropFirst(key.count)
      if !Self.attributes.contains(key) { problems.append("attribute \(key) of \(name)") }
      guard rest.hasPrefix("=") else {
        if key != "disabled", key != "checked" { problems.append("\(key) has no value") }
        continue
      }
      guard rest.hasPrefix("=\""), let end = rest.dropFirst(2).firstIndex(of: "\"") else {
        problems.append("\(key) of \(name) is not quoted")
        return name
      }
      check(name, key, String(rest[rest.index(rest.startIndex, offsetBy: 2)..<end]))
      rest = rest[rest.index(after: end)...]
    }
    return name
  }

  private mutating func check(_ name: String, _ key: String, _ value: String) {
    if value.contains("<") { problems.append("< in \(key) of \(name)") }
    switch key {
    case "id":
      if names.contains(value) { problems.append("id \(value) twice") }
      names.append(value)
    case "src":
      if !value.hasPrefix("data:image/") { problems.append("src \(value.prefix(60))") }
    case "href":
      links.append(value)
      let scheme = value.prefix { !":/?#".contains($0) }
      let isRelative = scheme.count == value.count || !value.dropFirst(scheme.count).hasPrefix(":")
      if !isRelative, !["http", "https", "mailto"].contains(String(scheme)) {
        problems.append("href \(value.prefix(60))")
      }
    default: break
    }
  }

  private mutating func checkWhole() {
    for tag in ["html", "head", "title", "body", "main", "h1"]
    where tags.count(where: { $0 == tag }) != 1 {
      problems.append("not one \(tag)")
    }
    if headings.first != 1 { problems.append("the first heading is not h1") }
    for (above, below) in zip(headings, headings.dropFirst()) where below > above + 1 {
      problems.append("h\(below) after h\(above)")
    }
  }
}

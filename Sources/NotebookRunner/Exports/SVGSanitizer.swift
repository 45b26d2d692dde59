// SVG of others made harmless by an allow-list (E2): shapes, text and paint stay; scripts, handlers,
// links, foreign content, outside references and animations go. A picture that needs no change
// keeps its bytes.

import Plots

enum SVGSanitizer {
  /// A larger picture is not looked into, in bytes.
  static let sizeLimit = 32 << 20

  struct Result: Equatable {
    let bytes: [UInt8]
    /// How many elements, attributes and declarations were taken out.
    let removed: Int
  }

  /// The picture without what may not be in one; throws when it is no well-formed SVG.
  static func sanitized(_ bytes: [UInt8]) throws(XMLProblem) -> Result {
    guard bytes.count <= sizeLimit else { throw .tooLarge }
    var scanner = XMLScanner(bytes)
    try scanner.scan()
    guard case .open(let root, _)? = scanner.events.first, root == "svg" else {
      throw .malformed("the root is not svg")
    }
    var filter = SVGFilter(scanner.events)
    filter.run()
    let passedOver = scanner.hasPassedOver ? 1 : 0
    if filter.removed == 0, passedOver == 0 { return Result(bytes: bytes, removed: 0) }
    return Result(bytes: Array(filter.text.utf8), removed: filter.removed + passedOver)
  }

  /// Text and values of attributes as XML; controls are left out, tab and line ends are not.
  fileprivate static func escaped(_ text: String) -> String {
    SafeText.xml(text) { isLayout($0) ? String($0) : "" }
  }

  /// Tab and the ends of lines.
  fileprivate static func isLayout(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "\t" || scalar == "\n" || scalar == "\r"
  }

  static let elements: Set<String> = [
    "svg", "g", "defs", "title", "desc", "path", "rect", "circle", "ellipse", "line", "polyline",
    "polygon", "text", "tspan", "textPath", "use", "symbol", "clipPath", "mask", "linearGradient",
    "radialGradient", "stop", "pattern", "marker", "style",
  ]

  /// Elements that vanish while what is inside them stays.
  static let transparent: Set<String> = ["a", "switch"]

  /// Attributes whose values are names, words and coordinates: nothing in them is evaluated.
  static let words: Set<String> = [
    "aria-describedby", "aria-hidden", "aria-label", "aria-labelledby", "class", "d", "id", "lang",
    "points", "role", "version", "viewBox", "xml:lang", "xml:space",
  ]

  static let attributes: Set<String> = [
    "alignment-baseline", "aria-describedby", "aria-hidden", "aria-label", "aria-labelledby",
    "baseline-shift", "class", "clip-path", "clip-rule", "clipPathUnits", "color",
    "color-interpolation", "cx", "cy", "d", "direction", "display", "dominant-baseline", "dx", "dy",
    "fill", "fill-opacity", "fill-rule", "font-family", "font-size", "font-stretch", "font-style",
    "font-variant", "font-weight", "fr", "fx", "fy", "gradientTransform", "gradientUnits", "height",
    "id", "lang", "lengthAdjust", "letter-spacing", "marker-end", "marker-mid", "marker-start",
    "markerHeight", "markerUnits", "markerWidth", "mask", "maskContentUnits", "maskUnits", "method",
    "offset", "opacity", "orient", "overflow", "paint-order", "pathLength", "patternContentUnits",
    "patternTransform", "patternUnits", "points", "preserveAspectRatio", "r", "refX", "refY",
    "role",
    "rotate", "rx", "ry", "shape-rendering", "side", "spacing", "spreadMethod", "startOffset",
    "stop-color", "stop-opacity", "stroke", "stroke-dasharray", "stroke-dashoffset",
    "stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "stroke-opacity", "stroke-width",
    "style", "text-anchor", "text-decoration", "text-rendering", "textLength", "transform",
    "transform-origin", "vector-effect", "version", "viewBox", "visibility", "width",
    "word-spacing",
    "writing-mode", "x", "x1", "x2", "xml:lang", "xml:space", "xmlns", "xmlns:xlink", "y", "y1",
    "y2",
  ]
}

/// Writes what may stay.
private struct SVGFilter {
  private let events: [XMLEvent]
  private(set) var text = ""
  private(set) var removed = 0
  /// Ids of elements that hold a `use`: one that is used again could grow without end.
  private var multiplying: Set<String> = []
  private var hasXLink = false

  init(_ events: [XMLEvent]) {
    self.events = events
    findMultiplying()
  }

  private mutating func findMultiplying() {
    var open: [String?] = []
    for event in events {
      switch event {
      case .open(let name, let attributes):
        open.append(attributes.first { $0.name == "id" }?.value)
        if name == "use" { multiplying.formUnion(open.compactMap { $0 }) }
        // Only where the root declares it is the prefix known everywhere.
        if open.count == 1 {
          hasXLink = attributes.contains {
            $0.name == "xmlns:xlink" && $0.value == Self.linkNamespace
          }
        }
      case .close: _ = open.popLast()
      case .text: break
      }
    }
  }

  /// What an open element turned into.
  private enum Fate { case kept(String), transparent, dropped }

  mutating func run() {
    var fates: [Fate] = []
    var dropped = 0
    var style: String?
    for event in events {
      switch event {
      case .open(let name, let attributes):
        let fate = dropped > 0 ? .dropped : self.fate(of: name, attributes)
        fates.append(fate)
        switch fate {
        case .kept("style"): style = ""
        case .kept: open(name, attributes, isRoot: fates.count == 1)
        case .transparent: removed += 1
        case .dropped:
          if dropped == 0 { removed += 1 }
          dropped += 1
        }
      case .close:
        switch fates.popLast() {
        case .kept("style")?:
          close(style: style ?? "")
          style = nil
        case .kept(let name)?: text += "</\(name)>"
        case .dropped?: dropped -= 1
        default: break
        }
      case .text(let part):
        if dropped > 0 { continue }
        if style != nil { style? += part } else { text += SVGSanitizer.escaped(part) }
      }
    }
    if text.utf8.last != 0x0A { text += "\n" }
  }

  private func fate(of name: String, _ attributes: [(name: String, value: String)]) -> Fate {
    if SVGSanitizer.transparent.contains(name) { return .transparent }
    guard SVGSanitizer.elements.contains(name) else { return .dropped }
    if name == "use" {
      let names = hasXLink ? ["href", "xlink:href"] : ["href"]
      let target = attributes.first { names.contains($0.name) }?.value ?? ""
      guard Self.isLocal(target), !multiplying.contains(String(target.dropFirst())) else {
        return .dropped
      }
    }
    return .kept(name)
  }

  private mutating func open(
    _ name: String, _ attributes: [(name: String, value: String)], isRoot: Bool
  ) {
    text += "<\(name)"
    if isRoot, !attributes.contains(where: { $0.name == "xmlns" && $0.value == Self.namespace }) {
      text += " xmlns=\"\(Self.namespace)\""
      removed += 1
    }
    for (key, value) in attributes {
      guard keeps(key, value) else {
        removed += 1
        continue
      }
      text += " \(key)=\"\(SVGSanitizer.escaped(value))\""
    }
    text += ">"
  }

  private static let namespace = "http://www.w3.org/2000/svg"
  private static let linkNamespace = "http://www.w3.org/1999/xlink"

  private func keeps(_ key: String, _ value: String) -> Bool {
    switch key {
    case "xmlns": return value == Self.namespace
    case "xmlns:xlink": return value == Self.linkNamespace
    case "href": return Self.isLocal(value)
    case "xlink:href": return hasXLink && Self.isLocal(value)
    default:
      guard SVGSanitizer.attributes.contains(key) else { return false }
      return SVGSanitizer.words.contains(key) || StyleText.isHarmless(value, isSheet: false)
    }
  }

  /// `#name`, nothing else.
  static func isLocal(_ address: String) -> Bool {
    guard address.utf8.first == UInt8(ascii: "#"), address.utf8.count > 1 else { return false }
    return address.utf8.dropFirst().allSatisfy {
      $0 >= 0x80 || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0)
        || (0x61...0x7A).contains($0) || "-_.:".utf8.contains($0)
    }
  }

  private mutating func close(style: String) {
    guard StyleText.isHarmless(style, isSheet: true) else {
      removed += 1
      return
    }
    text += "<style>\(SVGSanitizer.escaped(style))</style>"
  }
}

/// Style sheets and the values of attributes: paint and text, no reference to anything outside.
enum StyleText {
  private static let functions: Set<String> = [
    "rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch", "calc", "min", "max",
    "clamp", "var", "translate", "translatex", "translatey", "rotate", "scale", "scalex", "scaley",
    "skewx", "skewy", "matrix", "not", "is", "where", "nth-child", "nth-of-type",
  ]

  /// False for escapes, at-rules but `@media`, scripts, and functions that could fetch.
  static func isHarmless(_ text: String, isSheet: Bool) -> Bool {
    // A control that is left out when this is written would join the halves of a word: u·rl(…).
    let isText = text.unicodeScalars.allSatisfy {
      SVGSanitizer.isLayout($0) || SafeText.isXML($0)
    }
    guard isText else { return false }
    let bytes = Array(text.utf8).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    // A backslash or a comment can hide a word from this search; data of paths holds neither.
    if bytes.contains(UInt8(ascii: "\\")) || bytes.contains(UInt8(ascii: "<")) { return false }
    if contains(bytes, "/*") || contains(bytes, "javascript:") || contains(bytes, "-moz-binding")
      || contains(bytes, "behavior:")
    {
      return false
    }
    for (place, byte) in bytes.enumerated() {
      if byte == UInt8(ascii: "@") {
        guard isSheet, bytes[place...].starts(with: "@media".utf8) else { return false }
      } else if byte == UInt8(ascii: "(") {
        guard isHarmlessCall(bytes, place) else { return false }
      }
    }
    return true
  }

  private static func contains(_ bytes: [UInt8], _ word: String) -> Bool {
    let word = Array(word.utf8)
    guard let first = word.first, bytes.count >= word.count else { return false }
    return bytes.indices.contains { bytes[$0] == first && bytes[$0...].starts(with: word) }
  }

  /// The name before a parenthesis: none, one of the list, or `url(#local)`.
  private static func isHarmlessCall(_ bytes: [UInt8], _ place: Int) -> Bool {
    var start = place
    while start > 0, isNameByte(bytes[start - 1]) { start -= 1 }
    let name = String(decoding: bytes[start..<place], as: UTF8.self)
    if name.isEmpty || functions.contains(name) { return true }
    if name == "media", start > 0, bytes[start - 1] == UInt8(ascii: "@") { return true }
    guard name == "url", let end = bytes[place...].firstIndex(of: UInt8(ascii: ")")) else {
      return false
    }
    let target = bytes[(place + 1)..<end].filter { !"\"' \t\n\r".utf8.contains($0) }
    return SVGFilter.isLocal(String(decoding: target, as: UTF8.self))
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    byte >= 0x80 || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
  }
}

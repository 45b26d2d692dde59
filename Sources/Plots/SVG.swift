// A figure as a static SVG: no script, no outside reference, described for those who cannot see it.
// The same data give the same bytes.

extension Figure {
  /// The SVG document, ending in a newline.
  package func svg() -> String {
    let prefix = "q" + FNV.hex(json)
    let drawing: SVGDrawing
    switch kind {
    case .line, .step, .scatter: drawing = curveDrawing()
    case .bar, .histogram: drawing = barDrawing()
    case .heatmap: drawing = heatDrawing()
    }
    var root = SVGElement("svg")
    root["xmlns"] = "http://www.w3.org/2000/svg"
    root["id"] = prefix
    root["role"] = "img"
    root["aria-labelledby"] = "\(prefix)-t \(prefix)-d"
    root["width"] = "\(width)"
    root["height"] = "\(height)"
    root["viewBox"] = "0 0 \(width) \(height)"
    root["font-family"] = "system-ui, sans-serif"
    root["font-size"] = "12"
    root.children = [
      SVGElement("title", ["id": "\(prefix)-t"], text: summary),
      SVGElement("desc", ["id": "\(prefix)-d"], text: altText),
      SVGElement("style", text: SVGTheme.css(theme, prefix: prefix, heat: drawing.shades, self)),
      SVGElement("rect", ["class": "bg", "width": "\(width)", "height": "\(height)"]),
    ]
    root.children += drawing.elements
    return root.written() + "\n"
  }
}

/// What a renderer of one kind gives: elements, and the steps of the ramp it used.
struct SVGDrawing {
  var elements: [SVGElement] = []
  var shades: Set<Int> = []
}

/// An element; attributes are written sorted by name.
struct SVGElement {
  let name: String
  private var attributes: [String: String]
  private let text: String?
  var children: [SVGElement] = []

  init(_ name: String, _ attributes: [String: String] = [:], text: String? = nil) {
    (self.name, self.attributes, self.text) = (name, attributes, text)
  }

  /// With a tooltip, which screen readers speak too.
  init(_ name: String, _ attributes: [String: String] = [:], title: String?) {
    self.init(name, attributes)
    if let title { children = [SVGElement("title", text: title)] }
  }

  subscript(_ attribute: String) -> String? {
    get { attributes[attribute] }
    set { attributes[attribute] = newValue }
  }

  func written() -> String {
    var out = ""
    write(to: &out)
    return out
  }

  private func write(to out: inout String) {
    out += "<\(name)"
    for (key, value) in attributes.sorted(by: { $0.key < $1.key }) {
      out += " \(key)=\"\(SafeText.xml(value))\""
    }
    if children.isEmpty, text == nil {
      out += "/>"
      return
    }
    out += ">"
    if let text { out += name == "style" ? text : SafeText.xml(text) }
    for child in children {
      if name == "svg" || name == "g" { out += "\n" }
      child.write(to: &out)
    }
    if (name == "svg" || name == "g") && !children.isEmpty { out += "\n" }
    out += "</\(name)>"
  }
}

/// A coordinate with two decimals and no `-0`.
func px(_ value: Double) -> String { Digits.trimmed(Digits.fixed(value, 2)) }

enum FNV {
  /// FNV-1a, 64 bit, as 16 hex digits.
  static func hex(_ bytes: [UInt8]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}

enum SVGTheme {
  /// Steps a ramp is drawn in.
  static let shadeCount = 64

  /// Rules for one scheme, or for both with a media query. Each is scoped by the id of the root.
  static func css(_ theme: Figure.Theme, prefix: String, heat: Set<Int>, _ figure: Figure) -> String
  {
    let isDiverging = figure.kind == .heatmap && HeatScale(figure).isDiverging
    func rules(_ palette: Palette) -> String {
      self.rules(palette, "#" + prefix, heat, isDiverging, series: figure.series.count)
    }
    switch theme {
    case .light: return rules(.light)
    case .dark: return rules(.dark)
    case .auto:
      return rules(.light) + "@media (prefers-color-scheme:dark){" + rules(.dark) + "}"
    }
  }

  private static func rules(
    _ palette: Palette, _ root: String, _ heat: Set<Int>, _ isDiverging: Bool, series: Int
  ) -> String {
    var css = "\(root) .bg{fill:\(palette.ground.hex)}"
    css += "\(root) text{fill:\(palette.ink.hex)}\(root) .q{fill:\(palette.quiet.hex)}"
    css += "\(root) .r{stroke:\(palette.rule.hex)}\(root) .a{stroke:\(palette.quiet.hex)}"
    if heat.isEmpty {
      for (index, color) in palette.categorical.enumerated() where index < max(1, series) {
        css += "\(root) .l\(index){stroke:\(color.hex);fill:none}"
        css += "\(root) .f\(index){fill:\(color.hex)}"
      }
    }
    let ramp = isDiverging ? palette.diverging : palette.sequential
    for step in heat.sorted() {
      css += "\(root) .c\(step){fill:\(ramp[Double(step) / Double(shadeCount - 1)].hex)}"
    }
    return css
  }
}

/// The rectangle data are drawn in, with what stands around it.
struct SVGPlot {
  let left: Double
  let top: Double
  let right: Double
  let bottom: Double

  var width: Double { right - left }
  var height: Double { bottom - top }

  func x(_ share: Double) -> Double { left + share * width }
  func y(_ share: Double) -> Double { bottom - share * height }

  /// Pixels a text of the base size takes, about.
  static func width(of text: String, size: Double = 12) -> Double {
    Double(displayWidthOf(text)) * size * 0.58
  }

  /// Title, note lines and axis titles.
  func words(_ figure: Figure, notes: [String]) -> [SVGElement] {
    var elements: [SVGElement] = []
    if let title = figure.title {
      elements.append(
        SVGElement(
          "text", ["x": px(14), "y": "22", "font-size": "14", "font-weight": "600"],
          text: SafeText.cut(SafeText.name(title), columns: max(10, figure.width / 9))))
    }
    let below = Double(figure.height) - Double(notes.count) * 15
    if let title = figure.x.title {
      elements.append(
        SVGElement(
          "text",
          ["class": "q", "x": px(left + width / 2), "y": px(below - 8), "text-anchor": "middle"],
          text: SafeText.cut(SafeText.name(title), columns: max(10, Int(width / 7)))))
    }
    if let title = figure.y.title {
      let middle = top + height / 2
      elements.append(
        SVGElement(
          "text",
          [
            "class": "q", "x": "16", "y": px(middle), "text-anchor": "middle",
            "transform": "rotate(-90 16 \(px(middle)))",
          ], text: SafeText.cut(SafeText.name(title), columns: max(10, Int(height / 7)))))
    }
    for (index, note) in notes.enumerated() {
      elements.append(
        SVGElement(
          "text",
          ["class": "q", "font-size": "11", "x": "14", "y": px(below + 4 + Double(index) * 15)],
          text: note))
    }
    return elements
  }
}

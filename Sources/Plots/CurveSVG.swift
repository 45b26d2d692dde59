// Line, step and scatter plots as SVG elements.

import Diagnostics

func displayWidthOf(_ text: String) -> Int { displayWidth(text) }

/// Patterns that tell series apart without colour, in series order.
private let dashes = ["", "7 3", "2 3", "9 3 2 3", "4 2", "1 2"]

extension Figure {
  func curveDrawing() -> SVGDrawing {
    let frame = Frame(self)
    let plot = plotArea(frame, legendWidth: legendWidth)
    var elements = axes(plot, frame)
    let clip = SVGElement(
      "svg",
      [
        "x": px(plot.left - 4), "y": px(plot.top - 4), "width": px(plot.width + 8),
        "height": px(plot.height + 8),
        "viewBox":
          "\(px(plot.left - 4)) \(px(plot.top - 4)) \(px(plot.width + 8)) \(px(plot.height + 8))",
      ])
    var inner = clip
    for index in series.indices { inner.children += curve(index, frame, plot) }
    elements.append(inner)
    if frame.isEmpty { elements.append(noData(plot)) }
    if showsLegend { elements += legendElements(plot) }
    return SVGDrawing(elements: elements + plot.words(self, notes: frame.notes))
  }

  func noData(_ plot: SVGPlot) -> SVGElement {
    SVGElement(
      "text",
      [
        "class": "q", "x": px(plot.left + plot.width / 2), "y": px(plot.top + plot.height / 2),
        "text-anchor": "middle",
      ], text: "no data")
  }

  var legendWidth: Double {
    guard showsLegend else { return 0 }
    let widest = series.indices.map { SVGPlot.width(of: legendName($0)) }.max() ?? 0
    return widest + 44
  }

  private func legendName(_ index: Int) -> String {
    SafeText.cut(seriesName(index, .log), columns: 20)
  }

  func plotArea(_ frame: Frame, legendWidth: Double, yLabels: Bool = true) -> SVGPlot {
    let labels = frame.yTicks.map { SVGPlot.width(of: $0.label) }.max() ?? 0
    let left = 14 + (y.title == nil ? 0 : 16) + (yLabels ? labels + 8 : 0)
    let top: Double = title == nil ? 14 : 38
    let bottom =
      Double(height) - 28 - (x.title == nil ? 0 : 18) - Double(frame.notes.count) * 15
    let right = Double(width) - 16 - legendWidth
    return SVGPlot(
      left: left, top: top, right: max(left + 40, right), bottom: max(top + 40, bottom))
  }

  func axes(_ plot: SVGPlot, _ frame: Frame, xTicks: Bool = true) -> [SVGElement] {
    var elements: [SVGElement] = []
    for tick in frame.yTicks {
      guard let share = frame.y.position(tick.value), (0...1).contains(share) else { continue }
      let y = px(plot.y(share))
      elements.append(
        SVGElement(
          "line", ["class": "r", "x1": px(plot.left), "x2": px(plot.right), "y1": y, "y2": y]))
      elements.append(
        SVGElement(
          "text",
          ["class": "q", "text-anchor": "end", "x": px(plot.left - 8), "y": px(plot.y(share) + 4)],
          text: tick.label))
    }
    if xTicks { elements += xAxisTicks(plot, frame) }
    elements.append(
      SVGElement(
        "line",
        [
          "class": "a", "x1": px(plot.left), "x2": px(plot.right), "y1": px(plot.bottom),
          "y2": px(plot.bottom),
        ]))
    return elements
  }

  private func xAxisTicks(_ plot: SVGPlot, _ frame: Frame) -> [SVGElement] {
    let places = frame.xTicks.compactMap { tick -> (Double, String)? in
      guard let share = frame.x.position(tick.value), (0...1).contains(share) else { return nil }
      return (plot.x(share), tick.label)
    }
    let widest = places.map { SVGPlot.width(of: $0.1) }.max() ?? 1
    let room = places.count > 1 ? max(1, places[1].0 - places[0].0) : plot.width
    let stride = max(1, Int(((widest + 10) / room).rounded(.up)))
    return places.enumerated().filter { $0.offset % stride == 0 }.flatMap { _, place in
      [
        SVGElement(
          "line",
          [
            "class": "a", "x1": px(place.0), "x2": px(place.0), "y1": px(plot.bottom),
            "y2": px(plot.bottom + 5),
          ]),
        SVGElement(
          "text",
          ["class": "q", "text-anchor": "middle", "x": px(place.0), "y": px(plot.bottom + 18)],
          text: place.1),
      ]
    }
  }

  private func curve(_ index: Int, _ frame: Frame, _ plot: SVGPlot) -> [SVGElement] {
    let one = series[index]
    var elements: [SVGElement] = []
    if kind != .scatter {
      var path = ""
      for run in frame.runs(of: one, columns: Int(plot.width), step: kind == .step) {
        for (place, point) in run.enumerated().stoppable {
          path += (place == 0 ? "M" : "L") + px(plot.x(point.x)) + " " + px(plot.y(point.y))
        }
        // A lone point shows as a dot of the round cap.
        if run.count == 1 { path += "h0" }
      }
      var line = SVGElement("path", ["class": "l\(index % 6)", "d": path])
      line["stroke-width"] = "2"
      line["stroke-linejoin"] = "round"
      line["stroke-linecap"] = index % 6 == 0 ? "round" : "butt"
      let dash = dashes[(index / 6 + index) % dashes.count]
      if !dash.isEmpty { line["stroke-dasharray"] = dash }
      elements.append(line)
    }
    return elements + markers(index, frame, plot)
  }

  /// All points of a short or scattered series, some of a long one when there are several.
  private func markers(_ index: Int, _ frame: Frame, _ plot: SVGPlot) -> [SVGElement] {
    let one = series[index]
    let count = one.y.count
    let stride: Int
    if kind == .scatter {
      stride = max(1, (count + 1999) / 2000)
    } else if count <= 40 {
      stride = 1
    } else if series.count > 1 {
      stride = max(1, count / 8)
    } else {
      return []
    }
    // Markers of different series stand at different places.
    let first = stride > 1 && kind != .scatter ? min(count - 1, stride * (index % 6 + 1) / 7) : 0
    return Swift.stride(from: first, to: count, by: stride).compactMap { place in
      let x = one.x.map { $0[place] } ?? Double(place)
      guard let sx = frame.x.position(x), let sy = frame.y.position(one.y[place]),
        (0...1).contains(sx), (0...1).contains(sy)
      else { return nil }
      let text = "\(Digits.significant(x)): \(Digits.significant(one.y[place], 6))"
      return marker(
        index, plot.x(sx), plot.y(sy),
        title: series.count > 1 ? legendName(index) + " " + text : text)
    }
  }

  private func marker(
    _ index: Int, _ x: Double, _ y: Double, title: String?
  ) -> SVGElement {
    let shape: String
    switch index % 6 {
    case 0:
      return SVGElement(
        "circle", ["class": "f0", "cx": px(x), "cy": px(y), "r": "3"], title: title)
    case 1: shape = "M\(px(x - 3)) \(px(y - 3))h6v6h-6z"
    case 2: shape = "M\(px(x)) \(px(y - 4))l4 7h-8z"
    case 3: shape = "M\(px(x)) \(px(y - 4.5))l4.5 4.5l-4.5 4.5l-4.5 -4.5z"
    case 4: shape = "M\(px(x)) \(px(y + 4))l4 -7h-8z"
    default: shape = "M\(px(x - 4)) \(px(y - 1.5))h2.5v-2.5h3v2.5h2.5v3h-2.5v2.5h-3v-2.5h-2.5z"
    }
    return SVGElement("path", ["class": "f\(index % 6)", "d": shape], title: title)
  }

  func legendElements(_ plot: SVGPlot, bars: Bool = false) -> [SVGElement] {
    let room = max(1, Int(plot.height / 18))
    var elements: [SVGElement] = []
    for index in series.indices.prefix(room) {
      let y = plot.top + 10 + Double(index) * 18
      let x = plot.right + 14
      if bars {
        elements.append(
          SVGElement(
            "rect",
            [
              "class": "f\(index % 6)", "x": px(x + 6), "y": px(y - 5), "width": "10",
              "height": "10",
            ]))
      } else {
        if kind != .scatter {
          var line = SVGElement(
            "path",
            ["class": "l\(index % 6)", "d": "M\(px(x)) \(px(y))h22", "stroke-width": "2"])
          let dash = dashes[(index / 6 + index) % dashes.count]
          if !dash.isEmpty { line["stroke-dasharray"] = dash }
          elements.append(line)
        }
        elements.append(marker(index, x + 11, y, title: nil))
      }
      elements.append(
        SVGElement("text", ["x": px(x + 28), "y": px(y + 4)], text: legendName(index)))
    }
    if series.count > room {
      elements.append(
        SVGElement(
          "text", ["class": "q", "x": px(plot.right + 14), "y": px(plot.bottom + 14)],
          text: "+\(series.count - room) more"))
    }
    return elements
  }
}

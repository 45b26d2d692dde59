// Bars and histograms as SVG elements.

extension Figure {
  func barDrawing() -> SVGDrawing {
    let frame = Frame(self)
    let names = labels.map { $0.drawn(.log, columns: 14) }
    var plot = plotArea(frame, legendWidth: kind == .bar ? legendWidth : 0)
    let slot = plot.width / Double(max(1, series.first?.y.count ?? 0))
    let widest = names.map { SVGPlot.width(of: $0) }.max() ?? 0
    let isTilted = kind == .bar && widest + 6 > slot
    if isTilted {
      plot = SVGPlot(
        left: plot.left, top: plot.top, right: plot.right,
        bottom: max(plot.top + 40, plot.bottom - widest * 0.7))
    }
    var elements = axes(plot, frame, xTicks: kind == .histogram)
    elements += kind == .histogram ? bins(plot, frame) : bars(plot, frame, slot)
    if kind == .bar { elements += barNames(names, plot, slot, isTilted) }
    elements += zeroLine(plot, frame)
    if frame.isEmpty { elements.append(noData(plot)) }
    if kind == .bar, showsLegend { elements += legendElements(plot, bars: true) }
    return SVGDrawing(elements: elements + plot.words(self, notes: frame.notes))
  }

  private func zeroLine(_ plot: SVGPlot, _ frame: Frame) -> [SVGElement] {
    guard let share = frame.y.position(0), share > 0, share < 1 else { return [] }
    let y = px(plot.y(share))
    return [
      SVGElement(
        "line", ["class": "a", "x1": px(plot.left), "x2": px(plot.right), "y1": y, "y2": y])
    ]
  }

  private func bars(_ plot: SVGPlot, _ frame: Frame, _ slot: Double) -> [SVGElement] {
    let each = slot * 0.76 / Double(max(1, series.count))
    let zero = min(1, max(0, frame.y.position(0) ?? 0))
    var elements: [SVGElement] = []
    for (place, one) in series.enumerated() {
      for (index, value) in one.y.enumerated() {
        guard let share = frame.y.position(value) else { continue }
        let (from, to) = (plot.y(max(zero, min(1, share))), plot.y(min(zero, max(0, share))))
        let x = plot.left + slot * (Double(index) + 0.12) + each * Double(place)
        let name = index < labels.count ? labels[index].drawn(.log) : "\(index)"
        elements.append(
          SVGElement(
            "rect",
            [
              "class": "f\(place % 6)", "x": px(x), "y": px(from),
              "width": px(max(0.5, each - (series.count > 1 ? 1 : 0))),
              "height": px(max(0, to - from)),
            ], title: elements.count < 2000 ? "\(name): \(Digits.significant(value))" : nil))
      }
    }
    return elements
  }

  private func bins(_ plot: SVGPlot, _ frame: Frame) -> [SVGElement] {
    guard let one = series.first, let edges = one.x, edges.count == one.y.count + 1 else {
      return []
    }
    return one.y.indices.compactMap { index in
      guard let low = frame.x.position(edges[index]), let high = frame.x.position(edges[index + 1]),
        let share = frame.y.position(one.y[index])
      else { return nil }
      let (from, to) = (Digits.significant(edges[index]), Digits.significant(edges[index + 1]))
      return SVGElement(
        "rect",
        [
          "class": "f0", "x": px(plot.x(low) + 0.5), "y": px(plot.y(share)),
          "width": px(max(0.5, plot.x(high) - plot.x(low) - 1)),
          "height": px(plot.bottom - plot.y(share)),
        ], title: "\(from) to \(to): \(Digits.significant(one.y[index]))")
    }
  }

  private func barNames(
    _ names: [String], _ plot: SVGPlot, _ slot: Double, _ isTilted: Bool
  ) -> [SVGElement] {
    let count = series.first?.y.count ?? 0
    // A name needs about a line's height, or its width, of room.
    let widest = names.isEmpty ? 24 : isTilted ? 14 : 1
    let stride = max(1, Int((Double(widest) / max(0.1, slot)).rounded(.up)))
    return Swift.stride(from: 0, to: count, by: stride).map { index in
      let x = plot.left + slot * (Double(index) + 0.5)
      let y = plot.bottom + (isTilted ? 14 : 18)
      var text = SVGElement(
        "text",
        ["class": "q", "x": px(x), "y": px(y), "text-anchor": isTilted ? "end" : "middle"],
        text: index < names.count ? names[index] : "\(index)")
      if isTilted { text["transform"] = "rotate(-45 \(px(x)) \(px(y)))" }
      return text
    }
  }
}

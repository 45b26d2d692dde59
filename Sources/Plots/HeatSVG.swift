// A matrix as SVG elements: cells of a ramp, names of rows and columns, and the ramp's legend.

extension Figure {
  func heatDrawing() -> SVGDrawing {
    guard let matrix, !matrix.values.isEmpty else {
      let plot = SVGPlot(
        left: 40, top: 38, right: Double(width) - 20, bottom: Double(height) - 40)
      return SVGDrawing(elements: [noData(plot)] + plot.words(self, notes: []))
    }
    let (cells, down, across) = matrix.pooled(rows: 200, columns: 200)
    let layout = HeatLayout(self, cells, down: down, across: across)
    let scale = HeatScale(self)
    var drawing = SVGDrawing()
    drawing.elements =
      cells.values.count <= 2000
      ? namedCells(cells, layout, scale, &drawing.shades)
      : joinedCells(cells, layout, scale, &drawing.shades)
    drawing.elements += layout.names() + rampLegend(layout.plot, scale, &drawing.shades)
    drawing.elements += layout.plot.words(self, notes: layout.notes)
    return drawing
  }

  private func shade(_ value: Double, _ scale: HeatScale) -> Int? {
    if value.isNaN { return nil }
    return Int((scale.share(value) * Double(SVGTheme.shadeCount - 1)).rounded())
  }

  private func namedCells(
    _ cells: Matrix, _ layout: HeatLayout, _ scale: HeatScale, _ used: inout Set<Int>
  ) -> [SVGElement] {
    var group = SVGElement("g", ["shape-rendering": "crispEdges"])
    for row in 0..<cells.rowCount {
      for column in 0..<cells.columnCount {
        let value = cells[row, column]
        guard let step = shade(value, scale) else { continue }
        used.insert(step)
        let names = "\(layout.rowName(row)), \(layout.columnName(column))"
        group.children.append(
          SVGElement(
            "rect",
            [
              "class": "c\(step)", "x": px(layout.x(column)), "y": px(layout.y(row)),
              "width": px(layout.cellWidth), "height": px(layout.cellHeight),
            ], title: "\(names): \(Digits.significant(value))"))
      }
    }
    return [group]
  }

  /// One path a step of the ramp: neighbours of one step are one rectangle.
  private func joinedCells(
    _ cells: Matrix, _ layout: HeatLayout, _ scale: HeatScale, _ used: inout Set<Int>
  ) -> [SVGElement] {
    var paths = [String](repeating: "", count: SVGTheme.shadeCount)
    for row in 0..<cells.rowCount {
      if Drawing.isStopped { break }
      var column = 0
      while column < cells.columnCount {
        let step = shade(cells[row, column], scale)
        let start = column
        while column < cells.columnCount, shade(cells[row, column], scale) == step { column += 1 }
        guard let step else { continue }
        used.insert(step)
        let width = px(layout.cellWidth * Double(column - start))
        paths[step] +=
          "M\(px(layout.x(start))) \(px(layout.y(row)))h\(width)v\(px(layout.cellHeight))h-\(width)z"
      }
    }
    var group = SVGElement("g", ["shape-rendering": "crispEdges"])
    group.children = paths.enumerated().filter { !$0.element.isEmpty }.map {
      SVGElement("path", ["class": "c\($0.offset)", "d": $0.element])
    }
    return [group]
  }

  private func rampLegend(
    _ plot: SVGPlot, _ scale: HeatScale, _ used: inout Set<Int>
  ) -> [SVGElement] {
    let x = plot.right + 16
    let height = min(plot.height, 160)
    let count = SVGTheme.shadeCount / 2
    var group = SVGElement("g", ["shape-rendering": "crispEdges"])
    for index in 0..<count {
      let step = index * 2 + 1
      used.insert(step)
      let top = plot.top + height * (1 - Double(index + 1) / Double(count))
      group.children.append(
        SVGElement(
          "rect",
          [
            "class": "c\(step)", "x": px(x), "y": px(top), "width": "12",
            "height": px(height / Double(count) + 0.5),
          ]))
    }
    let labels = [(scale.high, 0.0), ((scale.high + scale.low) / 2, 0.5), (scale.low, 1.0)]
    let texts = labels.map { value, share in
      SVGElement(
        "text",
        ["class": "q", "x": px(x + 18), "y": px(plot.top + height * share + 4)],
        text: Digits.significant(value, 3))
    }
    let unitText = unit.map {
      [
        SVGElement(
          "text", ["class": "q", "x": px(x), "y": px(plot.top + height + 22)],
          text: SafeText.cut(SafeText.name($0), columns: 11))
      ]
    }
    return [group] + texts + (unitText ?? [])
  }
}

/// Where the cells of a matrix stand.
private struct HeatLayout {
  let plot: SVGPlot
  let cellWidth: Double
  let cellHeight: Double
  let notes: [String]
  private let rowNames: [String]
  private let columnNames: [String]
  private let columnDepth: Double

  init(_ figure: Figure, _ cells: Figure.Matrix, down: Int, across: Int) {
    let style = TextStyle.log
    func name(_ labels: [Label], _ index: Int) -> String {
      index < labels.count ? labels[index].drawn(style, columns: 14) : "\(index)"
    }
    rowNames = (0..<cells.rowCount).map { name(figure.rows, $0 * down) }
    columnNames = (0..<cells.columnCount).map { name(figure.columns, $0 * across) }
    var notes: [String] = []
    if down > 1 || across > 1 {
      notes.append("each cell stands for \(down) x \(across): the value of largest magnitude")
    }
    if let count = figure.matrix?.notFiniteCount, count > 0 {
      notes.append("\(counted(count, "value")) not finite")
    }
    self.notes = notes
    let rowRoom = rowNames.map { SVGPlot.width(of: $0, size: 11) }.max() ?? 0
    let columnRoom = columnNames.map { SVGPlot.width(of: $0, size: 11) }.max() ?? 0
    let left = 22 + (figure.y.title == nil ? 0 : 14) + rowRoom
    let top: Double = figure.title == nil ? 14 : 38
    let whole = Double(figure.width) - left - 78
    let isFlat = columnRoom + 8 <= whole / Double(cells.columnCount)
    columnDepth = isFlat ? 0 : columnRoom
    let foot = (figure.x.title == nil ? 8 : 26) + Double(notes.count) * 15
    let tall = Double(figure.height) - top - foot - (isFlat ? 18 : columnRoom + 10)
    // Nearly square cells when both sides are alike; else the room is filled.
    var (wide, high) = (
      max(20, whole) / Double(cells.columnCount), max(20, tall) / Double(cells.rowCount)
    )
    if wide < high * 3, high < wide * 3 {
      let side = min(wide, high)
      (wide, high) = (min(wide, side * 1.5), min(high, side * 1.5))
    }
    (cellWidth, cellHeight) = (wide, min(high, 60))
    plot = SVGPlot(
      left: left, top: top, right: left + cellWidth * Double(cells.columnCount),
      bottom: top + cellHeight * Double(cells.rowCount))
  }

  func x(_ column: Int) -> Double { plot.left + Double(column) * cellWidth }
  func y(_ row: Int) -> Double { plot.top + Double(row) * cellHeight }
  func rowName(_ row: Int) -> String { rowNames[row] }
  func columnName(_ column: Int) -> String { columnNames[column] }

  func names() -> [SVGElement] {
    let rowStride = max(1, Int((12 / cellHeight).rounded(.up)))
    let columnStride = max(1, Int((12 / cellWidth).rounded(.up)))
    let rows = stride(from: 0, to: rowNames.count, by: rowStride).map { row in
      SVGElement(
        "text",
        [
          "class": "q", "font-size": "11", "text-anchor": "end", "x": px(plot.left - 6),
          "y": px(y(row) + cellHeight / 2 + 4),
        ], text: rowNames[row])
    }
    let columns = stride(from: 0, to: columnNames.count, by: columnStride).map { column in
      let middle = x(column) + cellWidth / 2
      var text = SVGElement(
        "text",
        [
          "class": "q", "font-size": "11", "x": px(columnDepth == 0 ? middle : middle + 4),
          "y": px(plot.bottom + (columnDepth == 0 ? 14 : 8)),
          "text-anchor": columnDepth == 0 ? "middle" : "end",
        ], text: columnNames[column])
      if columnDepth > 0 {
        text["transform"] = "rotate(-90 \(px(middle + 4)) \(px(plot.bottom + 8)))"
      }
      return text
    }
    return rows + columns
  }
}

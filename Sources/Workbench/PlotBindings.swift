// Words that draw: plot, scatter, histogram, heatmap. They make figures; showing is for others.

import Diagnostics
import Language
import Plots
import Tensors

extension Session {
  func plotBindings() -> [Builtin] {
    [plotBinding(), scatterBinding(), histogramBinding(), heatmapBinding()]
  }

  private func plotBinding() -> Builtin {
    Builtin(
      "plot", group: "plots", "a figure of numbers, of several rows of them, or of a run or result",
      [
        Parameter(
          "data", .rest,
          "ys, as numbers or scalar tensors; xs, ys; a list of rows; a map of rows by name; a run; a result"
        ),
        Parameter("kind", .label("\"line\""), "\"line\", \"step\", \"bar\" or \"scatter\""),
        Parameter("names", .label("nil"), "one a series"),
        Parameter("labels", .label("nil"), "one a bar"),
      ] + PlotOptions.parameters,
      example: "plot [3, 2, 1.5, 1.2], title: \"loss\"",
      details: """
        Scales are "linear", "log" and "symlog"; ranges are [low, high]; size is in pixels of the SVG. \
        save fig, "loss.svg" writes it (.txt .json .csv too); fig1 + fig2 draws both on the same axes.
        """, flags: [.pure]
    ) { call in
      .object(FigureObject(try PlotOptions(call).applied(to: try PlotData.figure(call))))
    }
  }

  private func scatterBinding() -> Builtin {
    Builtin(
      "scatter", group: "plots", "a figure of points",
      [
        Parameter("xs", .required, "numbers"), Parameter("ys", .required, "as many numbers"),
        Parameter("names", .label("nil"), "one a series"),
      ] + PlotOptions.parameters, example: "scatter [1, 2, 3], [2, 4, 5]", flags: [.pure]
    ) { call in
      var series = try PlotData.rows(try call.value("ys"), call)
      let xs = try PlotData.numbers(try call.value("xs"), call)
      for index in series.indices { series[index].x = xs }
      try PlotData.name(&series, call)
      let figure = try Figure.line(series, kind: .scatter)
      return .object(FigureObject(try PlotOptions(call).applied(to: figure)))
    }
  }

  private func histogramBinding() -> Builtin {
    Builtin(
      "histogram", group: "plots", "how often values fall into bins of equal width",
      [
        Parameter("values", .required, "numbers or a tensor"),
        Parameter("bins", .label("\"auto\""), "how many; by Freedman and Diaconis, 8 to 80"),
        Parameter("density", .label("false"), "heights whose area is 1"),
      ] + PlotOptions.parameters, example: "histogram [1, 2, 2, 3, 3, 3]", flags: [.pure]
    ) { call in
      var bins: Int?
      if let given = call["bins"], !given.isNil, given.asString != "auto" {
        bins = try call.int("bins", in: 1...1000)
      }
      let values = try PlotData.numbers(try call.value("values"), call)
      let density = try call.bool("density", default: false), interrupt = call.context.interrupt
      let figure = Drawing.$interrupt.withValue(interrupt) {
        Figure.histogram(values, bins: bins, density: density)
      }
      try interrupt.check()
      return .object(FigureObject(try PlotOptions(call).applied(to: figure)))
    }
  }

  private func heatmapBinding() -> Builtin {
    Builtin(
      "heatmap", group: "plots", "a matrix as colours, its first row on top",
      [
        Parameter("matrix", .required, "a tensor of two axes, or a list of equally long lists"),
        Parameter("rows", .label("nil"), "one name a row"),
        Parameter("columns", .label("nil"), "one name a column"),
        Parameter("center", .label("\"auto\""), "the neutral value of signed data"),
        Parameter("clip", .label("nil"), "the largest magnitude told apart"),
      ] + PlotOptions.parameters, example: "heatmap [[0, 1], [2, 3]]", flags: [.pure]
    ) { call in
      var figure = try Figure.heatmap(
        try PlotData.matrix(try call.value("matrix"), call),
        rows: try PlotData.labels("rows", call),
        columns: try PlotData.labels("columns", call))
      if call["center"]?.asString != "auto" { figure.center = try call.optionalNumber("center") }
      figure.clip = try call.optionalNumber("clip")
      return .object(FigureObject(try PlotOptions(call).applied(to: figure)))
    }
  }
}

/// The options all figures share.
private struct PlotOptions {
  static let parameters = [
    Parameter("title", .label("nil")), Parameter("x", .label("nil"), "title of the x axis"),
    Parameter("y", .label("nil"), "title of the y axis"),
    Parameter("x_scale", .label("\"linear\"")), Parameter("y_scale", .label("\"linear\"")),
    Parameter("x_range", .label("nil")), Parameter("y_range", .label("nil")),
    Parameter("legend", .label("\"auto\""), "\"auto\", \"on\" or \"off\""),
    Parameter("theme", .label("\"auto\""), "\"auto\", \"light\" or \"dark\""),
    Parameter("size", .label("[640, 400]")),
  ]

  private let call: Call

  init(_ call: Call) { self.call = call }

  func applied(to figure: Figure) throws -> Figure {
    var result = figure
    if let title = try call.optionalString("title") { result.title = title }
    try set(&result.x, "x")
    try set(&result.y, "y")
    result.legend = try call.choice("legend") ?? result.legend
    result.theme = try call.choice("theme") ?? result.theme
    if let size = call["size"], !size.isNil {
      let pixels = size.asList?.compactMap(\.asInt) ?? []
      guard pixels.count == 2, size.asList?.count == 2 else {
        throw call.mismatch("size", "two ints", size)
      }
      (result.width, result.height) = (pixels[0], pixels[1])
    }
    return try result.checked()
  }

  private func set(_ axis: inout Figure.Axis, _ name: String) throws {
    if let title = try call.optionalString(name) { axis.title = title }
    axis.scale = try call.choice(name + "_scale") ?? axis.scale
    guard let range = call[name + "_range"], !range.isNil else { return }
    let ends = range.asList?.compactMap(\.asNumber) ?? []
    guard ends.count == 2, range.asList?.count == 2 else {
      throw call.mismatch(name + "_range", "[low, high]", range)
    }
    guard ends[0] < ends[1] else {
      throw PlotsError.badRange(axis: name, lower: ends[0], upper: ends[1])
    }
    axis.range = ends[0]...ends[1]
  }
}

/// Values of the language as the arrays that figures take.
enum PlotData {
  static func figure(_ call: Call) throws -> Figure {
    let data = try call.list("data")
    let kind = try kind(call)
    if data.count == 1, let object = data[0].asObject as? any Plottable {
      guard let figure = object.figure else {
        throw WorkbenchError.noPicture(what: "\(withArticle(object.kind)) of this kind")
      }
      return figure
    }
    guard let first = data.first, data.count <= 2 else {
      throw WorkbenchError.plottedCount(data.count)
    }
    var series = try rows(data.count == 1 ? first : data[1], call)
    if data.count == 2 {
      let xs = try numbers(first, call)
      for index in series.indices { series[index].x = xs }
    }
    try name(&series, call)
    if kind == .bar {
      for index in series.indices { series[index].x = nil }
      return try Figure.bar(series, labels: try labels("labels", call))
    }
    return try Figure.line(series, kind: kind)
  }

  private static func kind(_ call: Call) throws -> Figure.Kind {
    guard let name = try call.optionalString("kind") else { return .line }
    let known: [Figure.Kind] = [.line, .step, .bar, .scatter]
    guard let kind = Figure.Kind(rawValue: name), known.contains(kind) else {
      throw PlotsError.unknownKind(name, known: known.map(\.rawValue))
    }
    return kind
  }

  /// One series, or one for each list, tensor or row; a map gives their names.
  static func rows(_ value: Value, _ call: Call) throws -> [Figure.Series] {
    if let map = value.asMap {
      return try zip(map.keys, map.values).map { key, row in
        Figure.Series(
          name: key.value.asString ?? "\(key.value.asInt ?? 0)", y: try numbers(row, call))
      }
    }
    if let tensor = value.asTensor, tensor.shape.count == 2 {
      let values = tensor.doubles()
      let width = tensor.shape[1]
      return (0..<tensor.shape[0]).map {
        Figure.Series(y: Array(values[($0 * width)..<(($0 + 1) * width)]))
      }
    }
    // Single numbers in tensors, as a training loop gathers them, are the points of one series.
    if let list = value.asList,
      let first = list.first(where: { !$0.isNil && $0.asTensor?.shape != [] }),
      first.asNumber == nil
    {
      return try list.map { Figure.Series(y: try numbers($0, call)) }
    }
    return [Figure.Series(y: try numbers(value, call))]
  }

  /// Names from `names:`, one a series.
  static func name(_ series: inout [Figure.Series], _ call: Call) throws {
    guard let value = call["names"], !value.isNil else { return }
    let names = value.asList?.compactMap(\.asString) ?? value.asString.map { [$0] } ?? []
    guard names.count == series.count else {
      throw PlotsError.unequalLengths(
        what: "names", count: names.count, other: "series", otherCount: series.count)
    }
    for (index, name) in names.enumerated() { series[index].name = name }
  }

  /// A list of numbers (nil counts as a gap), a range, or all elements of a tensor.
  static func numbers(_ value: Value, _ call: Call) throws -> [Double] {
    if let tensor = value.asTensor { return tensor.doubles() }
    if case .range(let range) = value {
      var poll = Poll(call.context.interrupt)
      return try stride(from: range.start, to: range.end, by: range.step).map {
        try poll.turn()
        return Double($0)
      }
    }
    guard let list = value.asList else { throw wrong(value, call) }
    var poll = Poll(call.context.interrupt)
    return try list.map { element in
      try poll.turn()
      if element.isNil { return .nan }
      if let number = element.asNumber { return number }
      if let tensor = element.asTensor, tensor.count == 1 { return tensor.doubles()[0] }
      throw wrong(element, call)
    }
  }

  private static func wrong(_ value: Value, _ call: Call) -> WorkbenchError {
    .plotted(word: call.builtin.name, kind: value.kind)
  }

  static func matrix(_ value: Value, _ call: Call) throws -> Figure.Matrix {
    if let tensor = value.asTensor {
      guard tensor.shape.count == 2 else {
        throw WorkbenchError.heatmapShape(tensor.shape)
      }
      return try Figure.Matrix(
        rowCount: tensor.shape[0], columnCount: tensor.shape[1], values: tensor.doubles())
    }
    guard let list = value.asList else { throw wrong(value, call) }
    return try Figure.Matrix(rows: try list.map { try numbers($0, call) })
  }

  /// Names; one that begins or ends with a space is shown as a token, so that the space is seen.
  static func labels(_ name: String, _ call: Call) throws -> [Label] {
    guard let value = call[name], !value.isNil else { return [] }
    guard let list = value.asList else { throw call.mismatch(name, "a list of strings", value) }
    return list.map { element in
      guard let text = element.asString else { return .text(element.printed) }
      let isToken =
        text.isEmpty || text.first?.isWhitespace ?? false || text.last?.isWhitespace ?? false
      return isToken ? .token(Array(text.utf8)) : .text(text)
    }
  }
}

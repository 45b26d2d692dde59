// The words of every error of the room, as a table.

import Plots
import TestSupport
import Testing

@Suite struct ErrorTableTests {
  @Test func `every error says the rule, the values and the next step`() throws {
    #expect(
      try complaints(
        of: ErrorEnum("PlotsError", "Sources/Plots/PlotsError.swift"), Self.errors, Self.table)
        == [])
  }

  private static let errors: [PlotsError] = [
    .unequalLengths(what: "xs", count: 2, other: "ys", otherCount: 3),
    .unknownKind("lines", known: ["line", "step"]), .unknownKind("?", known: ["line", "step"]),
    .raggedMatrix(row: 1, count: 2, first: 3), .badRange(axis: "x", lower: 2, upper: 1),
    .badSize(width: 1, height: 2), .tooMany(what: "series", count: 101, limit: 100),
    .cannotOverlay("bar", "line"),
  ]

  private static let table = #"""
    [shape] plot needs as many xs as ys: 2 and 3 | give one for each, or leave them out
    [value] plot knows the kinds line, step, not lines | did you mean line?
    [value] plot knows the kinds line, step, not ? | as in kind: "line"
    [shape] heatmap needs rows of one length: row 0 has 3, row 1 has 2 | a matrix is a list of equally long lists, or a tensor of two axes
    [value] plot needs x_range to be [low, high] with low < high: [2.0, 1.0] | as in x_range: [0, 10]
    [value] plot needs a size from [160, 120] to [4000, 4000]: [1, 2] | size: [640, 400] is the default, in pixels
    [limit] plot draws at most 100 series: got 101 | a heatmap shows many series at once
    [type] + overlays two line, step or scatter figures, not bar and line | plot them one after the other
    """#
}

// Figures and results that the tests draw; with QUIRE_GALLERY=<folder> they are written there.

import Foundation

@testable import Plots

enum Gallery {
  static func wave(_ count: Int, _ phase: Double = 0) -> [Double] {
    (0..<count).map { sin(Double($0) / 8 + phase) * 2 }
  }

  static let loss = (0..<50).map { 3 * exp(-Double($0) / 15) + 0.4 + 0.1 * sin(Double($0)) }

  static func pattern(_ size: Int) throws -> Figure.Matrix {
    try Figure.Matrix(
      rows: (0..<size).map { query in
        let row = (0..<size).map { key in
          key > query ? 0 : exp(-abs(Double(query - 3 - key)) * 1.5) + 0.02
        }
        let sum = row.reduce(0, +)
        return row.map { $0 / sum }
      })
  }

  static let words: [Label] = [
    .special(Array("<s>".utf8)), .token(Array("When".utf8)), .token(Array(" Mary".utf8)),
    .token(Array(" and".utf8)), .token(Array(" John".utf8)), .token(Array(" went".utf8)),
    .token(Array(" to".utf8)), .token(Array(" the".utf8)), .token(Array(" store".utf8)),
    .token(Array(",".utf8)), .token([0xE2]), .token(Array("\n".utf8)),
  ]

  static func figures() throws -> [(String, Figure)] {
    var log = try Figure.line(
      [.init(name: "train", y: loss), .init(name: "held out", y: loss.map { $0 * 1.2 + 0.05 })],
      title: "loss", x: .init(title: "step"), y: .init(title: "nats", scale: .log))
    log.theme = .dark
    let heat = try Figure.heatmap(
      pattern(words.count), rows: words, columns: words, title: "pattern of L1H0", x: "key",
      y: "query", unit: "probability")
    let signed = try Figure.heatmap(
      Figure.Matrix(rows: (0..<6).map { row in wave(30, Double(row)) }), title: "signed",
      x: "position", y: "block")
    let big = try Figure.heatmap(
      Figure.Matrix(rows: (0..<300).map { row in wave(500, Double(row) / 20) }), title: "large")
    let six = try Figure.line(
      (0..<6).map { .init(name: "series \($0)", y: wave(100, Double($0))) }, title: "six waves")
    let scatter = try Figure.line(
      [
        .init(name: "a", x: wave(80), y: wave(80, 1)),
        .init(name: "b", x: wave(60, 2), y: loss + wave(10)),
      ],
      kind: .scatter, title: "scatter", x: .init(title: "first"), y: .init(title: "second"))
    return [
      ("loss", .line(loss, title: "loss")), ("two-log", log), ("six", six),
      ("scatter", scatter), ("heat", heat), ("signed", signed), ("large", big),
      (
        "step",
        try .line([.init(x: [0, 1, 4, 9], y: [1, 3, 2, 5])], kind: .step, title: "steps")
      ),
      (
        "bars",
        try .bar(
          [.init(y: [1.204, 0.871, -0.512, 0.25])], labels: ["L9H9", "L9H6", "L10H0", "rest"],
          title: "parts", y: .init(title: "logit"))
      ),
      (
        "grouped",
        try .bar(
          [.init(name: "before", y: [1, 2, 3]), .init(name: "after", y: [3, 2, 1])],
          labels: ["a longer name", "b", "c"], title: "grouped")
      ),
      ("histogram", .histogram(wave(2000).map { $0 + sin($0 * 40) }, title: "weights")),
      (
        "spiky",
        .line((0..<100_000).map { $0 == 51_234 ? 9 : sin(Double($0) / 9000) }, title: "spike")
      ),
      ("empty", .line([], title: "nothing")), ("one", .line([3], title: "one point")),
      ("constant", .line([2, 2, 2, 2], title: "constant")),
      ("gaps", .line([1, .nan, 2, 3, .infinity, 2, -.infinity, 1], title: "gaps")),
    ]
  }

  static func write(_ name: String, _ text: String) throws {
    guard let folder = ProcessInfo.processInfo.environment["QUIRE_GALLERY"] else { return }
    try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
  }
}

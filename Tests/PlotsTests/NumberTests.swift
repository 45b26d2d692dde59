// Numbers as text, scales and ticks, histograms, palettes.

import Diagnostics
import Foundation
import Testing

@testable import Plots

@Suite struct NumberTests {
  @Test func `significant digits, fixed decimals and columns`() {
    let cases: [(Double, String)] = [
      (0, "0"), (1, "1"), (3.2141, "3.214"), (-0.5, "-0.5"), (123456, "123456"),
      (123456.5, "1.235e5"), (0.00012345, "1.234e-4"), (9.9996, "10"), (99999.6, "100000"),
      (100000.5, "1e5"),
      (0.0099996, "0.01"), (.nan, "nan"), (-.infinity, "-inf"), (1e300, "1e300"),
      (1e-300, "1e-300"), (1234.56, "1235"), (0.001, "0.001"),
    ]
    for (value, text) in cases { #expect(Digits.significant(value) == text) }
    #expect(Digits.fixed(-0.001, 2) == "0.00")
    #expect(Digits.fixed(1e300, 2) == "1e300")
    #expect(Digits.fixed(2.5, 0) == "2")
    #expect(Digits.column([1.204, 0.871, -0.512], plus: true) == ["+1.204", "+0.871", "-0.512"])
    #expect(Digits.column([1, 20, -3]) == ["1", "20", "-3"])
    #expect(Digits.bytes(999) == "999 B" && Digits.bytes(4_200_000) == "4.20 MB")
    #expect(Digits.bytes(999_600) == "1.00 MB")
  }

  @Test func `ticks are four to eight, inside the range, at round steps`() {
    for low in [-1000.0, -3.7, -0.01, 0, 0.2, 5, 12_345] {
      for span in [1e-6, 3e-4, 0.017, 0.5, 1, 2.3, 7, 9.99, 42, 640, 8e3, 1.1e5, 3e9] {
        let scale = Scale(.linear, exactly: low, low + span)
        let ticks = scale.ticks()
        #expect((4...8).contains(ticks.count), "\(low) \(span): \(ticks.map(\.label))")
        #expect(ticks.allSatisfy { $0.value >= scale.lower && $0.value <= scale.upper })
      }
    }
    #expect(
      Scale(.linear, exactly: 0, 1).ticks().map(\.label) == [
        "0.0", "0.2", "0.4", "0.6", "0.8", "1.0",
      ])
    #expect(
      Scale(.linear, exactly: 0, 49).ticks(integral: true).map(\.label) == [
        "0", "10", "20", "30", "40",
      ])
    #expect(
      Scale(.linear, exactly: 0, 3).ticks(integral: true).map(\.label) == ["0", "1", "2", "3"])
    #expect(
      Scale(.log, exactly: 0.5, 20).ticks().map(\.label) == ["0.5", "1", "2", "5", "10", "20"])
    #expect(Scale(.log, exactly: 1e-4, 1e3).ticks().first?.label == "1e-4")
    let both = Scale(.symlog, fitting: [-1000, -1, 0, 1, 1000]).ticks().map(\.label)
    #expect(both.first == "-1000" && both.contains("0") && both.last == "1000")
  }

  @Test func `scales take hostile data`() {
    let extremes: [Double] = [-1.7e308, 1.7e308, .nan, .infinity, .leastNonzeroMagnitude, 0, -0.0]
    for kind in ScaleKind.allCases {
      let scale = Scale(kind, fitting: extremes)
      #expect(scale.lower < scale.upper)
      for value in extremes {
        if let place = scale.position(value) { #expect(place.isFinite) }
      }
      _ = scale.ticks()
      _ = Scale(kind, fitting: []).ticks()
    }
    #expect(Scale(.log, fitting: [1, 10]).position(0) == nil)
  }

  @Test func `histogram counts close`() {
    var state: UInt64 = 7
    let values = (0..<1000).map { index -> Double in
      state = state &* 6_364_136_223_846_793_005 &+ 1
      return index % 97 == 0 ? .nan : Double(state >> 40) / 1e5
    }
    let histogram = Histogram(values)
    #expect(histogram.counts.reduce(0, +) + histogram.notFinite == 1000)
    #expect((8...80).contains(histogram.counts.count))
    #expect(Histogram([2, 2, 2]).counts == [3])
    #expect(Histogram([]).counts == [0])
    #expect(Histogram([0, 1, 2, 3, 4], bins: 2).counts == [2, 3])
    #expect(Histogram([0, 0, 0, 0, 0, 0, 0, 9]).counts.reduce(0, +) == 8)
    #expect(Histogram([-1.7e308, 1.7e308]).counts.reduce(0, +) == 2)
  }

  @Test func `categorical colours can be told apart, by the colour blind too`() {
    // Machado, Oliveira and Fernandes 2009, severity 1, on linear light.
    let visions: [[Double]] = [
      [1, 0, 0, 0, 1, 0, 0, 0, 1],
      [
        0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998,
      ],
      [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881],
      [
        1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.303900,
      ],
    ]
    for palette in [Palette.light, .dark] {
      for vision in visions {
        let seen = palette.categorical.map { color -> OKLab in
          let (r, g, b) = color.linear
          func row(_ i: Int) -> Double {
            min(1, max(0, vision[i] * r + vision[i + 1] * g + vision[i + 2] * b))
          }
          return OKLab(linear: row(0), row(3), row(6))
        }
        for i in seen.indices {
          for j in 0..<i { #expect(seen[i].distance(to: seen[j]) >= 0.12) }
        }
      }
      for color in palette.categorical { #expect(color.contrast(to: palette.ground) >= 3) }
      #expect(palette.ink.contrast(to: palette.ground) >= 4.5)
      #expect(palette.quiet.contrast(to: palette.ground) >= 4.5)
      let steps = (0...32).map { OKLab(palette.sequential[Double($0) / 32]).lightness }
      let isRising = steps[32] > steps[0]
      #expect(zip(steps, steps.dropFirst()).allSatisfy { ($0 < $1) == isRising })
      let arms = (0...16).map { OKLab(palette.diverging[Double($0) / 32]).lightness }
      #expect(zip(arms, arms.dropFirst()).allSatisfy { ($0 < $1) == (arms[16] > arms[0]) })
    }
  }
}

// SVG: well formed, inert, the same bytes each time.

import Foundation
import Testing

@testable import Plots

#if canImport(FoundationXML)
  import FoundationXML
#endif

func isWellFormed(_ xml: String) -> Bool { XMLParser(data: Data(xml.utf8)).parse() }

@Suite struct SVGTests {
  @Test func `every figure is well-formed, inert SVG and drawn twice the same`() throws {
    for (name, figure) in try Gallery.figures() {
      let svg = figure.svg()
      #expect(isWellFormed(svg), "\(name)")
      #expect(svg == figure.svg(), "\(name)")
      #expect(svg.utf8.count < 1_000_000, "\(name): \(svg.utf8.count) bytes")
      for word in ["<script", "foreignObject", "href", "url(", "-0\"", "nan", "inf\""] {
        #expect(!svg.contains(word), "\(name) holds \(word)")
      }
      #expect(svg.contains("role=\"img\"") && svg.contains("<desc "), "\(name)")
      try Gallery.write(name + ".svg", svg)
      for (level, suffix) in [(ColorLevel.none, "none"), (.basic16, "16"), (.trueColor, "24")] {
        try Gallery.write("\(name)-\(suffix).txt", figure.text(.init(level: level)) + "\n")
      }
      try Gallery.write(name + "-ascii.txt", figure.text(.init(ascii: true)) + "\n")
      try Gallery.write(name + "-log.txt", figure.text(.log) + "\n")
    }
  }
}

// A figure as a value of the language: drawn when displayed, saved by ending, overlaid by +.

import Files
package import Language
package import Plots

/// A host object that has a picture, so that `plot x` draws it.
package protocol Plottable: HostObject {
  /// nil when there is nothing to draw.
  var figure: Figure? { get }
}

package final class FigureObject: Displayable, Savable, Plottable {
  package let drawn: Figure

  package init(_ figure: Figure) { drawn = figure }

  package var figure: Figure? { drawn }
  package var kind: String { "figure" }
  package var description: String { drawn.text(.log) }
  package var extent: String? { drawn.summary }
  package func shown(_ style: TextStyle) -> String { drawn.text(style) }
  package var pictures: [Picture] { [Picture(drawn)] }

  package var memberNames: [String] { ["alt", "json", "kind", "summary", "svg", "title"] }

  package func member(_ name: String) throws -> Value? {
    switch name {
    case "kind": .string(drawn.kind.rawValue)
    case "title": drawn.title.map { .string($0) } ?? .nil
    case "summary": .string(drawn.summary)
    case "alt": .string(drawn.altText)
    case "svg": .string(drawn.svg())
    case "json": .string(String(decoding: drawn.json, as: UTF8.self))
    default: nil
    }
  }

  package func apply(
    _ operation: BinaryOperator, _ other: Value, reflected: Bool
  ) throws -> Value? {
    guard operation == .add, let other = other.asHost(FigureObject.self) else { return nil }
    return .object(FigureObject(try drawn.overlaid(with: other.drawn)))
  }

  package func isEqual(to other: any HostObject) -> Bool {
    (other as? FigureObject)?.drawn == drawn
  }

  package var saveEndings: [String] { ["svg", "txt", "json", "csv"] }

  package func save(to path: String, ending: String, _ call: Call) throws -> [String] {
    switch ending {
    case "svg": try Files.writeAtomically(path, Array(drawn.svg().utf8))
    case "json": try Files.writeAtomically(path, drawn.json + [0x0A])
    case "csv": try Files.writeAtomically(path, drawn.csv)
    default: try Files.writeAtomically(path, Array((drawn.text(.log) + "\n").utf8))
    }
    return [path]
  }
}

extension Picture {
  package init(_ figure: Figure) {
    self.init(svg: figure.svg(), alt: figure.altText, summary: figure.summary)
  }
}

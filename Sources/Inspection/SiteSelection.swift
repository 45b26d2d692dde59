// Which values of a pass are meant: one site of one block, with its head, positions and features.
// The text form prints and parses to the same.

package import Models

package struct SiteSelection: Sendable, Hashable {
  package enum Head: Sendable, Hashable {
    case query(Int)
    case keyValue(Int)
  }

  /// Indices along one axis, as written; negative ones count from the end.
  package enum Span: Sendable, Hashable {
    case all
    case index(Int)
    /// Half open; a missing bound reaches to that end.
    case range(Int?, Int?)
  }

  package enum Position: Sendable, Hashable {
    case span(Span)
    /// The one token of these bytes.
    case token([UInt8])
  }

  package let kind: SiteKind
  package let block: Int?
  package let head: Head?
  package let feature: Span
  package let position: Position

  package init(
    _ kind: SiteKind, block: Int? = nil, head: Head? = nil, feature: Span = .all,
    position: Position = .span(.all)
  ) {
    self.kind = kind
    self.block = block
    self.head = head
    self.feature = feature
    self.position = position
  }

  /// The short form, as printed in tables: `L5H1.pattern @ -1`.
  package var name: String {
    guard kind.isPerBlock, let block else { return kind.rawValue + suffix }
    switch head {
    case .query(let index): return "L\(block)H\(index).\(kind.rawValue)" + suffix
    case .keyValue(let index): return "L\(block)K\(index).\(kind.rawValue)" + suffix
    case nil: return "L\(block).\(kind.rawValue)" + suffix
    }
  }

  /// The canonical form, as receipts and JSON carry it; with a head it is the short form.
  package var canonicalName: String {
    head == nil ? kind.canonicalName(block: block) + suffix : name
  }

  private var suffix: String {
    var text = ""
    if feature != .all { text += "[\(SiteSelection.text(feature))]" }
    switch position {
    case .span(.all): break
    case .span(let span): text += " @ " + SiteSelection.text(span)
    case .token(let bytes): text += " @ '" + String(decoding: bytes, as: UTF8.self) + "'"
    }
    return text
  }

  private static func text(_ span: Span) -> String {
    switch span {
    case .all: "*"
    case .index(let index): "\(index)"
    case .range(let low, let high):
      (low.map { "\($0)" } ?? "") + ".." + (high.map { "\($0)" } ?? "")
    }
  }
}

extension SiteSelection.Span {
  /// The indices meant among `count`; nil when an index is outside. Ranges stop at the ends.
  package func indices(_ count: Int) -> [Int]? {
    switch self {
    case .all: return Array(0..<count)
    case .index(let index):
      let place = index < 0 ? index + count : index
      return place >= 0 && place < count ? [place] : nil
    case .range(let low, let high):
      func clamped(_ bound: Int) -> Int {
        min(max(bound < 0 ? bound + count : bound, 0), count)
      }
      let (from, to) = (clamped(low ?? 0), clamped(high ?? count))
      return from < to ? Array(from..<to) : []
    }
  }

  /// True when it names one index, so that its axis disappears.
  var isSingle: Bool { if case .index = self { true } else { false } }
}

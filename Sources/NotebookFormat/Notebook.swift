// A notebook as a value (format 1). Byte spans whose concatenation is the file; nothing here is
// evaluated or reformatted. The rule numbers F1 to F19 are those of Documentation/Notebooks.md.

package import Diagnostics

/// A notebook file taken apart.
package struct Notebook: Sendable {
  /// The largest file that is read, in bytes (F1).
  package static let sizeLimit = 64 << 20

  /// What errors call it: the path.
  package let name: String
  /// The file as it was read.
  package let bytes: [UInt8]
  /// What all ranges count in: `bytes`, or our side of a harmless conflict (F19).
  package let content: [UInt8]
  package let spans: [Span]
  package let frontMatter: FrontMatter
  package let cells: [Cell]
  package let lock: Range<Int>?
  /// Why nothing may run, in the order of the file; empty for a sound notebook.
  package let problems: [Diagnostic]
  package let warnings: [Diagnostic]

  /// A part of the file.
  package struct Span: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
      case frontMatter, prose, lock
      /// A cell or the group of a cell, by index in `cells`.
      case cell(Int)
      case group(Int)
    }
    package let kind: Kind
    package let range: Range<Int>
  }

  /// The cell an id (`load`, `load~2`) or a number from 1 names.
  package func cell(named name: String) -> Cell? {
    if let number = Int(name) { return cells.first { $0.number == number } }
    return cells.first { $0.address == name }
  }
}

/// A `quire` fence.
package struct Cell: Sendable {
  /// From 1, in the order of the file.
  package let number: Int
  /// The fence with both its lines.
  package let range: Range<Int>
  /// What runs: line ends as LF, no blank lines at the end, no final LF (F10).
  package let source: String
  /// The line of the file, from 1, of the first line of the source.
  package let firstLine: Int
  package let attributes: Attributes
  /// The id, with `~2` for the second cell of that id (F6).
  package let address: String?
  /// What random numbers and freshness know the cell by (D1): `#load`, `=<src>~1`, or `key=`.
  package let key: String
  /// What its assets are named by: the address, else the first digits of `src` (F9).
  package let assetKey: String
  /// SHA-256 of the source, 64 hexadecimal digits (F10).
  package let sourceDigest: String
  package var group: OutputGroup?
  /// A `.task` whose solution runs in its place.
  package var isSolved = false

  package var id: String? { attributes.id }

  /// Whether running the notebook runs it (F4).
  package var runs: Bool {
    !attributes.mentionsNoEvaluation && !attributes.classes.contains("hint") && !isSolved
  }

  /// `#load`, or `cell 3` for a cell without an id.
  package var title: String { address.map { "#" + $0 } ?? "cell \(number)" }
}

/// The outputs that follow a cell.
package struct OutputGroup: Sendable, Equatable {
  package let range: Range<Int>
  package var blocks: [OutputBlock]
  package var images: [OutputImage]
  /// Two sides of a merge differed here (F19).
  package var isConflicted = false

  package func block(_ kind: OutputKind) -> OutputBlock? { blocks.first { $0.kind == kind } }
}

package enum OutputKind: Sendable, Equatable {
  /// stdout, then the value.
  case text
  /// stderr.
  case warnings
  case error

  /// The class on the fence.
  var fenceClass: String? {
    switch self {
    case .text: nil
    case .warnings: "err"
    case .error: "error"
    }
  }
}

/// An `out` fence.
package struct OutputBlock: Sendable, Equatable {
  package let kind: OutputKind
  package let range: Range<Int>
  package let attributes: Attributes
  /// Line ends as LF, no final LF.
  package let body: String
  package let usesTildes: Bool
}

/// A line `![alt](path "out:key digest")` of a group.
package struct OutputImage: Sendable, Equatable {
  package let alt: String
  /// As a path below the notebook's folder, percent signs decoded.
  package let path: String
  package let key: String
  package let digest: String

  package init(alt: String, path: String, key: String, digest: String) {
    self.alt = alt
    self.path = path
    self.key = key
    self.digest = digest
  }
}

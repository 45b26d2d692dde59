// What `quire export` and `quire import` were asked to do.

import Files

/// What a notebook can be turned into.
package enum ExportFormat: String, Sendable, CaseIterable {
  case html, ipynb, md, quire
}

/// For whom a workshop's notebook is written.
package enum Edition: String, Sendable, CaseIterable {
  case student, solution
}

package struct ExportOptions: Sendable {
  /// The notebook, as typed.
  package var path: String
  package var format: ExportFormat
  /// Where it goes; `-` is stdout, nil the name of the notebook with another ending.
  package var outputPath: String?
  package var edition: Edition?
  /// Markdown without attributes, tokens, front matter and lock.
  package var isPlain = false
  package var hasOutputs = true
  /// Replaces a file that is there.
  package var replaces = false
  /// Only errors on stderr.
  package var isQuiet = false

  package init(path: String, format: ExportFormat) {
    self.path = path
    self.format = format
  }

  /// Where the result goes; nil when nobody said and the notebook itself would be replaced.
  var target: String? {
    if let outputPath { return outputPath }
    if format == .md, edition == nil, !isPlain { return nil }
    let words = [edition?.rawValue, isPlain ? "plain" : nil].compactMap { $0 }
    let name = ([Path.stem(of: path)] + words + [format.rawValue]).joined(separator: ".")
    let folder = Path.folder(of: path)
    return folder == "." && !path.utf8.starts(with: "./".utf8) ? name : Path.join(folder, name)
  }
}

package struct ImportOptions: Sendable {
  /// The Jupyter notebook, as typed.
  package var path: String
  /// Where it goes; `-` is stdout, nil the same name with the ending md.
  package var outputPath: String?
  /// Replaces a file that is there.
  package var replaces = false
  /// Only errors on stderr.
  package var isQuiet = false

  package init(path: String) { self.path = path }

  var target: String {
    if let outputPath { return outputPath }
    let name = Path.stem(of: path) + ".md"
    let folder = Path.folder(of: path)
    return folder == "." && !path.utf8.starts(with: "./".utf8) ? name : Path.join(folder, name)
  }
}

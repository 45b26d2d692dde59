// Shared by the tests of exports: the notebooks of the repository, exports in memory.

import Diagnostics
import Files
import Foundation
import JSON
import NotebookFormat
import Workbench

@testable import NotebookRunner

let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()

/// Notebooks that come with Quire, and the fixtures, hostile ones too.
func storedNotebooks() throws -> [String] {
  try ["Notebooks", "Tests/Fixtures/notebooks"].flatMap { folder in
    let place = repository.appendingPathComponent(folder).path
    return try Files.list(place).filter { $0.hasSuffix(".md") }.map { place + "/" + $0 }
  }
}

/// An export as a value.
func exported(
  _ notebook: Notebook, _ format: ExportFormat, target: String? = "book.out",
  _ change: (inout ExportOptions) -> Void = { _ in }
) throws -> ExportResult {
  var options = ExportOptions(path: notebook.name, format: format)
  change(&options)
  let session = Session(SessionOptions(folder: Path.folder(of: notebook.name)))
  let place = try Target(
    target.map { NSTemporaryDirectory() + "quire-none-\(UUID())/" + $0 } ?? "-",
    source: notebook.name, replaces: true, format)
  return try Exporter(notebook, options, session, place).result()
}

func exported(
  _ text: String, _ format: ExportFormat, _ change: (inout ExportOptions) -> Void = { _ in }
) throws -> String {
  let result = try exported(Notebook(text, name: "/nowhere/book.md"), format, change)
  return String(decoding: result.bytes, as: UTF8.self)
}

/// An import as a value.
func imported(_ bytes: [UInt8]) throws -> ExportResult {
  let (document, _) = try NotebookRunner.document(bytes, path: "book.ipynb")
  var importer = JupyterImport(document, assetFolder: "book.assets")
  return try importer.result(path: "book.md")
}

func imported(_ text: String) throws -> String {
  String(decoding: try imported(Array(text.utf8)).bytes, as: UTF8.self)
}

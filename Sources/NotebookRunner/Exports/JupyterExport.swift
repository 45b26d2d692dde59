// A notebook as Jupyter's (nbformat 4.5). What Jupyter has no place for stands under the one
// metadata key `quire`, so that an import gives the same bytes back (L7): `start` and `end` of the
// file, `gap` before a cell where it is not one blank line, and frames, the text around a source or
// around the bodies of outputs.

import Files
import JSON
import NotebookFormat

struct JupyterExport {
  private let notebook: Notebook
  private let pictures: PictureStore
  private let lineEnd: String
  private var cells: [JSON] = []
  private var ids: Set<String> = []
  /// Bytes since the last cell that belong to none: blank lines.
  private var pending: [UInt8] = []
  private var start: [UInt8] = []
  private var end: [UInt8] = []
  private var proseCount = 0
  private var sourceCounts: [String: Int] = [:]
  private var last = JupyterGap.Before.start

  init(_ notebook: Notebook, pictures: PictureStore) {
    self.notebook = notebook
    self.pictures = pictures
    lineEnd = notebook.usesReturns ? "\r\n" : "\n"
  }

  /// The document, pretty-printed, ending in a newline.
  mutating func document() -> [UInt8] {
    parameters()
    for span in notebook.spans {
      let bytes = notebook.content[span.range]
      switch span.kind {
      case .frontMatter: start += bytes
      case .prose: prose(bytes, isFirst: span.range.lowerBound == 0)
      case .cell(let index): code(index, bytes)
      // The frame holds the blank lines before it.
      case .group: pending = []
      case .lock:
        end = pending + bytes
        pending = []
      }
    }
    end += pending
    let document: JSON = .object([
      "cells": .array(cells), "metadata": metadata(), "nbformat": 4, "nbformat_minor": 5,
    ])
    return document.written(pretty: true) + [0x0A]
  }

  private func metadata() -> JSON {
    var own: JSONObject = ["format": 1]
    if !start.isEmpty { own["start"] = Self.text(start) }
    if end != Array(lineEnd.utf8) || last != .prose { own["end"] = Self.text(end) }
    if lineEnd != "\n" { own["eol"] = JSON(lineEnd) }
    var result: JSONObject = [
      "kernelspec": ["display_name": "Quire", "language": "quire", "name": "quire"],
      "language_info": [
        "file_extension": ".quire", "mimetype": "text/x-quire", "name": "quire",
      ],
      "quire": .object(own),
    ]
    if let title = notebook.frontMatter.title { result["title"] = JSON(title) }
    return .object(result)
  }

  private static func text(_ bytes: some Sequence<UInt8>) -> JSON {
    .string(JSONString(utf8: Array(bytes)))
  }

  /// A text as the list of its lines, as Jupyter itself writes it.
  private static func lines(_ text: String) -> JSON {
    var result: [JSON] = []
    var line: [UInt8] = []
    for byte in text.utf8 {
      line.append(byte)
      if byte == 0x0A {
        result.append(Self.text(line))
        line = []
      }
    }
    if !line.isEmpty { result.append(Self.text(line)) }
    return .array(result)
  }

  private mutating func unique(_ wanted: String) -> String {
    let stem = String(
      wanted.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "-" }.prefix(56))
    var id = stem
    var count = 2
    while !ids.insert(id).inserted {
      id = "\(stem)-\(count)"
      count += 1
    }
    return id
  }

  // MARK: Cells

  /// The parameters as a cell that tools for running notebooks find by its tag.
  private mutating func parameters() {
    let params = notebook.frontMatter.params
    if params.isEmpty { return }
    let source = ParameterCell.source(params)
    cells.append(
      .object([
        "cell_type": "code", "execution_count": nil, "id": JSON(unique("parameters")),
        "metadata": [
          "quire": ["params": JSON(Freshness.token(Freshness.sourceDigest(source)))],
          "tags": ["parameters"],
        ],
        "outputs": [], "source": Self.lines(source),
      ]))
  }

  private mutating func gap(_ lead: some Sequence<UInt8>, _ own: inout JSONObject) {
    let gap = pending + Array(lead)
    pending = []
    let usual = JupyterGap.usual(after: last, hasStart: !start.isEmpty, lineEnd: lineEnd)
    if gap != Array(usual.utf8) { own["gap"] = Self.text(gap) }
  }

  private mutating func prose(_ bytes: ArraySlice<UInt8>, isFirst: Bool) {
    var body = bytes
    if isFirst, body.starts(with: [0xEF, 0xBB, 0xBF]) {
      start += body.prefix(3)
      body = body.dropFirst(3)
    }
    let (lead, text, trail) = Self.trimmed(body)
    if text.isEmpty {
      pending += body
      return
    }
    var own = JSONObject()
    gap(lead, &own)
    pending = Array(trail)
    last = .prose
    let source = plain(text, &own)
    proseCount += 1
    cells.append(
      .object([
        "cell_type": "markdown", "id": JSON(unique("p\(proseCount)")),
        "metadata": own.isEmpty ? [:] : ["quire": .object(own)], "source": Self.lines(source),
      ]))
  }

  /// Whole blank lines at the start, the text without its last line end, the rest.
  private static func trimmed(
    _ bytes: ArraySlice<UInt8>
  ) -> (ArraySlice<UInt8>, ArraySlice<UInt8>, ArraySlice<UInt8>) {
    let blank: Set<UInt8> = [0x20, 0x09, 0x0D, 0x0A]
    guard let first = bytes.firstIndex(where: { !blank.contains($0) }),
      let last = bytes.lastIndex(where: { !blank.contains($0) })
    else { return (bytes, [], []) }
    let start = bytes[..<first].lastIndex(of: 0x0A).map { $0 + 1 } ?? bytes.startIndex
    var end = bytes[last...].firstIndex(of: 0x0A) ?? bytes.endIndex
    if end > last + 1, end < bytes.endIndex, bytes[end - 1] == 0x0D { end -= 1 }
    return (bytes[..<start], bytes[start..<end], bytes[end...])
  }

  /// The text with LF; where that loses something, the bytes go into the metadata too.
  private func plain(_ bytes: ArraySlice<UInt8>, _ own: inout JSONObject) -> String {
    let text = JupyterGap.plain(bytes, lineEnd: lineEnd)
    if !JupyterGap.file(text, lineEnd: lineEnd).elementsEqual(bytes) {
      own["raw"] = Self.text(bytes)
      own["src"] = JSON(Freshness.token(Freshness.sourceDigest(text)))
    }
    return text
  }

  private mutating func code(_ index: Int, _ bytes: ArraySlice<UInt8>) {
    let cell = notebook.cells[index]
    var own = JSONObject()
    gap([], &own)
    last = .code
    frame(cell, bytes, &own)
    var outputs: [JSON] = []
    if let group = cell.group {
      outputs = self.outputs(group)
      let found = frame(group, after: bytes.endIndex)
      own["out"] = .array(found.map(Self.text))
      own["sum"] = JSON(JupyterOutput.token(Self.read(outputs)))
    }
    var metadata = JSONObject()
    if !own.isEmpty { metadata["quire"] = .object(own) }
    let tags = tags(of: cell)
    if !tags.isEmpty { metadata["tags"] = JSON(tags.map { JSON($0) }) }
    let token = Freshness.token(cell.sourceDigest)
    sourceCounts[token, default: 0] += 1
    cells.append(
      .object([
        "cell_type": "code", "execution_count": nil,
        "id": JSON(unique(cell.address ?? "q\(token)-\(sourceCounts[token] ?? 1)")),
        "metadata": .object(metadata), "outputs": .array(outputs),
        "source": Self.lines(cell.source),
      ]))
  }

  private static func read(_ outputs: [JSON]) -> [JupyterOutput] {
    let cell: JSON = ["cell_type": "code", "source": "", "outputs": .array(outputs)]
    let document: JSON = ["nbformat": 4, "cells": [cell]]
    return (try? JupyterDocument(document, path: ""))?.cells.first?.outputs ?? []
  }

  private func tags(of cell: Cell) -> [String] {
    var tags: [String] = []
    if cell.attributes["raises"] != nil { tags.append("raises-exception") }
    if !cell.runs { tags.append("skip-execution") }
    for (key, value) in cell.attributes.pairs where key == "tags" {
      if case .json(let json) = value {
        tags += (json.array ?? []).compactMap(\.text).filter { !tags.contains($0) }
      }
    }
    return tags
  }

  /// What stands around the source.
  private func frame(_ cell: Cell, _ bytes: ArraySlice<UInt8>, _ own: inout JSONObject) {
    let source = JupyterGap.file(cell.source, lineEnd: lineEnd)
    guard let first = bytes.firstIndex(of: 0x0A), bytes[(first + 1)...].starts(with: source) else {
      own["raw"] = Self.text(bytes)
      own["src"] = JSON(Freshness.token(cell.sourceDigest))
      return
    }
    let tail = bytes[(first + 1 + source.count)...]
    own["frame"] = [Self.text(bytes[...first]), Self.text(tail)]
  }

  // MARK: Outputs

  /// The text of a group from the end of the cell, cut where the bodies of its outputs stand; one
  /// part when a body cannot be put back by bytes.
  private func frame(_ group: OutputGroup, after start: Int) -> [ArraySlice<UInt8>] {
    let content = notebook.content
    var parts: [ArraySlice<UInt8>] = []
    var place = start
    for block in group.blocks where !block.body.isEmpty {
      let body = JupyterGap.file(block.body, lineEnd: lineEnd)
      guard let first = content[block.range].firstIndex(of: 0x0A),
        content[(first + 1)...].starts(with: body)
      else { return [content[start..<group.range.upperBound]] }
      parts.append(content[place...first])
      place = first + 1 + body.count
    }
    parts.append(content[place..<group.range.upperBound])
    return parts
  }

  private func outputs(_ group: OutputGroup) -> [JSON] {
    var outputs: [JSON] = []
    var hasPictures = false
    for block in group.blocks {
      if !block.body.isEmpty { outputs.append(output(block)) }
      if block.kind == .text, !hasPictures {
        hasPictures = true
        outputs += group.images.map(output)
      }
    }
    if !hasPictures { outputs += group.images.map(output) }
    return outputs
  }

  private func output(_ block: OutputBlock) -> JSON {
    switch block.kind {
    case .text, .warnings:
      return [
        "name": block.kind == .text ? "stdout" : "stderr", "output_type": "stream",
        "text": Self.lines(block.body + "\n"),
      ]
    case .error:
      let code = block.attributes["code"] ?? "error"
      let lines = block.body.lineList
      let head = "error[\(code)]: "
      let first = lines.first ?? ""
      return [
        "ename": JSON(code),
        "evalue": JSON(first.hasPrefix(head) ? String(first.dropFirst(head.count)) : first),
        "output_type": "error", "traceback": JSON(lines.map { JSON($0) }),
      ]
    }
  }

  private func output(_ image: OutputImage) -> JSON {
    var data = JSONObject()
    var metadata: JSON = ["quire": ["missing": true]]
    if let picture = pictures.picture(image.path) {
      metadata = [:]
      data[picture.kind.rawValue] =
        picture.kind == .svg
        ? Self.lines(String(decoding: picture.bytes, as: UTF8.self))
        : JSON(String(decoding: encodedBase64(picture.bytes), as: UTF8.self))
    }
    data["text/plain"] = Self.lines(image.alt)
    return ["data": .object(data), "metadata": metadata, "output_type": "display_data"]
  }
}

/// The line ends of a file and the blank lines between its parts, the same for both ways.
enum JupyterGap {
  /// What stands before a gap.
  enum Before { case start, prose, code }

  /// One blank line; prose has no line end of its own.
  static func usual(after before: Before, hasStart: Bool, lineEnd: String) -> String {
    switch before {
    case .start: hasStart ? lineEnd : ""
    case .prose: lineEnd + lineEnd
    case .code: lineEnd
    }
  }

  static func plain(_ bytes: some Collection<UInt8>, lineEnd: String) -> String {
    guard lineEnd != "\n" else { return String(decoding: bytes, as: UTF8.self) }
    var result: [UInt8] = []
    for byte in bytes {
      if byte == 0x0A, result.last == 0x0D { result.removeLast() }
      result.append(byte)
    }
    return String(decoding: result, as: UTF8.self)
  }

  static func file(_ text: String, lineEnd: String) -> [UInt8] {
    guard lineEnd != "\n" else { return Array(text.utf8) }
    return text.utf8.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
  }
}

/// The cell of parameters that tools for Jupyter know.
enum ParameterCell {
  static func source(_ params: JSONObject) -> String {
    params.pairs.map { "\($0.text) = \(QuireLiteral.text($1))" }.joined(separator: "\n")
  }
}

// A notebook as Markdown again (E5): a runnable copy with its pictures, or plain for a README.

import Files
import NotebookFormat

struct MarkdownExport {
  let notebook: Notebook
  let pictures: PictureStore
  /// The folder that pictures go to; nil when they stay where they are.
  let assetFolder: String?

  /// The copy; every byte but the paths of pictures is the notebook's.
  func copy() -> ExportResult {
    var files = CopiedPictures(pictures, assetFolder)
    var result: [UInt8] = []
    for span in notebook.spans {
      if case .group(let index) = span.kind, let group = notebook.cells[index].group {
        result += copied(group, &files)
      } else {
        result += notebook.content[span.range]
      }
    }
    return ExportResult(bytes: result, assets: files.files, warnings: files.warnings)
  }

  /// Lines of pictures are those between the blocks of the group, in the order of its images.
  private func copied(_ group: OutputGroup, _ files: inout CopiedPictures) -> [UInt8] {
    let content = notebook.content
    var result: [UInt8] = []
    var images = group.images[...]
    var place = group.range.lowerBound
    let ranges = group.blocks.map(\.range).sorted { $0.lowerBound < $1.lowerBound }
    for range in ranges + [group.range.upperBound..<group.range.upperBound] {
      for line in Self.lines(content[place..<range.lowerBound]) {
        let isBlank = line.allSatisfy { [0x20, 0x09, 0x0D, 0x0A].contains($0) }
        if !isBlank, let image = images.popFirst(), let moved = files.path(of: image) {
          let copy = OutputImage(alt: image.alt, path: moved, key: image.key, digest: image.digest)
          result += copy.line.utf8
          result += line.reversed().prefix { $0 == 0x0A || $0 == 0x0D }.reversed()
        } else {
          result += line
        }
      }
      result += content[range]
      place = range.upperBound
    }
    return result
  }

  /// Lines with their ends.
  private static func lines(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    var result: [ArraySlice<UInt8>] = []
    var start = bytes.startIndex
    for (index, byte) in zip(bytes.indices, bytes) where byte == 0x0A {
      result.append(bytes[start...index])
      start = index + 1
    }
    if start < bytes.endIndex { result.append(bytes[start...]) }
    return result
  }

  /// Prose, cells and outputs as any Markdown reader shows them: no attributes, no tokens, no front
  /// matter, no lock.
  func plain() -> ExportResult {
    var files = CopiedPictures(pictures, assetFolder)
    var text: [UInt8] = []
    for span in notebook.spans {
      switch span.kind {
      case .frontMatter, .lock: break
      case .prose: text += notebook.content[span.range]
      case .cell(let index): text += lineEnds(Fence.block("quire", notebook.cells[index].source))
      case .group(let index):
        if let group = notebook.cells[index].group { text += plain(group, &files) }
      }
    }
    let blank: [UInt8] = [0x0A, 0x0D]
    var body = text.starts(with: [0xEF, 0xBB, 0xBF]) ? text.dropFirst(3) : text[...]
    body = body.drop { blank.contains($0) }
    while let last = body.last, blank.contains(last) { body.removeLast() }
    return ExportResult(
      bytes: body + lineEnds("\n"), assets: files.files, warnings: files.warnings)
  }

  private func plain(_ group: OutputGroup, _ files: inout CopiedPictures) -> [UInt8] {
    var parts: [String] = []
    var images = group.images
    for block in group.blocks {
      let count = block.kind == .text ? images.count : 0
      let body = PageExport.withoutFigureLines(block.body, count: count).body
      let hasText = body.utf8.contains { $0 > 0x20 }
      if hasText { parts.append(Fence.block("text", body)) }
      if block.kind == .text {
        parts += images.map { plain($0, &files) }
        images = []
      }
    }
    parts += images.map { plain($0, &files) }
    return lineEnds(parts.joined(separator: "\n"))
  }

  private func plain(_ image: OutputImage, _ files: inout CopiedPictures) -> String {
    let moved = OutputImage(
      alt: image.alt, path: files.path(of: image) ?? image.path, key: "k", digest: "00000000")
    // The line without its title, which is the token of the format.
    let line = moved.line
    return line.dropLast(" \"out:k 00000000\")".utf8.count) + ")\n"
  }

  private func lineEnds(_ text: String) -> [UInt8] {
    guard notebook.usesReturns else { return Array(text.utf8) }
    return text.utf8.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
  }
}

/// The pictures that go with a copy, each under a name of its own.
private struct CopiedPictures {
  private(set) var files: [(path: String, bytes: [UInt8])] = []
  private(set) var warnings: [ExportError] = []
  private let store: PictureStore
  private let folder: String?
  private var moved: [String: String] = [:]

  init(_ store: PictureStore, _ folder: String?) {
    self.store = store
    self.folder = folder
  }

  /// Where the picture of an image line goes; nil when it stays.
  mutating func path(of image: OutputImage) -> String? {
    guard let folder else { return nil }
    if let known = moved[image.path] { return known }
    guard let bytes = store.rawBytes(image.path) else {
      warnings.append(.pictureMissing(image.path))
      return nil
    }
    var path = "\(folder)/\(Path.name(of: image.path))"
    var count = 2
    while files.contains(where: { $0.path == path }) {
      path = "\(folder)/\(count)-\(Path.name(of: image.path))"
      count += 1
    }
    moved[image.path] = path
    files.append((path, bytes))
    return path
  }
}

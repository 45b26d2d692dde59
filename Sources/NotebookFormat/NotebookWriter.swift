// Outputs → bytes. A save changes only the groups of cells that ran (F15); every other byte stays.

extension Notebook {
  /// The file with new outputs, by index in `cells`. Cells that are not named keep their groups;
  /// an empty output removes the group; a group that says the same keeps its bytes. So does a lock
  /// block, unless `lock` says something else.
  package func writing(_ outputs: [Int: CellOutput], lock newLock: LockBlock? = nil) -> [UInt8] {
    let changesLock = newLock != nil && newLock != lockBlock
    if outputs.isEmpty, !changesLock { return bytes }
    let style = GroupStyle(content)
    var result: [UInt8] = []
    result.reserveCapacity(content.count + outputs.count * 256)
    var end = 0
    for index in outputs.keys.sorted() where cells.indices.contains(index) {
      guard let output = outputs[index],
        let (range, text) = style.edit(cells[index], output, in: content)
      else { continue }
      result += content[end..<range.lowerBound]
      result += text
      end = range.upperBound
    }
    guard changesLock, let newLock else { return result + content[end...] }
    let text = newLock.lines.flatMap { Array($0.utf8) + style.lineEnd }
    if let lock {
      return result + content[end..<lock.lowerBound] + text + content[lock.upperBound...]
    }
    result += content[end...]
    if result.isEmpty { return text }
    if result.last != 0x0A { result += style.lineEnd }
    let endsBlank =
      result.suffix(2).elementsEqual([0x0A, 0x0A])
      || result.suffix(4).elementsEqual("\r\n\r\n".utf8)
    return result + (endsBlank ? [] : style.lineEnd) + text
  }

  /// Where outputs of this notebook belong in a file that was edited meanwhile (F18): cells of the
  /// same id or text whose source is the same. Gives the cells that found no home too.
  package func rehomed(
    _ outputs: [Int: CellOutput], in other: Notebook
  ) -> (outputs: [Int: CellOutput], homeless: [Cell]) {
    var places: [String: Int] = [:]
    for (index, cell) in other.cells.enumerated() { places[cell.homeName] = index }
    var result: [Int: CellOutput] = [:]
    var homeless: [Cell] = []
    for index in outputs.keys.sorted() where cells.indices.contains(index) {
      let cell = cells[index]
      if let place = places[cell.homeName], other.cells[place].sourceDigest == cell.sourceDigest {
        result[place] = outputs[index]
      } else {
        homeless.append(cell)
      }
    }
    return (result, homeless)
  }
}

extension Cell {
  fileprivate var homeName: String { address.map { "#" + $0 } ?? assetKey + "=" + sourceDigest }
}

/// How new lines are written into one file.
private struct GroupStyle {
  let lineEnd: [UInt8]

  /// The majority's line ending (F16).
  init(_ content: [UInt8]) {
    var plain = 0
    var withReturn = 0
    var last: UInt8 = 0
    for byte in content {
      if byte == 0x0A {
        if last == 0x0D { withReturn += 1 } else { plain += 1 }
      }
      last = byte
    }
    lineEnd = withReturn > plain ? [0x0D, 0x0A] : [0x0A]
  }

  /// What replaces which bytes; nil when all stays.
  func edit(
    _ cell: Cell, _ output: CellOutput, in content: [UInt8]
  ) -> (range: Range<Int>, text: [UInt8])? {
    let blocks = output.blocks(of: cell.address)
    let end = cell.range.upperBound
    guard let group = cell.group else {
      if blocks.isEmpty { return nil }
      let text = rendered(blocks, output.images, old: nil)
      let hasLineEnd = content[..<end].last == 0x0A
      if !hasLineEnd { return (end..<end, lineEnd + lineEnd + text.dropLast(lineEnd.count)) }
      return (end..<end, lineEnd + text + (isBlankLine(content, end) ? [] : lineEnd))
    }
    if blocks.isEmpty { return (end..<group.range.upperBound, []) }
    if says(group, blocks, output.images) { return nil }
    var text = rendered(blocks, output.images, old: group)
    let isAtEnd = group.range.upperBound == content.count && content.last != 0x0A
    if isAtEnd { text.removeLast(lineEnd.count) }
    return (group.range, text)
  }

  private func isBlankLine(_ content: [UInt8], _ start: Int) -> Bool {
    for byte in content[start...] {
      if byte == 0x0A { return true }
      if byte != 0x20, byte != 0x09, byte != 0x0D { return false }
    }
    return true
  }

  private func says(
    _ group: OutputGroup, _ blocks: [PlannedBlock], _ images: [OutputImage]
  ) -> Bool {
    group.images == images && group.blocks.count == blocks.count && !group.isConflicted
      && zip(blocks, group.blocks).allSatisfy { $0.matches($1) }
  }

  private func rendered(
    _ blocks: [PlannedBlock], _ images: [OutputImage], old: OutputGroup?
  ) -> [UInt8] {
    var lines: [String] = []
    for block in blocks {
      if !lines.isEmpty { lines.append("") }
      lines += block.lines(usesTildes: old?.block(block.kind)?.usesTildes ?? false)
      if block.kind == .text { lines += images.map(\.line) }
    }
    return lines.flatMap { Array($0.utf8) + lineEnd }
  }
}

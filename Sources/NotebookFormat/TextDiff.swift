// What changed between two texts, line by line, for a person who decides whether to keep it.

package enum TextDiff {
  /// Lines that begin with `-` (stored), `+` (new) or a space (both); stretches in which nothing
  /// changes keep `context` lines at each end. Empty for equal texts. O(n m) in lines.
  package static func lines(_ stored: String, _ came: String, context: Int = 2) -> [String] {
    if stored.utf8.elementsEqual(came.utf8) { return [] }
    let old = stored.isEmpty ? [] : Comparison.lines(stored)
    let new = came.isEmpty ? [] : Comparison.lines(came)
    return shortened(steps(old, new), context: context)
  }

  private static func isSame(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

  private static func steps(_ old: [String], _ new: [String]) -> [String] {
    // common[i][j]: lines that old[i...] and new[j...] share in order.
    var common = [[Int]](
      repeating: [Int](repeating: 0, count: new.count + 1), count: old.count + 1)
    for i in old.indices.reversed() {
      for j in new.indices.reversed() {
        common[i][j] =
          isSame(old[i], new[j])
          ? common[i + 1][j + 1] + 1
          : max(common[i + 1][j], common[i][j + 1])
      }
    }
    var result: [String] = [], i = 0, j = 0
    while i < old.count || j < new.count {
      if i < old.count, j < new.count, isSame(old[i], new[j]) {
        result.append(" " + old[i])
        (i, j) = (i + 1, j + 1)
      } else if j == new.count || (i < old.count && common[i + 1][j] >= common[i][j + 1]) {
        result.append("-" + old[i])
        i += 1
      } else {
        result.append("+" + new[j])
        j += 1
      }
    }
    return result
  }

  private static func shortened(_ lines: [String], context: Int) -> [String] {
    let changed = lines.indices.filter { lines[$0].utf8.first != 0x20 }
    var isKept = [Bool](repeating: false, count: lines.count)
    for index in changed {
      for near in max(0, index - context)...min(lines.count - 1, index + context) {
        isKept[near] = true
      }
    }
    var result: [String] = []
    for (line, kept) in zip(lines, isKept) {
      if kept { result.append(line) } else if result.last != " …" { result.append(" …") }
    }
    return result
  }
}

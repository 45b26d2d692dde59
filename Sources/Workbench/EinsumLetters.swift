// What einsum's equation may say beyond letters once an operand: diagonals and the ellipsis. Turned
// into plain equations before the tensors see them.

import Tensors

enum EinsumLetters {
  /// The same sum with every letter once an operand and no ellipsis.
  static func plain(_ equation: String, _ operands: [Tensor]) throws -> (String, [Tensor]) {
    let text = equation.filter { $0 != " " }
    let sides = cut(text, at: "->")
    guard sides.count <= 2, let left = sides.first else { return (equation, operands) }
    var inputs = left.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard inputs.count == operands.count else {
      throw TensorError.value(
        operation: "einsum",
        rule: "one tensor for each part of \"\(left)\", \(inputs.count) in all",
        got: "\(operands.count)")
    }
    for character in text
    where !(character.isASCII && character.isLetter || ",.->".contains(character)) {
      throw TensorError.value(
        operation: "einsum", rule: "letters for axes, as in \"ij,jk->ik\"", got: "\"\(equation)\"")
    }
    var output = sides.count == 2 ? sides[1] : nil
    if text.utf8.contains(0x2E) { try expand(&inputs, &output, operands, used: text) }
    var parts: [Tensor] = []
    for place in inputs.indices {
      var letters = Array(inputs[place]), part = operands[place]
      if letters.count == part.rank { part = try diagonals(part, &letters, equation) }
      inputs[place] = String(letters)
      parts.append(part)
    }
    // Without `->`, letters count as they stood before diagonals were taken.
    let result = output ?? implied(left)
    return (inputs.joined(separator: ",") + "->" + result, parts)
  }

  private static func cut(_ text: String, at mark: String) -> [String] {
    var parts = [""]
    var rest = Substring(text)
    while !rest.isEmpty {
      if rest.hasPrefix(mark) {
        parts.append("")
        rest = rest.dropFirst(mark.count)
      } else {
        parts[parts.count - 1].append(rest.removeFirst())
      }
    }
    return parts
  }

  private static func implied(_ left: String) -> String {
    let letters = left.filter(\.isLetter)
    return String(Set(letters).filter { one in letters.filter { $0 == one }.count == 1 }.sorted())
  }

  /// `...` becomes letters that nobody uses, the same from the right in every operand.
  private static func expand(
    _ inputs: inout [String], _ output: inout String?, _ operands: [Tensor], used: String
  ) throws {
    let free = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".filter { !used.contains($0) }
    var longest = 0
    var texts = inputs
    for (place, input) in inputs.enumerated() {
      let pieces = cut(input, at: "...")
      guard pieces.count == 2 else { continue }
      let count = operands[place].rank - pieces[0].count - pieces[1].count
      guard count >= 0, count <= free.count else {
        throw TensorError.shape(
          operation: "einsum", rule: "axes for \"\(input)\"", got: [operands[place].shape])
      }
      longest = max(longest, count)
      texts[place] = pieces[0] + free.suffix(count) + pieces[1]
    }
    let all = String(free.suffix(longest))
    if let given = output {
      output = cut(given, at: "...").joined(separator: all)
    } else {
      output = all + implied(inputs.joined().filter(\.isLetter))
    }
    inputs = texts
  }

  /// Axes of one letter joined into one: the places where their indices are equal.
  private static func diagonals(
    _ tensor: Tensor, _ letters: inout [Character], _ equation: String
  ) throws -> Tensor {
    var x = tensor
    while let (first, second) = twins(letters) {
      let extent = x.shape[first]
      guard x.shape[second] == extent else {
        throw TensorError.shape(
          operation: "einsum", rule: "one extent for \"\(letters[first])\"",
          got: [[extent], [x.shape[second]]])
      }
      let others = (0..<x.rank).filter { $0 != first && $0 != second }
      let rest = others.map { x.shape[$0] }
      x = try x.permuted([first, second] + others).reshaped([extent * extent] + rest)
        .taken((0..<extent).map { $0 * (extent + 1) })
      letters = [letters[first]] + others.map { letters[$0] }
    }
    return x
  }

  private static func twins(_ letters: [Character]) -> (Int, Int)? {
    for (place, letter) in letters.enumerated() {
      if let second = letters[(place + 1)...].firstIndex(of: letter) { return (place, second) }
    }
    return nil
  }
}

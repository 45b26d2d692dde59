// Einstein sums: each pair of operands is permuted into one batched matrix product.

extension Tensor {
  /// `einsum("ij,jk->ik", [a, b])`: letters name axes; without `->` the letters that occur once, in
  /// alphabetical order. A letter twice in one operand is refused.
  package static func einsum(
    _ equation: String, _ operands: [Tensor]
  ) throws(TensorError) -> Tensor {
    let (inputs, output) = try parse(equation, operands)
    guard var left = operands.first, var letters = inputs.first else {
      throw .value(operation: "einsum", rule: "at least one operand", got: equation)
    }
    for place in operands.indices.dropFirst() {
      let later = inputs[(place + 1)...].joined() + output
      (left, letters) = try pair(left, letters, operands[place], inputs[place], Array(later))
    }
    (left, letters) = try summing(left, letters, keeping: output)
    return try left.permuted(output.compactMap { letters.firstIndex(of: $0) })
  }

  private static func parse(
    _ equation: String, _ operands: [Tensor]
  ) throws(TensorError) -> ([[Character]], [Character]) {
    let text = equation.filter { $0 != " " }
    let refused = TensorError.value(
      operation: "einsum", rule: "letters for axes, as in \"ij,jk->ik\"", got: "\"\(equation)\"")
    let sides = text.split(separator: ">", omittingEmptySubsequences: false)
    guard sides.count <= 2, let first = sides.first, sides.count == 1 || first.hasSuffix("-")
    else { throw refused }
    let left = sides.count == 2 ? first.dropLast() : first
    let inputs = left.split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
    var extents: [Character: Int] = [:]
    guard inputs.count == operands.count else { throw refused }
    for (letters, operand) in zip(inputs, operands) {
      guard letters.allSatisfy({ $0.isLetter && $0.isASCII }), Set(letters).count == letters.count
      else { throw refused }
      guard letters.count == operand.rank else {
        throw .shape(
          operation: "einsum", rule: "\(letters.count) axes for \"\(String(letters))\"",
          got: [operand.shape])
      }
      for (letter, extent) in zip(letters, operand.shape) {
        if let known = extents[letter], known != extent {
          throw .shape(
            operation: "einsum", rule: "one extent for \"\(letter)\"", got: [[known], [extent]])
        }
        extents[letter] = extent
      }
    }
    let all = inputs.flatMap { $0 }
    let once = Set(all).filter { letter in all.filter { $0 == letter }.count == 1 }.sorted()
    let output = sides.count == 2 ? Array(sides[1]) : once
    guard output.allSatisfy({ extents[$0] != nil }), Set(output).count == output.count else {
      throw refused
    }
    return (inputs, output)
  }

  private static func summing(
    _ x: Tensor, _ letters: [Character], keeping wanted: [Character]
  ) throws(TensorError) -> (Tensor, [Character]) {
    let axes = letters.indices.filter { !wanted.contains(letters[$0]) }
    if axes.isEmpty { return (x, letters) }
    return (try x.sum(axes: axes), letters.filter { wanted.contains($0) })
  }

  private static func pair(
    _ a: Tensor, _ la: [Character], _ b: Tensor, _ lb: [Character], _ later: [Character]
  ) throws(TensorError) -> (Tensor, [Character]) {
    let (x, lx) = try summing(a, la, keeping: later + lb)
    let (y, ly) = try summing(b, lb, keeping: later + la)
    let shared = lx.filter { ly.contains($0) }
    let batch = shared.filter { later.contains($0) }
    let inner = shared.filter { !later.contains($0) }
    let onlyX = lx.filter { !ly.contains($0) }, onlyY = ly.filter { !lx.contains($0) }
    func arranged(
      _ t: Tensor, _ letters: [Character], _ groups: [[Character]]
    ) throws(TensorError) -> Tensor {
      let order = groups.flatMap { $0 }.compactMap { letters.firstIndex(of: $0) }
      let moved = try t.permuted(order)
      var shape: [Int] = [], at = 0
      for group in groups {
        shape.append(moved.shape[at..<at + group.count].reduce(1, *))
        at += group.count
      }
      return try moved.reshaped(shape)
    }
    let product = try arranged(x, lx, [batch, onlyX, inner])
      .matmul(arranged(y, ly, [batch, inner, onlyY]))
    let result = batch + onlyX + onlyY
    let shape = result.map { letter in
      lx.firstIndex(of: letter).map { x.shape[$0] }
        ?? ly.firstIndex(of: letter).map { y.shape[$0] } ?? 1
    }
    return (try product.reshaped(shape), result)
  }
}

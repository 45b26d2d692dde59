// Regions that are computed again on the way back, and tapes that give back what they kept: the bits
// of the gradients do not change. Low-rank layers as one operation are the sum of their parts.

import Tensors
import Testing

@Suite struct RegionTests {
  private func weighted(_ y: Tensor) throws -> Tensor {
    let weights = (0..<y.count).map { 0.3 + Double(($0 * 7) % 5) * 0.25 }
    return try y.multiplied(by: Tensor(weights, shape: y.shape).cast(to: y.dtype)).sum()
  }

  private func gradients(
    _ entry: CatalogueEntry, dtype: DType, inRegion: Bool, releasing: Bool, walks: Int = 1
  ) throws -> [[Double]] {
    let tape = Tape()
    let leaves = try entry.inputs().map { try tape.leaf($0.cast(to: dtype)) }
    let first = try leaves[0].scaled(by: 1.25)
    let rest = leaves.dropFirst()
    let y =
      inRegion
      ? try tape.region(first) { try entry.body([$0] + rest) } : try entry.body([first] + rest)
    let loss = try weighted(y.square())
    for _ in 1..<walks { _ = try tape.gradients(of: loss, for: leaves) }
    return try tape.gradients(of: loss, for: leaves, releasing: releasing).map { $0.doubles() }
  }

  @Test(arguments: CatalogueEntry.all)
  func `an operation computed again gives the same bits`(entry: CatalogueEntry) throws {
    for dtype in [DType.f32, .f64] {
      let plain = try gradients(entry, dtype: dtype, inRegion: false, releasing: false)
      #expect(
        try gradients(entry, dtype: dtype, inRegion: false, releasing: true) == plain,
        "\(entry.name), released")
      #expect(
        try gradients(entry, dtype: dtype, inRegion: true, releasing: true) == plain,
        "\(entry.name), again")
      #expect(
        try gradients(entry, dtype: dtype, inRegion: true, releasing: false, walks: 2) == plain,
        "\(entry.name), twice")
    }
  }

  /// Three blocks of a small network, with regions or without.
  private func network(regions: Bool) throws -> (gradients: [[Float]], records: Int) {
    var stream = RandomStream(seed: 5)
    func filled(_ shape: [Int]) throws -> Tensor {
      try Tensor(
        (0..<shape.reduce(1, *)).map { _ in Float(stream.normal() * 0.2) }, shape: shape)
    }
    let tape = Tape()
    let (n, width) = (9, 8)
    let table = try RotaryTable(
      positions: Array(0..<n), frequencies: [1, 0.1], layout: .halves)
    let frozen = try filled([width, width]).cast(to: .bf16)
    var leaves: [Tensor] = []
    func leaf(_ shape: [Int]) throws -> Tensor {
      let made = try tape.leaf(filled(shape))
      leaves.append(made)
      return made
    }
    var x = try leaf([n, width])
    for _ in 0..<3 {
      let (g, q, kv) = (try leaf([width]), try leaf([width, width]), try leaf([width, width]))
      let (a, b, up) = (try leaf([2, width]), try leaf([width, 2]), try leaf([width, width]))
      func block(_ x: Tensor) throws -> Tensor {
        let read = try Tensor.rmsNorm(x, g, epsilon: 1e-5)
        let query = try Tensor.rope(Tensor.linear(read, q).reshaped([n, 2, 4]), table)
        let both = try Tensor.linear(read, kv).split([4, 4], axis: 1)
        let key = try Tensor.rope(both[0].reshaped([n, 1, 4]), table)
        let z = try Tensor.attention(
          query, key, both[1].reshaped([n, 1, 4]), AttentionOptions(scale: 0.5, isCausal: true))
        let flat = try z.reshaped([n, width])
        let dropped = try flat.dropout(0.25, key: 3, call: 8)
        let mid = try x.adding(
          Tensor.loraLinear(flat, frozen, a: a, b: b, scale: 2, dropped: dropped))
        return try mid.adding(Tensor.swiglu(Tensor.linear(mid, up), mid))
      }
      x = regions ? try tape.region(x, block) : try block(x)
    }
    let loss = try x.square().mean()
    let found = try tape.gradients(of: loss, for: leaves, releasing: true)
    return (found.map { $0.floats() }, tape.count)
  }

  @Test func `blocks that keep their input alone give the same gradients`() throws {
    let plain = try network(regions: false), again = try network(regions: true)
    #expect(plain.gradients == again.gradients)
    #expect(plain.records == again.records)
    #expect(plain.gradients.allSatisfy { $0.contains { $0 != 0 } })
  }

  @Test func `a tape that gave back what it kept is not walked again`() throws {
    let tape = Tape()
    let a = try tape.leaf(Tensor([1, 2] as [Float], shape: [2]))
    let loss = try a.exp().sum()
    _ = try tape.gradients(of: loss, for: [a], releasing: true)
    #expect(throws: TensorError.closedTape) { try tape.gradients(of: loss, for: [a]) }
  }

  @Test(arguments: [DType.f32, .bf16, .f16, .q8_0, .q4_0])
  func `a low-rank layer in one operation is the sum of its parts`(format: DType) throws {
    var stream = RandomStream(seed: 9)
    func filled(_ shape: [Int]) throws -> Tensor {
      try Tensor((0..<shape.reduce(1, *)).map { _ in Float(stream.normal()) }, shape: shape)
    }
    let inputs = try [
      filled([33, 64]), filled([4, 64]), filled([48, 4]), filled([48]),
    ]
    let weight = try filled([48, 64]).cast(to: format)
    func run(fused: Bool, drops: Bool) throws -> [Tensor] {
      let tape = Tape()
      let leaves = try inputs.map { try tape.leaf($0) }
      let x = leaves[0]
      let other = drops ? try x.dropout(0.5, key: 1, call: 2) : nil
      let y: Tensor
      if fused {
        y = try .loraLinear(
          x, weight, leaves[3], a: leaves[1], b: leaves[2], scale: 0.5, dropped: other)
      } else {
        let outer = try Tensor.linear(Tensor.linear(other ?? x, leaves[1]), leaves[2])
        y = try Tensor.linear(x, weight, leaves[3]).adding(outer.scaled(by: 0.5))
      }
      return [y.detached]
        + (try tape.gradients(of: weighted(y.square()), for: leaves, releasing: true))
    }
    for drops in [false, true] {
      let one = try run(fused: true, drops: drops), parts = try run(fused: false, drops: drops)
      for (found, wanted) in zip(one, parts) {
        let a = found.doubles(), b = wanted.doubles()
        let size = b.map { $0 * $0 }.reduce(0, +).squareRoot()
        let difference = zip(a, b).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot()
        // Rounding to bf16 may fall the other way where the last bits differ.
        let limit = format == .f32 ? 2e-5 : 1e-3
        #expect(difference <= limit * size, "\(format), \(found.shape)")
      }
    }
  }

  @Test func `what stands in the way of one operation is summed from its parts`() throws {
    let tape = Tape()
    let x = try tape.leaf(Tensor([1, 2] as [Float], shape: [1, 2]))
    let w = try tape.leaf(Tensor([1, 0, 0, 1] as [Float], shape: [2, 2]))
    let a = try Tensor([1, 1] as [Float], shape: [1, 2])
    let b = try Tensor([1, 2] as [Float], shape: [2, 1])
    let y = try Tensor.loraLinear(x, w, a: a, b: b, scale: 1)
    #expect(y.floats() == [4, 8])
    let found = try tape.gradients(of: y.sum(), for: [x, w]).map { $0.floats() }
    #expect(found == [[4, 4], [1, 2, 1, 2]])
  }
}

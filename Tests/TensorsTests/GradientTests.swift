// Every gradient rule against central differences in f64, and the tape's own promises.

import Tensors
import Testing

@Suite struct GradientTests {
  /// A scalar from any result: its elements weighted by fixed numbers.
  private func weighted(_ y: Tensor) throws -> Tensor {
    let weights = (0..<y.count).map { 0.3 + Double(($0 * 7) % 5) * 0.25 }
    return try y.multiplied(by: Tensor(weights, shape: y.shape)).sum()
  }

  @Test(arguments: CatalogueEntry.all)
  func `a gradient is the slope that central differences show`(entry: CatalogueEntry) throws {
    let inputs = try entry.inputs()
    let tape = Tape()
    let leaves = try inputs.map { try tape.leaf($0) }
    let loss = try weighted(entry.body(leaves))
    let gradients = try tape.gradients(of: loss, for: leaves)
    let h = 1e-5
    for (place, input) in inputs.enumerated() {
      let values = input.doubles(), found = gradients[place].doubles()
      #expect(gradients[place].shape == input.shape)
      for index in values.indices {
        func at(_ shift: Double) throws -> Double {
          var moved = values
          moved[index] += shift
          var all = inputs
          all[place] = try Tensor(moved, shape: input.shape)
          return try weighted(entry.body(all)).item()
        }
        let slope = try (at(h) - at(-h)) / (2 * h)
        let difference = abs(slope - found[index])
        #expect(
          difference <= 1e-7 * max(1, abs(slope)) + 1e-8,
          "\(entry.name), input \(place), element \(index): \(found[index]), slope \(slope)")
      }
    }
  }

  @Test func `an unused leaf gets zeros`() throws {
    let tape = Tape()
    let a = try tape.leaf(Tensor([1, 2] as [Float], shape: [2]))
    let b = try tape.leaf(Tensor([3] as [Float], shape: [1]))
    let gradients = try tape.gradients(of: a.sum(), for: [a, b])
    #expect(gradients.map { $0.floats() } == [[1, 1], [0]])
  }

  @Test func `ties share the gradient`() throws {
    let tape = Tape()
    let a = try tape.leaf(Tensor([2, 2, 1] as [Float], shape: [3]))
    #expect(try tape.gradients(of: a.extreme(), for: [a])[0].floats() == [0.5, 0.5, 0])
    let b = try Tensor([2, 0, 3] as [Float], shape: [3])
    #expect(try tape.gradients(of: a.maximum(b).sum(), for: [a])[0].floats() == [0.5, 1, 0])
  }

  @Test func `constants record nothing`() throws {
    let tape = Tape()
    let a = try tape.leaf(Tensor([1, 2] as [Float], shape: [2]))
    let before = tape.count
    _ = try a.detached.exp().sum()
    #expect(tape.count == before)
  }

  @Test func `two tapes in one operation are an error`() throws {
    let a = try Tape().leaf(Tensor([1] as [Float], shape: [1]))
    let b = try Tape().leaf(Tensor([1] as [Float], shape: [1]))
    #expect(throws: TensorError.twoTapes(operation: "binary")) { try a.adding(b) }
  }

  @Test func `a closed tape leaves constants behind`() throws {
    let tape = Tape()
    let a = try tape.leaf(Tensor([1] as [Float], shape: [1]))
    tape.close()
    #expect(try !a.adding(a).isTracked)
  }

  @Test func `a loss must be a scalar`() throws {
    let tape = Tape()
    let a = try tape.leaf(Tensor([1, 2] as [Float], shape: [2]))
    #expect(throws: TensorError.notScalar([2])) { try tape.gradients(of: a, for: [a]) }
  }

  @Test func `a narrow frozen weight passes the gradient on`() throws {
    let tape = Tape()
    let x = try tape.leaf(Tensor([1, 2] as [Float], shape: [1, 2]))
    let w = try Tensor([0.5, -1, 2, 4] as [Float], shape: [2, 2]).cast(to: .bf16)
    let y = try Tensor.linear(x, w)
    #expect(y.floats() == [-1.5, 10])
    #expect(try tape.gradients(of: y.sum(), for: [x])[0].floats() == [2.5, 3])
  }
}

// The text of every error as a table, and broken requests: an error each, never a trap.

import Diagnostics
import Tensors
import Testing

@Suite struct ErrorTests {
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch let error as TensorError {
      return "\(error.code): \(error.message)"
    } catch {
      return "\(error)"
    }
  }

  @Test func `each broken request says its rule and both values`() throws {
    let a = try Tensor.zeros([2, 3]), b = try Tensor.zeros([4, 5])
    let table: [(String, () throws -> Void)] = [
      ("shape: matmul needs inner extents to agree: [2, 3] @ [4, 5]", { _ = try a.matmul(b) }),
      ("shape: add needs extents to agree or be 1: [2, 3] and [4, 5]", { _ = try a.adding(b) }),
      (
        "shape: reshape needs a shape of 6 elements: got [2, 3] and [4, 2]",
        { _ = try a.reshaped([4, 2]) }
      ),
      ("shape: softmax needs an axis from -2 to 1: got 2", { _ = try a.softmax(axis: 2) }),
      (
        "shape: tensor needs as many values as the shape holds: 2 for [3]",
        { _ = try Tensor([1, 2] as [Float], shape: [3]) }
      ),
      ("index: index needs indices from 0 to 1: got 2", { _ = try a.element(2) }),
      ("index: take needs indices from 0 to 1: got 7", { _ = try a.taken([7]) }),
      (
        "index: cross_entropy needs indices from 0 to 2: got 3",
        { _ = try Tensor.crossEntropy(a, [0, 3]) }
      ),
      (
        "shape: linear needs x [..., in] and weight [out, in] with one in: got [2, 3] and [4, 5]",
        { _ = try Tensor.linear(a, b) }
      ),
      ("value: tensor needs extents from 0: got -1", { _ = try Tensor.zeros([-1]) }),
      (
        "memory: a tensor's size does not fit 64 bits",
        { _ = try Tensor.zeros([1 << 40, 1 << 40]) }
      ),
      (
        "shape: q8_0 needs a last extent divisible by 32: got [2, 3]",
        { _ = try a.cast(to: .q8_0) }
      ),
      ("dtype: embedding needs int ids: got f32", { _ = try Tensor.embedding(a, a) }),
      ("value: topk needs k from 0 to 3: got 4", { _ = try a.topK(4) }),
      (
        "value: dropout needs p from 0 to below 1: got 1.0",
        { _ = try a.dropout(1, key: 0, call: 0) }
      ),
      (
        "value: einsum needs letters for axes, as in \"ij,jk->ik\": got \"ii->i\"",
        { _ = try Tensor.einsum("ii->i", [a]) }
      ),
      ("shape: max needs at least one element: got [0]", { _ = try Tensor.zeros([0]).extreme() }),
      (
        "shape: batch_norm needs x [n, channels, ...] and weights [channels]: got [2, 3] and [4]",
        { _ = try Tensor.batchNorm(a, .ones([4]), epsilon: 1e-5) }
      ),
      (
        "value: batch_norm needs mean and variance, or neither: got mean",
        { _ = try Tensor.batchNorm(a, mean: .zeros([3]), epsilon: 1e-5) }
      ),
      (
        "value: group_norm needs a number of groups that divides 3 channels: got 2",
        { _ = try Tensor.groupNorm(a, groups: 2, epsilon: 1e-5) }
      ),
      (
        "shape: a gated unit needs equal shapes: got [2, 3] and [4, 5]",
        { _ = try Tensor.geglu(a, b) }
      ),
      (
        "shape: attention needs query [n, heads, size], keys and values [t, key-value heads, size]: "
          + "got [2, 3] and [2, 3] and [2, 3]",
        { _ = try Tensor.attention(a, a, a, AttentionOptions(scale: 1)) }
      ),
    ]
    for (wanted, body) in table { #expect(message(body) == wanted) }
  }

  @Test func `more memory than there is becomes an error`() {
    let text = message { _ = try Tensor.zeros([1 << 45]) }
    #expect(text.hasPrefix("memory: a tensor needs 140.7 TB: "))
  }

  @Test func `matmul names the transpose when that would fit`() throws {
    let error = TensorError.matmul([2, 3], [5, 3])
    #expect(error.help == "b.T has shape [3, 5]; a ends in 3")
    #expect(TensorError.unknownDType("f23").help?.contains("f32") == true)
  }

  @Test func `empty tensors pass through operations`() throws {
    let none = try Tensor.zeros([0, 4])
    #expect(try none.softmax().shape == [0, 4])
    #expect(try none.sum(axes: [1]).shape == [0])
    #expect(try Tensor.linear(none, .zeros([3, 4])).shape == [0, 3])
    #expect(try none.transposed().shape == [4, 0])
    #expect(try Tensor.concat([none, .zeros([1, 4])]).shape == [1, 4])
    #expect(try Tensor.zeros([3, 0]).matmul(.zeros([0, 2])).floats() == [0, 0, 0, 0, 0, 0])
  }

  @Test func `shared memory is copied before it is changed`() throws {
    let a = try Tensor([1, 2] as [Float], shape: [2])
    var b = a
    try b.withMutableFloats { $0[0] = 5 }
    #expect(a.floats() == [1, 2] && b.floats() == [5, 2])
  }

  @Test func `foreign memory is read in place and never written`() throws {
    final class Owner: Sendable {}
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
    defer { bytes.deallocate() }
    bytes.storeBytes(of: 1.5, as: Double.self)
    let storage = TensorStorage(foreign: bytes, byteCount: 8, owner: Owner())
    var a = try Tensor(storage: storage, shape: [1], dtype: .f64)
    try a.addInPlace(try Tensor([1.0], shape: [1]))
    #expect(a.doubles() == [2.5] && bytes.load(as: Double.self) == 1.5)
    #expect(throws: TensorError.self) { try Tensor(storage: storage, shape: [2], dtype: .f64) }
  }
}

// The words of every error of the room, as a table. ErrorTests provokes them.

import TestSupport
import Testing

@testable import Tensors

@Suite struct ErrorTableTests {
  @Test func `every error says the rule, the values and the next step`() throws {
    #expect(
      try complaints(
        of: ErrorEnum("TensorError", "Sources/Tensors/TensorError.swift"), Self.errors, Self.table)
        == [])
  }

  private static let errors: [TensorError] = [
    .broadcast(operation: "add", [2, 3], [4, 5]), .matmul([2, 3], [5, 3]), .matmul([2, 3], [4]),
    .shape(operation: "softmax", rule: "at least one axis", got: [[]]),
    .shape(operation: "conv1d", rule: "equal channels", got: [[2, 3], [4]], help: "transpose x"),
    .axis(operation: "softmax", axis: 2, rank: 2), .axis(operation: "softmax", axis: 0, rank: 0),
    .elementCount(operation: "tensor", values: 2, shape: [3]),
    .dtype(operation: "embedding", rule: "int ids", got: .f32), .unknownDType("f23"),
    .unknownDType("?"), .index(operation: "take", index: 7, extent: 2),
    .index(operation: "take", index: 0, extent: 0),
    .value(operation: "topk", rule: "k from 0 to 3", got: "4"),
    .memory(bytes: 140_737_488_355_328, free: 2_500), .memory(bytes: nil, free: 2_500),
    .numeric(operation: "sum of ints", rule: "results within 64 bits"),
    .twoTapes(operation: "add"), .closedTape, .notScalar([2]), .interrupted,
  ]

  private static let table = #"""
    [shape] add needs extents to agree or be 1: [2, 3] and [4, 5] | extents are compared from the last axis; reshape can add axes of 1
    [shape] matmul needs inner extents to agree: [2, 3] @ [5, 3] | b.T has shape [3, 5]; a ends in 3
    [shape] matmul needs inner extents to agree: [2, 3] @ [4]
    [shape] softmax needs at least one axis: got []
    [shape] conv1d needs equal channels: got [2, 3] and [4] | transpose x
    [shape] softmax needs an axis from -2 to 1: got 2 | negative axes count from the last
    [shape] softmax has no axis 0: a tensor of shape [] has none | negative axes count from the last
    [shape] tensor needs as many values as the shape holds: 2 for [3] | give a shape whose extents multiply to 2
    [dtype] embedding needs int ids: got f32 | cast(x, "i64") gives a tensor another dtype
    [dtype] dtype must be known: got "f23" | did you mean f32?
    [dtype] dtype must be known: got "?" | known: f64 f32 f16 bf16 i64 i32 i16 i8 u8 bool q8_0 q4_0 q4_1 q5_0 q5_1 q2_k q3_k q4_k q5_k q6_k
    [index] take needs indices from 0 to 1: got 7 | indices count from 0: the last is 1
    [index] take finds no elements to choose from: got index 0
    [value] topk needs k from 0 to 3: got 4
    [memory] a tensor needs 140.7 TB: 2.5 KB are free | smaller shapes, or dtype: "f32", need less
    [memory] a tensor's size does not fit 64 bits | smaller shapes, or dtype: "f32", need less
    [numeric] sum of ints needs results within 64 bits | cast(x, "f64") has room for it
    [value] add has inputs of two gradients: one of them must be constant | constant(x) stops a gradient
    [value] this gradient has been taken already | take it again from the function, with grad(f)(x)
    [shape] grad needs a function with a scalar result: got shape [2] | end it with sum() or mean()
    [interrupted] stopped on request
    """#
}

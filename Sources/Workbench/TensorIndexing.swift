// Reading parts of a tensor: ints, slices, lists of places and masks, together as in NumPy.

import Diagnostics
package import Language
import Tensors

extension TensorObject {
  package func element(at indices: [Index]) throws -> Value {
    if indices.count == 1, case .value(let index) = indices[0], let mask = index.asTensor,
      mask.dtype == .bool
    {
      return .tensor(try masked(by: mask))
    }
    guard indices.count <= tensor.rank else { throw tooMany(indices.count) }
    var result = tensor, axis = 0
    var picks: [Picks] = []
    for index in indices {
      switch index {
      case .slice(let lower, let upper):
        let range = TensorObject.bounds(lower, upper, result.shape[axis])
        result = try result.sliced(axis: axis, range)
        axis += 1
      case .value(let value):
        if let place = value.asInt {
          result = try result.element(place, axis: axis)
        } else {
          picks.append(try Picks(value, axis: axis, extent: result.shape[axis]))
          axis += 1
        }
      }
    }
    return .tensor(try Picks.applied(picks, to: result))
  }

  func tooMany(_ count: Int) -> TensorError {
    .shape(operation: "index", rule: "at least \(count) axes", got: [tensor.shape])
  }

  static func bounds(_ lower: Int?, _ upper: Int?, _ extent: Int) -> Range<Int> {
    func place(_ bound: Int) -> Int {
      min(extent, max(0, bound < 0 ? bound &+ extent : bound))
    }
    let start = place(lower ?? 0)
    return start..<max(start, place(upper ?? extent))
  }

  /// The elements (or rows) where a bool tensor is true.
  private func masked(by mask: Tensor) throws -> Tensor {
    guard mask.rank >= 1, mask.rank <= tensor.rank,
      Array(tensor.shape.prefix(mask.rank)) == mask.shape
    else {
      throw TensorError.shape(
        operation: "index", rule: "a mask with the tensor's first extents",
        got: [tensor.shape, mask.shape])
    }
    let rest = Array(tensor.shape.dropFirst(mask.rank))
    return try tensor.reshaped([mask.count] + rest).taken(mask.nonzero)
  }
}

/// Places along one axis: a list, a range, a tensor of ints of any shape, or a mask of one axis.
private struct Picks {
  let axis: Int
  /// From 0, within the axis.
  let places: [Int]
  /// The shape that stands in the result where the axis was.
  let shape: [Int]

  init(_ value: Value, axis: Int, extent: Int) throws {
    self.axis = axis
    let given: [Int]
    if let tensor = value.asTensor, tensor.dtype == .bool, tensor.shape == [extent] {
      given = tensor.nonzero
      shape = [given.count]
    } else if let tensor = value.asTensor, !tensor.dtype.isFloat, tensor.dtype != .bool {
      given = tensor.ints()
      shape = tensor.shape
    } else if value.asList != nil || value.kind == "range" {
      let tensor = try TensorBuilder.tensor(value)
      guard tensor.count == 0 || !tensor.dtype.isFloat && tensor.dtype != .bool else {
        throw Picks.refused("list of \(tensor.dtype == .bool ? "bools" : "floats")")
      }
      given = tensor.ints()
      shape = tensor.shape
    } else {
      throw Picks.refused(value.kind)
    }
    places = try given.map { place in
      let at = place < 0 ? place &+ extent : place
      guard at >= 0, at < extent else {
        throw TensorError.index(operation: "index", index: place, extent: extent)
      }
      return at
    }
  }

  private static func refused(_ kind: String) -> WorkbenchError {
    .tensorIndex(kind: kind)
  }

  /// One list takes slices of its axis. Several go in pairs: x[[0, 1], [2, 3]] is x[0, 2] and
  /// x[1, 3]; their axis stands where the first of them was, or first of all when a slice parts
  /// them.
  static func applied(_ picks: [Picks], to x: Tensor) throws -> Tensor {
    guard let first = picks.first else { return x }
    if picks.count == 1 {
      let taken = try x.taken(first.places, axis: first.axis, operation: "index")
      return try first.shape.count == 1
        ? taken
        : taken.reshaped(Array(x.shape[..<first.axis]) + first.shape + x.shape[(first.axis + 1)...])
    }
    let axes = picks.map(\.axis)
    let areNeighbours = axes[axes.count - 1] - axes[0] == axes.count - 1
    let at = areNeighbours ? axes[0] : 0
    let others = (0..<x.rank).filter { !axes.contains($0) }
    let moved = try x.permuted(Array(others.prefix(at)) + axes + others.dropFirst(at))
    var flat = try Tensor([0], shape: []), extent = 1
    for pick in picks {
      let here = x.shape[pick.axis]
      flat = try flat.multiplied(by: Tensor([here], shape: []))
        .adding(Tensor(pick.places, shape: pick.shape))
      let (product, overflow) = extent.multipliedReportingOverflow(by: here)
      guard !overflow else {
        throw TensorError.shape(operation: "index", rule: "axes that can be joined", got: [x.shape])
      }
      extent = product
    }
    let before = others.prefix(at).map { x.shape[$0] }
    let after = others.dropFirst(at).map { x.shape[$0] }
    return try moved.reshaped(before + [extent] + after)
      .taken(flat.ints(), axis: at, operation: "index").reshaped(before + flat.shape + after)
  }
}

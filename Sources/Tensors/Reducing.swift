// Reductions along axes; sums run in double over fixed blocks.

import Diagnostics

extension Tensor {
  /// This tensor as [outer, extent] with the reduced axes last, and the shape of the result.
  private func reductionRows(
    _ axes: [Int]?, _ keepsAxes: Bool, _ operation: String
  ) throws(TensorError) -> (rows: Tensor, shape: [Int]) {
    let reduced = try Shape.axes(axes, rank: rank, operation)
    let kept = (0..<rank).filter { !reduced.contains($0) }
    let extent = reduced.reduce(1) { $0 * shape[$1] }
    let result = reductionShape(reduced, keepsAxes)
    let outer = kept.reduce(1) { $0 * shape[$1] }
    return (try permuted(kept + reduced).reshaped([outer, extent]), result)
  }

  private func reductionShape(_ axes: [Int], _ keepsAxes: Bool) -> [Int] {
    keepsAxes
      ? shape.indices.map { axes.contains($0) ? 1 : shape[$0] }
      : shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
  }

  /// Sum along axes (nil: all). Ints and bools sum to i64, overflow is an error.
  package func sum(axes: [Int]? = nil, keepsAxes: Bool = false) throws(TensorError) -> Tensor {
    let places = try Shape.axes(axes, rank: rank, "sum")
    if !dtype.isFloat { return try wholeSum(places, keepsAxes) }
    let x = try computed()
    let y = try x.detached.summed(places, scale: 1)
    return try Tape.record(
      .sum, [x], y.viewed(reductionShape(places, keepsAxes)), integers: places)
  }

  package func mean(axes: [Int]? = nil, keepsAxes: Bool = false) throws(TensorError) -> Tensor {
    let places = try Shape.axes(axes, rank: rank, "mean")
    if !dtype.isFloat {
      // f32 does not hold every int that is summed.
      return try cast(to: .f64).mean(axes: places, keepsAxes: keepsAxes).cast(to: .f32)
    }
    let x = try computed()
    let extent = places.reduce(1) { $0 * shape[$1] }
    let y = try x.detached.summed(places, scale: 1 / Double(extent))
    return try Tape.record(
      .mean, [x], y.viewed(reductionShape(places, keepsAxes)), integers: places)
  }

  private func summed(_ axes: [Int], scale: Double) throws(TensorError) -> Tensor {
    if !axes.isEmpty, axes.count < rank, axes == Array(0..<axes.count) {
      let inner = shape[axes.count...].reduce(1, *)
      let outer = axes.reduce(1) { $0 * shape[$1] }
      return try reshaped([outer, inner]).columnSums(scale: scale)
    }
    let (rows, result) = try reductionRows(axes, false, "sum")
    return try rows.rowValues(result) { values, width in
      switch values {
      case .single(let x): Float.sum(x, width) * scale
      case .double(let x): Double.sum(x, width) * scale
      }
    }
  }

  /// Σ over the first axis of [outer, inner].
  func columnSums(scale: Double = 1) throws(TensorError) -> Tensor {
    let outer = shape[0], inner = shape[1]
    let made = try Tensor.uninitialized([inner], dtype)
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      let x = pointer(T.self), out = made.target(T.self)
      try WorkerPool.shared.stretches(inner, grain: 256) { first, count in
        withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { sums in
          for place in 0..<count { sums[place] = 0 }
          for row in 0..<outer {
            let from = x + row * inner + first
            for place in 0..<count { sums[place] += Double(from[place]) }
          }
          for place in 0..<count { out[first + place] = T(sums[place] * scale) }
        }
      }
    }
    try dtype == .f64 ? run(Double.self) : run(Float.self)
    keep(self, made)
    return made
  }

  private enum RowPointer {
    case single(UnsafePointer<Float>)
    case double(UnsafePointer<Double>)
  }

  /// One value a row of [outer, extent].
  private func rowValues(
    _ result: [Int], _ body: (RowPointer, Int) -> Double
  ) throws(TensorError) -> Tensor {
    let made = try Tensor.uninitialized(result, dtype)
    let width = shape[1]
    try Tensor.eachRow(shape[0], width) { row in
      if dtype == .f64 {
        made.target(Double.self)[row] = body(.double(pointer(Double.self) + row * width), width)
      } else {
        made.target(Float.self)[row] = Float(
          body(.single(pointer(Float.self) + row * width), width))
      }
    }
    keep(self, made)
    return made
  }

  private func wholeSum(_ axes: [Int], _ keepsAxes: Bool) throws(TensorError) -> Tensor {
    let (rows, shape) = try reductionRows(axes, keepsAxes, "sum")
    let values = rows.ints(), width = rows.shape[1]
    var out: [Int] = []
    var poll = Poll.here()
    for row in 0..<rows.shape[0] {
      var total = 0
      for place in row * width..<(row + 1) * width {
        try poll.step()
        let (next, overflow) = total.addingReportingOverflow(values[place])
        if overflow {
          throw .numeric(operation: "sum of ints", rule: "results within 64 bits")
        }
        total = next
      }
      out.append(total)
    }
    return try Tensor(out, shape: shape)
  }

  /// Σ (x − mean)² / (n − correction).
  package func variance(
    axes: [Int]? = nil, correction: Double = 0, keepsAxes: Bool = false
  ) throws(TensorError) -> Tensor {
    if !dtype.isFloat {
      return try cast(to: .f64)
        .variance(axes: axes, correction: correction, keepsAxes: keepsAxes).cast(to: .f32)
    }
    let (rows, shape) = try computed().reductionRows(axes, keepsAxes, "var")
    let divisor = Double(rows.shape[1]) - correction
    let y = try rows.detached.rowValues([rows.shape[0]]) { values, width in
      switch values {
      case .single(let x):
        return Float.sumDeviations(x, Float.sum(x, width) / Double(width), width) / divisor
      case .double(let x):
        return Double.sumDeviations(x, Double.sum(x, width) / Double(width), width) / divisor
      }
    }
    return try Tape.record(.variance, [rows], y, numbers: (divisor, 0, 0, 0)).reshaped(shape)
  }

  package func standardDeviation(
    axes: [Int]? = nil, correction: Double = 0, keepsAxes: Bool = false
  ) throws(TensorError) -> Tensor {
    try variance(axes: axes, correction: correction, keepsAxes: keepsAxes).sqrt()
  }

  /// The product along axes. Ints and bools give i64, overflow is an error.
  package func product(axes: [Int]? = nil, keepsAxes: Bool = false) throws(TensorError) -> Tensor {
    if !dtype.isFloat {
      let (rows, shape) = try reductionRows(axes, keepsAxes, "prod")
      return try rows.rowProducts(shape)
    }
    let (rows, shape) = try computed().reductionRows(axes, keepsAxes, "prod")
    let y = try rows.detached.rowValues([rows.shape[0]]) { values, width in
      var product = 1.0
      for place in 0..<width {
        switch values {
        case .single(let x): product *= Double(x[place])
        case .double(let x): product *= x[place]
        }
      }
      return product
    }
    return try Tape.record(.product, [rows], y).reshaped(shape)
  }

  /// The largest (or smallest) value along axes; NaN where there is one. Ints stay ints.
  package func extreme(
    largest: Bool = true, axes: [Int]? = nil, keepsAxes: Bool = false
  ) throws(TensorError) -> Tensor {
    let name = largest ? "max" : "min"
    let (rows, shape) = try (dtype.isFloat ? computed() : self).reductionRows(axes, keepsAxes, name)
    guard rows.shape[1] > 0 || rows.shape[0] == 0 else {
      throw .shape(operation: name, rule: "at least one element", got: [self.shape])
    }
    guard dtype.isFloat else {
      let values = rows.ints(), width = rows.shape[1]
      let out = (0..<rows.shape[0]).map { row -> Int in
        let part = values[row * width..<(row + 1) * width]
        return (largest ? part.max() : part.min()) ?? 0
      }
      return try Tensor(out, shape: shape)
    }
    let signed = largest ? rows.detached : try rows.detached.negated()
    let y = try signed.rowValues([rows.shape[0]]) { values, width in
      let most =
        switch values {
        case .single(let x): Double(Float.largest(x, width))
        case .double(let x): Double.largest(x, width)
        }
      return largest ? most : -most
    }
    return try Tape.record(.extreme, [rows], y).reshaped(shape)
  }

  package func cumulativeSum(axis: Int = -1) throws(TensorError) -> Tensor {
    let place = try Shape.axis(axis, rank: rank, "cumsum")
    if !dtype.isFloat {
      return try transposed(place, -1).runningWhole().transposed(place, -1)
    }
    let x = try computed().transposed(place, -1)
    let y = try x.detached.running(backwards: false)
    return try Tape.record(.cumulativeSum, [x], y).transposed(place, -1)
  }

  /// Running sums along the last axis, in double.
  func running(backwards: Bool) throws(TensorError) -> Tensor {
    let made = try Tensor.uninitialized(shape, dtype)
    let width = shape.last ?? 1
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      let x = pointer(T.self), out = made.target(T.self)
      try Tensor.eachRow(width == 0 ? 0 : count / width, width) { row in
        var total = 0.0
        for step in 0..<width {
          let at = row * width + (backwards ? width - 1 - step : step)
          total += Double(x[at])
          out[at] = T(total)
        }
      }
    }
    try dtype == .f64 ? run(Double.self) : run(Float.self)
    keep(self, made)
    return made
  }

  /// Sums what broadcasting repeated, back to `wanted`.
  func reduced(to wanted: [Int]) throws(TensorError) -> Tensor {
    if shape == wanted { return self }
    let lead = rank - wanted.count
    let axes = shape.indices.filter { $0 < lead || (wanted[$0 - lead] == 1 && shape[$0] != 1) }
    return axes.isEmpty ? viewed(wanted) : try sum(axes: axes).viewed(wanted)
  }
}

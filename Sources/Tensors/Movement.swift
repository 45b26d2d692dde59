// Operations that move elements and compute nothing: reshape, permute, slice, pad, expand, concat.
// Values in blocks move with their rows; where single ones must move, the result is f32.

import Diagnostics

extension Tensor {
  /// The same elements in row-major order under another shape; one extent may be -1.
  package func reshaped(_ wanted: [Int]) throws(TensorError) -> Tensor {
    let shape = try filled(wanted)
    if shape == self.shape { return self }
    if dtype.isQuantized, shape.last != self.shape.last {
      return try cast(to: .f32).reshaped(shape)
    }
    return try Tape.record(.reshape, [self], viewed(shape))
  }

  private func filled(_ wanted: [Int]) throws(TensorError) -> [Int] {
    let refused = TensorError.shape(
      operation: "reshape", rule: "a shape of \(count) elements", got: [shape, wanted])
    guard wanted.filter({ $0 == -1 }).count <= 1, !wanted.contains(where: { $0 < -1 }) else {
      throw refused
    }
    guard let open = wanted.firstIndex(of: -1) else {
      guard Shape.count(wanted) == count else { throw refused }
      return wanted
    }
    var shape = wanted
    shape[open] = 1
    guard let rest = Shape.count(shape), rest > 0, count % rest == 0 else { throw refused }
    shape[open] = count / rest
    return shape
  }

  /// Axis i of the result is axis `axes[i]` of this tensor.
  package func permuted(_ axes: [Int]) throws(TensorError) -> Tensor {
    var order: [Int] = []
    for axis in axes { order.append(try Shape.axis(axis, rank: rank, "permute")) }
    guard Set(order).count == rank, order.count == rank else {
      throw .value(operation: "permute", rule: "each of \(rank) axes once", got: "\(axes)")
    }
    if order == Array(0..<rank) { return self }
    if dtype.isQuantized { return try cast(to: .f32).permuted(order) }
    let size = try plainItemSize("permute")
    let result = order.map { shape[$0] }, own = Shape.strides(shape)
    let made = try Tensor.uninitialized(result, dtype)
    let strides = order.map { own[$0] }
    try transposedFast(made, order, size)
      ?? Movement.gather(
        raw(), made.raw(), result, strides, size)
    keep(self, made)
    return try Tape.record(.permute, [self], made, integers: order)
  }

  /// Swapping the last two axes of f32 or f64 goes by blocks; nil when this is no such case.
  private func transposedFast(
    _ made: Tensor, _ order: [Int], _ size: Int
  ) throws(TensorError) -> Void? {
    guard rank >= 2, order[rank - 1] == rank - 2, order[rank - 2] == rank - 1,
      order.dropLast(2).elementsEqual(0..<rank - 2), size == 4 || size == 8
    else { return nil }
    let rows = shape[rank - 2], columns = shape[rank - 1], one = rows * columns
    guard one > 0 else { return () }
    let x = raw(), y = made.raw()
    try WorkerPool.shared.forEach(count / one) { index in
      let from = x + index * one * size, to = y + index * one * size
      if size == 4 {
        Float.transpose(
          from.assumingMemoryBound(to: Float.self), columns,
          to.assumingMemoryBound(to: Float.self), rows, rows, columns)
      } else {
        Double.transpose(
          from.assumingMemoryBound(to: Double.self), columns,
          to.assumingMemoryBound(to: Double.self), rows, rows, columns)
      }
    }
    return ()
  }

  /// Two axes swapped; without arguments all axes reversed.
  package func transposed(_ a: Int, _ b: Int) throws(TensorError) -> Tensor {
    var order = Array(0..<rank)
    order.swapAt(
      try Shape.axis(a, rank: rank, "transpose"), try Shape.axis(b, rank: rank, "transpose"))
    return try permuted(order)
  }
  package func transposed() throws(TensorError) -> Tensor {
    try permuted(Array((0..<rank).reversed()))
  }

  /// Repeats extents of 1 (and adds axes in front) up to `wanted`.
  package func expanded(to wanted: [Int]) throws(TensorError) -> Tensor {
    if wanted == shape { return self }
    guard try Shape.broadcast(shape, wanted, "expand") == wanted else {
      throw .broadcast(operation: "expand", shape, wanted)
    }
    if dtype.isQuantized { return try cast(to: .f32).expanded(to: wanted) }
    let size = try plainItemSize("expand")
    let made = try Tensor.uninitialized(wanted, dtype)
    Movement.gather(
      raw(), made.raw(), wanted, Shape.broadcastStrides(shape, to: wanted), size)
    keep(self, made)
    return try Tape.record(.expand, [self], made)
  }

  /// One range an axis (missing ones take all). Ranges lie within the extents.
  package func sliced(_ ranges: [Range<Int>]) throws(TensorError) -> Tensor {
    guard ranges.count <= rank else {
      throw .axis(operation: "slice", axis: ranges.count - 1, rank: rank)
    }
    let all = ranges + shape[ranges.count...].map { 0..<$0 }
    for (axis, range) in all.enumerated()
    where range.lowerBound < 0 || range.upperBound > shape[axis] {
      throw .index(
        operation: "slice", index: range.lowerBound < 0 ? range.lowerBound : range.upperBound,
        extent: shape[axis] + 1)
    }
    if all.enumerated().allSatisfy({ $1.count == shape[$0] }) { return self }
    let made: Tensor
    if all.dropFirst().enumerated().allSatisfy({ $1.count == shape[$0 + 1] }), dtype != .bool {
      made = detached.rows(all[0])
    } else if dtype.isQuantized {
      return try cast(to: .f32).sliced(ranges)
    } else {
      let size = try plainItemSize("slice"), own = Shape.strides(shape)
      let fresh = try Tensor.uninitialized(all.map(\.count), dtype)
      let start = zip(all, own).reduce(0) { $0 + $1.0.lowerBound * $1.1 }
      Movement.gather(raw() + start * size, fresh.raw(), fresh.shape, own, size)
      keep(self)
      made = fresh
    }
    return try Tape.record(.slice, [self], made, integers: all.map(\.lowerBound))
  }

  /// Elements `range` of one axis.
  package func sliced(axis: Int, _ range: Range<Int>) throws(TensorError) -> Tensor {
    let place = try Shape.axis(axis, rank: rank, "slice")
    return try sliced(shape[..<place].map { 0..<$0 } + [range])
  }

  /// The element at `index` of the first axis (negative from the end), that axis dropped.
  package func element(_ index: Int, axis: Int = 0) throws(TensorError) -> Tensor {
    let place = try Shape.axis(axis, rank: rank, "index")
    let at = index < 0 ? index + shape[place] : index
    guard at >= 0, at < shape[place] else {
      throw .index(operation: "index", index: index, extent: shape[place])
    }
    var rest = shape
    rest.remove(at: place)
    return try sliced(axis: place, at..<at + 1).reshaped(rest)
  }

  /// Zeros (or `value`) added before and after each axis.
  package func padded(
    _ before: [Int], _ after: [Int], value: Double = 0
  ) throws(TensorError) -> Tensor {
    guard before.count == rank, after.count == rank, !(before + after).contains(where: { $0 < 0 })
    else {
      throw .value(
        operation: "pad", rule: "\(rank) counts from 0 before and after",
        got: "\(before) and \(after)")
    }
    if dtype.isQuantized { return try cast(to: .f32).padded(before, after, value: value) }
    let size = try plainItemSize("pad")
    var result: [Int] = []
    for axis in 0..<rank {
      let (start, one) = before[axis].addingReportingOverflow(shape[axis])
      let (extent, two) = start.addingReportingOverflow(after[axis])
      if one || two { throw .memory(bytes: nil, free: Memory.available()) }
      result.append(extent)
    }
    let made =
      try value == 0
      ? Tensor.zeros(result, dtype: dtype) : Tensor.full(result, value, dtype: dtype)
    let own = Shape.strides(result)
    let start = zip(before, own).reduce(0) { $0 + $1.0 * $1.1 }
    Movement.scatter(raw(), made.raw() + start * size, shape, own, size)
    keep(self, made)
    return try Tape.record(.pad, [self], made, integers: before)
  }

  /// Joins along an axis; other extents agree.
  package static func concat(_ parts: [Tensor], axis: Int = 0) throws(TensorError) -> Tensor {
    guard let first = parts.first else {
      throw .value(operation: "concat", rule: "at least one tensor", got: "none")
    }
    if parts.count == 1 { return first }
    let place = try Shape.axis(axis, rank: first.rank, "concat")
    var dtype = first.dtype, result = first.shape
    result[place] = 0
    var poll = Poll.here()
    for part in parts {
      try poll.step()
      dtype = dtype == part.dtype ? dtype : DType.joined(dtype, part.dtype)
      guard part.rank == first.rank,
        part.shape.indices.allSatisfy({ $0 == place || part.shape[$0] == first.shape[$0] })
      else {
        throw .shape(
          operation: "concat", rule: "equal extents but along axis \(place)",
          got: [first.shape, part.shape])
      }
      result[place] += part.shape[place]
    }
    if dtype.isQuantized { dtype = .f32 }
    var cast: [Tensor] = []
    cast.reserveCapacity(parts.count)
    for part in parts {
      try poll.step()
      cast.append(try part.cast(to: dtype))
    }
    let made = try uninitialized(result, dtype)
    let size = try made.plainItemSize("concat")
    let around = Shape.around(place, result)
    var at = 0
    for part in cast {
      try poll.step()
      let run = part.shape[place] * around.inner * size
      for outer in 0..<around.outer where run > 0 {
        (made.raw() + (outer * around.extent * around.inner + at) * size)
          .copyMemory(from: part.raw() + outer * run, byteCount: run)
      }
      keep(part)
      at += part.shape[place] * around.inner
    }
    return try Tape.record(.concat, cast, made, integers: [place])
  }

  /// Joins equal shapes along a new axis.
  package static func stack(_ parts: [Tensor], axis: Int = 0) throws(TensorError) -> Tensor {
    guard let first = parts.first else {
      throw .value(operation: "stack", rule: "at least one tensor", got: "none")
    }
    let place = try Shape.axis(axis, rank: first.rank + 1, "stack")
    var lifted: [Tensor] = []
    lifted.reserveCapacity(parts.count)
    var poll = Poll.here()
    for part in parts {
      try poll.step()
      guard part.shape == first.shape else {
        throw .shape(operation: "stack", rule: "equal shapes", got: [first.shape, part.shape])
      }
      var shape = part.shape
      shape.insert(1, at: place)
      lifted.append(try part.reshaped(shape))
    }
    return try concat(lifted, axis: place)
  }

  /// Parts of the given extents along an axis.
  package func split(_ extents: [Int], axis: Int = 0) throws(TensorError) -> [Tensor] {
    let place = try Shape.axis(axis, rank: rank, "split")
    guard !extents.contains(where: { $0 < 0 }), extents.reduce(0, &+) == shape[place] else {
      throw .value(
        operation: "split", rule: "extents that add up to \(shape[place])", got: "\(extents)")
    }
    var parts: [Tensor] = [], start = 0
    var poll = Poll.here()
    for extent in extents {
      try poll.step()
      parts.append(try sliced(axis: place, start..<start + extent))
      start += extent
    }
    return parts
  }

  func plainItemSize(_ operation: String) throws(TensorError) -> Int {
    guard let size = dtype.itemSize else {
      throw .dtype(operation: operation, rule: "plain values", got: dtype)
    }
    return size
  }
}

/// Strided copies of elements of 1, 2, 4 or 8 bytes.
enum Movement {
  /// y, in row-major order of `shape`, is read from x by `strides`.
  static func gather(
    _ x: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer, _ shape: [Int], _ strides: [Int],
    _ size: Int
  ) {
    walk(shape, strides, size) { from, to, count, stride in
      switch size {
      case 1: copy(x + from, y + to, count, stride, 1, UInt8.self)
      case 2: copy(x + from * 2, y + to * 2, count, stride, 1, UInt16.self)
      case 4: copy(x + from * 4, y + to * 4, count, stride, 1, UInt32.self)
      default: copy(x + from * 8, y + to * 8, count, stride, 1, UInt64.self)
      }
    }
  }

  /// x, in row-major order of `shape`, is written to y by `strides`.
  static func scatter(
    _ x: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer, _ shape: [Int], _ strides: [Int],
    _ size: Int
  ) {
    walk(shape, strides, size) { to, from, count, stride in
      switch size {
      case 1: copy(x + from, y + to, count, 1, stride, UInt8.self)
      case 2: copy(x + from * 2, y + to * 2, count, 1, stride, UInt16.self)
      case 4: copy(x + from * 4, y + to * 4, count, 1, stride, UInt32.self)
      default: copy(x + from * 8, y + to * 8, count, 1, stride, UInt64.self)
      }
    }
  }

  private static func copy<T>(
    _ x: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer, _ count: Int, _ from: Int,
    _ to: Int, _ type: T.Type
  ) {
    let source = x.assumingMemoryBound(to: T.self), target = y.assumingMemoryBound(to: T.self)
    if from == 1, to == 1 { return target.update(from: source, count: count) }
    for place in 0..<count { target[place * to] = source[place * from] }
  }

  /// Each row of the last axis: its strided start, its row-major start, count, stride.
  private static func walk(
    _ shape: [Int], _ strides: [Int], _ size: Int, _ body: (Int, Int, Int, Int) -> Void
  ) {
    guard let last = shape.last else { return body(0, 0, 1, 1) }
    let rows = shape.dropLast().reduce(1, *)
    var place = [Int](repeating: 0, count: shape.count - 1), start = 0
    for row in 0..<rows where last > 0 {
      body(start, row * last, last, strides[shape.count - 1])
      var axis = shape.count - 2
      while axis >= 0 {
        place[axis] += 1
        start += strides[axis]
        if place[axis] < shape[axis] { break }
        start -= strides[axis] * shape[axis]
        place[axis] = 0
        axis -= 1
      }
    }
  }
}

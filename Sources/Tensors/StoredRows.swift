// Weights whose rows a file keeps in another order than tensors have them in. Nothing is copied while
// products alone use them: those read the rows where they stand and move what comes out.

import Glibc
import Synchronization

/// The order of rows inside each head of a rotary projection: row h·d/2 + j of a tensor (halves) is
/// row 2j + h of the file (pairs), for heads of d rows.
package struct PairedRows: Sendable {
  package let heads: Int
  /// Rows of a head; even.
  package let size: Int

  /// Throws for rows that are no whole heads, or heads that are no whole pairs.
  package init(rows: Int, heads: Int) throws(TensorError) {
    guard heads > 0, rows >= 0, rows % heads == 0, rows / heads % 2 == 0 else {
      throw .value(
        operation: "rows", rule: "\(heads) heads of an even number of rows", got: "\(rows) rows")
    }
    self.heads = heads
    size = rows / heads
  }

  /// The row of a file that is `row` of the tensor.
  func stored(_ row: Int) -> Int {
    let inside = row % size
    return row - inside + 2 * (inside % (size / 2)) + inside / (size / 2)
  }

  /// Puts outputs y [m, rows], made from the rows of a file, in the order of the tensor.
  func arrange(_ y: UnsafeMutablePointer<Float>, m: Int) throws(TensorError) {
    let half = size / 2, row = heads * size
    try WorkerPool.shared.stretches(m * heads, grain: max(1, (1 << 15) / max(1, size))) {
      first, count in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: size) { scratch in
        guard let moved = scratch.baseAddress else { return }
        for place in first..<first + count {
          let head = y + place / heads * row + place % heads * size
          for j in 0..<half {
            moved[j] = head[2 &* j]
            moved[half &+ j] = head[2 &* j &+ 1]
          }
          head.update(from: moved, count: size)
        }
      }
    }
  }
}

/// Bytes of another storage with their rows in the order of tensors, copied when somebody first asks
/// for them. The memory is asked of the system at once, so that only making one can fail, but takes
/// no place before it is filled.
final class MovedRows: Sendable {
  let source: Tensor
  let order: PairedRows
  private let isFilled = Atomic<Bool>(false)
  private let filling = Mutex<Void>(())

  init(_ source: Tensor, _ order: PairedRows) {
    self.source = source
    self.order = order
  }

  /// Fills `target` unless it is filled; whoever comes meanwhile waits.
  func fill(_ target: UnsafeMutableRawPointer) {
    if isFilled.load(ordering: .acquiring) { return }
    filling.withLock { _ in
      if isFilled.load(ordering: .relaxed) { return }
      let rows = order.heads * order.size, bytes = source.byteCount / max(1, rows)
      source.withBytes { from in
        guard let base = from.baseAddress else { return }
        for row in 0..<rows {
          (target + row * bytes).copyMemory(
            from: base + order.stored(row) * bytes, byteCount: bytes)
        }
      }
      isFilled.store(true, ordering: .releasing)
    }
  }

  /// Zeros that take no place until they are written. Throws `memory`.
  static func reserve(_ byteCount: Int) throws(TensorError) -> UnsafeMutableRawPointer {
    let map = mmap(
      nil, max(1, byteCount), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
      -1, 0)
    guard let map, map != UnsafeMutableRawPointer(bitPattern: -1) else {
      throw .memory(bytes: byteCount, free: Memory.available())
    }
    return map
  }

  static func giveBack(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
    munmap(pointer, max(1, byteCount))
  }
}

extension Tensor {
  /// This weight [rows, ...] of a file that keeps each head's rows in pairs, as a tensor that has
  /// them in halves. Quantised blocks stay as they are. Throws for rows that are no whole heads.
  package func inHalves(heads: Int) throws(TensorError) -> Tensor {
    let order = try PairedRows(rows: shape.first ?? 0, heads: heads)
    return Tensor(
      unchecked: try TensorStorage(moving: detached, order), offset: 0, shape: shape, dtype: dtype,
      count: count)
  }

  /// This tensor with each head's rows in pairs, as a file keeps them. Throws as `inHalves` does.
  package func inPairs(heads: Int) throws(TensorError) -> Tensor {
    if let (stored, order) = asStored, order.heads == heads { return stored }
    let order = try PairedRows(rows: shape.first ?? 0, heads: heads)
    var rows = [Int](repeating: 0, count: order.heads * order.size)
    for row in rows.indices { rows[order.stored(row)] = row }
    return try taken(rows)
  }

  /// The rows as the file has them and the order they are to be read in; nil where they stand as
  /// this tensor has them.
  package var asStored: (weight: Tensor, order: PairedRows)? {
    guard let moved = storage.moved, offset == 0, shape == moved.source.shape else { return nil }
    return (moved.source, moved.order)
  }
}

// A tensor that shares the elements of a storage with others, perhaps in another order.

/// Where a tensor of a PyTorch file lies.
package struct StorageView: Sendable, Equatable {
  /// The number of the storage in its file.
  let storage: Int
  /// Elements between neighbours along each axis; nil where they follow in row-major order.
  let strides: [Int]?
}

extension StorageView {
  /// The elements of a view in row-major order. `bytes` is the whole storage, `from` the byte of the
  /// first element; the view has been found to lie inside. O(elements).
  static func gathered(
    _ bytes: UnsafeRawBufferPointer, from: Int, shape: [Int], strides: [Int], size: Int, count: Int
  ) -> [UInt8] {
    switch size {
    case 1: gathered(bytes, from, shape, strides, count, UInt8.self)
    case 2: gathered(bytes, from, shape, strides, count, UInt16.self)
    case 4: gathered(bytes, from, shape, strides, count, UInt32.self)
    default: gathered(bytes, from, shape, strides, count, UInt64.self)
    }
  }

  private static func gathered<T: FixedWidthInteger>(
    _ bytes: UnsafeRawBufferPointer, _ from: Int, _ shape: [Int], _ strides: [Int], _ count: Int,
    _ type: T.Type
  ) -> [UInt8] {
    let size = MemoryLayout<T>.size
    let width = shape.last ?? 1
    let step = (strides.last ?? 1) * size
    guard count > 0, width > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count * size) { out, filled in
      var index = [Int](repeating: 0, count: max(0, shape.count - 1))
      var row = from
      for start in stride(from: 0, to: count, by: width) {
        for column in 0..<width {
          let value = bytes.loadUnaligned(fromByteOffset: row + column * step, as: T.self)
          UnsafeMutableRawBufferPointer(out).storeBytes(
            of: value, toByteOffset: (start + column) * size, as: T.self)
        }
        // The next row: the last of the outer axes runs fastest.
        for axis in index.indices.reversed() {
          index[axis] += 1
          row += strides[axis] * size
          if index[axis] < shape[axis] { break }
          row -= index[axis] * strides[axis] * size
          index[axis] = 0
        }
      }
      filled = count * size
    }
  }
}

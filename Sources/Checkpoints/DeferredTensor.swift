// A tensor that a writer asks for when its turn comes, so that a converted model is never in memory
// as a whole beside the one it comes from.

package import Tensors

/// Name, shape and dtype of a tensor that is made while its file is written.
package struct DeferredTensor {
  package let name: String
  /// Outermost extent first.
  package let shape: [Int]
  package let dtype: DType
  private let make: () throws -> Tensor

  /// `make` must give a tensor of this shape and dtype; it is called once.
  package init(
    _ name: String, shape: [Int], dtype: DType, make: @escaping () throws -> Tensor
  ) {
    self.name = name
    self.shape = shape
    self.dtype = dtype
    self.make = make
  }

  /// A tensor that is there already.
  package init(_ name: String, _ tensor: Tensor) {
    self.init(name, shape: tensor.shape, dtype: tensor.dtype) { tensor }
  }

  /// Bytes in the file; shapes whose bytes cannot be counted have none, and no tensor either.
  var byteCount: Int { dtype.byteCount(shape: shape) ?? 0 }

  /// The tensor. Throws what making it throws, and when it is not the one that was announced.
  func tensor(for path: String) throws -> Tensor {
    let tensor = try make()
    guard tensor.shape == shape, tensor.dtype == dtype else {
      throw CheckpointsError.writing(.changed(name), path: path)
    }
    return tensor
  }
}

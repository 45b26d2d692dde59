// Which format each weight gets when a model is held or written in another one (models.md 1.4).
// Knows no file.

import Tensors

extension WeightNeed {
  /// A projection or a table of embeddings. Everything else (norms, biases, positions) is f32.
  var isTable: Bool { !isBias && (slot.isLinear || slot == .embed) }

  /// The format of this table in a model of `wanted`: embedding and head keep 8 bits when the rest
  /// gets 4 or 5, and rows that are no whole blocks stay f16.
  func format(_ wanted: DType) -> DType {
    guard let block = wanted.block else { return wanted }
    let isEnd = slot == .embed || slot == .head
    let format = isEnd && block.bytes < 34 ? DType.q8_0 : wanted
    return format.fits(rowsOf: shape.last ?? 0) ? format : .f16
  }

  /// The weight in its format of `wanted`; what has that format already keeps its bytes.
  func converted(_ tensor: Tensor, to wanted: DType) throws -> Tensor {
    let format = format(wanted)
    return tensor.dtype == format ? tensor : try tensor.cast(to: format)
  }
}

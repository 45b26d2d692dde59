// A model in other formats: which tensors change, and what each lost. Knows no file.

package import Tensors

/// Which tensors `quantize` changes, and to what.
package struct Quantizing: Sendable {
  package var dtype: DType
  /// The format of embedding and head; nil is 8 bits where the rest gets 4 or 5, else `dtype`.
  package var head: DType?
  /// Patterns of names, `*` for any run of characters: only these change; empty means all.
  package var only: [String] = []
  /// Patterns of names that stay as they are.
  package var keep: [String] = []

  package init(to dtype: DType) { self.dtype = dtype }

  func format(of need: WeightNeed) -> DType? {
    guard need.isTable, only.isEmpty || only.contains(where: { nameFits($0, need.name) }),
      !keep.contains(where: { nameFits($0, need.name) })
    else { return nil }
    if let head, need.slot == .embed || need.slot == .head {
      return head.fits(rowsOf: need.shape.last ?? 0) ? head : .f16
    }
    return need.format(dtype)
  }
}

/// What became of one tensor.
package struct QuantizedTensor: Sendable, Equatable {
  package let name: String
  package let from: DType
  package let to: DType
  /// Bytes of it now.
  package let bytes: Int
  /// ‖W − Ŵ‖ / ‖W‖ over all values; 0 where nothing changed.
  package let error: Double
}

extension Model {
  /// A model with the same description whose projections and tables have another dtype; attached
  /// adapters are written into it. Embedding and head get 8 bits where the rest gets 4 or 5; rows
  /// that are no multiple of a block become f16. Throws for a format that can only be read.
  package func converted(to dtype: DType) throws -> Model {
    try quantized(Quantizing(to: dtype)).model
  }

  /// The same, with a choice of tensors and what each of them lost. Throws `ModelsError.pattern` for
  /// a pattern that no tensor fits.
  package func quantized(
    _ wanted: Quantizing, measuring: Bool = false, onProgress: (Int, Int) -> Void = { _, _ in }
  ) throws -> (model: Model, report: [QuantizedTensor]) {
    if isUnloaded { throw ModelsError.unloaded(name) }
    let needs = transformer.architecture.needs
    for pattern in wanted.only + wanted.keep
    where !needs.contains(where: { nameFits(pattern, $0.name) }) {
      throw ModelsError.pattern(pattern)
    }
    var store = try parameters.merged(tiedHead: tiedHeadPaths)
    var report: [QuantizedTensor] = []
    for (index, need) in needs.enumerated() {
      guard let tensor = store[need.name]?.detached else { continue }
      onProgress(index, needs.count)
      var made = tensor
      if let format = wanted.format(of: need), format != tensor.dtype {
        made = try tensor.cast(to: format)
        store.replace(need.name, with: made)
      }
      if measuring {
        report.append(
          QuantizedTensor(
            name: need.name, from: tensor.dtype, to: made.dtype, bytes: made.byteCount,
            error: made.dtype == tensor.dtype ? 0 : try relativeError(made, of: tensor)))
      }
    }
    onProgress(needs.count, needs.count)
    return (Model(parts: parts, transformer: transformer, parameters: store), report)
  }

  /// Some rows at a time, so that no whole copy in f32 is made.
  private func relativeError(_ made: Tensor, of tensor: Tensor) throws -> Double {
    let rows = tensor.shape.first ?? 1
    let step = max(1, (1 << 22) / max(1, tensor.count / max(1, rows)))
    var (lost, whole) = (0.0, 0.0)
    var start = 0
    while start < rows {
      let part = start..<min(rows, start + step)
      let before = try tensor.sliced([part]).cast(to: .f32).floats()
      let after = try made.sliced([part]).cast(to: .f32).floats()
      for (x, y) in zip(before, after) {
        lost += Double(x - y) * Double(x - y)
        whole += Double(x) * Double(x)
      }
      start = part.upperBound
    }
    return whole > 0 ? (lost / whole).squareRoot() : 0
  }
}

/// Whether a name of a tensor fits a pattern in which `*` stands for any run of characters.
func nameFits(_ glob: String, _ name: String) -> Bool {
  let parts = glob.split(separator: "*", omittingEmptySubsequences: false).map { Array($0.utf8) }
  let bytes = Array(name.utf8)
  guard let first = parts.first, let last = parts.last, parts.count > 1 else {
    return glob == name
  }
  guard bytes.starts(with: first), bytes.count >= first.count + last.count,
    bytes.suffix(last.count).elementsEqual(last)
  else { return false }
  var place = first.count
  let end = bytes.count - last.count
  for part in parts.dropFirst().dropLast() {
    guard
      let start = (place...end).first(where: {
        $0 + part.count <= end && bytes[$0...].starts(with: part)
      })
    else { return false }
    place = start + part.count
  }
  return true
}

// The number formats a tensor may hold. Knows no storage.

package enum DType: String, Sendable, CaseIterable {
  case f64, f32, f16, bf16, i64, i32, i16, i8, u8, bool
  /// Blocks of 32 values along the last axis in 34 bytes: an f16 scale and 32 signed bytes.
  case q8_0

  package var isFloat: Bool {
    switch self {
    case .f64, .f32, .f16, .bf16, .q8_0: true
    default: false
    }
  }

  /// f32 and f64: what arithmetic is done in.
  package var isComputed: Bool { self == .f32 || self == .f64 }

  /// Bytes of one value; nil for block formats.
  package var itemSize: Int? {
    switch self {
    case .f64, .i64: 8
    case .f32, .i32: 4
    case .f16, .bf16, .i16: 2
    case .i8, .u8, .bool: 1
    case .q8_0: nil
    }
  }

  /// What is read as f32 or f64 when arithmetic needs it.
  var computed: DType { self == .f64 ? .f64 : .f32 }

  /// Bytes of a tensor of this shape; nil when that overflows or a block does not fit.
  package func byteCount(shape: [Int]) -> Int? {
    guard let count = Shape.count(shape) else { return nil }
    guard self == .q8_0 else {
      let (bytes, overflow) = count.multipliedReportingOverflow(by: itemSize ?? 1)
      return overflow ? nil : bytes
    }
    guard (shape.last ?? 0) % 32 == 0, !shape.isEmpty else { return nil }
    let (bytes, overflow) = (count / 32).multipliedReportingOverflow(by: 34)
    return overflow ? nil : bytes
  }

  /// The dtype of `a op b`: f64 before f32 (which f16, bf16 become) before i64 before bool.
  static func joined(_ a: DType, _ b: DType) -> DType {
    if a == .f64 || b == .f64 { return .f64 }
    if a.isFloat || b.isFloat { return .f32 }
    return a == .bool && b == .bool ? .bool : .i64
  }
}

// The number formats a tensor may hold. Knows no storage.

import CKernels

package enum DType: String, Sendable, CaseIterable {
  case f64, f32, f16, bf16, i64, i32, i16, i8, u8, bool
  /// Blocks of 32 values along the last axis: a scale (with an offset in q4_1 and q5_1) and 8, 4 or
  /// 5 bits a value.
  case q8_0, q4_0, q4_1, q5_0, q5_1
  /// Blocks of 256 values: scales of 4 to 8 bits for groups of 16 or 32, and 2 to 6 bits a value.
  case q2_K = "q2_k"
  case q3_K = "q3_k"
  case q4_K = "q4_k"
  case q5_K = "q5_k"
  case q6_K = "q6_k"

  package var isFloat: Bool {
    switch self {
    case .i64, .i32, .i16, .i8, .u8, .bool: false
    default: true
    }
  }

  /// f32 and f64: what arithmetic is done in.
  package var isComputed: Bool { self == .f32 || self == .f64 }

  /// Values stand in blocks along the last axis.
  package var isQuantized: Bool { itemSize == nil }

  /// Values can be rounded to it; the K formats are only read.
  package var isWritable: Bool {
    switch self {
    case .q2_K, .q3_K, .q4_K, .q5_K, .q6_K: false
    default: true
    }
  }

  /// The block formats values can be rounded to.
  package static let quantizable = allCases.filter { $0.isQuantized && $0.isWritable }

  /// Bytes of one value; nil for block formats.
  package var itemSize: Int? {
    switch self {
    case .f64, .i64: 8
    case .f32, .i32: 4
    case .f16, .bf16, .i16: 2
    case .i8, .u8, .bool: 1
    default: nil
    }
  }

  /// Values and bytes of a block; nil for plain formats.
  package var block: (values: Int, bytes: Int)? {
    guard isQuantized else { return nil }
    return (ck_block_values(kernelCode), ck_block_bytes(kernelCode))
  }

  /// The format as the kernels know it (the order of Blocks.h); -1 for what holds no weights.
  package var kernelCode: Int32 {
    let code =
      switch self {
      case .f64, .i64, .i32, .i16, .i8, .u8, .bool: -1
      case .f32: CK_F32
      case .f16: CK_F16
      case .bf16: CK_BFLOAT16
      case .q8_0: CK_Q8_0
      case .q4_0: CK_Q4_0
      case .q4_1: CK_Q4_1
      case .q5_0: CK_Q5_0
      case .q5_1: CK_Q5_1
      case .q2_K: CK_Q2_K
      case .q3_K: CK_Q3_K
      case .q4_K: CK_Q4_K
      case .q5_K: CK_Q5_K
      case .q6_K: CK_Q6_K
      }
    return Int32(code)
  }

  /// What is read as f32 or f64 when arithmetic needs it.
  var computed: DType { self == .f64 ? .f64 : .f32 }

  /// Rows of this many values consist of whole blocks.
  package func fits(rowsOf values: Int) -> Bool {
    guard let block else { return true }
    return values % block.values == 0
  }

  /// Bytes of a tensor of this shape; nil when that overflows or a block does not fit.
  package func byteCount(shape: [Int]) -> Int? {
    guard let count = Shape.count(shape) else { return nil }
    let units: Int, size: Int
    if let block {
      guard let row = shape.last, fits(rowsOf: row) else { return nil }
      (units, size) = (count / block.values, block.bytes)
    } else {
      (units, size) = (count, itemSize ?? 1)
    }
    let (bytes, overflow) = units.multipliedReportingOverflow(by: size)
    return overflow ? nil : bytes
  }

  /// Why a shape that can be counted has no byte count: its rows are no whole blocks.
  func misfit(_ shape: [Int]) -> TensorError? {
    guard let block, Shape.count(shape) != nil, shape.last.map(fits(rowsOf:)) != true else {
      return nil
    }
    return .shape(
      operation: rawValue, rule: "a last extent divisible by \(block.values)", got: [shape])
  }

  /// The dtype of `a op b`: f64 before f32 (which other floats become) before i64 before bool.
  static func joined(_ a: DType, _ b: DType) -> DType {
    if a == .f64 || b == .f64 { return .f64 }
    if a.isFloat || b.isFloat { return .f32 }
    return a == .bool && b == .bool ? .bool : .i64
  }
}

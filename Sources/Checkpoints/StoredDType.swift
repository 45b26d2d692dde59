// The element types that weight files can hold: how many values stand in how many bits. Every type
// of the safetensors and ggml tables is sized and listed, also those that nothing computes with.

package import Tensors

/// How elements are stored in a file.
package struct StoredDType: Sendable, Hashable {
  /// As the format spells it: `F32`, `Q8_0`.
  package let name: String
  /// Values in one block along the last axis; 1 for plain types.
  package let blockValues: Int
  /// Bits of one block.
  package let blockBits: Int
  /// What a tensor read from it has; nil when it can be listed but not computed.
  package let dtype: DType?
  /// The id in a GGUF file; nil for types only safetensors knows.
  let ggmlID: UInt32?

  package static func == (a: Self, b: Self) -> Bool { a.name == b.name }
  package func hash(into hasher: inout Hasher) { hasher.combine(name) }

  init(_ name: String, bits: Int, _ dtype: DType? = nil, ggml: UInt32? = nil) {
    self.init(name, values: 1, bits: bits, dtype, ggml: ggml)
  }

  init(_ name: String, values: Int, bits: Int, _ dtype: DType? = nil, ggml: UInt32? = nil) {
    self.name = name
    blockValues = values
    blockBits = bits
    self.dtype = dtype
    ggmlID = ggml
  }

  /// Bytes of `count` values; nil when they fill no whole number of blocks or bytes, or overflow.
  func byteCount(of count: Int) -> Int? {
    guard count >= 0, count % blockValues == 0 else { return nil }
    let (bits, overflow) = (count / blockValues).multipliedReportingOverflow(by: blockBits)
    guard !overflow, bits % 8 == 0 else { return nil }
    return bits / 8
  }
}

extension StoredDType {
  /// The type of a safetensors header; nil for an unknown name.
  package static func safetensors(_ name: String) -> StoredDType? {
    safetensorsTypes.first { $0.name == name }
  }

  /// safetensors 0.8: name, bits, and what it is computed as (narrower unsigned types widen).
  static let safetensorsTypes: [StoredDType] = [
    .init("F64", bits: 64, .f64), .init("F32", bits: 32, .f32), .init("F16", bits: 16, .f16),
    .init("BF16", bits: 16, .bf16), .init("I64", bits: 64, .i64), .init("I32", bits: 32, .i32),
    .init("I16", bits: 16, .i16), .init("I8", bits: 8, .i8), .init("U8", bits: 8, .u8),
    .init("U16", bits: 16, .i32), .init("U32", bits: 32, .i64), .init("U64", bits: 64, .i64),
    .init("BOOL", bits: 8, .bool), .init("C64", bits: 64), .init("F8_E4M3", bits: 8),
    .init("F8_E5M2", bits: 8), .init("F8_E8M0", bits: 8), .init("F8_E4M3FNUZ", bits: 8),
    .init("F8_E5M2FNUZ", bits: 8), .init("F6_E2M3", bits: 6), .init("F6_E3M2", bits: 6),
    .init("F4", bits: 4),
  ]

  /// The type of a ggml id, or why there is none.
  static func ggml(_ id: UInt32) -> Result<StoredDType, GGUFTypeRefusal> {
    if let type = ggmlTypes.first(where: { $0.ggmlID == id }) { return .success(type) }
    switch id {
    case 9: return .failure(.activation("Q8_1"))
    case 15: return .failure(.activation("Q8_K"))
    case 4, 5, 31...33, 36...38: return .failure(.removed(id))
    default: return .failure(.unknown(id))
    }
  }

  private static func block(
    _ id: UInt32, _ name: String, _ values: Int, _ bytes: Int, _ dtype: DType? = nil
  ) -> StoredDType {
    .init(name, values: values, bits: bytes * 8, dtype, ggml: id)
  }

  /// ggml: id, name, values per block, bytes per block.
  static let ggmlTypes: [StoredDType] = [
    block(0, "F32", 1, 4, .f32), block(1, "F16", 1, 2, .f16), block(30, "BF16", 1, 2, .bf16),
    block(28, "F64", 1, 8, .f64), block(24, "I8", 1, 1, .i8), block(25, "I16", 1, 2, .i16),
    block(26, "I32", 1, 4, .i32), block(27, "I64", 1, 8, .i64), block(8, "Q8_0", 32, 34, .q8_0),
    block(2, "Q4_0", 32, 18, .q4_0), block(3, "Q4_1", 32, 20, .q4_1),
    block(6, "Q5_0", 32, 22, .q5_0), block(7, "Q5_1", 32, 24, .q5_1),
    block(12, "Q4_K", 256, 144, .q4_K), block(13, "Q5_K", 256, 176, .q5_K),
    block(14, "Q6_K", 256, 210, .q6_K), block(11, "Q3_K", 256, 110, .q3_K),
    block(10, "Q2_K", 256, 84, .q2_K),
    block(20, "IQ4_NL", 32, 18), block(23, "IQ4_XS", 256, 136), block(39, "MXFP4", 32, 17),
    block(16, "IQ2_XXS", 256, 66), block(17, "IQ2_XS", 256, 74), block(22, "IQ2_S", 256, 82),
    block(18, "IQ3_XXS", 256, 98), block(21, "IQ3_S", 256, 110), block(19, "IQ1_S", 256, 50),
    block(29, "IQ1_M", 256, 56), block(34, "TQ1_0", 256, 54), block(35, "TQ2_0", 256, 66),
    block(40, "NVFP4", 64, 36), block(41, "Q1_0", 128, 18), block(42, "Q2_0", 64, 18),
  ]
}

/// Why a ggml type id names no weights.
package enum GGUFTypeRefusal: Error, Equatable, Sendable {
  case activation(String)
  case removed(UInt32)
  case unknown(UInt32)
}

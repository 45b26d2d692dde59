// Quantised blocks against llama.cpp's own C code (Tests/Fixtures/tensors/make_blocks.py).

import CKernels
import Foundation
import Tensors
import Testing

/// What the reference reads and writes: bytes, in base 64.
struct BlockFixture: Decodable, Sendable {
  struct Reading: Decodable, Sendable {
    let blocks: Data
    let floats: Data
  }
  let read: [String: Reading]
  let write: [String: Data]
  let values: Data

  static let shared = Result {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let data = try Data(contentsOf: folder.appending(path: "Fixtures/tensors/blocks.json"))
    return try JSONDecoder().decode(BlockFixture.self, from: data)
  }
}

private func floats(_ data: Data) -> [Float] {
  data.withUnsafeBytes { raw in
    (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
  }
}

/// Bits, with all NaN alike.
private func bits(_ values: [Float]) -> [UInt32] {
  values.map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern }
}

@Suite struct BlockFormatTests {
  static let formats = DType.allCases.filter(\.isQuantized)

  @Test(arguments: formats)
  func `blocks are read to the bits of the reference`(format: DType) throws {
    let golden = try #require(try BlockFixture.shared.get().read[format.rawValue])
    let (values, bytes) = try #require(format.block)
    let count = golden.blocks.count / bytes
    #expect(count > 10)
    let blocks = try Tensor(bytes: Array(golden.blocks), shape: [count, values], dtype: format)
    #expect(bits(try blocks.cast(to: .f32).floats()) == bits(floats(golden.floats)))
    #expect(bits(blocks.floats()) == bits(floats(golden.floats)))
  }

  @Test(arguments: formats)
  func `parts of blocks are read as the whole, at any address`(format: DType) throws {
    let golden = try #require(try BlockFixture.shared.get().read[format.rawValue])
    let whole = bits(floats(golden.floats))
    for shift in 0..<3 {
      let moved = [UInt8](repeating: 7, count: shift) + golden.blocks
      for (start, count) in [(0, 32), (31, 1), (32, 40), (5, 300), (255, 2), (256, 0), (300, 77)] {
        var part = [Float](repeating: 1, count: count)
        moved.withUnsafeBytes { raw in
          guard let base = raw.baseAddress else { return }
          ck_dequantize_part(format.kernelCode, base + shift, start, &part, count)
        }
        #expect(bits(part) == Array(whole[start..<start + count]), "\(start) \(count)")
      }
    }
  }

  @Test(arguments: DType.quantizable)
  func `values are written to the bytes of the reference`(format: DType) throws {
    let golden = try BlockFixture.shared.get()
    let values = floats(golden.values)
    let made = try Tensor(values, shape: [values.count / 32, 32]).cast(to: format)
    let wanted = try #require(golden.write[format.rawValue])
    let bytes = try #require(format.block?.bytes)
    made.withBytes { raw in
      #expect(raw.count == wanted.count)
      for block in 0..<raw.count / bytes {
        let place = block * bytes..<(block + 1) * bytes
        #expect(
          Array(raw[place]) == Array(wanted[place]),
          "block \(block) \(values[block * 32..<block * 32 + 32])")
      }
    }
  }

  @Test(arguments: formats + [.f16, .bf16], DType.quantizable + [.f16, .bf16])
  func `between narrow formats values go as through f32`(from: DType, to: DType) throws {
    guard from != to else { return }
    let golden = try #require(try BlockFixture.shared.get().read["q6_k"])
    let values = floats(golden.floats).map { abs($0) < 1e4 ? $0 : 1 }
    let plain = try Tensor(values, shape: [values.count / 256, 256])
    let narrow =
      from.isWritable
      ? try plain.cast(to: from)
      : try Tensor(
        bytes: (0..<34 * (from.block?.bytes ?? 0)).map { UInt8(truncatingIfNeeded: $0 * 7 % 60) },
        shape: [34, 256], dtype: from)
    let direct = try narrow.cast(to: to)
    let through = try narrow.cast(to: .f32).cast(to: to)
    let isSame = direct.withBytes { Array($0) } == through.withBytes { Array($0) }
    #expect(isSame)
  }

  @Test(arguments: DType.quantizable)
  func `rows of blocks move as they are, single values as f32`(format: DType) throws {
    let values = (0..<4 * 64).map { Float($0 * 37 % 101) - 50 }
    let x = try Tensor(values, shape: [4, 64]).cast(to: format), plain = try x.cast(to: .f32)
    func same(_ a: Tensor, _ b: Tensor, _ dtype: DType) -> Bool {
      a.dtype == dtype && a.shape == b.shape && bits(a.floats()) == bits(b.floats())
    }
    #expect(same(try x.taken([2, 0, 2]), try plain.taken([2, 0, 2]), format))
    #expect(same(try x.sliced([1..<3]), try plain.sliced([1..<3]), format))
    #expect(same(try x.reshaped([2, 2, 64]), try plain.reshaped([2, 2, 64]), format))
    #expect(same(try x.transposed(), try plain.transposed(), .f32))
    #expect(same(try x.reshaped([8, 32]), try plain.reshaped([8, 32]), .f32))
    #expect(same(try x.sliced(axis: 1, 3..<7), try plain.sliced(axis: 1, 3..<7), .f32))
    #expect(same(try x.taken([63, 1], axis: 1), try plain.taken([63, 1], axis: 1), .f32))
    #expect(same(try x.padded([0, 1], [0, 0]), try plain.padded([0, 1], [0, 0]), .f32))
    #expect(same(try Tensor.concat([x, x]), try Tensor.concat([plain, plain]), .f32))
    #expect(same(try x.sorted().values, try plain.sorted().values, .f32))
    let wide = try x.reshaped([1, 4, 64]).expanded(to: [2, 4, 64])
    #expect(same(wide, try plain.reshaped([1, 4, 64]).expanded(to: [2, 4, 64]), .f32))
  }

  @Test func `formats have the block sizes of ggml`() {
    let sizes = Self.formats.map {
      "\($0.rawValue) \($0.block?.values ?? 0) \($0.block?.bytes ?? 0)"
    }
    #expect(
      sizes == [
        "q8_0 32 34", "q4_0 32 18", "q4_1 32 20", "q5_0 32 22", "q5_1 32 24", "q2_k 256 84",
        "q3_k 256 110", "q4_k 256 144", "q5_k 256 176", "q6_k 256 210",
      ])
    #expect(DType.f32.block == nil && DType.i8.kernelCode == -1)
    #expect(ck_block_values(99) == 0 && ck_block_bytes(-1) == 0)
  }

  @Test func `formats that are only read, and rows of no whole blocks, are refused`() throws {
    let x = try Tensor([Float](repeating: 1, count: 512), shape: [2, 256])
    #expect(
      throws: TensorError.dtype(
        operation: "cast", rule: "a format that can be written, such as q4_0 or q8_0", got: .q4_K)
    ) { try x.cast(to: .q4_K) }
    for format in DType.quantizable {
      #expect(
        throws: TensorError.shape(
          operation: format.rawValue, rule: "a last extent divisible by 32", got: [[2, 16, 16]])
      ) { try x.reshaped([2, 16, 16]).cast(to: format) }
    }
    #expect(
      throws: TensorError.shape(
        operation: "q6_k", rule: "a last extent divisible by 256", got: [[2, 128]])
    ) { try Tensor(bytes: [UInt8](repeating: 0, count: 210), shape: [2, 128], dtype: .q6_K) }
  }

  @Test(arguments: formats)
  func `a product in the exact mode has the bits of the dequantised weight`(
    format: DType
  ) throws {
    let golden = try #require(try BlockFixture.shared.get().read[format.rawValue])
    let (values, bytes) = try #require(format.block)
    let blocks = Array(golden.blocks[0..<2 * bytes]) + Array(golden.blocks[0..<2 * bytes])
    let weight = try Tensor(bytes: blocks, shape: [2, 2 * values], dtype: format)
    let x = try Tensor((0..<6 * values).map { Float($0 % 17) - 8 }, shape: [3, 2 * values])
    let plain = try weight.cast(to: .f32)
    let (a, b) = (
      try Tensor.linear(x, weight, kernels: .exact), try Tensor.linear(x, plain, kernels: .exact)
    )
    #expect(bits(a.floats()) == bits(b.floats()))
    let rows = try Tensor.embedding([1, 0, 1], weight)
    #expect(bits(rows.floats()) == bits(try plain.taken([1, 0, 1]).floats()))
  }
}

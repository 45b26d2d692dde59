// Tensors of ints: exact beyond the ints that floats hold, an error where a result does not fit.

import Diagnostics
import Tensors
import Testing

@Suite struct `tensors of ints` {
  static let large = 9_007_199_254_740_993  // 2^53 + 1, which no f64 is

  private func whole(_ values: [Int], _ shape: [Int]? = nil) throws -> Tensor {
    try Tensor(values, shape: shape ?? [values.count])
  }

  @Test func `are compared without rounding, with ints and with floats`() throws {
    let x = try whole([Self.large, Self.large - 1, Int.max])
    let y = try whole([Self.large - 1])
    #expect(try Tensor.compare(.equal, x, y).ints() == [0, 1, 0])
    #expect(try Tensor.compare(.greater, x, y).ints() == [1, 0, 1])
    let floats = try Tensor([Double(Self.large), .infinity, .nan], shape: [3])
    #expect(try Tensor.compare(.equal, x, floats).ints() == [0, 0, 0])
    #expect(try Tensor.compare(.less, x, floats).ints() == [0, 1, 0])
    #expect(try Tensor.compare(.greater, floats, x).ints() == [0, 1, 0])
    #expect(try Tensor.compare(.notEqual, x, floats).ints() == [1, 1, 1])
    let f32 = try Tensor([Float(16_777_216)], shape: [1])
    #expect(try Tensor.compare(.equal, whole([16_777_217]), f32).ints() == [0])
  }

  @Test func `are sorted, and their largest found, by their ints`() throws {
    let x = try whole([Self.large, Self.large - 1, -5, Int.min, Int.max])
    #expect(try x.argsorted().ints() == [3, 2, 1, 0, 4])
    #expect(try x.argsorted(descending: true).ints() == [4, 0, 1, 2, 3])
    let y = try whole([Self.large - 1, Self.large])
    #expect(try y.argExtreme().ints() == [1])
    #expect(try y.argExtreme(largest: false).ints() == [0])
  }

  @Test func `are multiplied as matrices exactly or refused`() throws {
    let x = try whole([Self.large], [1, 1]), one = try whole([1], [1, 1])
    #expect(try x.matmul(one).ints() == [Self.large])
    let a = try whole([Self.large, 2, 3, 4], [2, 2]), b = try whole([1, -1, 5, 7], [2, 2])
    #expect(
      try a.matmul(b).ints() == [Self.large + 10, 14 - Self.large, 23, 25])
    #expect(try whole([1, 2, 3, 4], [2, 2]).matmul(b).ints() == [11, 13, 23, 25])
    #expect(
      throws: TensorError.numeric(operation: "matmul of ints", rule: "results within 64 bits")
    ) {
      try whole([Int.max], [1, 1]).matmul(whole([2], [1, 1]))
    }
    let stack = try whole([1, 2, Self.large, 4], [2, 1, 2])
    #expect(try stack.matmul(b).ints() == [11, 13, Self.large + 20, 28 - Self.large])
  }

  @Test func `stay ints in products, running sums, bounds and rounding`() throws {
    let x = try whole([3, Self.large])
    #expect(try x.product().dtype == .i64)
    #expect(try x.product().ints() == [3 * Self.large])
    #expect(throws: TensorError.self) { try whole([Int.max, 2]).product() }
    #expect(try x.cumulativeSum().ints() == [3, Self.large + 3])
    #expect(try whole([1, 2, 3, 4], [2, 2]).cumulativeSum(axis: 0).ints() == [1, 2, 4, 6])
    #expect(throws: TensorError.self) { try whole([Int.max, 1]).cumulativeSum() }
    #expect(try x.clampedWhole(low: 4, high: nil).ints() == [4, Self.large])
    #expect(try x.unary(.round).ints() == [3, Self.large])
    #expect(try whole([-2, 2]).unary(.relu).ints() == [0, 2])
    #expect(try whole([16_777_217, 16_777_219]).mean().floats() == [16_777_218])
  }

  @Test func `are cast to what holds them, or refused`() throws {
    #expect(try whole([0, 255]).cast(to: .u8).ints() == [0, 255])
    #expect(try Tensor([-1.9, 1.9], shape: [2]).cast(to: .i8).ints() == [-1, 1])
    for (values, dtype) in [([256], DType.u8), ([-1], .u8), ([128], .i8), ([1 << 31], .i32)] {
      #expect(throws: TensorError.self) { try whole(values).cast(to: dtype) }
    }
    for number in [1e20, .nan, -.infinity] {
      #expect(throws: TensorError.self) { try Tensor([number], shape: [1]).cast(to: .i64) }
    }
    #expect(
      throws: TensorError.numeric(
        operation: "cast to u8", rule: "numbers from 0 to 255, not 300")
    ) { try whole([300]).cast(to: .u8) }
    #expect(try Tensor.full([1], 16_777_217, dtype: .i32).ints() == [16_777_217])
  }

  @Test func `take no floats by assignment, and floor division and remainder keep the sign`() throws
  {
    #expect(throws: TensorError.self) {
      try whole([1, 2]).replacing([0..<1], with: Tensor([1.5], shape: [1]))
    }
    let x = try whole([-7, 7, Int.min]), y = try whole([2])
    #expect(try Tensor.floorDivided(x, y).ints() == [-4, 3, Int.min / 2])
    #expect(try Tensor.remainder(x, whole([-2])).ints() == [-1, -1, 0])
    #expect(try Tensor.remainder(x, whole([-1])).ints() == [0, 0, 0])
    #expect(throws: TensorError.self) { try Tensor.floorDivided(x, whole([-1])) }
    #expect(throws: TensorError.self) { try Tensor.remainder(x, whole([0])) }
  }
}

@Suite struct `sorting tensors` {
  /// Many numbers with equal ones, zeros of both signs and NaN among them.
  private func numbers(_ count: Int) -> [Double] {
    var stream = RandomStream(seed: 1, stream: 2)
    return (0..<count).map { place in
      switch place % 50 {
      case 0: .nan
      case 1: -0.0
      case 2: 0
      case 3: -.infinity
      case 4: .infinity
      default: (stream.normal() * 100).rounded() / 10
      }
    }
  }

  @Test(arguments: [1, 7, 512, 513, 5000], [false, true])
  func `gives places as comparing one by one does`(_ count: Int, descending: Bool) throws {
    let values = numbers(count)
    let wanted = values.indices.sorted { a, b in
      let (x, y) = (values[a], values[b])
      if x.isNaN || y.isNaN { return x.isNaN == y.isNaN ? a < b : y.isNaN }
      return x == y ? a < b : descending ? x > y : x < y
    }
    let doubles = try Tensor(values, shape: [count])
    #expect(try doubles.argsorted(descending: descending).ints() == wanted)
    let floats = try doubles.cast(to: .f32)
    #expect(try floats.argsorted(descending: descending).ints() == wanted)
  }

  @Test func `goes along any axis`() throws {
    let x = try Tensor([3.0, 1, 2, 0, 5, 4], shape: [3, 2])
    #expect(try x.argsorted(axis: 0).ints() == [1, 1, 0, 0, 2, 2])
    #expect(try x.sorted(axis: 1).values.doubles() == [1, 3, 0, 2, 4, 5])
    #expect(try Tensor([Double](), shape: [2, 0]).argsorted().shape == [2, 0])
  }

  @Test func `and the loops over ints end when a stop was asked for`() throws {
    let interrupt = Interrupt(), pool = WorkerPool.shared, before = pool.interrupt
    let x = try Tensor([3, 1, 2], shape: [3])
    interrupt.request()
    pool.interrupt = interrupt
    defer { pool.interrupt = before }
    #expect(throws: TensorError.interrupted) { try x.argsorted() }
    #expect(throws: TensorError.interrupted) { try x.sum() }
    #expect(throws: TensorError.interrupted) { try x.product() }
    #expect(throws: TensorError.interrupted) { try x.cumulativeSum() }
    #expect(throws: TensorError.interrupted) { try x.cast(to: .u8) }
    #expect(throws: TensorError.interrupted) { try Tensor.remainder(x, x) }
    #expect(throws: TensorError.interrupted) { try Tensor.compare(.less, x, x) }
  }
}

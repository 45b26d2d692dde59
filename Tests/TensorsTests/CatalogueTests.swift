// What holds for every entry of the catalogue: the same bits at any number of threads, and an error
// or a result, never a trap, for shapes and dtypes that nobody meant.

import Tensors
import Testing

@Suite(.serialized) struct CatalogueTests {
  private func bits(_ tensor: Tensor) -> [UInt8] { tensor.withBytes { Array($0) } }

  /// The result and the gradients of its weighted sum, as bytes.
  private func everything(_ entry: CatalogueEntry, _ inputs: [Tensor]) throws -> [[UInt8]] {
    let tape = Tape()
    let leaves = try inputs.map { try tape.leaf($0) }
    let y = try entry.body(leaves)
    let weights = (0..<y.count).map { 0.3 + Float(($0 * 7) % 5) * 0.25 }
    let loss = try y.multiplied(by: Tensor(weights, shape: y.shape)).sum()
    return ([y] + (try tape.gradients(of: loss, for: leaves))).map(bits)
  }

  @Test(arguments: CatalogueEntry.wide)
  func `forward and backward give the same bits at 1, 2, 3 and 7 threads`(
    entry: CatalogueEntry
  ) throws {
    let inputs = try entry.inputs().map { try $0.cast(to: .f32) }
    let before = WorkerPool.shared.threads
    defer { WorkerPool.shared.threads = before }
    WorkerPool.shared.threads = 1
    let one = try everything(entry, inputs)
    for threads in [2, 3, 7] {
      WorkerPool.shared.threads = threads
      #expect(try everything(entry, inputs) == one, "\(entry.name), \(threads) threads")
    }
  }

  @Test(arguments: CatalogueEntry.wide)
  func `large shapes give what f64 gives`(entry: CatalogueEntry) throws {
    let inputs = try entry.inputs()
    let exact = try entry.body(inputs).cast(to: .f64).doubles()
    let found = try entry.body(inputs.map { try $0.cast(to: .f32) }).cast(to: .f64).doubles()
    let largest = exact.map(abs).max() ?? 0
    let worst = zip(exact, found).map { abs($0 - $1) }.max() ?? 0
    #expect(worst <= 2e-5 * max(1, largest), "\(entry.name): \(worst) of \(largest)")
  }

  private func mutations(_ shape: [Int]) -> [[Int]] {
    var found = [[], [0], shape + [1], [2] + shape]
    if !shape.isEmpty {
      found.append(Array(shape.dropLast()))
      found.append(Array(shape.dropFirst()))
      for axis in shape.indices {
        var other = shape
        for extent in [0, 1, shape[axis] + 1] {
          other[axis] = extent
          found.append(other)
        }
      }
    }
    return found
  }

  @Test(arguments: CatalogueEntry.all)
  func `a shape that was not meant is an error or a result`(entry: CatalogueEntry) throws {
    let inputs = try entry.inputs()
    for place in inputs.indices {
      for shape in mutations(inputs[place].shape) {
        var broken = inputs
        broken[place] = try Tensor.ones(shape, dtype: .f64)
        do {
          _ = try entry.body(broken)
        } catch is TensorError {
          continue
        } catch {
          Issue.record("\(entry.name) with \(shape): \(error)")
        }
      }
    }
  }

  @Test(arguments: CatalogueEntry.all)
  func `a dtype that was not meant is an error or a result`(entry: CatalogueEntry) throws {
    let inputs = try entry.inputs()
    for dtype in [DType.f32, .f16, .bf16, .i64, .bool] {
      for place in inputs.indices {
        var broken = inputs
        broken[place] = try inputs[place].cast(to: dtype)
        do {
          _ = try entry.body(broken)
        } catch is TensorError {
          continue
        } catch {
          Issue.record("\(entry.name) with \(dtype.rawValue): \(error)")
        }
      }
    }
  }
}

// Memory of tensors through their own words; the arena's inner order is held in Tests/Kernels. What
// counts bytes of the whole process runs in a process of its own: other suites take memory too.

import Tensors
import Testing

@Suite struct MemoryTests {
  private static let large = 1 << 26

  private static func address(_ tensor: Tensor) -> Int {
    tensor.withBytes { Int(bitPattern: $0.baseAddress) }
  }

  @Test func `memory is aligned to 64 bytes whatever its size`() throws {
    var kept: [Tensor] = []
    for count in [0, 1, 3, 16, 17, 1000, 4095, 100_001, 3_000_003] {
      kept.append(try Tensor.ones([count]))
      #expect(kept.last.map { Self.address($0) % 64 } == 0)
    }
    #expect(Set(kept.map(Self.address)).count == kept.count)
    #expect(kept.allSatisfy { $0.floats().allSatisfy { $0 == 1 } })
  }

  @Test func `bytes in use follow tensors, and the peak stays`() async {
    await #expect(processExitsWith: .success) {
      let before = Memory.bytesInUse
      do {
        let x = try Tensor.ones([Self.large / 4])
        #expect(Memory.bytesInUse >= before + Self.large)
        #expect(Memory.peakBytes == Memory.bytesInUse)
        #expect(Memory.reservedBytes >= Self.large)
        #expect(x.count == Self.large / 4)
      }
      #expect(Memory.bytesInUse == before)
      #expect(Memory.peakBytes >= Self.large)
    }
  }

  @Test func `what is given back serves the next, until a trim returns it`() async {
    await #expect(processExitsWith: .success) {
      let first = Self.address(try Tensor.ones([Self.large / 4]))
      let asked = Memory.systemAllocations
      let second = Self.address(try Tensor.ones([Self.large / 4]))
      #expect(first == second)
      #expect(asked == Memory.systemAllocations)
      Memory.trim()
      #expect(Memory.reservedBytes < Memory.bytesInUse + Self.large / 2)
    }
  }

  @Test func `threads that make and drop tensors keep their values apart`() async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for seed in 0..<4 {
        group.addTask {
          var stream = RandomStream(seed: UInt64(seed))
          var kept: [(value: Double, tensor: Tensor)] = []
          for round in 0..<400 {
            let value = Double(seed * 1000 + round)
            let count = Int(stream.uniform() * (round % 9 == 0 ? 60_000 : 500))
            let made = (value, try Tensor.full([count], value))
            if kept.count < 20 {
              kept.append(made)
            } else {
              kept[Int(stream.uniform() * 20)] = made
            }
            if round % 100 == 99 { Memory.trim(keeping: 1 << 20) }
          }
          return kept.allSatisfy { kept in
            kept.tensor.floats().allSatisfy { $0 == Float(kept.value) }
          }
        }
      }
      for try await isWhole in group { #expect(isWhole) }
    }
  }
}

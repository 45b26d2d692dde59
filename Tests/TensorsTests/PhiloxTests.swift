// Random numbers against their known answers.

import Tensors
import Testing

@Suite struct PhiloxTests {
  @Test func `the generator gives the known answers of its authors`() {
    let zero = Philox(key: 0).block(0, 0)
    #expect(zero == (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    let ones = Philox(key: .max).block(.max, .max)
    #expect(ones == (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
  }

  @Test func `uniform numbers lie in 0 to 1 and have mean one half`() {
    var stream = RandomStream(seed: 7)
    let values = (0..<20_000).map { _ in stream.uniform() }
    #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(abs(values.reduce(0, +) / 20_000 - 0.5) < 0.01)
  }

  @Test func `normal numbers have mean 0 and deviation 1`() {
    var stream = RandomStream(seed: 8)
    let values = (0..<20_000).map { _ in stream.normal() }
    let mean = values.reduce(0, +) / 20_000
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
    #expect(abs(mean) < 0.03 && abs(variance - 1) < 0.03)
  }

  @Test func `a permutation holds each number once`() {
    var stream = RandomStream(seed: 9)
    #expect(stream.permutation(100).sorted() == Array(0..<100))
    #expect(stream.integer(below: 0) == 0)
  }
}

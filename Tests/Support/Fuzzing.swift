// Shared by the tests of all rooms: seeded random numbers, mutations of bytes, and how long a fuzzer
// runs.

import Foundation

/// Random numbers by SplitMix64 (Steele, Lea and Flood 2014): a seed gives the same ones everywhere.
package struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  /// A stream of its own for each name.
  package init(seed: UInt64 = 0, name: String) {
    state = name.utf8.reduce(seed) { $0 &* 31 &+ UInt64($1) }
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number from 0 to `bound` - 1; 0 for a bound below 1.
  package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

  /// One of `values`, which must not be empty.
  package mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }
}

/// Words that sizes, counts and offsets break on.
package let edgeWords: [UInt64] = [
  0, 1, 1 << 31 - 1, 1 << 31, 1 << 32 - 1, 1 << 63 - 1, 1 << 63, .max, 255, 1 << 40,
]

/// `bytes` with one to four changes: a bit, a byte, a cut, an insertion, or a word that sizes break
/// on. `reach`: where most changes fall, for headers are where the structure is.
package func mutated(
  _ bytes: [UInt8], _ numbers: inout SplitMix64, reach most: Int = 512
) -> [UInt8] {
  var copy = bytes
  for _ in 0...numbers.below(3) where !copy.isEmpty {
    let reach = numbers.below(4) == 0 ? copy.count : min(copy.count, most)
    let place = numbers.below(reach)
    switch numbers.below(5) {
    case 0: copy[place] ^= 1 << UInt8(numbers.below(8))
    case 1: copy.removeSubrange(place...)
    case 2: copy[place] = UInt8(truncatingIfNeeded: numbers.next())
    case 3: copy.insert(UInt8(truncatingIfNeeded: numbers.next()), at: place)
    default:
      let width = [1, 2, 4, 8][numbers.below(4)]
      let value = numbers.pick(edgeWords)
      for byte in 0..<width where place + byte < copy.count {
        copy[place + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte))
      }
    }
  }
  return copy
}

/// Calls `body` with the numbers of one round after the other: `rounds` times in the tests; where
/// `QUIRE_FUZZ` names seconds (`make fuzz`), for as long, divided by the `share` of fuzzers that
/// a room has. `QUIRE_FUZZ_SEED` gives other rounds. The round that runs stands in a file
/// of the temporary folder, so that one that ends the process can be repeated.
/// - Returns: how many rounds ran.
@discardableResult
package func fuzz(
  _ name: String, rounds: Int, share: Int = 1, _ body: (inout SplitMix64) throws -> Void
) rethrows -> Int {
  let environment = ProcessInfo.processInfo.environment
  let seed = environment["QUIRE_FUZZ_SEED"].flatMap { UInt64($0) } ?? 0
  guard let seconds = environment["QUIRE_FUZZ"].flatMap({ Double($0) }) else {
    for round in 0..<rounds {
      var numbers = SplitMix64(seed: seed &+ UInt64(round), name: name)
      try body(&numbers)
    }
    return rounds
  }
  let words = name.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined()
  let path = NSTemporaryDirectory() + "quire-fuzz-\(words)"
  _ = FileManager.default.createFile(atPath: path, contents: nil)
  let file = FileHandle(forWritingAtPath: path)
  let end = Date().addingTimeInterval(seconds / Double(max(1, share)))
  var round = 0
  while Date() < end {
    if round % 16 == 0 {
      try? file?.seek(toOffset: 0)
      try? file?.write(contentsOf: Data("seed \(seed), round \(round) or the next 15\n".utf8))
    }
    var numbers = SplitMix64(seed: seed &+ UInt64(round), name: name)
    try body(&numbers)
    round += 1
  }
  try? file?.close()
  try? FileManager.default.removeItem(atPath: path)
  print("fuzz: \(name): \(round) rounds")
  return round
}

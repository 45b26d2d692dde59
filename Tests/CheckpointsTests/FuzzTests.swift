// Seeded mutations of every fixture: each either loads or gives a typed error. `QUIRE_FUZZ=n`, which
// gives other fuzzers n seconds, runs n hundred mutations a file here instead of 2,000.

import Checkpoints
import Diagnostics
import Files
import Foundation
import Tensors
import Testing

@Suite struct FuzzTests {
  /// SplitMix64.
  struct Numbers {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
  }

  static let special: [UInt64] = [
    0, 1, 1 << 31 - 1, 1 << 31, 1 << 32 - 1, 1 << 63 - 1, 1 << 63, .max, 255, 1 << 40,
  ]

  /// `reach`: where most mutations fall; headers are where the structure is.
  static func mutated(
    _ bytes: [UInt8], _ numbers: inout Numbers, reach most: Int = 512
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
        let value = special[numbers.below(special.count)]
        for byte in 0..<width where place + byte < copy.count {
          copy[place + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte))
        }
      }
    }
    return copy
  }

  @Test(arguments: [
    "plain.safetensors", "plain.gguf", "blocks.gguf", "c.npy", "fortran.npy", "two.npz",
    "views.pt", "training.pt",
  ])
  func `a mutated file loads or gives a typed error`(name: String) throws {
    let bytes = try Files.read(fixture(name))
    try rounds("x." + Path.ending(of: name), seed: name) { Self.mutated(bytes, &$0) }
  }

  /// The checksums of the container stay right, so that every mutation reaches the machine.
  @Test(arguments: ["dtypes.pt", "views.pt", "training.pt", "protocol4.pt"])
  func `a mutated pickle loads or gives a typed error`(name: String) throws {
    var zip = Zipped()
    zip.entries = unzipped(try Files.read(fixture(name)))
    let pickle = try #require(zip.entries.firstIndex { $0.name.hasSuffix("/data.pkl") })
    let bytes = zip.entries[pickle].bytes
    try rounds("x.pt", seed: "pickle " + name) { numbers in
      var mutant = zip
      mutant.entries[pickle].bytes = Self.mutated(bytes, &numbers, reach: bytes.count)
      return mutant.bytes
    }
  }

  private func rounds(
    _ file: String, seed: String, _ mutant: (inout Numbers) -> [UInt8]
  ) throws {
    let count =
      ProcessInfo.processInfo.environment["QUIRE_FUZZ"].flatMap { Int($0) }
      .map { min($0, 1 << 20) * 100 } ?? 2000
    let scratch = Scratch()
    var numbers = Numbers(state: seed.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
    for round in 0..<count {
      let bytes = mutant(&numbers)
      let path = try scratch.file(file, bytes)
      do {
        try use(path)
      } catch let error as any RoomError {
        // Not by #expect, which is slow beside a round.
        if error.code == .internal || error.message.isEmpty {
          Issue.record("round \(round): \(error)")
        }
      } catch {
        Issue.record("round \(round): \(error)")
      }
    }
  }

  /// Opens the file and reads every tensor of it.
  private func use(_ path: String) throws {
    switch Path.ending(of: path) {
    case "npy": _ = try readNPY(path)
    case "npz": _ = try readNPZ(path)
    default:
      let checkpoint = try Checkpoint.open(path)
      for entry in checkpoint.entries where entry.dtype.dtype != nil {
        _ = try checkpoint.tensor(entry).floats()
      }
    }
  }
}

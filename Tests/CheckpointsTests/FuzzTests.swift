// Seeded mutations of every fixture: each either loads or gives a typed error.

import Checkpoints
import Diagnostics
import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct FuzzTests {
  @Test(arguments: [
    "plain.safetensors", "plain.gguf", "blocks.gguf", "c.npy", "fortran.npy", "two.npz",
    "views.pt", "training.pt",
  ])
  func `a mutated file loads or gives a typed error`(name: String) throws {
    let bytes = try Files.read(fixture(name))
    try rounds("x." + Path.ending(of: name), name: name) { mutated(bytes, &$0) }
  }

  /// The checksums of the container stay right, so that every mutation reaches the machine.
  @Test(arguments: ["dtypes.pt", "views.pt", "training.pt", "protocol4.pt"])
  func `a mutated pickle loads or gives a typed error`(name: String) throws {
    var zip = Zipped()
    zip.entries = unzipped(try Files.read(fixture(name)))
    let pickle = try #require(zip.entries.firstIndex { $0.name.hasSuffix("/data.pkl") })
    let bytes = zip.entries[pickle].bytes
    try rounds("x.pt", name: "pickle " + name) { numbers in
      var mutant = zip
      mutant.entries[pickle].bytes = mutated(bytes, &numbers, reach: bytes.count)
      return mutant.bytes
    }
  }

  private func rounds(
    _ file: String, name: String, _ mutant: (inout SplitMix64) -> [UInt8]
  ) throws {
    let scratch = Scratch()
    try fuzz("checkpoints " + name, rounds: 2000, share: 12) { numbers in
      let bytes = mutant(&numbers)
      let path = try scratch.file(file, bytes)
      do {
        try use(path)
      } catch let error as any RoomError {
        // Not by #expect, which is slow beside a round.
        if error.code == .internal || error.message.isEmpty {
          Issue.record("\(name): \(error)")
        }
      } catch {
        Issue.record("\(name): \(error)")
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

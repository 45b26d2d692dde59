// The real model beside the repository: its text, from the folder and from GGUF.

import Checkpoints
import Foundation
import Models
import Tensors
import Testing

@Suite(.enabled(if: stories != nil, "needs ../shared/models/stories260k"))
struct StoriesTests {
  static let text = """
    Once upon a time, there was a little girl named Lily. She loved to play outside in the park. \
    One day, she saw a big, red ball. She wanted to play with it, but it was too high.
    Lily's mom said, "Lily, let's go to the park." Lily was sad and didn't know what to do. \
    She said, "I want to play with your ball, but I can't find it."
    """

  private func generate(_ path: String, kernels: KernelMode = .fast) throws -> Reply {
    var options = GenerationOptions()
    options.max = 110
    options.kernels = kernels
    return try Generator(try Model.load(path), options).generate(.text("Once upon a time"))
  }

  @Test(arguments: ["", "/stories260k-f32.gguf"], [KernelMode.fast, .exact])
  func `greedy decoding continues as the model card says`(
    file: String, kernels: KernelMode
  ) throws {
    let reply = try generate(try #require(stories) + file, kernels: kernels)
    let whole = "Once upon a time" + reply.text
    let expected = Self.text
    #expect(whole.hasPrefix(String(expected.prefix(whole.count))))
    #expect(whole.count > 280)
    #expect(reply.ids.count == 110)
    #expect(reply.stop == .max)
  }

  @Test func `both files give bit-equal logits`() throws {
    let folder = try #require(stories)
    let (a, b) = (
      try Model.load(folder), try Model.load(folder + "/stories260k-f32.gguf")
    )
    let ids = try a.ids(of: .text("Once upon a time, there was a little girl")).ids
    #expect(ids == (try b.ids(of: .text("Once upon a time, there was a little girl")).ids))
    #expect(bits(try a.logits(ids: ids)) == bits(try b.logits(ids: ids)))
    #expect(a.loadLines.count == 3)
  }

  /// Writes the exports that other software reads back, when a folder is named.
  @Test(.enabled(if: exports != nil, "QUIRE_EXPORTS names no folder"))
  func `exports for other software`() throws {
    let (folder, source) = (try #require(exports), try #require(stories))
    let model = try Model.load(source)
    _ = try model.save(to: folder + "/folder")
    _ = try model.save(to: folder + "/f32.gguf")
    _ = try model.save(to: folder + "/q8.gguf", dtype: .q8_0)
    _ = try model.save(to: folder + "/bf16", dtype: .bf16)
    let ids = try model.ids(of: .text("Once upon a time, there was a little girl")).ids
    try writeNPY(try model.logits(ids: ids), to: folder + "/logits.npy")
    try writeNPY(try Tensor(ids, shape: [ids.count]), to: folder + "/ids.npy")
  }
}

private let exports = ProcessInfo.processInfo.environment["QUIRE_EXPORTS"]

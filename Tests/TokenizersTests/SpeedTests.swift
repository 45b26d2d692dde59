// Speeds, printed and never asserted: QUIRE_TOKENIZER_BENCH names a folder with text.txt and
// NAME.json; Tests/Benchmarks/tokenize.py runs the reference on the same files.

import Foundation
import Testing

@testable import Tokenizers

private let benchFolder = ProcessInfo.processInfo.environment["QUIRE_TOKENIZER_BENCH"]

@Suite(.serialized, .enabled(if: benchFolder != nil, "needs QUIRE_TOKENIZER_BENCH"))
struct SpeedTests {
  @Test func `encoding and decoding a megabyte`() throws {
    let folder = URL(fileURLWithPath: try #require(benchFolder))
    let text = String(
      decoding: try bytes(of: folder.appendingPathComponent("text.txt")), as: UTF8.self)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".json") }.sorted()
    for name in names {
      let json = try bytes(of: folder.appendingPathComponent(name))
      let clock = ContinuousClock()
      var start = clock.now
      let tokenizer = try Tokenizer.load(json: json)
      let load = clock.now - start
      var times: [Duration] = []
      var ids: [Int] = []
      for _ in 0..<7 {
        start = clock.now
        ids = try tokenizer.encode(text)
        times.append(clock.now - start)
      }
      start = clock.now
      let decoded = tokenizer.decode(ids)
      let decode = clock.now - start
      let megabytes = Double(text.utf8.count) / 1e6
      print(
        "\(name): load \(load / .milliseconds(1)) ms, first \(megabytes / (times[0] / .seconds(1))) MB/s, "
          + "median \(megabytes / (times.sorted()[3] / .seconds(1))) MB/s, decode "
          + "\(Double(decoded.utf8.count) / 1e6 / (decode / .seconds(1))) MB/s, \(ids.count) tokens, "
          + "\(fnv(ids.map { UInt8(truncatingIfNeeded: $0) }))")
    }
  }

  @Test func `real vocabularies as tokenizer json`() throws {
    guard let out = ProcessInfo.processInfo.environment["QUIRE_TOKENIZER_BENCH_WRITE"] else {
      return
    }
    for name in ["gpt-2", "bert-bge", "qwen2", "llama-spm"] {
      let file = sharedFolder.appendingPathComponent("data/vocab/ggml-vocab-\(name).gguf")
      let tokenizer = try Tokenizer.load(table: GGUFVocabulary(file).table(file: name))
      try Data(tokenizer.jsonBytes()).write(
        to: URL(fileURLWithPath: out).appendingPathComponent(name + ".json"))
    }
  }
}

import Diagnostics
import Foundation
import Testing
import Workbench

@Suite struct `the word tokenizer` {
  private let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private func bench(_ folder: URL? = nil) -> Bench {
    let fixtures = root.appending(path: "Tests/Fixtures/tokenizers")
    return Bench(folder: (folder ?? fixtures).path)
  }

  @Test func `encodes and decodes with a tokenizer json`() {
    let bench = bench()
    bench.run("t = tokenizer \"llama-2.json\"")
    #expect(bench.shows("t.decode(t.encode(\"the river\"))") == "\"the river\"\n")
    #expect(bench.shows("t.encode(\"\")") == "[1]\n")
    #expect(bench.shows("t.encode(\"</s>\", add: false)") == "[2]\n")
    #expect(bench.shows("t.encode(\"</s>\", add: false, special: false)") != "[2]\n")
    #expect(bench.shows("t.decode([1, 2], special: true)") == "\"<s></s>\"\n")
    #expect(bench.shows("t.vocab[0]") == "\"<unk>\"\n")
    #expect(bench.shows("t.special") == "{\"<unk>\": 0, \"<s>\": 1, \"</s>\": 2}\n")
    #expect(bench.shows("kind(t)") == "\"tokenizer\"\n")
    #expect(
      bench.shows("t") == "tokenizer llama-2.json: \(620) tokens, 3 special: <unk> <s> </s>\n")
  }

  @Test func `bytes are a vocabulary, which is saved as a file`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "quire-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let bench = bench(folder)
    #expect(bench.shows("t = tokenizer \"bytes\"; t.encode(\"hi\")") == "[256, 104, 105]\n")
    bench.run("save t, \"t.json\"; u = tokenizer \"t.json\"")
    #expect(
      bench.shows("u.vocab == t.vocab") == "true\n"
        || bench.shows("equal(u.vocab, t.vocab)") == "true\n")
    bench.run("save t, \"folder\"; v = tokenizer \"folder\"")
    #expect(bench.shows("v.bos") == "256\n")
  }

  @Test func `what is wrong is said`() {
    let bench = bench()
    #expect(bench.run("tokenizer \"nothing.json\"").diagnostic?.code == .file)
    #expect(bench.run("tokenizer \"gpt-2.cases.json\"").diagnostic?.code == .tokenizer)
    bench.run("t = tokenizer \"bytes\"")
    #expect(bench.run("t.decode([9999])").diagnostic?.code == .value)
    #expect(bench.run("t.decode([\"a\"])").diagnostic?.code == .type)
    #expect(bench.run("t.encode(1)").diagnostic?.code == .type)
  }
}

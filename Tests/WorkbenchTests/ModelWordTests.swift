// The words about models as wholes: verify, quantize.

import Diagnostics
import Foundation
import Testing
import Workbench

@Suite struct `words about models` {
  private static let models = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Stdlib/models").path

  private func bench() -> Bench {
    let bench = Bench(modelFolders: [Self.models])
    bench.run("m = load \"quill\"")
    return bench
  }

  @Test func `a sound model is verified, file by file and block by block`() {
    let bench = bench()
    bench.run("v = verify m, against: m")
    #expect(bench.shows("v.ok") == "true\n")
    #expect(bench.shows("[r.name for r in v.rows if r.status == \"fail\"]") == "[]\n")
    #expect(
      bench.shows("\"model.safetensors\" in [f.name for f in v.files]") == "true\n")
    #expect(bench.shows("len(v.files[0].sha256)") == "64\n")
    // The model against itself differs nowhere.
    #expect(bench.shows("max([d.value for d in v.differences])") == "0.0\n")
  }

  @Test func `what is said of a model folds at 80 columns`() {
    let bench = bench()
    bench.run("v = verify m, against: m")
    let card = bench.shows("v")
    #expect(card.split(separator: "\n").allSatisfy { $0.count < 80 })
    #expect(bench.sink.notes.allSatisfy { $0.count < 80 } && bench.sink.notes.count >= 3)
  }

  @Test func `weights are saved in shards of a size given in bytes or words`() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/quire-shards-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let bench = Bench(folder: folder, modelFolders: [Self.models])
    bench.run("m = load \"quill\"")
    bench.run("a = save m, \"a\", shard: \"1 MB\"; b = save m, \"b\", shard: 1000000")
    bench.run("c = save m, \"c\"")
    #expect(
      bench.shows("len([f for f in a.files if \"model-0\" in f]) > 1") == "true\n")
    #expect(bench.shows("a.files == b.files") == "true\n")
    #expect(bench.shows("\"model.safetensors\" in c.files") == "true\n")
    bench.run("n = load \"a\"")
    #expect(
      bench.shows("max(abs(logits(m, \"a\") - logits(n, \"a\"))).item()") == "0.0\n")
    for wrong in ["\"many\"", "0", "\"1 XB\"", "\"0.1 B\"", "\"9999999 TB\""] {
      #expect(bench.run("save m, \"d\", shard: \(wrong)").diagnostic?.code == .value, "\(wrong)")
    }
    #expect(bench.run("save m, \"d.gguf\", shard: 5").diagnostic?.code == .value)
    #expect(bench.run("load \"quill\", cache: \"1.5 MiB\", fix: true").diagnostic == nil)
  }

  @Test func `help lists the families there are`() {
    let page = bench().shows("help families")
    #expect(page.contains("\n  llama     model_type llama; GGUF llama\n"))
    #expect(page.contains("encoder, for embed"))
    #expect(page.split(separator: "\n").count > 14)
  }

  @Test func `a broken weight is named`() {
    let bench = bench()
    bench.run("q = quantize m, to: \"q8_0\"; v = verify m, against: q")
    #expect(bench.shows("max([d.value for d in v.differences]) > 0") == "true\n")
    #expect(bench.run("verify 3").diagnostic?.code == .type)
    #expect(bench.run("verify m, against: 3").diagnostic?.code == .type)
  }

  @Test func `quantize takes a choice of tensors and says what each lost`() {
    let bench = bench()
    bench.run("q = quantize m, to: \"q4_0\", only: \"*mlp*\", keep: \"*.layers.0.*\"")
    bench.run("changed = [r.name for r in q.report if r.from != r.to]")
    #expect(bench.shows("len(changed) > 0") == "true\n")
    #expect(bench.shows("[n for n in changed if not (\"mlp\" in n)]") == "[]\n")
    #expect(bench.shows("[n for n in changed if \"layers.0.\" in n]") == "[]\n")
    #expect(bench.shows("max([r.error for r in q.report]) < 0.2") == "true\n")
    #expect(bench.shows("sum([r.bytes for r in q.report]) == q.bytes") == "true\n")
    bench.run("h = quantize m, to: \"q4_0\", head: \"f16\"")
    #expect(
      bench.shows("[r.to for r in h.report if \"embed_tokens\" in r.name]") == "[\"f16\"]\n")
    #expect(bench.run("quantize m, only: \"*nothing*\"").diagnostic?.code == .value)
  }

  @Test func `embed gives a row a text, the same alone and beside others`() {
    let bench = bench()
    bench.run("e = embed m, [\"a cat\", \"a red dog\"], pool: \"mean\", kernels: \"exact\"")
    #expect(bench.shows("e.shape[0]") == "2\n")
    bench.run("one = embed m, \"a red dog\", pool: \"mean\", kernels: \"exact\"")
    #expect(bench.shows("max(abs(one - e[1])).item()") == "0.0\n")
    #expect(bench.shows("(embed m, \"a cat\", pool: \"none\").shape[0]") == "6\n")
    #expect(bench.run("embed m, \"a cat\"").diagnostic != nil)
    #expect(bench.run("embed m, \"a cat\", pool: \"best\"").diagnostic != nil)
  }
}

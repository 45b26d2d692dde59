// Words that draw and look inside, as a notebook sees them.

import Diagnostics
import Foundation
import Inspection
import JSON
import Language
import Models
import Plots
import Testing
import Tokenizers

@testable import Workbench

@Suite struct InspectionWordTests {
  /// A bench with a tiny random model in `m`.
  func bench(folder: String = "/nonexistent") throws -> Bench {
    let model = try Model.make(
      family: "llama",
      settings: [
        "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "intermediate_size": 48, "max_position_embeddings": 128,
        "rms_norm_eps": 1e-5,
      ], tokenizer: try Tokenizer.bytes(), seed: 5, name: "tiny")
    let bench = Bench(folder: folder)
    bench.session.interpreter["m"] = .object(ModelObject(model))
    return bench
  }

  @Test func `plot gives a figure with its picture`() throws {
    let bench = try bench()
    #expect(bench.shows("plot [3, 2, 1.5], title: \"loss\"") == "figure: loss, 3 points\n")
    #expect(bench.sink.pictures.first?.alt.hasPrefix("line plot of loss, 3 points") ?? false)
    #expect(
      bench.shows("plot [1, 2], kind: \"bar\", labels: [\"a\", \"b\"]") == "figure: bar, 2 bars\n")
    #expect(bench.shows("plot {a: [1, 2], b: [2, 1]}") == "figure: line, 2 series of 2 points\n")
    #expect(bench.shows("scatter [1, 2], [3, 4]") == "figure: scatter, 2 points\n")
    #expect(bench.shows("heatmap tensor([[1, 2], [3, 4]])") == "figure: heatmap, 2 x 2\n")
    #expect(bench.shows("histogram arange(100)").hasPrefix("figure: "))
    #expect(
      bench.shows("f = plot([1, 2]) + plot([2, 3]); f.summary")
        == "\"line, 2 series of 2 points\"\n")
    #expect(bench.run("plot [1], [2, 3]").diagnostic?.code == .shape)
    #expect(bench.run("plot [1, 2], kind: \"lines\"").diagnostic?.help == "did you mean line?")
    #expect(bench.run("plot \"x\"").diagnostic?.code == .type)
  }

  @Test func `layers, tokens, trace and attention look into a model`() throws {
    let bench = try bench()
    #expect(bench.shows("layers m").contains("self_attn"))
    #expect(bench.shows("layers(m).ok") == "true\n")
    #expect(bench.shows("tokens m, \"ab\"").contains("\"a\" \"b\""))
    bench.run("t = trace m, \"abab\", save: \"resid_post, pattern, logits @ -1\"")
    #expect(bench.sink.errors.isEmpty, "\(bench.sink.errors)")
    #expect(bench.shows("t.ok") == "true\n")
    #expect(bench.shows("t[\"L0H1.pattern @ -1\"].shape == [len(t.ids)]") == "true\n")
    #expect(bench.shows("attention t, at: \"L0H1\"").contains("figure: attention of L0H1"))
    #expect(bench.shows("attention m, \"abab\"").contains("L1H3"))
    #expect(
      bench.shows("attention(m, score: \"previous\", length: 4, samples: 1).data.shape")
        == "[2, 4]\n")
    #expect(bench.shows("len(attention(m, \"abab\").top(3))") == "3\n")
    #expect(bench.run("t[\"L9.z\"]").diagnostic?.code == .index)
    #expect(bench.run("attention m").diagnostic?.code == .value)
    #expect(
      bench.run("trace m, \"ab\", save: \"residpost\"").diagnostic?.help
        == "did you mean resid_post, resid_mid or resid_pre?")
    #expect(bench.sink.notes.allSatisfy { !$0.hasPrefix("receipt failed") })
  }

  @Test func `figures and results are saved by ending`() throws {
    let folder = NSTemporaryDirectory() + "quire-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let bench = try bench(folder: folder)
    bench.run("r = attention m, \"abab\", at: \"L0H1\"")
    for ending in ["svg", "txt", "json", "csv"] {
      bench.run("save r, \"r.\(ending)\"; save plot([1, 2]), \"f.\(ending)\"")
      #expect(bench.sink.errors.isEmpty, "\(bench.sink.errors)")
      for name in ["r", "f"] {
        let text = try String(contentsOfFile: folder + "/\(name).\(ending)", encoding: .utf8)
        #expect(!text.isEmpty)
      }
    }
    #expect(bench.run("save plot([1]), \"f.png\"").diagnostic?.code == .value)
  }
}

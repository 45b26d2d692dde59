// layers, attention and tokens: facts that can be worked out by hand.

import Foundation
import Models
import Plots
import Tensors
import Testing
import Tokenizers

@testable import Inspection

@Suite struct ViewTests {
  @Test func `layers counts every weight once and says what is tied`() throws {
    let tied = Layers.result(try Tiny.llama())
    #expect(tied.ok)
    // embed 300·32; a block: q 32·32, k and v 16·32, o 32·32, three MLP tables 48·32, two norms.
    let block = 32 * 32 * 2 + 2 * 16 * 32 + 3 * 48 * 32 + 2 * 32
    #expect(tied["params"] == .int(300 * 32 + 2 * block + 32))
    #expect(tied.notes.first == "lm_head is tied to model.embed_tokens: counted once")
    let free = Layers.result(try Tiny.llama(tied: false))
    #expect(free.ok && free["params"] == .int(2 * 300 * 32 + 2 * block + 32))
    #expect(free.notes.isEmpty)
    let text = tied.text(.notebook)
    #expect(text.contains("    model.layers.0") || text.contains("  model.layers.0"))
    #expect(text.contains("self_attn"))
    #expect(Layers.result(try Tiny.llama(), depth: 3).text(.notebook).contains("q_proj.weight"))
    #expect(!Layers.result(try Tiny.llama(), depth: 1).text(.notebook).contains("self_attn"))
  }

  @Test func `layers lists the sites with their sizes`() throws {
    let model = try Tiny.llama()
    let text = Layers.result(model, sites: true, tokens: 3).text(.notebook)
    #expect(text.contains("L*.pattern"))
    #expect(text.contains("[4, 3, 3]"))
    #expect(!text.contains("pos_embed"))
    #expect(Layers.result(try Tiny.gpt2(), sites: true).text(.notebook).contains("pos_embed"))
  }

  @Test func `one head is a grid, several a table, and both come from a trace too`() throws {
    let model = try Tiny.llama()
    let input = try InspectedText(ids: Tiny.ids, model)
    let one = try Attention.pattern(model, input, at: "L1H2")
    #expect(one.ok && one.checks.count == 2)
    guard case .grid(let grid) = one.parts.first else {
      Issue.record("no grid")
      return
    }
    for row in 0..<Tiny.ids.count {
      let sum = (0..<Tiny.ids.count).reduce(0) { $0 + grid.matrix[row, $1] }
      #expect(abs(sum - 1) < 1e-5)
      for column in (row + 1)..<max(row + 1, Tiny.ids.count) {
        #expect(grid.matrix[row, column] == 0)
      }
    }
    #expect(one.figure?.summary == "attention of L1H2, 8 x 8")
    let trace = try Trace.run(model, input, save: "L*.pattern")
    #expect(try Attention.pattern(trace, at: "L1H2") == one)
    let bare = try Trace.run(model, input)
    let again = try Attention.pattern(bare, at: "L1H2")
    #expect(again.notes == ["1 extra pass"] && again.parts == one.parts)
    let all = try Attention.pattern(model, input)
    guard case .table(let table) = all.parts.first else {
      Issue.record("no table")
      return
    }
    #expect(table.rows.count == 8 * 5)
    #expect(try Attention.pattern(trace) == all)
  }

  @Test func `an even head scores the baseline`() throws {
    // With all keys zero, every query looks evenly at what it can see.
    let model = try Tiny.llama()
    var store = model.parameters
    for block in 0..<2 {
      let name = "model.layers.\(block).self_attn.k_proj.weight"
      store.replace(name, with: try Tensor.zeros([16, 32]))
    }
    model.setParameters(store)
    for score in AttentionScore.allCases {
      let result = try Attention.scores(model, score, length: 6, samples: 2, seed: 1)
      guard case .numbers(let values, let shape)? = result["scores"],
        case .number(let baseline)? = result["baseline"]
      else {
        Issue.record("no scores")
        return
      }
      #expect(shape == [2, 4])
      for value in values { #expect(abs(value - baseline) < 1e-6) }
      #expect(result.ok)
    }
    let twice = try (0..<2).map { _ in
      try Attention.scores(model, .induction, length: 6, samples: 2, seed: 1)
    }
    #expect(twice[0] == twice[1])
    #expect(throws: InspectionError.self) {
      try Attention.scores(model, .induction, length: 100, seed: 1)
    }
  }

  @Test func `a head wired to look one back scores 1 as previous-token head`() throws {
    // One block of GPT-2 with one head, d = 20: token and position live on their own axes.
    let model = try Tiny.gpt2(layers: 1, heads: 1, hidden: 64, vocabulary: 64)
    var store = model.parameters
    func set(_ name: String, _ shape: [Int], _ entry: (Int, Int) -> Float) throws {
      let values = (0..<shape[0]).flatMap { row in (0..<shape[1]).map { entry(row, $0) } }
      store.replace(name, with: try Tensor(values, shape: shape))
    }
    try set("transformer.wte.weight", [64, 64]) { _, _ in 0 }
    // Position p on axis p, with the mean and variance of every row alike.
    try set("transformer.wpe.weight", [64, 64]) { $0 == $1 ? 1 : 0 }
    let names = store.names.filter { $0.contains("c_attn") || $0.contains("attn.q") }
    #expect(!names.isEmpty, "\(store.names)")
    guard let fused = names.first(where: { $0.hasSuffix("c_attn.weight") }) else { return }
    // Rows [q | k | v]: q sends position p to axis p-1, k position p to axis p.
    try set(fused, [192, 64]) { row, column in
      if row < 64 { return column == row + 1 ? 10 : 0 }
      if row < 128 { return column == row - 64 ? 10 : 0 }
      return 0
    }
    model.setParameters(store)
    let result = try Attention.scores(model, .previous, length: 8, samples: 1, seed: 1)
    guard case .numbers(let values, _)? = result["scores"] else {
      Issue.record("no scores")
      return
    }
    #expect(values[0] > 0.999)
    let pattern = try Attention.pattern(
      model, try InspectedText(ids: [1, 2, 3, 4, 5], model), at: "L0H0")
    guard case .numbers(let weights, _)? = pattern["pattern"] else { return }
    for query in 1..<5 { #expect(weights[query * 5 + query - 1] > 0.999) }
  }

  @Test func `tokens shows pieces with ids, and losses that agree with score`() throws {
    let tokenizer = try Tokenizer.bytes(special: ["<s>"])
    let model = try Tiny.llama(tokenizer: tokenizer)
    let input = try InspectedText("abé\n", model)
    let ids = TokensView.Show.ids
    let plain = try TokensView.result(model, input, show: ids).text(.notebook)
    #expect(plain.contains("\"a\" \"b\""))
    #expect(plain.contains("‹C3›"))
    #expect(plain.contains("receipt  decoding the ids gives the text back, exactly: ok"))
    let loss = try TokensView.result(model, input, show: .loss)
    guard case .number(let mean)? = loss["mean"] else {
      Issue.record("no mean")
      return
    }
    #expect(mean == (try model.score(ids: input.ids, kernels: .exact)).loss)
    #expect(abs(mean - log(300)) < 0.5)
    let trace = try Trace.run(model, input, save: "logits")
    let logits = try trace.logits().floats()
    for show in [TokensView.Show.prob, .rank, .entropy] {
      guard
        case .numbers(let values, _)? = try TokensView.result(model, input, show: show)["values"]
      else { continue }
      #expect(values.count == input.ids.count && values[0].isNaN)
      let row = logits[0..<300].map { Double($0) }
      let total = row.reduce(0) { $0 + exp($1) }
      let p = row.map { exp($0) / total }
      let wanted: Double =
        switch show {
        case .prob: p[input.ids[1]]
        case .rank: Double(1 + row.count { $0 > row[input.ids[1]] })
        default: -p.reduce(0) { $0 + $1 * log($1) }
        }
      #expect(abs(values[1] - wanted) < 1e-6, "\(show)")
    }
  }
}

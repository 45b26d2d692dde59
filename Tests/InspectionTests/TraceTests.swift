// Traces: identities bit for bit, saving that changes nothing, indexing.

import Diagnostics
import Models
import Plots
import Tensors
import Testing
import Tokenizers

@testable import Inspection

@Suite struct TraceTests {
  static let everything =
    "embed, L*.{resid_pre,ln1.scale,ln1,q,k,v,rot_q,rot_k,scores,pattern,z,attn_out}, "
    + "L*.{resid_mid,ln2.scale,ln2,pre,post,mlp_out,resid_post}, ln_final, logits"

  func trace(_ model: Model, _ save: String, check: Bool = false) throws -> Trace {
    try Trace.run(model, try InspectedText(ids: Tiny.ids, model), save: save, check: check)
  }

  @Test func `the residual identities hold bit for bit in both families`() throws {
    for model in [try Tiny.llama(), try Tiny.gpt2()] {
      let ids = Tiny.ids.map { $0 % model.sizes.vocabularySize }
      let trace = try Trace.run(
        model, try InspectedText(ids: ids, model), save: Self.everything, check: true)
      let names = trace.checks.map(\.name)
      #expect(names.contains("resid_post of a block = resid_pre of the next"))
      #expect(names.contains("resid_pre + attn_out = resid_mid"))
      #expect(names.contains("resid_mid + mlp_out = resid_post"))
      #expect(names.contains("rows of the pattern sum to 1"))
      #expect(names.contains("logits with and without saving are equal"))
      for check in trace.checks { #expect(check.ok, "\(model.name): \(check)") }
    }
  }

  @Test func `z is the pattern times the values of the right key and value head`() throws {
    let model = try Tiny.llama()
    let trace = try trace(model, "L1.{pattern,v,z}")
    let count = Tiny.ids.count
    let size = model.sizes.headSize
    let pattern = try trace.value("L1.pattern").floats()
    let v = try trace.value("L1.v").floats()
    let z = try trace.value("L1.z").floats()
    for head in 0..<4 {
      let group = head / 2
      for query in 0..<count {
        for feature in 0..<size {
          var sum = 0.0
          for key in 0...query {
            let weight = Double(pattern[(head * count + query) * count + key])
            sum += weight * Double(v[(key * 2 + group) * size + feature])
          }
          #expect(abs(sum - Double(z[(query * 4 + head) * size + feature])) < 1e-6)
        }
      }
    }
  }

  @Test func `logits are those of the model, and of one position when one was asked for`() throws {
    let model = try Tiny.llama()
    let all = try trace(model, "logits").logits()
    #expect(all.shape == [Tiny.ids.count, 300])
    let last = try trace(model, "logits @ -1").logits()
    #expect(last.shape == [300])
    #expect(Array(all.floats().suffix(300)) == last.floats())
    let own = try model.logits(ids: Tiny.ids)
    #expect(own.floats() == all.floats())
  }

  @Test func `indexing drops the axes of which one index was named`() throws {
    let model = try Tiny.llama()
    let trace = try trace(model, "L*.resid_post, L1.pattern, L0.k @ 2..5, L0.post @ -1")
    let count = Tiny.ids.count
    #expect(try trace.value("L0.resid_post").shape == [count, 32])
    #expect(try trace.value("L*.resid_post").shape == [2, count, 32])
    #expect(try trace.value("L*.resid_post @ -1").shape == [2, 32])
    #expect(try trace.value("L1.pattern").shape == [4, count, count])
    #expect(try trace.value("L1H2.pattern").shape == [count, count])
    #expect(try trace.value("L1H2.pattern @ -1").shape == [count])
    #expect(try trace.value("L1H2.pattern[0] @ -1").shape == [])
    #expect(try trace.value("L0.k").shape == [3, 2, 8])
    #expect(try trace.value("L0K1.k @ 3").shape == [8])
    #expect(try trace.value("L0.post").shape == [48])
    #expect(try trace.value("L0.post[3..5] @ -1").shape == [2])
    let whole = try trace.value("L1.pattern").floats()
    let row = try trace.value("L1H2.pattern @ 3").floats()
    #expect(row == Array(whole[((2 * count + 3) * count)..<((2 * count + 4) * count)]))
    #expect(throws: InspectionError.self) { try trace.value("L0.k @ 0") }
    #expect(throws: InspectionError.self) { try trace.value("L0.z") }
    #expect(throws: InspectionError.self) { try trace.value("L0.resid_post @ 8") }
    #expect(trace.sites == ["L0.k", "L0.post", "L0.resid_post", "L1.pattern", "L1.resid_post"])
  }

  @Test func `text is read by the model's tokenizer, and positions by token`() throws {
    let tokenizer = try Tokenizer.bytes(special: ["<s>", "</s>"])
    let model = try Tiny.llama(tokenizer: tokenizer)
    let trace = try Trace.run(
      model, try InspectedText("abcb", model, bos: false), save: "L0.z @ 'a'")
    #expect(try trace.value("L0.z @ 'a'").shape == [4, 8])
    let input = trace.input
    #expect(throws: InspectionError.self) {
      try Trace.run(model, input, save: "L0.z @ 'b'")
    }
    #expect(throws: InspectionError.self) {
      try Trace.run(model, input, save: "L0.z @ 'x'")
    }
    #expect(throws: InspectionError.self) { try InspectedText(ids: [300], model) }
    #expect(throws: InspectionError.self) { try InspectedText(ids: [], model) }
    #expect(throws: InspectionError.self) {
      try InspectedText(ids: [Int](repeating: 1, count: 129), model)
    }
  }

  @Test func `a trace shows what it holds`() throws {
    let text = try trace(try Tiny.llama(), "L*.resid_post @ -1, logits @ -1").result.text(.notebook)
    let expected = """
      trace of tiny, 8 tokens
      1 17 4 250 4 99 17 3
      1 17 4 250 4 99 17 3
      site           shape       bytes
      L0.resid_post  [1, 32]     128 B
      L1.resid_post  [1, 32]     128 B
      logits         [1, 300]  1.20 kB
      note  exact kernels
      """
    #expect(text == expected)
  }
}

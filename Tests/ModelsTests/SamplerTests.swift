// Stages of the sampler chain, generation's ends, and what a seed fixes.

import Models
import Tensors
import Testing

@Suite struct SamplerTests {
  private let logits: [Float] = [1, 3, 2, 3, -1]

  @Test func `greedy takes the lowest id of equals and needs no random number`() throws {
    let id = try SamplerChain.greedy.next(logits, seen: [], step: 0) {
      Issue.record("a random number was asked for")
      return 0
    }
    #expect(id == 1)
  }

  @Test func `stages keep what they say`() {
    func ids(_ chain: SamplerChain) -> [Int] { chain.candidates(logits).map(\.id) }
    #expect(ids(SamplerChain(temperature: 1)) == [1, 3, 2, 0, 4])
    #expect(ids(SamplerChain(temperature: 1, topK: 3)) == [1, 3, 2])
    #expect(ids(SamplerChain(temperature: 1, topP: 0.5)) == [1, 3])
    #expect(ids(SamplerChain(temperature: 1, topP: 0.01)) == [1])
    #expect(ids(SamplerChain(temperature: 1, minP: 0.3)) == [1, 3, 2])
    let all = SamplerChain(temperature: 1).candidates(logits)
    #expect(abs(all.reduce(0) { $0 + $1.probability } - 1) < 1e-12)
    #expect(abs(all[0].probability / all[2].probability - 2.718281828459045) < 1e-12)
  }

  @Test func `a repeat penalty moves what was seen towards less likely`() throws {
    let chain = SamplerChain(repeatPenalty: 2)
    #expect(try chain.next(logits, seen: [1], step: 0) { 0 } == 3)
    #expect(try chain.next(logits, seen: [1, 3], step: 0) { 0 } == 2)
  }

  @Test func `draws follow the probabilities`() throws {
    let chain = SamplerChain(temperature: 1)
    var counts = [Int](repeating: 0, count: logits.count)
    var stream = RandomStream(seed: 5)
    for _ in 0..<20_000 {
      counts[try chain.next(logits, seen: [], step: 0) { stream.uniform() }] += 1
    }
    var chi = 0.0
    for candidate in chain.candidates(logits) {
      let expected = candidate.probability * 20_000
      let off = Double(counts[candidate.id]) - expected
      chi += off * off / expected
    }
    #expect(chi < 18.5)  // p > 0.001 with 4 degrees of freedom
  }

  @Test func `values outside their range are refused, and NaN never sampled`() {
    for chain in [
      SamplerChain(temperature: -1), SamplerChain(topP: 0), SamplerChain(topP: 1.5),
      SamplerChain(minP: 2), SamplerChain(repeatPenalty: 0), SamplerChain(topK: -1),
      SamplerChain(temperature: .nan),
    ] {
      #expect(throws: ModelsError.self) { try chain.check() }
    }
    #expect(throws: ModelsError.notFinite(step: 3)) {
      try SamplerChain.greedy.next([1, .nan], seen: [], step: 3) { 0 }
    }
  }

  @Test func `the chain is printed on one line`() {
    #expect(SamplerChain.greedy.line == "greedy")
    #expect(
      SamplerChain(temperature: 0.8, topK: 40, topP: 0.9).line
        == "temperature(0.8) > top_k(40) > top_p(0.9)")
  }
}

@Suite(.enabled(if: stories != nil, "needs ../shared/models/stories260k"))
struct GenerationTests {
  private func model() throws -> Model { try Model.load(try #require(stories)) }

  private func run(
    _ model: Model, _ change: (inout GenerationOptions) -> Void
  ) throws -> (reply: Reply, streamed: String) {
    var options = GenerationOptions()
    options.max = 40
    change(&options)
    var streamed = ""
    let reply = try Generator(model, options).generate(.text("Once upon a time")) {
      streamed += $0
    }
    return (reply, streamed)
  }

  @Test func `what is streamed is the text, and stops end it before themselves`() throws {
    let model = try model()
    let plain = try run(model) { _ in }
    #expect(plain.streamed == plain.reply.text)
    #expect(plain.reply.ids.count == 40)
    let stopped = try run(model) { $0.stop = ["named"] }
    #expect(stopped.reply.stop == .stop)
    #expect(stopped.reply.matched == "named")
    #expect(plain.reply.text.hasPrefix(stopped.reply.text))
    #expect(!stopped.streamed.contains("name"))
    let id = plain.reply.ids[5]
    let ended = try run(model) { $0.stopIDs = [id] }
    #expect(ended.reply.stop == .eos)
    #expect(!ended.reply.ids.contains(id))
  }

  @Test func `a seed fixes a sampled text`() throws {
    let model = try model()
    let chain = SamplerChain(temperature: 1, topK: 20)
    func text(_ key: UInt64) throws -> String {
      try run(model) {
        $0.chain = chain
        $0.key = key
      }.reply.text
    }
    #expect(try text(1) == text(1))
    #expect(try text(1) != text(2))
  }

  @Test func `the context ends a text, and a longer prompt is refused`() throws {
    let small = try Model.load(try #require(stories), options: LoadOptions(context: 16))
    #expect(try run(small) { _ in }.reply.stop == .context)
    #expect(throws: ModelsError.self) {
      try Generator(small).generate(.ids(Array(repeating: 5, count: 17)))
    }
    #expect(throws: ModelsError.tokenRange(id: 512, vocabulary: 512)) {
      try Generator(small).generate(.ids([512]))
    }
    #expect(throws: ModelsError.noTokens) { try Generator(small).generate(.ids([])) }
  }

  @Test func `scores are log-probabilities of the model's own logits`() throws {
    let model = try model()
    let likely = try model.score(prompt: "Once upon a", continuation: " time")
    let unlikely = try model.score(prompt: "Once upon a", continuation: " ball")
    #expect(likely.sum > unlikely.sum)
    #expect(likely.perplexity >= 1)
    let quantised = try model.converted(to: .q8_0)
    let again = try quantised.score(prompt: "Once upon a", continuation: " time")
    #expect(abs(again.sum - likely.sum) < 0.2)
  }
}

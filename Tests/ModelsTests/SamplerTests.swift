// Stages of the sampler chain, generation's ends, and what a seed fixes.

import Files
import Foundation
import JSON
import Models
import Tensors
import Testing

@Suite struct SamplerTests {
  private let logits: [Float] = [1, 3, 2, 3, -1]

  @Test func `greedy takes the lowest id of equals and needs no random number`() throws {
    let id = try SamplerChain.greedy.next(logits, history: SamplerHistory(), step: 0) {
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
    #expect(try chain.next(logits, history: SamplerHistory(prompt: [1]), step: 0) { 0 } == 3)
    #expect(try chain.next(logits, history: SamplerHistory(prompt: [1, 3]), step: 0) { 0 } == 2)
  }

  @Test func `draws follow the probabilities`() throws {
    let chain = SamplerChain(temperature: 1)
    var counts = [Int](repeating: 0, count: logits.count)
    var stream = RandomStream(seed: 5)
    for _ in 0..<20_000 {
      counts[try chain.next(logits, history: SamplerHistory(), step: 0) { stream.uniform() }] += 1
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
      try SamplerChain.greedy.next([1, .nan], history: SamplerHistory(), step: 3) { 0 }
    }
  }

  @Test func `the chain is printed on one line`() {
    #expect(SamplerChain.greedy.line == "greedy")
    #expect(
      SamplerChain(temperature: 0.8, topK: 40, topP: 0.9).line
        == "temperature(0.8) > top_k(40) > top_p(0.9)")
  }
}

/// Chains beside the engines they are like.
@Suite struct SamplerChainTests {
  @Test func `each stage leaves what the reference's and llama.cpp's leave`() throws {
    let json = try JSON.parse(try Files.read(fixture("sampler.json")))
    let cases = try #require(json["cases"]?.array)
    #expect(cases.count >= 30)
    for (number, item) in cases.enumerated() {
      func ids(_ key: String) -> [Int] { (item[key]?.array ?? []).compactMap(\.int) }
      let stages = try #require(item["stages"])
      var labels = SamplerLabels()
      labels.like = item["like"]?.text == "llama.cpp" ? .llamaCpp : .hf
      labels.temperature = stages["temperature"]?.double ?? 1
      labels.topK = stages["top_k"]?.int ?? 0
      labels.topP = stages["top_p"]?.double
      labels.minP = stages["min_p"]?.double
      labels.repeatPenalty = stages["repeat"]?.double
      labels.frequency = stages["frequency"]?.double
      labels.presence = stages["presence"]?.double
      labels.noRepeat = stages["no_repeat"]?.int
      labels.window = stages["window"]?.int
      let logits = (item["logits"]?.array ?? []).compactMap { $0.double.map { Float($0) } }
      var history = SamplerHistory(prompt: ids("prompt"))
      for id in ids("new") { history.append(id) }
      let chain = try labels.chain()
      let made = chain.candidates(logits, history: history)
      let wanted = (item["probabilities"]?.array ?? []).compactMap(\.double)
      #expect(made.map(\.id) == ids("left"), "case \(number): \(chain.line)")
      for (a, b) in zip(made, wanted) { #expect(abs(a.probability - b) < 2e-6, "case \(number)") }
    }
  }

  @Test func `the three orders differ where they should`() throws {
    // Most of the chance is on one id: a temperature after the filters cannot bring others back.
    let logits: [Float] = [5, 3, 2.5, 2, 1, 0]
    func ids(_ like: SamplerLikeness?) throws -> [Int] {
      var labels = SamplerLabels()
      labels.like = like
      labels.temperature = 3
      labels.topK = 4
      labels.topP = 0.7
      labels.minP = 0
      return try labels.chain().candidates(logits).map(\.id)
    }
    #expect(try ids(.hf) == [0, 1, 2])
    #expect(try ids(nil) == [0, 1, 2])
    #expect(try ids(.llamaCpp) == [0])
    #expect(try ids(.mlx) == [0])
    var labels = SamplerLabels()
    labels.like = .mlx
    labels.temperature = 1
    labels.topK = 1
    labels.repeatPenalty = 2
    #expect(try labels.chain().line == "repeat(2, window: 20) > top_k(1)")
    labels = SamplerLabels()
    labels.like = .llamaCpp
    #expect(
      try labels.chain().line == "top_k(40) > top_p(0.95) > min_p(0.05) > temperature(0.8)")
    labels.like = .hf
    #expect(try labels.chain().line == "greedy")
    labels.temperature = 0.7
    #expect(try labels.chain().line == "temperature(0.7) > top_k(50, ties: true)")
  }

  @Test func `a list replaces everything and stands alone`() throws {
    var labels = SamplerLabels()
    labels.stages = [.temperature(0.7), .topK(40)]
    #expect(try labels.chain().line == "temperature(0.7) > top_k(40)")
    labels.topP = 0.9
    #expect(throws: ModelsError.self) { try labels.chain() }
    labels = SamplerLabels()
    labels.stages = [.topK(3), .repeated(4), .topK(1)]
    let history = SamplerHistory(prompt: [1])
    let chain = try labels.chain()
    #expect(chain.candidates([1, 3, 2, 0], history: history).map(\.id) == [2])
    labels.stages = [.topP(0)]
    #expect(throws: ModelsError.self) { try labels.chain() }
  }

  @Test func `penalties count what they should`() {
    var history = SamplerHistory(prompt: [0, 1, 1])
    history.append(2)
    history.append(2)
    func best(_ stage: SamplerStage, _ logits: [Float]) -> [Int] {
      SamplerChain(stages: [stage]).candidates(logits, history: history).map(\.id)
    }
    #expect(
      best(.frequency(1), [2.5, 2.5, 2.5, 1])
        == [0, 3, 1, 2].sorted {
          let left: [Double] = [1.5, 0.5, 0.5, 1]
          return (left[$1], $0) < (left[$0], $1)
        })
    #expect(best(.presence(1, prompt: false), [1, 1, 1.5, 0]) == [0, 1, 2, 3])
    #expect(best(.presence(5, window: 2), [1, 1, 2, 0]) == [0, 1, 3, 2])
    #expect(best(.noRepeat(2), [1, 1, 1, 1]) == [0, 1, 3])
    #expect(best(.noRepeat(1), [1, 1, 1, 1]) == [3])
    #expect(best(.bias([3: 9, 0: -.infinity]), [1, 1, 1, 1]) == [3, 1, 2])
    #expect(throws: ModelsError.self) {
      try SamplerChain(stages: [.noRepeat(1)]).next(
        [1, 1, 1], history: history, step: 0, uniform: { 0 })
    }
  }

  @Test func `100,000 draws through a whole chain pass chi-square`() throws {
    let logits = (0..<40).map { Float(sin(Double($0) * 1.7)) * 3 }
    let chain = SamplerChain(stages: [.temperature(0.9), .topK(20), .topP(0.97), .minP(0.01)])
    let left = chain.candidates(logits)
    var counts: [Int: Int] = [:]
    var stream = RandomStream(seed: 11)
    let draws = 100_000
    for _ in 0..<draws {
      let id = try chain.next(logits, history: SamplerHistory(), step: 0) { stream.uniform() }
      counts[id, default: 0] += 1
    }
    #expect(Set(counts.keys).isSubset(of: Set(left.map(\.id))))
    var chi = 0.0
    for candidate in left {
      let expected = candidate.probability * Double(draws)
      let off = Double(counts[candidate.id, default: 0]) - expected
      chi += off * off / expected
    }
    // The 0.999 quantile by Wilson and Hilferty's approximation.
    let freedom = Double(left.count - 1)
    let root = 1 - 2 / (9 * freedom) + 3.0902 * (2 / (9 * freedom)).squareRoot()
    #expect(left.count > 8)
    #expect(chi < freedom * root * root * root)
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

// The same call gives the same bits: with and without what earlier calls left, alone and in a batch.

import Diagnostics
import JSON
import Tensors
import Testing

@testable import Models

@Suite(.enabled(if: stories != nil, "needs ../shared/models/stories260k"))
struct ReproducibilityTests {
  private static let story = """
    Once upon a time, there was a little girl named Lily. She loved to play outside in the park. \
    One day, she saw a big, red ball. She wanted to play with it, but it was too high.
    """

  private func model(_ dtype: DType? = nil) throws -> Model {
    // Room for a chunk and more; positions beyond those trained are positions all the same.
    let model = try Model.load(try #require(stories), options: LoadOptions(context: 4096))
    return try dtype.map { try model.converted(to: $0) } ?? model
  }

  private func options(_ change: (inout GenerationOptions) -> Void = { _ in }) -> GenerationOptions
  {
    var options = GenerationOptions()
    options.max = 12
    options.ignoreEOS = true
    options.logProbabilities = 1
    change(&options)
    return options
  }

  /// All that a call computes.
  private func same(_ a: Reply, _ b: Reply) -> Bool {
    a.ids == b.ids && a.text == b.text && a.stop == b.stop
      && a.logProbabilities == b.logProbabilities && a.alternatives == b.alternatives
  }

  private let chunk = Generator.chunk

  /// By itself one whole chunk and a rest.
  private func long(_ model: Model, _ count: Int = Generator.chunk + 74) throws -> [Int] {
    let ids = try model.ids(of: .text(Self.story)).ids
    return (0..<count).map { ids[$0 % ids.count] }
  }

  /// Where rows stand alone all but the last nine positions of a chunk, else whole chunks.
  private func reusable(_ shared: Int, of count: Int) -> Int {
    let start = shared / chunk * chunk
    guard let few = KernelMode.fewRows else { return start }
    return max(start, min(shared, min(count, start + chunk) - few - 1))
  }

  @Test(arguments: [DType.f32, .bf16, .q8_0])
  func `in the fast mode what is settled is reused, and changes no bit`(dtype: DType) throws {
    let model = try model(dtype)
    let few = KernelMode.fewRows
    let ids = try long(model)
    let fresh = try Generator(model, options { $0.reuse = false }).generate(.ids(ids))
    #expect(fresh.reused == 0 && model.prefixes.byteCount == 0)
    let first = try Generator(model, options()).generate(.ids(ids))
    #expect(first.reused == 0 && same(first, fresh))
    #expect(model.prefixes.byteCount > 0)
    let second = try Generator(model, options()).generate(.ids(ids))
    #expect(second.reused == reusable(ids.count - 1, of: ids.count) && same(second, fresh))
    #expect(few == nil || second.reused == ids.count - 9)
    // Another text with the same first chunk, then one that differs inside it.
    let other = Array(ids[..<(chunk + 14)]) + Array(ids[..<40])
    let alone = try Generator(model, options { $0.reuse = false }).generate(.ids(other))
    let partly = try Generator(model, options()).generate(.ids(other))
    #expect(partly.reused >= reusable(chunk + 14, of: other.count) && same(partly, alone))
    let changed = Array(ids[..<100]) + Array(ids[..<chunk])
    let turned = try Generator(model, options { $0.reuse = false }).generate(.ids(changed))
    let before = try Generator(model, options()).generate(.ids(changed))
    #expect(before.reused >= reusable(100, of: changed.count) && same(before, turned))
    // Exactly one chunk: its last positions must be computed again.
    let exact = try Generator(model, options()).generate(.ids(Array(ids[..<chunk])))
    #expect(exact.reused == reusable(chunk - 1, of: chunk))
  }

  @Test(arguments: [DType.f32, .bf16, .f16, .q8_0, .q4_0])
  func `in the fast mode short texts that grow are read on from where they were`(
    dtype: DType
  ) throws {
    let model = try model(dtype)
    let ids = try long(model, 140)
    // As turns of a conversation: each text begins with the one before; some by a few ids only.
    for count in [5, 9, 20, 26, 60, 64, 73, 128, 131, 140] {
      let text = Array(ids[..<count])
      let fresh = try Generator(model, options { $0.reuse = false }).generate(.ids(text))
      let again = try Generator(model, options()).generate(.ids(text))
      #expect(same(again, fresh), "\(dtype) \(count)")
      if KernelMode.fewRows != nil, count == 60 { #expect(again.reused == 26) }
    }
  }

  @Test func `in the exact mode any prefix is reused, also of what was generated`() throws {
    let model = try model(.bf16)
    let ids = try long(model, 70)
    let first = try Generator(model, options { $0.kernels = .exact }).generate(.ids(ids))
    let more = ids + first.ids.prefix(8) + [7, 9]
    let fresh = try Generator(
      model,
      options {
        $0.kernels = .exact
        $0.reuse = false
      }
    ).generate(.ids(more))
    let reused = try Generator(model, options { $0.kernels = .exact }).generate(.ids(more))
    #expect(reused.reused == 78 && same(reused, fresh))
    let part = Array(ids[..<33]) + [5, 6, 7]
    let again = try Generator(model, options { $0.kernels = .exact }).generate(.ids(part))
    #expect(again.reused == 33)
    #expect(
      try same(
        again,
        Generator(
          model,
          options {
            $0.kernels = .exact
            $0.reuse = false
          }
        ).generate(.ids(part))))
    // The other mode has keys of its own.
    #expect(try Generator(model, options()).generate(.ids(more)).reused == 0)
  }

  @Test(arguments: [DType.f32, .bf16, .q8_0, .q4_0], [KernelMode.exact, .fast])
  func `1, 2 and 7 threads give the same bits, fresh and after another text`(
    dtype: DType, kernels: KernelMode
  ) throws {
    let pool = WorkerPool.shared
    let before = pool.threads
    defer { pool.threads = before }
    let model = try model(dtype)
    let ids = try long(model, kernels == .fast ? chunk + 20 : 90)
    let other = Array(ids[..<(ids.count - 11)]) + Array(ids[..<5])
    var wanted: [Reply] = []
    for threads in [1, 2, 7] {
      pool.threads = threads
      func run(_ ids: [Int], reuse: Bool) throws -> Reply {
        try Generator(
          model,
          options {
            $0.kernels = kernels
            $0.max = 6
            $0.reuse = reuse
            $0.chain = SamplerChain(temperature: 1)
            $0.key = 5
          }
        ).generate(.ids(ids))
      }
      // Alone; twice with what came before; after a text that begins alike.
      model.prefixes.removeAll()
      let replies = try [
        run(ids, reuse: false), run(ids, reuse: true), run(ids, reuse: true),
        run(other, reuse: true), run(other, reuse: false),
      ]
      #expect(replies[2].reused > 0 && replies[3].reused > 0)
      for (place, first) in [0, 0, 0, 4, 4].enumerated() {
        #expect(same(replies[place], replies[first]), "\(dtype) \(kernels) \(threads) \(place)")
      }
      if wanted.isEmpty { wanted = replies }
      for (a, b) in zip(replies, wanted) { #expect(same(a, b), "\(dtype) \(kernels) \(threads)") }
    }
  }

  @Test(arguments: [DType.f32, .f16, .q8_0, .q4_0])
  func `in the exact mode chunks of 1, 16 and all ids give the same logits`(
    dtype: DType
  ) throws {
    let model = try model(dtype)
    let ids = try long(model, 83)
    let weights = try model.weights()
    let whole = try model.logits(ids: ids, kernels: .exact).floats()
    for chunk in [1, 16, ids.count] {
      let cache = KeyValueCache(model.cacheType(.exact))
      var logits: [Float] = []
      for start in stride(from: 0, to: ids.count, by: chunk) {
        let part = Array(ids[start..<min(ids.count, start + chunk)])
        let rows = try model.transformer.hidden(
          ids: part, segments: nil, weights: weights, cache: cache, visitor: nil,
          kernels: .exact, interrupt: nil)
        logits += try model.transformer.logits(
          rows, weights: weights, visitor: nil, kernels: .exact
        ).floats()
      }
      #expect(cache.ids == ids)
      #expect(logits == whole, "chunks of \(chunk)")
    }
  }

  @Test func `the budget bounds what is kept, and a change of weights empties it`() throws {
    let model = try model()
    let ids = try long(model)
    _ = try Generator(model, options()).generate(.ids(ids))
    let one = model.prefixes.byteCount
    model.prefixes.budget = one + one / 2
    _ = try Generator(model, options()).generate(.ids(Array(ids.reversed())))
    #expect(model.prefixes.byteCount <= one + one / 2)
    // The older one went.
    #expect(try Generator(model, options()).generate(.ids(ids)).reused == 0)
    let wanted = reusable(ids.count - 1, of: ids.count)
    #expect(try Generator(model, options()).generate(.ids(ids)).reused == wanted)
    model.setParameters(model.parameters)
    #expect(model.prefixes.byteCount == 0)
    model.prefixes.budget = 0
    _ = try Generator(model, options()).generate(.ids(ids))
    #expect(try Generator(model, options()).generate(.ids(ids)).reused == 0)
  }

  @Test func `an interrupt leaves what was read whole, and the partial reply goes out`() throws {
    let model = try model()
    let ids = try long(model)
    let fresh = try Generator(model, options { $0.reuse = false }).generate(.ids(ids))
    let interrupt = Interrupt()
    var stopped: Reply?
    #expect(throws: Interrupted.self) {
      try Generator(model, options { $0.interrupt = interrupt }).generate([.ids(ids)]) { event in
        switch event {
        case .token(_, _, _): interrupt.request()
        case .stopped(let reply): stopped = reply
        default: break
        }
      }
    }
    let partial = try #require(stopped)
    #expect(partial.ids == Array(fresh.ids.prefix(1)))
    #expect(fresh.text.hasPrefix(partial.text))
    let again = try Generator(model, options()).generate(.ids(ids))
    #expect(again.reused == reusable(ids.count - 1, of: ids.count) && same(again, fresh))
  }

  @Test(
    arguments: [DType.f32, .bf16, .f16, .q8_0, .q4_0], [KernelMode.exact, .fast])
  func `a batch gives each text the bits it has alone`(
    dtype: DType, kernels: KernelMode
  ) throws {
    // In the fast mode that is promised of quantised weights.
    if kernels == .fast, !dtype.isQuantized { return }
    let model = try model(dtype)
    let story = try model.ids(of: .text(Self.story)).ids
    let inputs = (0..<9).map { PromptInput.ids(Array(story[$0..<(12 + 3 * $0)])) }
    func run(_ inputs: [PromptInput], first: Int = 0, batch: Int) throws -> [Reply] {
      try Generator(
        model,
        options {
          $0.kernels = kernels
          $0.chain = SamplerChain(temperature: 1, topK: 30)
          $0.key = 77
          $0.firstItem = first
          $0.batch = batch
          $0.reuse = false
        }
      ).generate(inputs) { _ in }
    }
    let alone = try inputs.enumerated().flatMap { try run([$1], first: $0, batch: 1) }
    #expect(Set(alone.map(\.ids)).count > 1)
    for batch in [1, 3, 8] {
      let together = try run(inputs, batch: batch)
      #expect(together.count == alone.count)
      for (a, b) in zip(together, alone) {
        #expect(same(a, b), "\(dtype) \(kernels) batch \(batch) item \(a.item)")
      }
    }
  }

  @Test func `texts of a batch end on their own, and constraints follow each`() throws {
    let model = try model()
    var events: [Int: String] = [:]
    let replies = try Generator(
      model,
      options {
        $0.constraint = try? Constraint(regex: "[a-z]{1,3}( [a-z]{2})*\\.")
        $0.chain = SamplerChain(temperature: 1)
        $0.max = 60
        $0.batch = 4
      }
    ).generate(["Once", "The cat", "Lily", "One day", "He was"].map { .text($0) }) { event in
      if case .text(let item, let text) = event { events[item, default: ""] += text }
    }
    let constraint = try Constraint(regex: "[a-z]{1,3}( [a-z]{2})*\\.")
    for reply in replies {
      #expect(events[reply.item] == reply.text)
      #expect(reply.stop == .done)
      _ = try constraint.value(of: reply.text)
    }
  }

  @Test func `a schema holds on a real model, and its value is parsed`() throws {
    let model = try model()
    let schema = try JSON.parse(
      ##"{"type":"object","properties":{"name":{"type":"string","maxLength":9},"age":{"type":"integer","minimum":1,"maximum":99}},"required":["name","age"]}"##
    )
    let reply = try Generator(
      model,
      options {
        $0.constraint = try? Constraint(schema: schema)
        $0.max = 80
      }
    ).generate(.text("Lily is"))
    #expect(reply.value?["name"]?.text != nil)
    #expect((1...99).contains(try #require(reply.value?["age"]?.int)))
    #expect(reply.stop == .done)
    let error = #expect(throws: ConstraintError.self) {
      try Generator(
        model,
        options {
          $0.constraint = try? Constraint(schema: schema)
          $0.max = 3
        }
      ).generate(.text("Lily is"))
    }
    guard case .incomplete(let end, let text)? = error else {
      Issue.record("the text was not whole")
      return
    }
    #expect(end == "max: 3 tokens" && reply.text.hasPrefix(text) && error?.code == .limit)
  }

  @Test func `log-probabilities are the model's own, of the prompt too`() throws {
    let model = try model()
    let ids = try long(model, 70)
    let reply = try Generator(
      model,
      options {
        $0.logProbabilities = 5
        $0.promptLogProbabilities = true
        $0.max = 3
      }
    ).generate(.ids(ids))
    #expect(reply.promptLogProbabilities.count == ids.count)
    #expect(reply.promptLogProbabilities.first == .some(nil))
    let score = try model.score(ids: ids)
    for (a, b) in zip(reply.promptLogProbabilities.dropFirst(), score.logProbabilities) {
      #expect(abs((a ?? 0) - b) < 1e-3)
    }
    for (place, best) in reply.alternatives.enumerated() {
      #expect(best.count == 5)
      #expect(best.map(\.logProbability) == best.map(\.logProbability).sorted(by: >))
      #expect(best.first?.id == reply.ids[place])
      #expect(best.first?.logProbability == reply.logProbabilities[place])
    }
  }
}

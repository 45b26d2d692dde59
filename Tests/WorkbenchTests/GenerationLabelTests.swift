// The labels of prompt and chat: constraints, samplers, batches, what is recorded.

import Diagnostics
import Foundation
import Synchronization
import Testing
import Workbench

@Suite struct `generation by labels` {
  private static let models = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Stdlib/models").path

  private func bench() -> Bench {
    let bench = Bench(modelFolders: [Self.models])
    let outcome = bench.run("m = load \"quill\"")
    #expect(outcome == .completed, "\(outcome)")
    return bench
  }

  @Test func `a schema gives a value, and a regex a text`() {
    let bench = bench()
    bench.run(
      #"""
      s = {type: "object", properties: {n: {type: "integer", minimum: 1, maximum: 9}}, required: ["n"]}
      r = prompt m, "Once", schema: s, seed: 1, temperature: 1
      """#)
    #expect(bench.shows("r.value.n >= 1 and r.value.n <= 9") == "true\n")
    #expect(bench.shows("r.stop") == "\"done\"\n")
    bench.run(#"q = prompt m, "Once", regex: "[ab]{3}", temperature: 1, seed: 2"#)
    #expect(bench.shows("len(q.text)") == "3\n")
    #expect(bench.shows("q.value == nil") == "true\n")
    bench.run(#"t = chat m, "Hi", template: "{{ messages[0].content }}", regex: "yes|no""#)
    #expect(bench.shows("t.text in [\"yes\", \"no\"]") == "true\n")
  }

  @Test func `what cannot be held is refused, and an unfinished text is an error`() {
    let bench = bench()
    for (label, code) in [
      (#"schema: {type: "integer", multipleOf: 2}"#, ErrorCode.value),
      (#"regex: "(?=a)""#, .value), (#"schema: {type: "null"}, regex: "a""#, .value),
      (#"schema: 5"#, .type), (#"regex: "a{9}", max: 3"#, .limit),
      (#"schema: "{""#, .data), (#"like: "other""#, .value), (#"sampler: [5]"#, .value),
      (#"sampler: [{stage: "top_k", value: 4}], top_p: 0.5"#, .value),
      (#"bias: {"two words here": 1}"#, .value), (#"top_p: 0"#, .value),
    ] {
      #expect(bench.run("prompt m, \"a\", \(label)").diagnostic?.code == code, "\(label)")
    }
  }

  @Test func `an error that cuts a text carries the reply there was`() {
    let bench = bench()
    bench.run(#"try { prompt m, "Once", regex: "a{9}", max: 3, seed: 4 } catch e { r = e.reply }"#)
    #expect(bench.shows("r.text") == "\"aaa\"\n")
    #expect(bench.shows("[len(r.ids), r.stop, r.seed]") == "[3, \"max\", 4]\n")
    let found = bench.run(#"prompt m, "Once", regex: "a{9}", max: 3"#).diagnostic
    #expect(found?.message == "structured output was not complete after max: 3 tokens")
    #expect(found?.help?.hasSuffix("the partial text is e.reply.text") == true)
    // Also where a function and a list are between, and when it is raised again.
    bench.run(
      #"""
      fn ask(p) = prompt(m, p, regex: "b{9}", max: 2)
      try { try { ["x", "y"] |> map(ask) } catch e { fail e } } catch e { t = e.reply.text }
      """#)
    #expect(bench.shows("t") == "\"bb\"\n")
    bench.run(
      #"try { chat m, "Hi", template: "{{ messages[0].content }}", regex: "c{9}", max: 2 } catch e { t = e.reply.text }"#
    )
    #expect(bench.shows("t") == "\"cc\"\n")
    #expect(bench.run("try { fail \"x\" } catch e { e.reply }").diagnostic?.code == .key)
  }

  /// Asks for a stop when it was looked at so many times.
  private final class StoppingClock: Sendable {
    let left = Atomic(Int.max)
    let interrupt: Interrupt
    init(_ interrupt: Interrupt) { self.interrupt = interrupt }

    func now() -> Double {
      if left.subtract(1, ordering: .relaxed).newValue == 0 { interrupt.request() }
      return 0
    }
  }

  @Test func `an interrupt shows what was written and not seen`() {
    var options = SessionOptions(folder: "/nonexistent", permissions: [], seed: 0)
    options.modelFolders = [Self.models]
    let clock = StoppingClock(options.interrupt)
    options.clock = { clock.now() }
    let sink = RecordingSink()
    let session = Session(options, sink: sink)
    func run(_ code: String) -> Outcome {
      session.evaluate(SourceText(name: "test", text: code), cellKey: "cell")
    }
    _ = run("m = load \"quill\"")
    // At the start, before the prompt and after it: one token follows.
    clock.left.store(3, ordering: .relaxed)
    let found = run("r = prompt m, \"Once\", regex: \"(ab)+\"").diagnostic
    #expect(found?.code == .interrupted && found?.details == ["  a"])
    clock.left.store(3, ordering: .relaxed)
    #expect(run("prompt m, \"Once\", regex: \"(ab)+\"").diagnostic?.details == [])
  }

  @Test func `a text beyond the context is an error before anything is computed`() {
    let bench = Bench(modelFolders: [Self.models])
    bench.run("m = load \"quill\", context: 8")
    #expect(bench.run("prompt m, \"Once upon a time\"").diagnostic?.code == .limit)
    let other = bench.run("prompt m, \"Once\", overflow: \"drop_oldest\"").diagnostic
    #expect(other?.code == .value && other?.help?.hasPrefix("chat leaves out") == true)
    bench.run("r = prompt m, \"Once\", overflow: \"error\", ignore_eos: true")
    #expect(bench.shows("[r.stop, len(r.dropped)]") == "[\"context\", 0]\n")
  }

  @Test func `samplers are said in the reply`() {
    let bench = bench()
    bench.run("use sampling: temperature, top_k, repeat")
    bench.run(
      "r = prompt m, \"a\", max: 1, sampler: [repeat(1.5, window: 8), temperature(0.5), top_k(3)]")
    #expect(
      bench.shows("r.sampler") == "\"repeat(1.5, window: 8) > temperature(0.5) > top_k(3)\"\n")
    bench.run("r = prompt m, \"a\", max: 1, like: \"llama.cpp\"")
    #expect(bench.shows("r.sampler").contains("min_p(0.05)"))
    bench.run("r = prompt m, \"Once\", max: 4, ban: [101, \"a\"]")
    #expect(bench.shows("\"a\" in r.text or \"e\" in r.text") == "false\n")
  }

  @Test func `a list of texts gives the replies they have alone`() {
    let bench = bench()
    bench.run(
      "a = prompt m, [\"Once\", \"The cat\"], max: 6, temperature: 1, seed: 9, kernels: \"exact\"")
    bench.run("b = prompt m, \"Once\", max: 6, temperature: 1, seed: 9, kernels: \"exact\"")
    #expect(bench.shows("len(a)") == "2\n")
    #expect(bench.shows("a[0].text == b.text") == "true\n")
    bench.run("p = prompt m, \"Once\", max: 2, logprobs: 3, prompt_logprobs: true, temperature: 0")
    #expect(bench.shows("len(p.alternatives[0])") == "3\n")
    #expect(bench.shows("p.alternatives[0][0].logprob == p.logprobs[0]") == "true\n")
    #expect(bench.shows("len(p.prompt.logprobs) == len(p.prompt.ids)") == "true\n")
  }
}

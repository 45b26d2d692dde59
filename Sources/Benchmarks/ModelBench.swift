// How fast one model reads a prompt and writes, how soon the first token comes, how much memory it
// holds, and how near decoding is to what the memory can deliver. Prompts are ids: a model without
// a tokenizer will do.

import Diagnostics
import Files
import Models
import Tensors

package struct ModelBench {
  /// A model folder or a GGUF file.
  package var path: String
  /// Tokens of the prompt that prefill is measured with.
  package var prompt = 512
  /// Tokens that are generated, after a prompt of eight.
  package var generate = 32

  package init(path: String) { self.path = path }

  private var name: String { Path.name(of: Path.normalized(path)) }

  package func run(_ bench: Bench) throws {
    BenchMachine.resetPeak()
    let model = try load(bench)
    try prefill(model, bench)
    _ = try decode(model, bench)
    if let peak = BenchMachine.peakMiB() { bench.report("resident memory \(name)", [peak], "MiB") }
    try decodeBesideReading(model, bench)
  }

  /// Loads the model a few times to its first token; the last one stays.
  private func load(_ bench: Bench) throws -> Model {
    var model = try Model.load(path)
    let seconds = try bench.seconds(runs: 3, warm: false) {
      model = try Model.load(path, options: LoadOptions(interrupt: bench.interrupt))
      _ = try reply(model, ids: 8, tokens: 1, bench)
    }
    bench.report("load to first token \(name)", seconds.map { $0 * 1e3 }, "ms")
    return model
  }

  private func prefill(_ model: Model, _ bench: Bench) throws {
    var rates: [Double] = []
    _ = try bench.seconds(runs: 3) {
      let seconds = try reply(model, ids: prompt, tokens: 1, bench).prefillSeconds
      if seconds > 0 { rates.append(Double(prompt) / seconds) }
    }
    // The first run only warms up.
    bench.report("prefill \(prompt) \(name)", Array(rates.dropFirst()), "tokens/s")
  }

  /// Tokens a second after the first.
  private func decode(_ model: Model, _ bench: Bench) throws -> Double {
    try reply(model, ids: 8, tokens: generate, bench).tokensPerSecond
  }

  /// Decoding and a loop that only reads, in turn: both meet the same neighbours on the machine.
  private func decodeBesideReading(_ model: Model, _ bench: Bench) throws {
    // More than caches hold.
    let memory = try Tensor.ones([1 << 27])
    try memory.readThrough()
    var rates: [Double] = []
    var reading: [Double] = []
    for _ in 0..<(bench.runs ?? 5) {
      rates.append(try decode(model, bench))
      let seconds = try bench.seconds(runs: 2, warm: false) { try memory.readThrough() }
      reading += seconds.map { Double(memory.byteCount) / $0 * 1e-9 }
    }
    let bandwidth = Measurement("read bandwidth", reading, "GB/s")
    var measured = Measurement("decode \(generate) \(name)", rates, "tokens/s")
    let bytes = Double(bytesPerToken(model))
    if bandwidth.median > 0 {
      measured.share = Measurement.Share(
        fraction: measured.median * bytes * 1e-9 / bandwidth.median, limit: "read bandwidth")
    }
    bench.report(.measured(measured))
    bench.report(.measured(bandwidth))
  }

  /// Weights that one token needs: of an embedding table that is not the head's, one row.
  private func bytesPerToken(_ model: Model) -> Int {
    let architecture = model.transformer.architecture
    var bytes = model.parameters.byteCount
    if !architecture.isTied, let path = architecture.path(.embed),
      let table = model.parameters[path + ".weight"]
    {
      bytes -= table.byteCount
    }
    return bytes + model.cacheBytes(positions: 8 + generate / 2)
  }

  private func reply(_ model: Model, ids: Int, tokens: Int, _ bench: Bench) throws -> Reply {
    var options = GenerationOptions()
    options.max = tokens
    options.ignoreEOS = true
    options.reuse = false
    options.interrupt = bench.interrupt
    options.clock = bench.clock
    let vocabulary = max(1, model.sizes.vocabularySize)
    let prompt = (0..<ids).map { (3 + $0 % 200) % vocabulary }
    return try Generator(model, options).generate(.ids(prompt))
  }
}

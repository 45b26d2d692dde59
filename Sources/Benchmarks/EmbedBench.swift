// How many sentences a second become vectors. Texts are ids: a model without a tokenizer will do.

import Files
import Models

package struct EmbedBench {
  /// The folder or GGUF file of an encoder.
  package var path: String
  /// Texts in one call, and tokens of each.
  package var batch = 64
  package var length = 71

  package init(path: String) { self.path = path }

  package func run(_ bench: Bench) throws {
    let name = Path.name(of: Path.normalized(path))
    let model = try Model.load(path, options: LoadOptions(interrupt: bench.interrupt))
    let vocabulary = max(1, model.sizes.vocabularySize)
    let texts = (0..<batch).map { text in
      PromptInput.ids((0..<length).map { (1000 + (text * 31 + $0 * 7) % 8000) % vocabulary })
    }
    let seconds = try bench.seconds(runs: 5) {
      _ = try model.embed(
        texts: texts, pool: .mean, normalize: true, batch: batch, interrupt: bench.interrupt)
    }
    bench.report(
      "embed \(batch)x\(length) \(name)", seconds.map { Double(batch) / $0 }, "sentences/s")
  }
}

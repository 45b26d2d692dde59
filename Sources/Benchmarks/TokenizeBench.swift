// Text to token ids on one thread.

import Files
import Models
import Tokenizers

package struct TokenizeBench {
  /// A `tokenizer.json`, a model folder, or a GGUF file with a vocabulary.
  package var tokenizer: String
  /// A file of text.
  package var text: String

  package init(tokenizer: String, text: String) {
    self.tokenizer = tokenizer
    self.text = text
  }

  package func run(_ bench: Bench) throws {
    try Self.run(bench, tokenizer, try Files.read(text))
  }

  static func run(_ bench: Bench, _ path: String, _ bytes: [UInt8]) throws {
    let tokenizer = try loadTokenizer(path)
    let seconds = try bench.seconds(runs: 5) {
      _ = try tokenizer.encode(bytes, interrupt: bench.interrupt)
    }
    bench.report(
      "encode \(Path.name(of: Path.normalized(path)))",
      seconds.map { Double(bytes.count) / max(1e-9, $0) * 1e-6 }, "MB/s")
  }
}

// Seeded mutations of tokenizers and chat templates: each is read and used, or gives a typed error.

import Diagnostics
import Foundation
import JSON
import TestSupport
import Testing

@testable import Tokenizers

@Suite struct ReaderFuzzTests {
  /// Texts that use what the fixtures' parts act on.
  private func use(_ tokenizer: Tokenizer) {
    let ids = (try? tokenizer.encode("a <mask> the river's 123 é <sep> ①\n")) ?? []
    _ = tokenizer.decode(ids)
    _ = tokenizer.decode([-1, 0, 1, tokenizer.vocabularySize])
  }

  @Test func `mutated files never end the process`() throws {
    let names = [
      "added-normalized", "llama-2", "punctuation", "deepseek-v3", "vectors/t5",
      "vectors/bert-uncased", "vectors/gpt-2",
    ]
    let originals = try names.map { try fixtureBytes($0 + ".json") }
    fuzz("tokenizer.json", rounds: 600, share: 3) { numbers in
      let original = numbers.pick(originals)
      // The parts stand before and after the vocabulary.
      let bytes = changed(original, &numbers)
      if let tokenizer = try? Tokenizer.load(json: bytes) { use(tokenizer) }
    }
  }

  /// One to four printable changes, mostly in the first 3,500 bytes.
  private func changed(_ original: [UInt8], _ numbers: inout SplitMix64) -> [UInt8] {
    var bytes = original
    for _ in 0...numbers.below(4) {
      let reach = numbers.below(4) == 0 ? bytes.count : min(3500, bytes.count)
      let place = numbers.below(reach)
      switch numbers.below(4) {
      case 0: bytes[place] = UInt8(32 + numbers.below(95))
      case 1: bytes.remove(at: place)
      case 2: bytes.insert(bytes[numbers.below(bytes.count)], at: place)
      default: bytes.replaceSubrange(place...place, with: String(numbers.pick(edgeWords)).utf8)
      }
    }
    return bytes
  }

  @Test func `a cut or mutated sentencepiece model is an error or a tokenizer, never a crash`()
    throws
  {
    let models = try ["vectors/spm-unigram.model", "vectors/spm-bpe-user.model"].map(fixtureBytes)
    for whole in models {
      for cut in stride(from: 0, to: whole.count, by: 97) {
        _ = try? Tokenizer.load(sentencePiece: Array(whole[..<cut]))
      }
    }
    fuzz("sentencepiece", rounds: 800, share: 3) { numbers in
      let whole = numbers.pick(models)
      let damaged = mutated(whole, &numbers, reach: whole.count)
      if let tokenizer = try? Tokenizer.load(sentencePiece: damaged) { use(tokenizer) }
    }
  }

  @Test func `mutated templates never end the process`() throws {
    let files = ["constructs.json", "errors.json"]
    var sources: [[UInt8]] = []
    for file in files {
      let cases = try JSON.parse(bytes(of: templateFolder.appendingPathComponent(file)))["cases"]
      sources += (cases?.array ?? []).compactMap { $0["source"]?.string?.utf8 }
    }
    for name in ["chatml-tools", "documents", "headers", "thinking", "roles"] {
      sources.append(try bytes(of: templateFolder.appendingPathComponent(name + ".jinja")))
    }
    let shared = try JSON.parse(
      bytes(of: templateFolder.appendingPathComponent("constructs.json")))["variables"]?.object
    let variables = shared ?? JSONObject()
    let pieces = [
      "{{", "}}", "{%", "%}", "{#", "#}", "-", "|", "(", ")", "[", "]", "{", "}", "'", "\"", "\\",
      ".", ",", ":", "~", "**", "//", " in ", " is ", " not ", " if ", " else ", "for x in y",
      "range(99999)", "99999999999", "9223372036854775807", "-1", "0", "messages", "loop.", "ns.x",
      "| tojson", "| sort", "| join", "| map(", "| batch(", ".split(", "[::", "é", "🌍", "\n",
      "{% endfor %}", "{% endif %}", "{% set x = ", "{% macro m() %}", "{% endmacro %}",
      "'%s' % ", "'{}'.format(", "none", "true", "1.5", "1e308", "{% raw %}", "+",
    ].map { Array($0.utf8) }
    var rendered = 0
    fuzz("chat templates", rounds: 3000, share: 3) { random in
      guard var source = sources.randomElement(using: &random) else { return }
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0...source.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0 where place < source.count: source.remove(at: place)
        case 1 where place < source.count:
          source[place] = UInt8.random(in: 9...126, using: &random)
        case 2:
          let end = min(source.count, place + Int.random(in: 0...12, using: &random))
          source.removeSubrange(place..<end)
        case 3:
          let other = sources.randomElement(using: &random) ?? []
          let from = Int.random(in: 0...other.count, using: &random)
          source.insert(
            contentsOf: other[from..<min(other.count, from + 20)], at: place)
        default: source.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: place)
        }
      }
      do {
        let template = try ChatTemplate(source: String(decoding: source, as: UTF8.self))
        _ = try render(
          template, variables, tokens: ["bos_token": "<s>"],
          now: TemplateDate(year: 2026, month: 3, day: 7))
        rendered += 1
      } catch { _ = Diagnostic(error).rendered() }
    }
    #expect(rendered > 0)
  }
}

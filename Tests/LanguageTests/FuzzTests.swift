// Random bytes, random tokens and mutated programs: every outcome is a value or an error, never a
// trap or a hang.

import Diagnostics
import Foundation
import Language
import TestSupport
import Testing

@Suite struct FuzzTests {
  static let words = [
    "fn", "if", "else", "for", "in", "while", "break", "continue", "return", "and", "or", "not",
    "true", "false", "nil", "try", "catch", "use", "x", "y", "f", "xs", "m", "print", "len", "map",
    "sum", "append", "0", "1", "2.5", "\"a\"", "\"\\(x)\"", "(", ")", "[", "]", "{", "}", ",", ":",
    ";", "\n", "\n", "=", "==", "+", "-", "*", "/", "//", "%", "^", "@", "<", ">", "..", "..=",
    "=>",
    "|>", ".", "+=", " ", " ", " ", "# c\n", "\"\"\"", "r\"", "'", "é", "!", "sorted", "fail",
    "help",
  ]

  @Test func `no text makes the interpreter trap or hang`() {
    let corpus = Program.all.compactMap { try? String(contentsOfFile: $0.path, encoding: .utf8) }
      .filter { !$0.contains("deep(n + 1)") && !$0.contains("100000") }
    fuzz("language", rounds: 800) { random in
      let text = Self.text(corpus, &random)
      let recorder = Recorder()
      let interrupt = recorder.interpreter.interrupt
      recorder.interpreter.memoryLimit = 4 << 30
      let watch = DispatchWorkItem { interrupt.request() }
      DispatchQueue.global().asyncAfter(deadline: .now() + 0.5, execute: watch)
      let errors = recorder.run(text)
      watch.cancel()
      for error in errors where error.code == .internal {
        Issue.record("internal error \(error.message) for\n\(text)")
      }
      _ = recorder.interpreter.isComplete(text)
      _ = recorder.interpreter.names(of: SourceText(name: "", text: text))
    }
  }

  private static func text(_ corpus: [String], _ random: inout SplitMix64) -> String {
    switch random.below(4) {
    case 0:
      let bytes = (0..<Int.random(in: 0..<200, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      return String(decoding: bytes, as: UTF8.self)
    case 1:
      return (0..<Int.random(in: 1..<60, using: &random)).map { _ in
        words.randomElement(using: &random) ?? ""
      }.joined(separator: Bool.random(using: &random) ? " " : "")
    default:
      var bytes = Array((corpus.randomElement(using: &random) ?? "").utf8)
      for _ in 0..<Int.random(in: 1..<6, using: &random) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes.remove(at: place)
        case 1:
          bytes.insert(contentsOf: (words.randomElement(using: &random) ?? "").utf8, at: place)
        default:
          let other = Int.random(in: 0..<bytes.count, using: &random)
          bytes.swapAt(place, other)
        }
      }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  @Test func `brackets nested a hundred thousand deep are an error`() {
    for (open, close) in [("(", ")"), ("[", "]"), ("{a: ", "}"), ("-", ""), ("not ", "")] {
      let text =
        "x = " + String(repeating: open, count: 100_000) + "1"
        + String(repeating: close, count: 100_000)
      #expect(!Recorder().run(text).isEmpty)
    }
    #expect(!Recorder().run("x = 1" + String(repeating: " + 1", count: 100_000)).isEmpty)
    #expect(!Recorder().run(String(repeating: "if true { ", count: 50_000)).isEmpty)
  }
}

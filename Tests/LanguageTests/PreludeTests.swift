// The examples of builtins and library modules, run as they stand.

import Diagnostics
import Foundation
import Language
import Testing

@Suite struct PreludeTests {
  @Test func `every builtin has a summary and an example`() {
    for builtin in Prelude.builtins {
      #expect(!builtin.summary.isEmpty && !builtin.summary.hasSuffix("."), "\(builtin.name)")
      #expect(builtin.example != nil, "\(builtin.name)")
    }
  }

  @Test(arguments: Prelude.builtins.map(\.name))
  func `the example of a builtin gives what it says`(_ name: String) throws {
    let example = try #require(Prelude.builtins.first { $0.name == name }?.example)
    check(example, before: "")
  }

  @Test(arguments: ["data", "metrics", "stats", "text"])
  func `the examples of a module give what they say`(_ module: String) throws {
    let path = Program.modules + "/\(module).quire"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    var documented = 0
    for line in text.components(separatedBy: "\n") where line.hasPrefix("## Example: ") {
      documented += 1
      let example = String(line.dropFirst("## Example: ".count))
      let names = text.components(separatedBy: "\nfn ").dropFirst().compactMap {
        $0.components(separatedBy: "(").first
      }.filter { !$0.hasPrefix("_") }
      check(example, before: "use \(module): \(names.joined(separator: ", "))\n")
    }
    let functions = text.components(separatedBy: "\nfn ").count - 1
    let hidden = text.components(separatedBy: "\nfn _").count - 1
    #expect(documented >= functions - hidden, "each public function has an example")
  }

  private func check(_ example: String, before: String) {
    let recorder = Recorder()
    guard let split = example.range(of: " -> ", options: .backwards) else {
      let errors = recorder.run(before + example)
      #expect(errors.isEmpty, "\(example): \(errors.map(\.message))")
      return
    }
    let (code, result) = (example[..<split.lowerBound], example[split.upperBound...])
    let errors = recorder.run("\(before)\(code)")
    #expect(errors.isEmpty, "\(example): \(errors.map(\.message))")
    #expect(recorder.lines.last == "# expect: \(result)", "\(example)")
  }
}

// The examples of builtins, run as they stand. Those of library modules need tensors: WorkbenchTests.

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
    check(example)
  }

  private func check(_ example: String) {
    let recorder = Recorder()
    guard let split = example.range(of: " -> ", options: .backwards) else {
      let errors = recorder.run(example)
      #expect(errors.isEmpty, "\(example): \(errors.map(\.message))")
      return
    }
    let (code, result) = (example[..<split.lowerBound], example[split.upperBound...])
    let errors = recorder.run(String(code))
    #expect(errors.isEmpty, "\(example): \(errors.map(\.message))")
    #expect(recorder.lines.last == "# expect: \(result)", "\(example)")
  }
}

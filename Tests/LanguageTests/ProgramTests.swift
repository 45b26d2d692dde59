// Runs the programs of Programs/ and compares all they print, show and raise with the comments in
// them: `# expect: …`, `# expect note: …`, `# expect error: …` (whole messages, line by line).
// Cells are separated by `#%%`. With QUIRE_RECORD=1 the comments are written anew instead, to be read
// before they are kept.

import Diagnostics
import Foundation
import Language
import Testing

struct Program: CustomTestStringConvertible, Sendable {
  let path: String
  var testDescription: String { (path as NSString).lastPathComponent }

  static let folder = (#filePath as NSString).deletingLastPathComponent + "/Programs"
  /// Modules that need no word but the prelude's: the library's own use tensors, unknown here.
  static let modules = folder + "/modules"

  static let all: [Program] = ["values", "errors", "mistakes"].flatMap { part in
    let folder = folder + "/" + part
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".quire") }.sorted().map { Program(path: folder + "/" + $0) }
  }
}

/// An interpreter whose every word is collected.
final class Recorder {
  let interpreter: Interpreter
  var lines: [String] = []

  init(builtins: [Builtin] = []) {
    interpreter = Interpreter(
      builtins: builtins,
      modules: { name in
        let path = Program.modules + "/" + name + (name.hasSuffix(".quire") ? "" : ".quire")
        return (try? String(contentsOfFile: path, encoding: .utf8)).map {
          SourceText(name: name, text: $0)
        }
      }, interrupt: Interrupt())
    interpreter.show = { [unowned self] in add($0.displayed(), "") }
    interpreter.write = { [unowned self] in add($0, "") }
    interpreter.note = { [unowned self] in add($0, " note") }
  }

  func add(_ text: String, _ kind: String) {
    let text = text.hasSuffix("\n") ? String(text.dropLast()) : text
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      lines.append("# expect\(kind):" + (line.isEmpty ? "" : " \(line)"))
    }
  }

  @discardableResult
  func run(_ text: String) -> [Diagnostic] {
    var found: [Diagnostic] = []
    for cell in text.components(separatedBy: "#%%\n") {
      do throws(DiagnosticList) {
        try interpreter.run(SourceText(name: "cell", text: cell))
      } catch {
        found += error.list
        for diagnostic in error.list { add(diagnostic.rendered(place: .cell), " error") }
      }
    }
    return found
  }
}

@Suite struct ProgramTests {
  @Test(arguments: Program.all)
  func `a program prints, shows and raises what its comments say`(_ program: Program) throws {
    let text = try String(contentsOfFile: program.path, encoding: .utf8)
    let expected = text.components(separatedBy: "\n").filter { $0.hasPrefix("# expect") }
    let recorder = Recorder()
    recorder.run(text)
    if ProcessInfo.processInfo.environment["QUIRE_RECORD"] == "1", recorder.lines != expected {
      var code = text.components(separatedBy: "\n").filter { !$0.hasPrefix("# expect") }
      while code.last?.isEmpty == true { code.removeLast() }
      try ((code + [""] + recorder.lines).joined(separator: "\n") + "\n")
        .write(toFile: program.path, atomically: true, encoding: .utf8)
    }
    #expect(recorder.lines == expected)
  }

  @Test func `there are programs for values, for errors and for newcomers' mistakes`() {
    #expect(Program.all.count >= 250)
    #expect(Program.all.filter { $0.path.contains("/errors/") }.count >= 80)
    #expect(Program.all.filter { $0.path.contains("/mistakes/") }.count >= 100)
    #expect(Program.all.filter { $0.path.contains("/values/") }.count >= 80)
  }

  @Test func `every mistake of a newcomer is told how it is written here`() throws {
    for program in Program.all where program.path.contains("/mistakes/") {
      let lines = try String(contentsOfFile: program.path, encoding: .utf8)
        .components(separatedBy: "\n")
      let errors = lines.filter { $0.hasPrefix("# expect error: error[") }
      #expect(!errors.isEmpty, "\(program)")
      #expect(lines.contains { $0.hasPrefix("# expect error: help: ") }, "\(program)")
    }
  }
}

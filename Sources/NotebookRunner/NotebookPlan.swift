// What is known of a notebook's cells before any of them runs: their sources, what they do with
// names, what is wrong with them, which of them a run needs.

import Diagnostics
import JSON
import NotebookFormat
import Workbench

struct NotebookPlan {
  let notebook: Notebook
  let session: Session
  /// One a cell, for errors to point into.
  let sources: [SourceText]
  private let facts: [CellFacts]

  init(_ notebook: Notebook, _ session: Session) {
    self.notebook = notebook
    self.session = session
    sources = notebook.cells.map {
      SourceText(
        name: notebook.name, text: $0.source, firstLine: $0.firstLine, cell: $0.number)
    }
    facts = sources.map { session.facts(of: $0) }
  }

  func names(_ index: Int) -> CellNames {
    let facts = facts[index]
    return CellNames(
      reads: facts.reads, writes: facts.writes, functionReads: facts.functionReads,
      modules: Set(facts.files), makesModel: facts.makesModel, changesModel: facts.changesModel,
      setsSeed: facts.setsSeed)
  }

  // MARK: What is wrong

  /// What is wrong with cells that run, given the names that parameters bind. A test takes no cell
  /// whose attributes cannot be read: they may hold its check.
  func problems(_ params: Set<String>, isTest: Bool = false) -> [Diagnostic] {
    var known = params
    var problems: [Diagnostic] = []
    if let text = notebook.frontMatter.check, let error = Self.objection(text, cell: nil) {
      problems.append(Diagnostic(error))
    }
    for (index, cell) in notebook.cells.enumerated() where cell.runs {
      problems += attributeProblems(cell, isTest: isTest).map { Diagnostic($0) }
      let found = checked(index, known)
      let expected = cell.attributes["raises"]
      if expected == nil || found.first?.code.rawValue != expected { problems += found }
      known.formUnion(facts[index].writes)
    }
    return problems
  }

  /// First with the names that the cell asks for alone: handing over all of them takes longer the
  /// more cells there are. All of them are for the nearest names of an error.
  private func checked(_ index: Int, _ known: Set<String>) -> [Diagnostic] {
    let asked = facts[index].reads.union(facts[index].functionReads)
    let found = session.check(sources[index], knownNames: known.intersection(asked))
    return found.isEmpty ? [] : session.check(sources[index], knownNames: known)
  }

  private func attributeProblems(_ cell: Cell, isTest: Bool) -> [RunnerError] {
    var problems: [RunnerError] = []
    if isTest, let defect = cell.attributes.defect {
      problems.append(.badAttributes(cell: cell.title, reason: defect))
    }
    if let text = Self.written("timeout", cell), Self.seconds(text) == nil {
      problems.append(.badTimeout(text, cell: cell.title))
    }
    if let code = Self.written("raises", cell), ErrorCode(rawValue: code) == nil {
      let near = didYouMean(code, among: ErrorCode.allCases.map(\.rawValue))
      problems.append(.unknownCode(code, cell: cell.title, nearest: near))
    }
    if let text = Self.written("check", cell), let error = Self.objection(text, cell: cell.title) {
      problems.append(error)
    }
    return problems
  }

  /// The text of an attribute; of a list or an object its JSON, which is no good value.
  private static func written(_ key: String, _ cell: Cell) -> String? {
    guard let value = cell.attributes.pairs.first(where: { $0.key == key })?.value else {
      return nil
    }
    if let text = value.text { return text }
    if case .json(let json) = value { return json.writtenText() }
    return ""
  }

  private static func objection(_ check: String, cell: String?) -> RunnerError? {
    do throws(CheckRuleError) {
      for pattern in try CheckRules(check).patterns {
        if let reason = PatternSearch.objection(to: pattern) {
          throw .pattern(pattern, reason: reason)
        }
      }
      return nil
    } catch {
      return .badCheck(cell: cell, reason: error.message, help: error.help)
    }
  }

  // MARK: Settings of cells

  /// The limit of a cell that sets one itself.
  func limit(_ index: Int) -> Double? {
    notebook.cells[index].attributes["timeout"].flatMap(Self.seconds)
  }

  /// How the output of a cell is checked: as it says, else as the front matter says.
  func rules(_ index: Int) -> CheckRules {
    let text = notebook.cells[index].attributes["check"] ?? notebook.frontMatter.check
    // What cannot be read has refused the run.
    return text.flatMap { try? CheckRules($0) } ?? CheckRule.standard
  }

  private static func seconds(_ text: String) -> Double? {
    guard let seconds = Double(text), seconds > 0, seconds.isFinite else { return nil }
    return seconds
  }

  // MARK: A part of the cells

  /// Indices of the cells that run: all, or those named with all they depend on (F12).
  func selection(_ names: [String], _ start: NotebookFlow) throws(RunnerError) -> Set<Int> {
    let running = Set(notebook.cells.indices.filter { notebook.cells[$0].runs })
    if names.isEmpty { return running }
    var open: [Int] = []
    for name in names { open.append(try index(of: name)) }
    var flow = start
    var needs: [Int: Set<Int>] = [:]
    for (index, cell) in notebook.cells.enumerated() where cell.runs {
      let names = self.names(index)
      needs[index] = Set(flow.sources(of: names).map { $0 - 1 })
      flow.run(cell, names)
    }
    var found: Set<Int> = []
    while let index = open.popLast() {
      if found.insert(index).inserted { open += needs[index] ?? [] }
    }
    return found
  }

  private func index(of name: String) throws(RunnerError) -> Int {
    let plain = name.utf8.first == UInt8(ascii: "#") ? String(name.dropFirst()) : name
    guard let cell = notebook.cell(named: plain) else {
      let near = didYouMean(plain, among: notebook.cells.compactMap(\.address))
      throw .unknownCell(name, nearest: near)
    }
    guard cell.runs else { throw .idleCell(name) }
    return cell.number - 1
  }
}

// A session as a notebook: the file it was opened from, if any, and what was typed since. Knows no
// terminal and runs nothing; the file is written here.

import Diagnostics
import Files
import JSON
import NotebookFormat
import Plots
import Workbench

final class SessionNotebook {
  /// An input.
  struct Entry {
    var source: String
    /// What its random numbers are known by when the text alone does not say it (a cut input).
    var key: String?
    var run: CellRun
    /// A failed input is no cell, and is saved on request alone.
    let isFailed: Bool
  }

  /// What names do in a cell; asked of the session.
  typealias NamesOf = (SourceText) -> CellNames

  private let namesOf: NamesOf
  /// What was opened: front matter, prose and cells; for a session of its own only front matter.
  private(set) var base: Notebook
  /// By index among the cells of `base`: sources that were edited, and runs of this session.
  private var edited: [Int: String] = [:]
  private var runs: [Int: CellRun] = [:]
  private(set) var entries: [Entry] = []
  /// Who wrote each name, by the executions that there really were.
  private var flow: NotebookFlow
  /// Where it is saved, absolute; nil before the first time.
  private(set) var path: String?
  /// The bytes that this session read or wrote there last.
  private(set) var written: [UInt8]?
  /// Cells that were typed, run or edited since they were last saved.
  var unsaved: Int { changes.count }
  /// Those cells by index.
  private var changes: Set<Int> = []
  /// Inputs that a leading space kept out.
  private(set) var leftOut = 0
  private var composed: Notebook?

  /// A notebook that is shown and no more, and why.
  struct Shown {
    let notebook: Notebook
    let path: String
    let problems: [Diagnostic]
  }

  /// What was opened although no cell may be put into it (F3): nothing of it runs, and inputs are
  /// cells of a notebook of their own.
  private(set) var shown: Shown?

  init(seed: Int, namesOf: @escaping NamesOf) {
    self.namesOf = namesOf
    base = Self.blank(seed: seed)
    flow = NotebookFlow(seed: seed, params: [:])
  }

  private static func blank(seed: Int) -> Notebook {
    let text = "---\nquire: 1\n" + (seed == 0 ? "" : "seed: \(seed)\n") + "---\n"
    return Notebook(text, name: "session")
  }

  // MARK: Opening

  /// Why no session can go on as this notebook; empty when one can.
  static func problems(of notebook: Notebook) -> [Diagnostic] {
    if !notebook.problems.isEmpty { return notebook.problems }
    let probe = try? appending(["\n```quire\n```\n"], to: notebook)
    let count = probe.map { Notebook($0, name: "").cells.count }
    if count == notebook.cells.count + 1 { return [] }
    return [
      Diagnostic(
        .fence, "\(notebook.name) ends inside a comment: cells at its end would be part of it",
        help: "close the comment with -->")
    ]
  }

  /// Goes on as another notebook, which has no problems, over the same variables.
  func open(_ notebook: Notebook, at path: String, params: JSONObject) {
    start(on: notebook, path: path, seed: notebook.frontMatter.seed, params: params)
  }

  /// Shows a notebook that cannot be gone on with, and begins one of its own for the inputs to come.
  func show(_ notebook: Notebook, at path: String, problems: [Diagnostic]) {
    start(on: Self.blank(seed: flow.seed), path: nil, seed: flow.seed, params: [:])
    shown = Shown(notebook: notebook, path: path, problems: problems)
  }

  private func start(on notebook: Notebook, path: String?, seed: Int, params: JSONObject) {
    base = notebook
    (edited, runs, entries) = ([:], [:], [])
    (self.path, written) = (path, path == nil ? nil : notebook.bytes)
    (changes, leftOut, composed, shown) = ([], 0, nil, nil)
    flow.goOn(seed: seed, params: params)
  }

  // MARK: Cells

  /// The notebook as it stands, with outputs as they were read.
  var notebook: Notebook {
    if let composed { return composed }
    let made = compose(entries.filter { !$0.isFailed })
    composed = made
    return made
  }

  /// The run of a cell in this session; nil for one that has only been read.
  func run(of index: Int) -> CellRun? {
    if index < base.cells.count { return runs[index] }
    return place(of: index).map { entries[$0].run }
  }

  /// Where the entry of a cell stands; failed inputs are no cells.
  private func place(of index: Int) -> Int? {
    let accepted = entries.indices.filter { !entries[$0].isFailed }
    let number = index - base.cells.count
    return accepted.indices.contains(number) ? accepted[number] : nil
  }

  /// What the random numbers of a new input are known by (D1): its text, counted among equal ones.
  func key(ofNew source: String) -> String {
    let digest = Freshness.sourceDigest(source)
    let count = notebook.cells.count { $0.sourceDigest == digest }
    return "=\(digest)~\(count + 1)"
  }

  /// An input that ran and completed, or the part of one that did.
  func accept(_ source: String, key: String, isCut: Bool, _ run: CellRun) {
    var run = run
    let inputs = note(source, key: key)
    run.tokens = inputs.map { (Freshness.sourceDigest(source), $0) }
    // What a cut input showed is not what its rest shows alone.
    if isCut { run = CellRun() }
    entries.append(Entry(source: source, key: isCut ? key : nil, run: run, isFailed: false))
    changed(lastIndex)
  }

  func keepFailed(_ source: String, _ run: CellRun) {
    entries.append(Entry(source: source, run: run, isFailed: true))
  }

  /// An input that is not kept, but what it did to names counts.
  func leaveOut(_ source: String, key: String) {
    note(source, key: key)
    leftOut += 1
  }

  /// Code that ran outside of the notebook: what it did to names counts.
  func noteOnly(_ source: String, key: String) { note(source, key: key) }

  /// Takes note of what an execution did to names; the digest of what went into it.
  @discardableResult
  private func note(_ source: String, key: String) -> String? {
    let text = Self.fenced(source, head: "quire {key=\(key)}")
    guard let cell = Notebook(text, name: "").cells.first else { return nil }
    return flow.run(cell, names(of: source)).digest
  }

  private func names(of source: String) -> CellNames {
    namesOf(SourceText(name: "", text: source))
  }

  /// The outputs of a cell that ran in its place; partial ones have no tokens.
  func keep(_ run: CellRun, of index: Int, isWhole: Bool) {
    let cells = notebook.cells
    guard cells.indices.contains(index) else { return }
    var run = run
    let inputs = flow.run(cells[index], names(of: cells[index].source)).digest
    run.tokens = isWhole ? (cells[index].sourceDigest, inputs) : nil
    store(run, of: index)
  }

  /// As `keep`, with tokens as they are.
  func store(_ run: CellRun, of index: Int) {
    if index < base.cells.count {
      runs[index] = run
    } else if let place = place(of: index) {
      entries[place].run = run
    }
    changed(index)
  }

  /// A cell that has only been read, again.
  func forgetRun(of index: Int) {
    runs[index] = nil
    edited[index] = nil
    composed = nil
  }

  /// Another source in the place of a cell's; its outputs are no longer its own.
  func replace(_ index: Int, by source: String) {
    if index < base.cells.count {
      edited[index] = source
    } else if let place = place(of: index) {
      entries[place].source = source
      entries[place].key = nil
    }
    changed(index)
  }

  /// Takes over an entry of a journal.
  func restore(_ entry: Entry) {
    entries.append(entry)
    if !entry.isFailed { changed(lastIndex) }
  }

  /// Takes over from a journal where the notebook was last saved, if the file is still the same.
  func restore(path: String, written: [UInt8]) {
    (self.path, self.written) = (path, written)
  }

  /// The index of the newest cell.
  private var lastIndex: Int { base.cells.count + entries.count { !$0.isFailed } - 1 }

  private func changed(_ index: Int) {
    composed = nil
    changes.insert(index)
  }

  // MARK: As text

  private func compose(_ entries: [Entry]) -> Notebook {
    let cells = entries.map { entry -> String in
      var head = "quire"
      if entry.isFailed {
        head += " {.noeval}"
      } else if let key = entry.key {
        head += " {key=\(key)}"
      }
      return "\n" + Self.fenced(entry.source, head: head)
    }
    let bytes = (try? Self.appending(cells, to: withEdits())) ?? base.bytes
    return Notebook(bytes, name: path ?? "session.md")
  }

  private func withEdits() -> Notebook {
    if edited.isEmpty { return base }
    var bytes: [UInt8] = []
    var end = 0
    for (index, source) in edited.sorted(by: { $0.key < $1.key }) {
      let cell = base.cells[index]
      bytes += base.content[end..<cell.range.lowerBound]
      bytes += Self.refenced(base.content[cell.range], source)
      end = cell.range.upperBound
    }
    return Notebook(bytes + base.content[end...], name: base.name)
  }

  /// The file with more cells at its end, before a lock block, in its own line ends.
  private static func appending(_ cells: [String], to notebook: Notebook) throws -> [UInt8] {
    if cells.isEmpty { return notebook.content }
    let hasReturns = notebook.content.contains(0x0D)
    let place = notebook.lock?.lowerBound ?? notebook.content.count
    var head = Array(notebook.content[..<place])
    if let last = head.last, last != 0x0A { head += hasReturns ? [0x0D, 0x0A] : [0x0A] }
    var text = cells.joined()
    if notebook.lock != nil { text = String(text.drop { $0 == "\n" }) + "\n" }
    let body =
      hasReturns
      ? text.split(separator: "\n", omittingEmptySubsequences: false)
        .joined(separator: "\r\n") : text
    return head + body.utf8 + notebook.content[place...]
  }

  /// A fence that no line of the source closes.
  static func fenced(_ source: String, head: String) -> String {
    let fence = String(repeating: "`", count: max(3, longestRun(of: 0x60, source) + 1))
    return "\(fence)\(head)\n\(source)\(source.isEmpty ? "" : "\n")\(fence)\n"
  }

  /// The fence of a cell around another source: same mark, same info string.
  private static func refenced(_ old: ArraySlice<UInt8>, _ source: String) -> [UInt8] {
    guard let mark = old.first, let lineEnd = old.firstIndex(of: 0x0A) else { return Array(old) }
    let count = max(old.prefix { $0 == mark }.count, longestRun(of: mark, source) + 1)
    let fence = [UInt8](repeating: mark, count: count)
    let info = old[..<lineEnd].drop { $0 == mark }
    let newline: [UInt8] = info.last == 0x0D ? [0x0D, 0x0A] : [0x0A]
    let body = source.split(separator: "\n", omittingEmptySubsequences: false)
      .flatMap { Array($0.utf8) + newline }
    return fence + info + [0x0A] + body + fence + (old.last == 0x0A ? newline : [])
  }

  private static func longestRun(of mark: UInt8, _ text: String) -> Int {
    var longest = 0
    var run = 0
    for byte in text.utf8 {
      run = byte == mark ? run + 1 : 0
      longest = max(longest, run)
    }
    return longest
  }

  // MARK: Saving

  struct SaveRequest {
    /// Absolute.
    var path: String
    /// Replaces a file that is not this session's.
    var isForced = false
    /// Only the cells that this name depends on.
    var slice: String?
    /// Failed inputs too.
    var keepsFailed = false
  }

  /// Writes the notebook and gives the line that says so. A failure leaves the session and the file
  /// as they were.
  func save(_ request: SaveRequest) throws -> String {
    let target = request.path
    if let shown, Path.resolved(target) == Path.resolved(shown.path) {
      throw Diagnostic(
        .fence, "\(target) is open to be read alone", help: ":save under another name")
    }
    let (full, assets) = stored(
      entries.filter { request.keepsFailed || !$0.isFailed }, name: Path.name(of: target))
    let bytes = try request.slice.map { try slice(of: $0, full) } ?? full
    let isOwn = path != nil && Path.resolved(target) == path.flatMap { Path.resolved($0) }
    if !request.isForced, Files.exists(target) {
      guard isOwn, request.slice == nil,
        try Files.read(target, limit: Notebook.sizeLimit) == written
      else {
        throw Diagnostic(
          .changed,
          isOwn && request.slice == nil
            ? "\(target) was changed since this session read or wrote it"
            : "\(target) is there and is not this session's file",
          help: "save under another name, or :save! \(Path.name(of: target)) to replace it")
      }
    }
    let notebook = Notebook(bytes, name: target)
    if let problem = notebook.problems.first, base.problems.isEmpty { throw problem }
    let named = Set(notebook.cells.flatMap { $0.group?.images.map(\.path) ?? [] })
    let folder = Path.folder(of: target)
    for (asset, content) in assets.sorted(by: { $0.key < $1.key }) where named.contains(asset) {
      let place = Path.join(folder, asset)
      if (try? Files.read(place)) == content { continue }
      try Files.createDirectory(Path.folder(of: place))
      try Files.writeAtomically(place, content)
    }
    try Files.writeAtomically(target, bytes)
    let left = leftOut == 0 ? "" : ", \(leftOut) with a leading space left out"
    let count = notebook.cells.count == 1 ? "1 cell" : "\(notebook.cells.count) cells"
    if request.slice == nil {
      if isOwn { removeOrphans(named, beside: target) }
      (path, written, changes, shown) = (target, bytes, [], nil)
    }
    return
      (["saved \(target): \(count)\(left)"]
      + assets.keys.filter(named.contains).sorted()
      .map { "  figure: \(Path.join(folder, $0))" }).joined(separator: "\n")
  }

  /// The notebook with all outputs, and the pictures of this session.
  private func stored(_ entries: [Entry], name: String) -> ([UInt8], [String: [UInt8]]) {
    let plain = compose(entries)
    var outputs: [Int: CellOutput] = [:]
    var assets: [String: [UInt8]] = [:]
    for (index, cell) in plain.cells.enumerated() {
      let place = index - base.cells.count
      let run = place < 0 ? runs[index] : entries.indices.contains(place) ? entries[place].run : nil
      // An edited cell without a run keeps what is stored, which its tokens show to be stale.
      guard let run else { continue }
      let (output, pictures) = run.output(of: cell, notebook: name)
      outputs[index] = output
      assets.merge(pictures) { $1 }
    }
    return (plain.writing(outputs), assets)
  }

  /// Pictures that the file named before and names no longer.
  private func removeOrphans(_ named: Set<String>, beside target: String) {
    guard let written else { return }
    let before = Notebook(written, name: target).cells.flatMap { $0.group?.images ?? [] }
    for image in before where !named.contains(image.path) {
      if Assets.isOurs(image.path, notebook: target) {
        try? Files.remove(Path.join(Path.folder(of: target), image.path))
      }
    }
  }

  // MARK: States and slices

  /// The state of each cell (F11), as `quire check` would say it of the notebook saved now; a cell
  /// that shows nothing is fresh when this session ran it on what it would see.
  func states() -> [CellState] {
    let (bytes, assets) = stored(
      entries.filter { !$0.isFailed }, name: path.map(Path.name) ?? "session.md")
    let whole = Notebook(bytes, name: path ?? "session.md")
    let digests = assets.mapValues { Assets.digest(of: $0) }
    var flow = NotebookFlow(seed: flow.seed, params: flow.params)
    return whole.cells.enumerated().map { index, cell in
      guard cell.runs else { return .off }
      let inputs = flow.run(cell, names(of: cell.source)).digest
      let found = cell.state(inputs: inputs) { image in
        digests[image] ?? self.digestOnDisk(image)
      }
      guard found == .none, let run = self.run(of: index) else { return found }
      guard let tokens = run.tokens else { return isCut(index) ? .fresh : .stale }
      return tokens == (cell.sourceDigest, inputs) ? .fresh : .stale
    }
  }

  private func isCut(_ index: Int) -> Bool {
    place(of: index).map { entries[$0].key != nil } ?? false
  }

  private func digestOnDisk(_ image: String) -> String? {
    guard let path, let bytes = try? Files.read(Path.join(Path.folder(of: path), image)) else {
      return nil
    }
    return Assets.digest(of: bytes)
  }

  /// For each cell the indices of those that must have run before it, in the order of the file.
  func dependencies(in notebook: Notebook) -> (of: [Set<Int>], flow: NotebookFlow) {
    var flow = NotebookFlow(seed: flow.seed, params: flow.params)
    let found = notebook.cells.map { cell -> Set<Int> in
      guard cell.runs else { return [] }
      let names = names(of: cell.source)
      defer { flow.run(cell, names) }
      return Set(flow.sources(of: names).map { $0 - 1 })
    }
    return (found, flow)
  }

  /// The front matter and the cells that a name depends on, with their outputs.
  private func slice(of name: String, _ full: [UInt8]) throws -> [UInt8] {
    let whole = Notebook(full, name: "")
    let (needs, flow) = dependencies(in: whole)
    var open = flow.sources(of: CellNames(reads: [name])).map { $0 - 1 }
    guard !open.isEmpty else {
      let known = whole.cells.flatMap { names(of: $0.source).writes }
      throw Diagnostic(
        .name, "no cell of this session binds \(name)",
        help: didYouMean(name, among: known) ?? ":cells lists the cells")
    }
    var kept: Set<Int> = []
    while let next = open.popLast() {
      if kept.insert(next).inserted { open += needs[next] }
    }
    var text = whole.frontMatter.range.map { Array(whole.content[$0]) } ?? []
    var counts: [String: Int] = [:]
    for index in kept.sorted() {
      let cell = whole.cells[index]
      counts[cell.sourceDigest, default: 0] += 1
      let natural = "=\(cell.sourceDigest)~\(counts[cell.sourceDigest] ?? 1)"
      let isNatural = cell.address != nil || cell.attributes["key"] != nil || cell.key == natural
      text.append(0x0A)
      text += isNatural ? Array(whole.content[cell.range]) : Self.keyed(whole, cell)
      if let group = cell.group { text += [0x0A] + whole.content[group.range] }
    }
    return text
  }

  /// A cell that keeps its random numbers where equal ones before it are left out.
  private static func keyed(_ notebook: Notebook, _ cell: Cell) -> [UInt8] {
    let bytes = notebook.content[cell.range]
    guard let lineEnd = bytes.firstIndex(of: 0x0A) else { return Array(bytes) }
    var head = bytes[..<lineEnd]
    while head.last == 0x20 || head.last == 0x0D { head.removeLast() }
    let isBraced = head.last == UInt8(ascii: "}")
    if isBraced { head.removeLast() }
    return Array(head) + Array(((isBraced ? " " : " {") + "key=\(cell.key)}").utf8)
      + bytes[lineEnd...]
  }
}

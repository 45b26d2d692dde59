// What a session has run so far, as a notebook that can be saved: accepted inputs, outputs, seed.

import Diagnostics
import Files
import JSON
import NotebookFormat
import Plots
import Workbench

/// Keeps what goes into the notebook, and hands everything on to be shown.
final class SessionRecord: EventSink {
  struct Entry {
    let source: String
    var text: [UInt8] = []
    var streamed: [UInt8] = []
    var pictures: [Picture] = []
    var facts: CellFacts?
  }

  let live: any EventSink
  private(set) var entries: [Entry] = []
  private var current: Entry?
  /// Cells accepted since the last save.
  private(set) var unsaved = 0
  /// Inputs that a leading space kept out.
  private(set) var leftOut = 0
  var path: String?
  /// The bytes this session last wrote there.
  private var written: [UInt8]?

  init(live: any EventSink) { self.live = live }

  func receive(_ event: Event) {
    switch event {
    case .output(let text): current?.text += text.utf8
    case .streamed(let text): current?.streamed += text.utf8
    case .value(let shown): add(shown)
    case .cleared:
      current?.text = []
      current?.streamed = []
      current?.pictures = []
    case .note, .progress, .failed: break
    }
    live.receive(event)
  }

  private func add(_ shown: Shown) {
    guard current != nil else { return }
    current?.streamed = []
    if let last = current?.text.last, last != 0x0A { current?.text.append(0x0A) }
    let text = shown.text(.notebook)
    if !text.isEmpty { current?.text += (text + "\n").utf8 }
    for picture in shown.pictures {
      let line = "figure: \(picture.summary)"
      if !text.split(separator: "\n").contains(Substring(line)) {
        current?.text += (line + "\n").utf8
      }
      current?.pictures.append(picture)
    }
  }

  func begin(_ source: String) { current = Entry(source: source) }

  /// Ends the input; only an accepted one becomes a cell.
  func end(accepted: Bool, isPrivate: Bool, facts: CellFacts?) {
    defer { current = nil }
    guard accepted, var entry = current else { return }
    if isPrivate {
      leftOut += 1
      return
    }
    entry.facts = facts
    entries.append(entry)
    unsaved += 1
  }

  // MARK: Saving

  /// Writes the notebook; the line that says so. Refuses a file that is not this session's, unless
  /// `force`.
  func save(to wanted: String, seed: Int, force: Bool) throws -> String {
    if !force, Files.exists(wanted) {
      let stands = try Files.read(wanted, limit: Notebook.sizeLimit)
      guard Path.resolved(wanted) == path.flatMap({ Path.resolved($0) }), stands == written else {
        throw Diagnostic(
          .changed, "\(wanted) is there and is not what this session wrote",
          help: "another name, or :save! \(Path.name(of: wanted)) to replace it")
      }
    }
    let plain = Notebook(text(seed: seed), name: wanted)
    let (outputs, assets) = outputs(of: plain, seed: seed)
    let bytes = plain.writing(outputs)
    for (asset, content) in assets.sorted(by: { $0.key < $1.key }) {
      let place = Path.join(Path.folder(of: wanted), asset)
      try Files.createDirectory(Path.folder(of: place))
      try Files.writeAtomically(place, content)
    }
    try Files.writeAtomically(wanted, bytes)
    (path, written, unsaved) = (wanted, bytes, 0)
    let count = entries.count == 1 ? "1 cell" : "\(entries.count) cells"
    let left = leftOut == 0 ? "" : ", \(leftOut) with a leading space left out"
    return "saved \(wanted): \(count)\(left)"
  }

  /// Front matter and cells, without outputs.
  private func text(seed: Int) -> String {
    var text = "---\nquire: 1\n" + (seed == 0 ? "" : "seed: \(seed)\n") + "---\n"
    for entry in entries {
      var longest = 2
      for run in entry.source.split(whereSeparator: { $0 != "`" }) {
        longest = max(longest, run.count)
      }
      let fence = String(repeating: "`", count: longest + 1)
      text += "\n\(fence)quire\n\(entry.source)\n\(fence)\n"
    }
    return text
  }

  private func outputs(
    of notebook: Notebook, seed: Int
  ) -> (outputs: [Int: CellOutput], assets: [String: [UInt8]]) {
    var flow = NotebookFlow(seed: seed, params: [:])
    var outputs: [Int: CellOutput] = [:]
    var assets: [String: [UInt8]] = [:]
    for (index, entry) in entries.enumerated() where notebook.cells.indices.contains(index) {
      let cell = notebook.cells[index]
      var output = CellOutput()
      output.text = NormalForm(entry.text + entry.streamed)
      if let facts = entry.facts {
        let inputs = flow.run(cell, names(facts))
        output.tokens = (source: cell.sourceDigest, inputs: inputs.digest)
      }
      for (number, picture) in entry.pictures.enumerated() {
        let bytes = Array(picture.svg.utf8)
        let image = Assets.image(
          bytes, alt: picture.alt, of: cell, number: number + 1,
          notebook: Path.name(of: notebook.name))
        output.images.append(image)
        assets[image.path] = bytes
      }
      outputs[index] = output
    }
    return (outputs, assets)
  }

  private func names(_ facts: CellFacts) -> CellNames {
    CellNames(
      reads: facts.reads, writes: facts.writes, functionReads: facts.functionReads,
      modules: Set(facts.files), makesModel: facts.makesModel, changesModel: facts.changesModel,
      setsSeed: facts.setsSeed)
  }
}

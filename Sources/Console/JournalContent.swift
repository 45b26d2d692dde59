// The events of a journal: how a session writes them, and what they say when they are read again.

import Files
import JSON
import NotebookFormat
import Workbench

/// What the lines of a journal say.
struct JournalContent {
  enum Step {
    /// A notebook was opened; the digest of its bytes.
    case opened(path: String, digest: String)
    case input(SessionNotebook.Entry)
    /// A cell ran in its place.
    case ran(index: Int, CellRun)
    case edited(index: Int, source: String)
    case saved(path: String, digest: String)
  }

  private(set) var steps: [Step] = []
  /// An input that was still running.
  private(set) var running: String?
  /// Cells that were typed, run or edited since the last save.
  var unsaved: Int { changes.count + (running == nil ? 0 : 1) }
  private var changes: Set<Int> = []
  /// How many cells there are so far.
  private var count = 0
  /// Seconds since 1970 of the last line that has a time.
  private(set) var time = 0
  private(set) var seed = 0

  init(_ lines: [JSON]) {
    for line in lines { read(line) }
  }

  private mutating func read(_ line: JSON) {
    if let stamp = line["time"]?.int { time = stamp }
    switch line["event"]?.text {
    case "start": seed = line["seed"]?.int ?? 0
    case "opened":
      guard let path = line["path"]?.text, let digest = line["digest"]?.text else { return }
      steps.append(.opened(path: path, digest: digest))
      changes = []
      count = line["cells"]?.int ?? 0
    case "saved":
      guard let path = line["path"]?.text, let digest = line["digest"]?.text else { return }
      steps.append(.saved(path: path, digest: digest))
      changes = []
    case "running": running = line["cell"] == nil ? line["source"]?.text : nil
    case "input":
      running = nil
      guard let entry = Self.entry(line) else { return }
      steps.append(.input(entry))
      if !entry.isFailed {
        changes.insert(count)
        count = count &+ 1
      }
    case "ran":
      guard let index = line["cell"]?.int else { return }
      steps.append(.ran(index: index, Self.run(line)))
      changes.insert(index)
    case "edited":
      guard let index = line["cell"]?.int, let source = line["source"]?.text else { return }
      steps.append(.edited(index: index, source: source))
      changes.insert(index)
    default: break
    }
  }

  // MARK: Events

  static func digest(of bytes: [UInt8]) -> String { Assets.digest(of: bytes) }

  /// `cells`: how many of the notebook the session goes on with.
  static func opened(_ path: String, _ notebook: Notebook, cells: Int) -> JSON {
    [
      "event": "opened", "path": JSON(path), "digest": JSON(digest(of: notebook.bytes)),
      "cells": JSON(cells),
    ]
  }

  static func saved(_ path: String, _ bytes: [UInt8]) -> JSON {
    ["event": "saved", "path": JSON(path), "digest": JSON(digest(of: bytes))]
  }

  /// Before a cell runs; `cell` is its index when it stands in the notebook already.
  static func running(_ source: String, cell: Int? = nil, time: Int) -> JSON {
    var pairs: [(String, JSON)] = [
      ("event", "running"), ("time", JSON(time)), ("source", JSON(source)),
    ]
    if let cell { pairs.append(("cell", JSON(cell))) }
    return .object(JSONObject(pairs))
  }

  static func edited(_ index: Int, _ source: String) -> JSON {
    ["event": "edited", "cell": JSON(index), "source": JSON(source)]
  }

  static func ran(_ index: Int, _ run: CellRun) -> JSON {
    .object(JSONObject([("event", "ran"), ("cell", JSON(index))] + pairs(run)))
  }

  static func input(_ entry: SessionNotebook.Entry) -> JSON {
    var found: [(String, JSON)] = [
      ("event", "input"), ("ok", JSON(!entry.isFailed)), ("source", JSON(entry.source)),
    ]
    if let key = entry.key { found.append(("key", JSON(key))) }
    return .object(JSONObject(found + pairs(entry.run)))
  }

  private static func pairs(_ run: CellRun) -> [(String, JSON)] {
    var found: [(String, JSON)] = [("text", JSON(run.text.text))]
    if let error = run.error {
      found.append(
        (
          "error",
          [
            "code": JSON(error.code), "at": error.at.map { JSON($0) } ?? .null,
            "text": JSON(error.text.text),
          ]
        ))
    }
    if let tokens = run.tokens {
      found += [("src", JSON(tokens.source)), ("in", JSON(tokens.inputs))]
    }
    if !run.pictures.isEmpty {
      let pictures: [JSON] = run.pictures.map {
        ["svg": JSON($0.svg), "alt": JSON($0.alt), "summary": JSON($0.summary)]
      }
      found.append(("pictures", JSON(pictures)))
    }
    return found
  }

  private static func entry(_ line: JSON) -> SessionNotebook.Entry? {
    guard let source = line["source"]?.text, let isDone = line["ok"]?.bool else { return nil }
    return SessionNotebook.Entry(
      source: source, key: line["key"]?.text, run: run(line), isFailed: !isDone)
  }

  private static func run(_ line: JSON) -> CellRun {
    var run = CellRun(text: NormalForm(line["text"]?.text ?? ""))
    if let error = line["error"], let code = error["code"]?.text {
      run.error = .init(
        code: code, at: error["at"]?.text, text: NormalForm(error["text"]?.text ?? ""))
    }
    if let source = line["src"]?.text, let inputs = line["in"]?.text {
      run.tokens = (source, inputs)
    }
    run.pictures = (line["pictures"]?.array ?? []).compactMap { picture in
      guard let svg = picture["svg"]?.text else { return nil }
      return Picture(
        svg: svg, alt: picture["alt"]?.text ?? "", summary: picture["summary"]?.text ?? "")
    }
    return run
  }
}

// Words for models on the hub: pull, what `load org/name` finds in the cache, what `models` lists of
// it. How a download works is Hub's business; progress goes up as events.

import Diagnostics
import Files
import Glibc
import Hub
import Language
import Plots

extension Session {
  func hubBindings() -> [Builtin] {
    [
      Builtin(
        "pull", group: "models", "downloads a model into the cache that Hugging Face tools share",
        [
          Parameter("name", .required, "org/name, or org/name@revision"),
          Parameter("revision", .label("\"main\""), "a branch, a tag or a commit"),
          Parameter("file", .label("nil"), "these files alone: a name, a pattern, or a list"),
          Parameter("quant", .label("nil"), "which of several GGUF files: \"Q4_K_M\""),
          Parameter("include", .label("nil"), "patterns of files to take besides"),
          Parameter("exclude", .label("nil"), "patterns of files to leave out"),
          Parameter("dry", .label("false"), "says what would come, and fetches nothing"),
        ],
        example: "p = pull \"org/tiny\", quant: \"Q4_K_M\"",
        details: """
          Takes configuration, tokenizer, templates, safetensors, licence and card; of GGUF files \
          one. Needs --allow net. What was stopped goes on where it was; every file is checked by \
          its digest. Gives path, commit, files, bytes, reused (files that were there). The cache \
          and the server are those of HF_HOME, HF_HUB_CACHE and HF_ENDPOINT; HF_TOKEN opens what \
          is private. load "org/name" loads it from there without a network.
          """
      ) { [unowned self] call in .object(PullObject(try pull(call), isDry: try isDry(call))) }
    ]
  }

  private func isDry(_ call: Call) throws -> Bool { try call.bool("dry", default: false) }

  private func pull(_ call: Call) throws -> PullResult {
    var name = try ModelName(try call.string("name"))
    if let revision = try call.optionalString("revision") {
      name = try ModelName(repository: name.repository, revision: revision, file: name.file)
    }
    try require(.network, for: "pull \(name.short)")
    var request = PullRequest(name)
    request.files = try texts("file", call) + [name.file].compactMap { $0 }
    request.quant = try call.optionalString("quant")
    request.include = try texts("include", call)
    request.exclude = try texts("exclude", call)
    request.isDry = try isDry(call)
    let tools = HubTools(
      settings: try hubSettings(), version: options.version,
      time: HubTime(now: options.clock, pause: { usleep(UInt32($0 * 1_000_000)) }),
      interrupt: interrupt, onEvent: { [unowned self] in tell($0, of: name) })
    return try Hub.pull(request, tools)
  }

  /// A string or a list of strings; none for nil.
  private func texts(_ label: String, _ call: Call) throws -> [String] {
    guard let value = call[label], !value.isNil else { return [] }
    if let text = value.asString { return [text] }
    let texts = value.asList?.compactMap(\.asString) ?? []
    guard !texts.isEmpty, texts.count == value.asList?.count else {
      throw call.mismatch(label, "a string or a list of strings", value)
    }
    return texts
  }

  // MARK: Events

  private func tell(_ event: PullEvent, of name: ModelName) {
    switch event {
    case .plan(let plan):
      var text = "pull \(name.short): \(countWords(plan.files.count, "file"))"
      text += ", \(byteWords(plan.needed)) to download"
      if plan.reused > 0 { text += ", \(plan.reused) already there" }
      if let free = plan.free { text += "; \(byteWords(free)) free" }
      note(text)
    case .note(let text): note("pull \(name.short): \(text)")
    case .progress(let step): tell(step)
    }
  }

  /// Bytes in kB or MB, so that the line stays short.
  private func tell(_ step: PullProgress) {
    guard step.total > 0 else { return }
    let (unit, word) = step.total >= 10_000_000 ? (1_000_000, "MB") : (1000, "kB")
    let total = (step.total + unit - 1) / unit
    var detail = word
    if let rate = step.rate, rate > 0 {
      detail += " at \(byteWords(Int(rate)))/s"
      if let left = step.remaining, left < 1e6 { detail += ", \(Int(left.rounded(.up))) s left" }
    }
    if let file = step.current.last { detail += ", \(visibleText(file))" }
    let done = step.done >= step.total ? total : min(total - 1, step.done / unit)
    progress("pull", done: done, total: total, detail: detail)
  }

  // MARK: The cache

  /// What the environment says about the hub.
  func hubSettings() throws -> HubSettings {
    let environment = options.environment
    let places = ["HOME", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME"]
    guard places.contains(where: { environment[$0]?.isEmpty == false }) else {
      throw WorkbenchError.noHome
    }
    return try HubSettings(environment: environment, home: environment["HOME"] ?? "/")
  }

  /// The cache, where the environment names one.
  var hubCache: HubCache? {
    (try? hubSettings()).map { HubCache(root: Path.absolute($0.cacheFolder)) }
  }

  /// The folder or GGUF file of a cached model; nil when the cache has no model of that name, an
  /// error when it has one that is incomplete. `file` is the label of `load`.
  func cachedModel(_ written: String, revision: String?, file: String?) throws -> String? {
    guard let cache = hubCache, var name = try? ModelName(written), cache.holds(name) else {
      return nil
    }
    if let revision {
      name = try ModelName(repository: name.repository, revision: revision, file: name.file)
    }
    guard name.file == nil, let file else { return try cache.resolve(name) }
    let one = try cache.resolve(
      ModelName(repository: name.repository, revision: name.revision, file: file))
    // `load` looks for the file in the model's folder; a GGUF file is the model itself.
    return Path.ending(of: one) == "gguf" ? one : String(one.dropLast(file.count + 1))
  }

  /// The path of `org/name:file` for files that `load` reads as data; nil for anything else.
  func cachedFile(_ written: String) throws -> String? {
    guard let name = try? ModelName(written), name.file != nil, let cache = hubCache,
      cache.holds(name)
    else { return nil }
    return try cache.resolve(name)
  }

  /// The error for a name that only the hub could know; nil for anything else.
  func notCached(_ written: String) -> WorkbenchError? {
    guard ModelName.isLikely(written), let name = try? ModelName(written) else { return nil }
    let near = didYouMean(
      name.repository, among: (hubCache?.names() ?? []).map(\.repository))
    return .notCached(name.short, near: near, pull: name.pullLine())
  }

  /// Rows of the table of models: family, bytes, how to load it.
  func cachedRows() -> [(family: String, bytes: Int, load: String)] {
    (hubCache?.models() ?? []).map { model in
      let state = model.isComplete ? "" : "  (incomplete, or several models)"
      return (
        visibleText(model.family), model.bytes, "load \"\(visibleText(model.name.short))\"" + state
      )
    }
  }

  /// Names of cached models that begin as typed.
  func cachedItems(_ typed: String) -> [Completion] {
    (hubCache?.names() ?? []).map(\.repository).filter { $0.hasPrefix(typed) }
      .map { Completion(text: $0, kind: .model, detail: "cached model") }
  }

  /// The folder of the cache; nil when the environment names none.
  package var modelCacheFolder: String? { hubCache?.root }

  /// Why `pull` cannot work on this machine; nil when it can.
  package var pullObstacle: String? { Hub.missingLibrary() }
}

/// `1 file`, `3 files`.
private func countWords(_ count: Int, _ word: String) -> String {
  count == 1 ? "1 \(word)" : "\(count) \(word)s"
}

/// What `pull` gives.
final class PullObject: Displayable {
  private let result: PullResult
  private let isDry: Bool

  init(_ result: PullResult, isDry: Bool) {
    self.result = result
    self.isDry = isDry
  }

  var kind: String { "pulled" }
  var memberNames: [String] { ["bytes", "commit", "files", "path", "reused"] }

  func member(_ name: String) throws -> Value? {
    switch name {
    case "path": .string(result.path)
    case "commit": .string(result.commit)
    case "files": .list(result.files.map { .string($0) })
    case "bytes": .int(result.bytes)
    case "reused": .int(result.reused)
    default: nil
    }
  }

  /// Without what differs from run to run: what was there already.
  var description: String {
    let line =
      "\(isDry ? "would pull" : "pulled") \(result.name.short) at \(result.commit.prefix(12)): "
      + "\(countWords(result.files.count, "file")), \(byteWords(result.bytes))"
    return isDry
      ? ([line] + result.files.map { "  " + visibleText($0) }).joined(separator: "\n") : line
  }

  func shown(_ style: TextStyle) -> String { description }
}

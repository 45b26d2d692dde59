// Words for files: read, write, json, csv, exists, glob, env, save, load. What a value of another
// room looks like in a file is that value's own business (Saving.swift).

import Diagnostics
import Digests
import Files
import JSON
import Language
import Plots

extension Session {
  func fileBindings() -> [Builtin] {
    textFileBindings() + formatBindings() + [saveBinding(), loadBinding()]
  }

  private func textFileBindings() -> [Builtin] {
    [
      Builtin(
        "read", group: "files", "the text of a file", [Parameter("path")],
        example: "read \"notes.txt\"", details: "The file must be UTF-8."
      ) { [unowned self] call in
        .string(try Files.readText(try resolve(try call.string("path"), for: .reading)))
      },
      Builtin(
        "write", group: "files", "writes text to a file, replacing it as a whole",
        [Parameter("path"), Parameter("text")], example: "write \"notes.txt\", \"hello\""
      ) { [unowned self] call in
        let path = try resolve(try call.string("path"), for: .writing)
        try Files.writeAtomically(path, try call.string("text"))
        return .nil
      },
      Builtin(
        "exists", group: "files", "whether there is a file or folder of that path",
        [Parameter("path")], example: "exists(\"no-such-file\") -> false", flags: [.pure]
      ) { [unowned self] call in
        .bool(Files.exists(try resolve(try call.string("path"), for: .reading)))
      },
      Builtin(
        "glob", group: "files", "the paths that fit a pattern, sorted",
        [
          Parameter(
            "pattern", .required, "`*` and `?` within a name, `**` for any folders")
        ], example: "glob \"data/*.jsonl\"", flags: [.pure]
      ) { [unowned self] call in
        let pattern = try call.string("pattern")
        return .list(
          try Glob.paths(
            pattern, interrupt: interrupt, resolve: { try self.resolve($0, for: .reading) }
          ).map { .string($0) })
      },
      Builtin(
        "env", group: "files",
        "the value of an environment variable, nil when there is none; alone, a map of all",
        [Parameter("name", .optional("all"))], example: "env \"QUIRE_THREADS\"",
        details: "Without --allow fs only names that begin with QUIRE_ are seen.",
        flags: [.pure, .command]
      ) { [unowned self] call in
        let seesAll = options.permissions.contains(.files)
        guard let name = try call.optionalString("name") else {
          let names = options.environment.keys.filter { seesAll || $0.hasPrefix("QUIRE_") }
          return .map(
            OrderedMap(
              names.sorted().map { (.text($0), .string(options.environment[$0] ?? "")) }))
        }
        guard name.hasPrefix("QUIRE_") || seesAll else {
          throw WorkbenchError.environment(name)
        }
        return options.environment[name].map { .string($0) } ?? .nil
      },
    ]
  }

  private func formatBindings() -> [Builtin] {
    [
      Builtin(
        "json", group: "files", "the value of a JSON text", [Parameter("text")],
        example: "json(\"[1, 2.5, null]\") -> [1, 2.5, nil]",
        details: """
          null is nil, an object is a map. A whole number beyond 64 bits becomes a float, which has \
          16 digits.
          """, flags: [.pure]
      ) { call in
        try Self.parsed(try call.string("text"), call.context.interrupt)
      },
      Builtin(
        "json_text", group: "files", "a value as JSON text",
        [Parameter("value"), Parameter("pretty", .label("false"), "over several lines")],
        example: "json_text([1, nil]) -> \"[1,null]\"", flags: [.pure]
      ) { call in
        let json = try jsonValue(try call.value("value"))
        let bytes = try json.written(
          pretty: try call.bool("pretty", default: false), interrupt: call.context.interrupt)
        return .string(String(decoding: bytes, as: UTF8.self))
      },
      Builtin(
        "csv", group: "files", "the rows of a CSV text: maps by the names in its first line",
        [
          Parameter("text"),
          Parameter("header", .label("true"), "false: the first line is a row; rows are lists"),
          Parameter("separator", .label("\",\""), "one character"),
        ],
        example: "csv(\"a,b\\n1,x\")[0].a -> 1",
        details: "Fields that are decimal numbers (12, -0.5, 1e-3) become numbers; all others stay "
          + "text, 007 and 0x10 too. A byte order mark in front is left out.",
        flags: [.pure]
      ) { call in
        try CSV.rows(
          try call.string("text"), header: try call.bool("header", default: true),
          separator: try CSV.separator(try call.optionalString("separator")),
          interrupt: call.context.interrupt)
      },
      Builtin(
        "csv_text", group: "files", "rows (maps or lists) as CSV text",
        [Parameter("rows"), Parameter("separator", .label("\",\""), "one character")],
        example: "csv_text([{a: 1}]) -> \"a\\n1\\n\"", flags: [.pure]
      ) { call in
        .string(
          try CSV.text(
            try call.list("rows"),
            separator: try CSV.separator(try call.optionalString("separator")),
            interrupt: call.context.interrupt))
      },
    ]
  }

  /// The value of a JSON text. Throws what `JSON.parse` does, `memory` for one whose value does not
  /// fit, and `interrupted`.
  private static func parsed(_ text: String, _ interrupt: Interrupt) throws -> Value {
    var poll = Poll(interrupt)
    // A byte stands for 113 at most: where those fit, nothing is counted.
    if (try? checkMemory(text.utf8.count, of: 113, for: "the value")) == nil {
      try checkParts(text, &poll)
    }
    var limits = JSONLimits()
    limits.interrupt = interrupt
    do {
      let json = try JSON.parse(text, limits: limits)
      return try languageValue(json, &poll)
    } catch let error as JSONError {
      try interrupt.check()
      throw error
    }
  }

  /// Refuses a text whose values would not fit the memory: throws `memory`, and `Interrupted`.
  private static func checkParts(_ text: String, _ poll: inout Poll) throws {
    // What stands between commas is a value, unless the comma is part of a string.
    var (values, strings, isString, isEscaped) = (0, 0, false, false)
    for byte in text.utf8 {
      try poll.turn()
      if isEscaped {
        isEscaped = false
      } else if byte == 0x22 {
        isString.toggle()
        strings += isString ? 1 : 0
      } else if isString {
        isEscaped = byte == 0x5C
      } else if byte == 0x2C || byte == 0x5B || byte == 0x7B {
        values += 1
      }
    }
    try checkMemory(text.utf8.count + values * 64 + strings * 96, for: "the value")
  }

  private func saveBinding() -> Builtin {
    Builtin(
      "save", group: "files", "writes a value to a file of the kind its ending says",
      [
        Parameter("value"), Parameter("path"),
        Parameter("format", .label("by ending"), "an ending that stands for another"),
        Parameter("dtype", .label("as it is"), "for weights: \(Session.weightFormats)"),
        Parameter("shard", .label("\"5 GB\""), "bytes of one file of a model folder at most"),
      ],
      example: "save zeros([2]), \"zeros.npy\"",
      details: """
        .npy a tensor; .npz .safetensors a map of tensors; .json .jsonl .csv .txt other values; \
        models, adapters, results and figures to their own kinds. What was there is replaced as a \
        whole, or kept when writing fails. Gives path, bytes, sha (SHA-256), files.
        """
    ) { [unowned self] call in
      let written = try call.string("path")
      let path = try resolve(written, for: .writing)
      let files = try Saver(call: call, written: written).save(try call.value("value"), to: path)
      return .object(SavedFiles(written: written, path: path, files: files))
    }
  }

  private func loadBinding() -> Builtin {
    Builtin(
      "load", group: "models",
      "a model by name, folder or GGUF file; or the contents of a data file",
      [
        Parameter(
          "path", .required, "a path, the name of a model in the box, or of a downloaded one"),
        Parameter("dtype", .label("as stored"), "holds weights as \(Session.weightFormats)"),
        Parameter("file", .label("nil"), "which of several weight files"),
        Parameter("revision", .label("\"main\""), "of a downloaded model"),
        Parameter("context", .label("as trained"), "tokens"),
        Parameter("tokenizer", .label("the model's"), "path of another tokenizer.json"),
        Parameter("template", .label("the model's"), "path or text of another chat template"),
        Parameter("kv", .label("\"auto\""), "\"f32\" or \"f16\" for keys and values"),
        Parameter(
          "cache", .label("a tenth of the free memory"), "bytes for prompts read before: \"1 GB\""),
        Parameter("fix", .label("false"), "true repairs a tokenizer that is known to be wrong"),
        Parameter("force", .label("false"), "loads although memory may not do"),
        Parameter("threads", .label("the session's"), "worker threads"),
        Parameter("unused", .label("\"error\""), "\"allow\" loads a file with surplus tensors"),
      ],
      example: "m = load \"quill\"",
      details: """
        .npy gives a tensor; .npz .safetensors .pt .pth .bin a map of tensors; .json .jsonl .csv the \
        values; .txt and .md the text. Nothing in a PyTorch file is executed: only data is read. \
        A model that pull downloaded is org/name[@revision][:file].
        """, flags: [.makesModel]
    ) { [unowned self] call in
      let written = try call.string("path")
      if let value = try loadData(written) { return value }
      for loader in loaders() {
        if let value = try loader(written, call) { return value }
      }
      throw notFound(written)
    }
  }

  /// The contents of a data file; nil when the ending is none of theirs.
  private func loadData(_ written: String) throws -> Value? {
    guard let reader = DataFile.readers[Path.ending(of: written)] else { return nil }
    let cached = try cachedFile(written)
    if let cached { opened.note(written, cached, .reading) }
    return try reader(try cached ?? resolve(written, for: .reading)) {
      note(visibleText($0))
    }
  }

  private func notFound(_ written: String) -> WorkbenchError {
    let path = (try? resolve(written, for: .reading)) ?? written
    if Files.exists(path), !Files.isDirectory(path) {
      return .unknownEnding(written, known: DataFile.readers.keys.sorted())
    }
    if let error = notCached(written) { return error }
    let names = options.modelFolders.flatMap { folder in
      ((try? Files.list(folder)) ?? []).filter { Files.isDirectory(Path.join(folder, $0)) }
    }
    return .noModel(written, near: didYouMean(written, among: names), known: names)
  }
}

/// What `save` gives.
final class SavedFiles: Displayable {
  let written: String
  let path: String
  let files: [String]

  init(written: String, path: String, files: [String]) {
    self.written = written
    self.path = path
    self.files = files
  }

  var kind: String { "saved" }
  var memberNames: [String] { ["path", "bytes", "sha", "files"] }
  private var bytes: Int { files.reduce(0) { $0 + ((try? Files.size($1)) ?? 0) } }

  func member(_ name: String) throws -> Value? {
    switch name {
    case "path": .string(written)
    case "bytes": .int(bytes)
    case "sha":
      try files.first.map { .string(Digests.hex(try Digests.sha256(ofFile: $0))) } ?? .nil
    case "files": .list(files.map { .string(Path.name(of: $0)) })
    default: nil
    }
  }

  var description: String {
    let count = files.count == 1 ? "" : ", \(files.count) files"
    return "saved \(visibleText(written))  \(byteWords(bytes))\(count)"
  }
  func shown(_ style: TextStyle) -> String { description }
}

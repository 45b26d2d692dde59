// Everything the words themselves can refuse, in words. What the rooms below refuse stands there; the
// number and the kinds of arguments are Language's business.

package import Diagnostics

package enum WorkbenchError: RoomError, Equatable {
  // Labels and values.
  /// A label that takes one of a few words.
  case choice(label: String, got: String, known: [String])
  /// `prompt` has no turns to leave out, as `chat` has.
  case overflowOfPrompt(got: String)
  case byteCount(label: String, got: String, range: ClosedRange<Int>)
  case date(String)
  case runName(String)
  case path(String)
  case separator(String)
  case samplerStage(got: String)
  case choiceOfNone
  case weights(wanted: Int, got: Int, total: Double)
  case checkStep(Double)
  case noToken(id: Int, vocabulary: Int)
  case gradientOfGradient
  case replyOfPrompt
  case systemLater
  case shardOfFile
  /// `what` is the kind of a value, or of a result.
  case noPicture(what: String)
  /// `endings` are those that the kind can be written to.
  case cannotSave(kind: String, ending: String, endings: [String])
  /// `before` is what could be read of the pattern.
  case pattern(String, reason: String, before: String)
  case patternTooCostly(String)

  // Kinds.
  case assignedIndex(kind: String)
  case tensorIndex(kind: String)
  case tensorElement(kind: String)
  case intsWanted(word: String, label: String, dtype: String)
  case traceIndex(kind: String?)
  case datasetIndex(kind: String?)
  case plotted(word: String, kind: String)
  case tokenIDs(word: String, label: String, kind: String)
  case savedTensors(ending: String, name: String, kind: String)
  case noJSON(kind: String)
  case deepJSON(Int)
  case csvRows(row: Int, kind: String)
  /// `name` is nil for a value that has none.
  case noSource(name: String?, kind: String)
  case gradientArgument(kind: String)
  case gradientResult(kind: String)
  case noAdapter(run: String)

  // Numbers of things.
  case plottedCount(Int)
  case noGradientArgument
  case constantResult
  case noMessage(usage: String)
  case heatmapShape([Int])

  // Names.
  case noVariable(String, near: String?)
  case noTopic(String, near: String?)
  case noFunction(String, near: String?, modules: [String])

  // Files.
  case csvName(String)
  case csvFields(line: Int, count: Int, wanted: Int)
  case csvQuote(line: Int)
  case jsonLine(file: String, line: Int, reason: String)
  case noHome
  case unknownEnding(String, known: [String])
  case noModel(String, near: String?, known: [String])
  /// A name as the hub has them; `pull` is the line that would download it.
  case notCached(String, near: String?, pull: String)

  // Permissions.
  case outsideFolder(FileUse, path: String)
  case permission(String, what: String)
  case environment(String)

  /// A cell ended with an error and did not say which.
  case silent

  package var code: ErrorCode {
    switch self {
    case .choice, .overflowOfPrompt, .byteCount, .date, .runName, .path, .separator,
      .samplerStage, .choiceOfNone, .weights, .checkStep, .noToken, .gradientOfGradient,
      .replyOfPrompt, .systemLater, .shardOfFile, .noPicture, .cannotSave, .pattern,
      .constantResult:
      .value
    case .patternTooCostly, .deepJSON: .limit
    case .assignedIndex, .tensorIndex, .tensorElement, .intsWanted, .traceIndex, .datasetIndex,
      .plotted,
      .tokenIDs, .savedTensors, .noJSON, .csvRows, .noSource, .gradientArgument, .gradientResult,
      .noAdapter:
      .type
    case .plottedCount, .noGradientArgument, .noMessage: .arity
    case .heatmapShape: .shape
    case .noVariable, .noTopic, .noFunction: .name
    case .csvName, .csvFields, .csvQuote, .jsonLine: .data
    case .noHome, .unknownEnding, .noModel, .notCached: .file
    case .outsideFolder, .permission, .environment: .permission
    case .silent: .internal
    }
  }

  package var message: String {
    switch self {
    case .choice(let label, let got, let known):
      "\(label) must be \(quotedChoices(known)): got \"\(visibleText(got))\""
    case .overflowOfPrompt(let got):
      "overflow must be \"error\" here: got \"\(visibleText(got))\""
    case .byteCount(let label, let got, let range):
      "\(label) must be bytes in \(range.lowerBound)..\(range.upperBound): "
        + "got \"\(visibleText(got))\""
    case .date(let got): "date must be year-month-day: got \"\(visibleText(got))\""
    case .runName(let got): "name must be a plain name: got \"\(visibleText(got))\""
    case .path(let path):
      path.isEmpty
        ? "a path must not be empty" : "a path must not hold a zero byte: \(visibleText(path))"
    case .separator(let got):
      "csv needs a separator of one ASCII character: got \"\(visibleText(got))\""
    case .samplerStage(let got): "sampler must be a list of stages: got \(visibleText(got))"
    case .choiceOfNone: "choice needs a list that is not empty"
    case .weights(let wanted, let got, let total):
      "choice needs \(wanted) weights from 0, not all 0: got \(got) that add up to \(total)"
    case .checkStep(let step): "gradcheck needs a step between 0 and 1: got \(step)"
    case .noToken(let id, _): "decode needs ids of tokens: \(id) is none"
    case .gradientOfGradient: "grad of a gradient is not there yet"
    case .replyOfPrompt: "chat goes on from a reply of chat: this one is of a plain prompt"
    case .systemLater: "system belongs to the first call of a conversation"
    case .shardOfFile: "shard cuts the weights of a folder: a .gguf file is written whole"
    case .noPicture(let what): "\(what) has no picture"
    case .cannotSave(let kind, let ending, _):
      "save cannot write \(withArticle(kind)) to "
        + (ending.isEmpty ? "a path without an ending" : ".\(visibleText(ending))")
    case .pattern(let literal, let reason, _): "the pattern \(literal) cannot be read: \(reason)"
    case .patternTooCostly(let literal):
      "the pattern \(literal) takes too many steps on this text"
    default: kindMessage
    }
  }

  private var kindMessage: String {
    switch self {
    case .assignedIndex(let kind):
      "elements of a tensor are assigned by ints and slices, not by \(withArticle(kind))"
    case .tensorIndex(let kind):
      "a tensor is indexed by ints, slices, lists of ints and masks, not by \(withArticle(kind))"
    case .tensorElement(let kind):
      "tensor needs numbers or lists of numbers, not \(withArticle(kind))"
    case .intsWanted(let word, let label, let dtype):
      "\(word) needs ints for \(label), not a tensor of \(dtype)"
    case .traceIndex(let kind):
      "a trace is indexed by the name of a site, not by \(oneIndex(kind))"
    case .datasetIndex(let kind): "a dataset is indexed by one int, not by \(oneIndex(kind))"
    case .plotted(let word, let kind): "\(word) needs numbers, not \(withArticle(kind))"
    case .tokenIDs(let word, let label, let kind):
      "\(word) needs ints in \(label), not \(withArticle(kind))"
    case .savedTensors(let ending, let name, let kind):
      "save needs tensors for .\(ending): \(visibleText(name)) is \(withArticle(kind))"
    case .deepJSON(let limit): "json text holds values nested at most \(limit) deep"
    case .noJSON(let kind): "json has no form for \(withArticle(kind))"
    case .csvRows(let row, let kind):
      "csv needs rows that are all maps or all lists: row \(row) is \(withArticle(kind))"
    case .noSource(nil, let kind):
      "view shows the source of functions, not of \(withArticle(kind))"
    case .noSource(let name?, let kind):
      "view shows the source of functions: \(name) is \(withArticle(kind))"
    case .gradientArgument(let kind):
      "grad needs f32 or f64 tensors in the first argument, not \(withArticle(kind))"
    case .gradientResult(let kind):
      "grad needs a function with a scalar tensor as result, not \(withArticle(kind))"
    case .noAdapter(let run):
      "run \(visibleText(run)) trained all weights and has no adapter"
    case .plottedCount(let count): "plot needs ys, or xs and ys: got \(count) values"
    case .noGradientArgument: "grad needs the function's first argument"
    case .constantResult: "grad needs a result that depends on the first argument"
    case .noMessage: "chat needs message"
    case .heatmapShape(let shape): "heatmap needs two axes: got shape \(shape)"
    default: placeMessage
    }
  }

  private var placeMessage: String {
    switch self {
    case .noVariable(let name, _): "there is no variable \(visibleText(name))"
    case .noTopic(let topic, _): "help knows nothing about \(visibleText(topic))"
    case .noFunction(let name, _, _): "view finds no function \(visibleText(name))"
    case .csvName(let name):
      "csv names must be unique: '\(visibleText(name))' stands twice in the first line"
    case .csvFields(let line, let count, let wanted):
      "csv line \(line) has \(count) fields, the first line \(wanted)"
    case .csvQuote(let line): "csv line \(line) opens a quote that nothing closes"
    case .jsonLine(let file, let line, let reason):
      "\(visibleText(file)) line \(line): \(reason)"
    case .noHome: "the cache of models needs a home folder: HOME is not set"
    case .unknownEnding(let path, _):
      "load knows no file that ends like \(visibleText(path))"
    case .noModel(let name, _, _):
      "load finds no path and no model of the name \(visibleText(name))"
    case .notCached(let name, _, _):
      "load finds no path, no model in the box and no cached model \(visibleText(name))"
    case .outsideFolder(let use, let path):
      "a notebook may not \(use == .reading ? "read" : "write") outside its folder: "
        + visibleText(path)
    case .permission(let permission, let what):
      "\(what) needs the permission \(permission)"
    case .environment(let name):
      "env shows a notebook only names that begin with QUIRE_: got \(visibleText(name))"
    case .silent: "a cell failed without an error"
    default: ""
    }
  }

  package var help: String? {
    switch self {
    case .choice(let label, let got, let known):
      didYouMean(got, among: known) ?? known.first.map { "as in \(label): \"\($0)\"" }
    case .overflowOfPrompt: "chat leaves out whole turns with overflow: \"drop_oldest\""
    case .byteCount(let label, _, _): "as in \(label): \"5 GB\""
    case .date: "as in date: \"2026-01-31\""
    case .runName: "use letters, digits, - and _, as in name: \"first\""
    case .path: "write the path of a file or folder, as in \"data/rows.csv\""
    case .separator: "as in separator: \";\""
    case .samplerStage:
      "use sampling: temperature, top_k; then sampler: [temperature(0.7), top_k(40)]"
    case .noSource(nil, "tensor"): "reshape(t, [2, 3]) gives a tensor another shape"
    case .choiceOfNone: "give a list with at least one element"
    case .weights: "give one weight for each element"
    case .checkStep: "1e-5 suits most functions"
    case .noToken(_, let vocabulary): "ids go from 0 to \(vocabulary - 1)"
    case .gradientOfGradient: "constant(x) makes x a constant"
    case .replyOfPrompt: "chat m, \"Hello\" begins a conversation"
    case .systemLater: "begin a new one with chat m, …, system: …"
    case .shardOfFile: "save to a path without an ending"
    case .noPicture: "save it to .json or .txt"
    case .cannotSave(let kind, _, let endings):
      endings.isEmpty
        ? "str(x) makes text of anything, which goes to .txt"
        : "\(withArticle(kind)) goes to \(endings.joined(separator: " "))"
    case .pattern(_, _, let before):
      before.isEmpty
        ? "a backslash before a character takes it as it stands, as in r\"\\(\""
        : "reading stopped after \(before)"
    case .patternTooCostly: "nested repeats, as in (a+)+, try every way to cut the text"
    default: kindHelp
    }
  }

  private var kindHelp: String? {
    switch self {
    case .assignedIndex: "where(mask, a, b) chooses element by element"
    case .tensorIndex: "as in t[0], t[1..3], t[[0, 2]] or t[t > 0]"
    case .tensorElement: "as in tensor([[1, 2], [3, 4]])"
    case .intsWanted: "cast(x, \"i64\") cuts the fractions off"
    case .traceIndex: "as in t[\"L0.resid_post @ -1\"]"
    case .datasetIndex: "as in d[0], or d[-1] for the last row"
    case .plotted: "give a list of numbers, a tensor or a range"
    case .tokenIDs: "tokens m, \"text\" lists the ids of a text"
    case .savedTensors: "tensor(x) makes one of a number or a list"
    case .deepJSON: "nest the values less deep, or give parts a file of their own"
    case .noJSON: "str(x) makes text of anything"
    case .csvRows: "make each row a map, or each a list"
    case .noSource(nil, _): "write view f"
    case .noSource(let name?, _): "write print \(name) to see it"
    case .gradientArgument(let kind):
      kind.hasSuffix("tensor")
        ? "write the numbers as floats, as in tensor([1.0, 2.0]), or cast(x, \"f32\")"
        : "tensor(3.0) makes a tensor of a number"
    case .gradientResult: "end it with sum() or mean()"
    case .noAdapter: "give a run of method: \"lora\", or use the run's model itself"
    case .plottedCount: "plot [a, b] draws two series"
    case .noGradientArgument: "as in grad(f)(x)"
    case .constantResult:
      "item(), list(), argmax and comparisons pass no gradient on: keep tensors to the end"
    case .noMessage(let usage): "usage: \(usage)"
    case .heatmapShape: "index the others away, as in t[0]"
    default: placeHelp
    }
  }

  private var placeHelp: String? {
    switch self {
    case .noVariable(_, let near): near ?? "vars lists the variables"
    case .noTopic(_, let near): near ?? "help alone lists all words"
    case .noFunction(_, let near, let modules):
      near ?? "modules of the library: \(modules.joined(separator: ", "))"
    case .csvName: "header: false gives rows as lists"
    case .csvFields: "fields with a separator inside stand in double quotes"
    case .csvQuote: "close it, or write \"\" for a quote inside a field"
    case .jsonLine: "each line of a .jsonl file holds one JSON value"
    case .noHome: "set HF_HUB_CACHE to a folder for downloaded models"
    case .unknownEnding(_, let known):
      "data: \(known.joined(separator: " ")); models: a folder or a .gguf file"
    case .noModel(_, let near, let known):
      near
        ?? (known.isEmpty
          ? "give the path of a folder or file, or org/name of a model that pull downloaded"
          : "models: \(known.joined(separator: ", "))")
    case .notCached(_, let near, let pull): near ?? "\(pull) downloads it"
    case .outsideFolder, .environment: "grant it for this run with --allow fs"
    case .permission(let permission, _): "grant it for this run with --allow \(permission)"
    case .silent: "this is a defect of Quire; please report it"
    default: nil
    }
  }

  /// What stood in the brackets: nil when it was a slice, or not one index.
  private func oneIndex(_ kind: String?) -> String {
    kind.map(withArticle) ?? "a slice or several"
  }
}

/// `a list`, `an int`; `nil` and `several` of something take none.
func withArticle(_ kind: String) -> String {
  if kind == "nil" { return kind }
  return ("aeiou".contains(kind.first ?? "x") ? "an " : "a ") + kind
}

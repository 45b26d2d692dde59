// Words for data and training: dataset, preview, finetune, train, resume. What happens in a run is
// FineTuning's business; progress goes up as events.

import Diagnostics
import Files
import FineTuning
import JSON
import Language
import Models
import Plots
import Tensors
import Tokenizers

extension Session {
  func tuningBindings() -> [Builtin] {
    [datasetBinding(), previewBinding(), finetuneBinding(), trainBinding(), resumeBinding()]
      + adapterBindings()
  }

  // MARK: Data

  private func datasetBinding() -> Builtin {
    Builtin(
      "dataset", group: "tuning", "rows to train on, from files, a list of maps, or texts",
      [
        Parameter("source", .required, "a path, paths, or a list of maps or texts"),
        Parameter("format", .label("nil"), "completion, text, classification or prompt"),
        Parameter("text", .label("\"text\""), "the file's name for this key"),
        Parameter("prompt", .label("\"prompt\"")),
        Parameter("completion", .label("\"completion\"")),
        Parameter("label", .label("\"label\"")),
        Parameter("separator", .label("nil"), "cuts a text file into documents"),
        Parameter("skip", .label("false"), "leaves bad rows out instead of refusing them"),
      ],
      example: "d = dataset [{prompt: \"2 + 2 =\", completion: \" 4\"}]",
      details: "Reads .jsonl, .json, .txt and .md. The shape is the one all rows have; every row "
        + "that does not fit is reported with its line.", flags: [.pure]
    ) { [unowned self] call in .object(DatasetObject(try dataset(try call.value("source"), call))) }
  }

  /// A dataset from what was written: a dataset, a path, paths, maps or texts.
  private func dataset(_ source: Value, _ call: Call) throws -> Dataset {
    if let object = source.asHost(DatasetObject.self) { return object.data }
    var options = DatasetOptions()
    if call.builtin.name == "dataset" {
      options.format = try call.optionalString("format")
      options.separator = try call.optionalString("separator")
      options.skip = try call.bool("skip", default: false)
      for key in ["text", "prompt", "completion", "label"] {
        options.names[key] = try call.optionalString(key)
      }
    }
    if let path = source.asString {
      return try Dataset.read([try resolve(path, for: .reading)], options: options)
    }
    guard let list = source.asList else {
      throw call.mismatch("source", "a path or a list of rows", source)
    }
    let paths = list.compactMap(\.asString)
    if !paths.isEmpty, paths.count == list.count, paths.allSatisfy(isDataPath) {
      return try Dataset.read(
        try paths.map { try resolve($0, for: .reading) }, options: options)
    }
    return try Dataset.make(try list.map { try jsonValue($0) }, options: options)
  }

  private func isDataPath(_ text: String) -> Bool {
    !text.contains("\n") && ["jsonl", "json", "txt", "md"].contains(Path.ending(of: text))
  }

  private func previewBinding() -> Builtin {
    Builtin(
      "preview", group: "tuning", "what will be trained, between « and »",
      [
        Parameter("model", .required, "a model, or the dataset alone"),
        Parameter("data", .optional("nil")),
        Parameter("row", .label("nil"), "one row, from 0"),
        Parameter("tokens", .label("false"), "lists ids and pieces"),
        Parameter("mask", .label("\"completion\""), "completion, last or all"),
        Parameter(
          "precision", .label("\"f32\""), "f32, bf16 or auto: what products round to"),
        Parameter("length", .label("nil"), "tokens a row is cut to"),
      ],
      example: "preview m, d, row: 0", flags: [.pure]
    ) { [unowned self] call in
      let row = try call.optionalInt("row", in: 0...Int.max)
      let first = try call.value("model")
      guard let model = first.asHost(ModelObject.self)?.model else {
        return .object(ResultObject(try FineTuning.preview(try dataset(first, call), row: row)))
      }
      let data = try dataset(try call.value("data"), call)
      let options = EncodingOptions(
        mask: try mask(call),
        length: try call.optionalInt("length", in: 2...(1 << 30))
          ?? min(512, model.contextLength), endIDs: endIDs(of: model))
      let encoder = Encoder(try model.requiredTokenizer(), options, interrupt: interrupt)
      return .object(
        ResultObject(
          try FineTuning.preview(
            data, encoder: encoder, row: row, tokens: try call.bool("tokens", default: false))))
    }
  }

  private func mask(_ call: Call) throws -> MaskKind {
    try call.choice("mask") ?? .completion
  }

  // MARK: Training

  private static var trainingParameters: [Parameter] {
    [
      Parameter("lr", .label("nil"), "the peak rate; 2e-4 for lora"),
      Parameter("schedule", .label("\"cosine\""), "constant, linear, cosine or wsd"),
      Parameter("warmup", .label("0.05"), "a fraction of the steps, or a number of steps"),
      Parameter("floor", .label("0.1"), "what is left of the rate at the end"),
      Parameter("optimizer", .label("\"adamw\""), "adamw, sgd or lion"),
      Parameter("decay", .label("nil"), "weight decay; 0 for lora"),
      Parameter("betas", .label("nil"), "two numbers"),
      Parameter("clip", .label("1.0"), "the largest gradient norm"),
      Parameter("batch", .label("nil"), "rows a step; 8, from scratch 32"),
      Parameter("micro", .label("2048"), "tokens at once"),
      Parameter("pack", .label("true"), "several rows at once"),
      Parameter(
        "checkpointing", .label("false"), "true: less memory, blocks are computed twice"),
      Parameter("length", .label("nil"), "tokens a row is cut to"),
      Parameter("epochs", .label("nil"), "3, but at most 300 steps"),
      Parameter("steps", .label("nil")),
      Parameter("valid", .label("0.1"), "a fraction, or a dataset"),
      Parameter("every", .label("nil"), "steps between validations; a tenth of all"),
      Parameter("patience", .label("3"), "validations without a better one before it stops"),
      Parameter("keep", .label("\"best\""), "best or last"),
      Parameter("mask", .label("\"completion\""), "completion, last or all"),
      Parameter("accept", .label("nil"), "\"no stop\": the end token may stay untrained"),
      Parameter("seed", .label("nil"), "the notebook's"),
      Parameter("name", .label("nil"), "the run's"),
      Parameter("out", .label("\"runs\""), "the folder of run folders; nil keeps none"),
    ]
  }

  private func finetuneBinding() -> Builtin {
    Builtin(
      "finetune", group: "tuning", "trains a model on rows; the adapter is attached to it",
      [
        Parameter("model"), Parameter("data", .required, "a dataset, or what makes one"),
        Parameter("method", .label("\"lora\""), "lora, rslora or full"),
        Parameter("rank", .label("8")), Parameter("alpha", .label("nil"), "twice the rank"),
        Parameter("dropout", .label("0")),
        Parameter("targets", .label("\"all-linear\""), "names or globs of layers, or a list"),
        Parameter("layers", .label("nil"), "a range of blocks"),
        Parameter("from", .label("nil"), "an adapter to go on from"),
      ] + Self.trainingParameters,
      example: "r = finetune m, d, rank: 16, lr: 1e-4",
      details: "Loss is the sum over trained tokens divided by their number. Ctrl-C leaves the "
        + "model as it was and keeps a checkpoint that resume goes on from.",
      flags: [.changesModel]
    ) { [unowned self] call in
      let model = try call.model()
      var labels = try trainingLabels(call)
      try lowRankLabels(&labels, call)
      var request = TuningRequest(
        model: model, data: try dataset(try call.value("data"), call), labels: labels,
        hooks: hooks("finetune"))
      if let from = call["from"], !from.isNil {
        request.start = try adapter(from, for: model, call).adapter
      }
      return try finished(request, "finetune", call, model: try call.value("model"))
    }
  }

  private func trainBinding() -> Builtin {
    Builtin(
      "train", group: "tuning", "trains a new model of a family from random weights",
      [
        Parameter("family", .required, "\"llama\" or \"gpt2\""),
        Parameter("data", .required, "a dataset, or what makes one"),
        Parameter("tokenizer", .label("nil"), "nil: bytes"),
        Parameter("layers", .label("4")), Parameter("width", .label("128")),
        Parameter("heads", .label("nil"), "one for every 32 of width"),
        Parameter("kv_heads", .label("nil"), "as heads"),
        Parameter("ff", .label("nil"), "8/3 of the width"),
        Parameter("context", .label("256"), "tokens"), Parameter("tie", .label("true")),
      ] + Self.trainingParameters,
      example: "r = train \"llama\", d, layers: 4, width: 128, steps: 500",
      details: "Documents are joined with the end token and cut to length. r.model is the model.",
      flags: [.makesModel]
    ) { [unowned self] call in
      var labels = try trainingLabels(call)
      labels.fromScratch = true
      let tokenizer = try tokenizer(call)
      var shape = ModelShape()
      let sizes = 1...(1 << 20)
      shape.layers = try call.int("layers", default: 4, in: sizes)
      shape.width = try call.int("width", default: 128, in: sizes)
      shape.heads = try call.optionalInt("heads", in: sizes)
      shape.keyValueHeads = try call.optionalInt("kv_heads", in: sizes)
      shape.feedForward = try call.optionalInt("ff", in: sizes)
      shape.context = try call.int("context", default: 256, in: sizes)
      shape.isTied = try call.bool("tie", default: true)
      let model = try shape.model(
        family: try call.string("family"), tokenizer: tokenizer, seed: labels.seed,
        name: labels.name)
      let request = TuningRequest(
        model: model, data: try dataset(try call.value("data"), call), labels: labels,
        hooks: hooks("train"))
      return try finished(request, "train", call, model: .object(ModelObject(model)))
    }
  }

  private func tokenizer(_ call: Call) throws -> Tokenizer {
    guard let value = call["tokenizer"], !value.isNil else { return try Tokenizer.bytes() }
    if let model = value.asHost(ModelObject.self)?.model { return try model.requiredTokenizer() }
    guard let object = value.asHost(TokenizerObject.self) else {
      throw call.mismatch("tokenizer", "a tokenizer", value)
    }
    return object.tokenizer
  }

  private func finished(
    _ request: TuningRequest, _ word: String, _ call: Call, model: Value
  ) throws -> Value {
    var request = request
    if let valid = call["valid"], !valid.isNil {
      if let fraction = valid.asNumber {
        request.valid = .fraction(fraction)
      } else {
        request.valid = .rows(try dataset(valid, call))
      }
    }
    if call["out"]?.isNil != true {
      request.out = try resolve(try call.optionalString("out") ?? "runs", for: .writing)
    }
    return .object(RunObject(try tune(request), word: word, model: model))
  }

  private func trainingLabels(_ call: Call) throws -> TuningLabels {
    var labels = TuningLabels()
    labels.rate = try call.optionalNumber("lr")
    labels.schedule = try call.choice("schedule") ?? .cosine
    labels.warmup = try call.number("warmup", default: 0.05)
    labels.floor = try call.number("floor", default: 0.1)
    labels.optimizer = try call.choice("optimizer") ?? .adamw
    labels.decay = try call.optionalNumber("decay")
    if let betas = call["betas"], !betas.isNil {
      let numbers = betas.asList?.compactMap(\.asNumber) ?? []
      guard numbers.count == 2 else { throw call.mismatch("betas", "two numbers", betas) }
      labels.betas = (numbers[0], numbers[1])
    }
    labels.clip = try call.number("clip", default: 1)
    labels.batch = try call.optionalInt("batch")
    labels.micro = try call.int("micro", default: 2048)
    labels.pack = try call.bool("pack", default: true)
    labels.checkpointing = try call.bool("checkpointing", default: false)
    labels.precision = try call.choice("precision") ?? .f32
    labels.length = try call.optionalInt("length")
    labels.epochs = try call.optionalInt("epochs")
    labels.steps = try call.optionalInt("steps")
    labels.every = try call.optionalInt("every")
    labels.patience = try call.int("patience", default: 3)
    labels.keepBest = try call.choice("keep", of: ["best", "last"]) != "last"
    labels.mask = try mask(call)
    labels.acceptNoStop = try call.choice("accept", of: ["no stop"]) != nil
    labels.name = try runName(call)
    let random = nextRandom(seed: try call.optionalInt("seed"))
    labels.seed = random.key &+ random.call &* 0x9E37_79B9_7F4A_7C15
    return labels
  }

  /// A run's name is one part of a path.
  private func runName(_ call: Call) throws -> String? {
    guard let name = try call.optionalString("name") else { return nil }
    guard !name.isEmpty, !name.hasPrefix("."), !name.utf8.contains(0), !name.contains("/") else {
      throw WorkbenchError.runName(name)
    }
    return name
  }

  private func lowRankLabels(_ labels: inout TuningLabels, _ call: Call) throws {
    labels.method = try call.choice("method") ?? .lora
    labels.rank = try call.int("rank", default: 8)
    labels.alpha = try call.optionalNumber("alpha")
    labels.dropout = try call.number("dropout", default: 0)
    if let targets = call["targets"], !targets.isNil {
      if let one = targets.asString {
        labels.targets = [one]
      } else {
        let names = targets.asList?.compactMap(\.asString) ?? []
        guard !names.isEmpty, names.count == targets.asList?.count else {
          throw call.mismatch("targets", "a name or a list of names", targets)
        }
        labels.targets = names
      }
    }
    if let layers = call["layers"], !layers.isNil {
      guard case .range(let range) = layers, range.step == 1, range.start <= range.end else {
        throw call.mismatch("layers", "a range", layers)
      }
      labels.layers = range.start..<range.end
    }
  }

  // MARK: Going on

  private func resumeBinding() -> Builtin {
    Builtin(
      "resume", group: "tuning", "goes on with a run from its last checkpoint",
      [
        Parameter("run", .required, "a run, or its folder"),
        Parameter("steps", .label("nil"), "another end; the schedule is planned anew"),
        Parameter("model", .label("nil"), "nil: the run's"),
      ],
      example: "r = resume \"runs/lora-4f2a91\"", flags: [.changesModel]
    ) { [unowned self] call in
      let value = try call.value("run")
      let given = value.asHost(RunObject.self)
      guard
        let path = try given.map({ $0.run.folder?.path ?? "" })
          ?? value.asString.map({ try resolve($0, for: .writing) })
      else { throw call.mismatch("run", "a run or its folder", value) }
      guard !path.isEmpty else { throw TuningError.noRun(given?.run.name ?? "") }
      var held = given?.model
      if let label = call["model"], !label.isNil { held = label }
      let (run, model) = try FineTuning.resume(
        RunFolder(path: path), model: held?.asHost(ModelObject.self)?.model,
        steps: try call.optionalInt("steps", in: 1...Int.max), hooks: hooks("resume")
      ) { [interrupt] path in
        var options = LoadOptions()
        options.interrupt = interrupt
        return try Model.load(path, options: options)
      }
      return .object(
        RunObject(run, word: given?.word ?? "finetune", model: held ?? .object(ModelObject(model))))
    }
  }

  /// Progress and warnings of a run, up as events.
  private func hooks(_ label: String) -> TrainerHooks {
    var hooks = TrainerHooks()
    hooks.clock = options.clock
    hooks.interrupt = interrupt
    // What the system can hand out, and what is kept for the next taker.
    hooks.freeMemory = Memory.available() + Memory.reservedBytes - Memory.bytesInUse
    var valid: Evaluated?
    var best: Evaluated?
    hooks.onEvent = { [unowned self] event in
      switch event {
      case .step(let report, let speed, let left):
        progress(
          label, done: report.step, total: report.steps,
          detail: progressText(
            report, valid: valid, best: best, tokensPerSecond: speed, secondsLeft: left))
      case .evaluated(let step, let loss, let least, let isBest):
        valid = Evaluated(step: step, loss: loss)
        if isBest { best = Evaluated(step: step, loss: least) }
      case .warning(let text): note("\(label): \(text)")
      case .began, .finished: break
      }
    }
    return hooks
  }
}

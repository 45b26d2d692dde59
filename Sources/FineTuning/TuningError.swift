// Everything that can go wrong between a data file and a tuned model, in words.

package import Diagnostics

/// An error of the room, with its values.
package enum TuningError: RoomError, Equatable {
  // Data.
  case noRows(file: String)
  case unknownFileKind(String)
  case badRows(count: Int, of: Int, shape: String, problems: [String])
  case needsChatTemplate(shape: String)
  case notTrainable(shape: String)
  case unknownFormat(String, known: [String])
  case noTrainedTokens(of: Int)
  case stopNeverTrained(String)
  case rowOutOfRange(Int, count: Int)
  case noTokenizer(model: String)
  // Settings.
  case badNumber(label: String, rule: String, got: String)
  case noTarget(String, family: String, modules: [String])
  case lengthBeyondContext(Int, context: Int)
  case quantisedFull(dtype: String)
  /// Bytes in words, and what would fit.
  case memory(needed: String, free: String, fits: [String])
  // Training.
  case notFinite(step: Int, place: String, rate: Double)
  case zeroGradient
  case diverged(step: Int, loss: Double, median: Double)
  case nothingLearnt
  // Adapters.
  case noAdapter(String)
  case configRefused(key: String)
  case configUnknown(key: String)
  case configValue(key: String, wanted: String, got: String)
  case adapterLacks([String], count: Int, hint: String)
  case adapterExtra([String], count: Int)
  case adapterShape(name: String, got: [Int], wanted: [Int])
  case badPattern(String)
  case noSuchAdapter(String, attached: [String])
  case mergeDiffers(delta: Double, limit: Double)
  // Runs.
  case noRun(String)
  case damagedRun(String, reason: String)
  case otherThing(String, then: String, now: String)
  case alreadyDone(Int)

  package var code: ErrorCode {
    switch self {
    case .noRows, .unknownFileKind, .badRows, .notTrainable, .unknownFormat, .noTrainedTokens,
      .stopNeverTrained:
      .data
    case .needsChatTemplate, .noTokenizer: .tokenizer
    case .rowOutOfRange: .index
    case .badNumber, .lengthBeyondContext, .otherThing, .alreadyDone: .value
    case .noTarget, .nothingLearnt: .model
    case .quantisedFull: .dtype
    case .memory: .memory
    case .notFinite, .zeroGradient, .diverged, .mergeDiffers: .numeric
    case .noAdapter, .noRun: .file
    case .configRefused, .configUnknown, .configValue, .badPattern, .damagedRun:
      .format
    case .adapterLacks, .adapterExtra, .noSuchAdapter: .key
    case .adapterShape: .shape
    }
  }

  package var message: String {
    switch self {
    case .noRows(let file): "dataset needs at least one row: \(file) has none"
    case .unknownFileKind(let file): "dataset reads .jsonl, .json, .txt and .md files: got \(file)"
    case .badRows(let count, let total, let shape, let problems):
      badRowsMessage(count, total, shape, problems)
    case .needsChatTemplate(let shape):
      "rows of \(shape) need a chat template, and chat templates are not read yet"
    case .notTrainable(let shape): "finetune needs something to train on: the rows are \(shape)"
    case .unknownFormat(let format, let known):
      "format must be \(quotedChoices(known)): got \"\(visibleText(format))\""
    case .noTrainedTokens(let count):
      "finetune needs trained tokens: 0 of \(grouped(count)) are trained"
    case .stopNeverTrained(let token):
      "the stop token \(token) is never trained, so the model would not learn to stop"
    case .rowOutOfRange(let row, let count):
      "row \(row) is not there: the dataset has \(count) rows"
    case .noTokenizer(let model): "\(model) has no tokenizer, so text cannot be trained on"
    case .badNumber(let label, let rule, let got): "\(label) must be \(rule): got \(got)"
    case .noTarget(let target, let family, _):
      "targets: \"\(target)\" matches no layer of this \(family)"
    case .lengthBeyondContext(let length, let context):
      "length must be at most the model's context, \(context): got \(length)"
    case .memory(let needed, let free, _):
      "finetune needs \(needed) at its peak; \(free) are free"
    case .quantisedFull(let dtype): "method \"full\" cannot train \(dtype) weights"
    case .notFinite(let step, let place, _): "loss is not finite at step \(step): first in \(place)"
    case .zeroGradient: "the gradient is zero at step 1: nothing that is trained reaches the loss"
    case .diverged(let step, let loss, let median):
      "loss rose to \(short(loss)) at step \(step), more than 3 times the median \(short(median)) "
        + "of the last 50 steps, 5 times running"
    case .nothingLearnt: "the trained weights are unchanged at the end, so nothing is attached"
    case .noAdapter(let path):
      "no adapter at \(path): adapter_model.safetensors or .bin is not there"
    case .configRefused(let key):
      "adapter_config.json: \"\(key)\" changes the model and is not supported"
    case .configUnknown(let key): "adapter_config.json: \"\(key)\" is not known"
    case .configValue(let key, let wanted, let got):
      "adapter_config.json: \"\(key)\" must be \(wanted): got \(got)"
    case .adapterLacks(let names, let count, _):
      "adapter lacks \(counted(count, "tensor")): \(names.joined(separator: ", "))"
        + (count > names.count ? ", …" : "")
    case .adapterExtra(let names, let count):
      "adapter has \(counted(count, "tensor")) that \(count == 1 ? "fits" : "fit") nothing: "
        + names.joined(separator: ", ") + (count > names.count ? ", …" : "")
    case .adapterShape(let name, let got, let wanted):
      "adapter tensor \(name) has shape \(got); this model needs \(wanted)"
    case .badPattern(let pattern):
      "adapter_config.json: the pattern \"\(pattern)\" uses more than . * + ? | ( ) [ ] and \\"
    case .noSuchAdapter(let name, _): "no adapter \"\(name)\" is attached"
    case .mergeDiffers(let delta, let limit):
      "merge changed the logits by \(short(delta)), more than \(short(limit)): nothing was merged"
    case .noRun(let path): "no run at \(path): run.json is not there"
    case .damagedRun(let path, let reason): "run \(path) cannot be resumed: \(reason)"
    case .otherThing(let what, let then, let now):
      "resume found other \(what): \(then) then, \(now) now"
    case .alreadyDone(let steps): "the run has already done its \(steps) steps"
    }
  }

  package var help: String? {
    switch self {
    case .noRows: "each line of a .jsonl file is a row, as in {\"text\": \"…\"}"
    case .unknownFormat(let format, let known):
      didYouMean(format, among: known) ?? "leave it out to let the rows tell"
    case .rowOutOfRange(_, let count):
      count > 0 ? "rows count from 0 to \(count - 1), and from the end from -1" : nil
    case .noTokenizer: "load the model with tokenizer: \"path/to/tokenizer.json\""
    case .badNumber(let label, _, _): "leave out \(label): for its default"
    case .unknownFileKind: "a text file is one document; separator: \"\\n\\n\" cuts it"
    case .badRows: "rename the keys, or pass skip: true"
    case .needsChatTemplate: "give rows with prompt and completion, or rows with text"
    case .notTrainable: "add a completion to each row"
    case .noTrainedTokens: "try mask: \"all\", or look at preview m, d"
    case .stopNeverTrained: "end completions with it, or accept: \"no stop\""
    case .noTarget(let target, _, let modules):
      "linear layers: \(modules.joined(separator: " "))"
        + (didYouMean(target, among: modules.map { $0.prefixToSpace }).map { "; \($0)" } ?? "")
    case .quantisedFull: "method: \"lora\", or load the bf16 file"
    case .memory(_, _, let fits): fits.joined(separator: "; ")
    case .notFinite(_, _, let rate): "lower lr (now \(short(rate))), or set clip: 0.5"
    case .zeroGradient: "look at preview m, d, and at targets:"
    case .diverged: "lower lr, or raise warmup"
    case .nothingLearnt: "raise lr or steps"
    case .configRefused: "merge it where it was made, then load the result"
    case .configUnknown: "merge it where it was made, or remove the key if it changes nothing"
    case .adapterLacks(_, _, let hint): hint
    case .adapterShape, .adapterExtra: "attach it to the model it was made for"
    case .noAdapter: "give the folder that finetune or peft saved"
    case .configValue: "the file is damaged, or of another kind of adapter"
    case .badPattern: "list the modules by name in the file"
    case .mergeDiffers: "keep it attached, or merge into a copy in f32"
    case .noRun: "runs lists them; give the folder of one"
    case .damagedRun: "start a new run"
    case .noSuchAdapter(_, let attached):
      attached.isEmpty
        ? "attach m, adapter attaches one" : "attached: \(attached.joined(separator: ", "))"
    case .otherThing(let what, _, _):
      what == "data" ? "use the same file, or start a new run" : "use the same \(what)"
    case .alreadyDone(let steps): "give steps: above \(steps) to go on"
    case .lengthBeyondContext(_, let context): "length: \(context)"
    }
  }
}

private func badRowsMessage(
  _ count: Int, _ total: Int, _ shape: String, _ problems: [String]
) -> String {
  let shown = problems.prefix(20)
  let more = count > shown.count ? ", and \(grouped(count - shown.count)) more" : ""
  return "\(grouped(count)) of \(grouped(total)) rows are not \(shape): "
    + shown.joined(separator: ", ") + more
}

/// `1 tensor`, `2 tensors`.
func counted(_ count: Int, _ noun: String) -> String {
  count == 1 ? "1 \(noun)" : "\(grouped(count)) \(noun)s"
}

/// `41,207`.
package func grouped(_ number: Int) -> String {
  let digits = Array(String(number.magnitude))
  var text = number < 0 ? "-" : ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return text
}

/// Four significant digits, as a message needs them: `1.842`, `0.0002`, `1.7e-05`.
package func short(_ value: Double) -> String {
  guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
  if value == 0 { return "0" }
  var exponent = 0
  var scaled = value.magnitude
  while scaled >= 10 { (scaled, exponent) = (scaled / 10, exponent + 1) }
  while scaled < 1 { (scaled, exponent) = (scaled * 10, exponent - 1) }
  var digits = Int((scaled * 1000).rounded())
  if digits == 10_000 { (digits, exponent) = (1000, exponent + 1) }
  let text = Array(String(digits))
  let sign = value < 0 ? "-" : ""
  if exponent < -4 || exponent > 6 {
    return sign + trimmed(String(text[0]) + "." + String(text[1...])) + "e\(exponent)"
  }
  if exponent < 0 {
    return sign + trimmed("0." + String(repeating: "0", count: -exponent - 1) + String(text))
  }
  if exponent >= 3 { return sign + String(text) + String(repeating: "0", count: exponent - 3) }
  return sign + trimmed(String(text[...exponent]) + "." + String(text[(exponent + 1)...]))
}

private func trimmed(_ text: String) -> String {
  var view = text[...]
  while view.last == "0" { view.removeLast() }
  if view.last == "." { view.removeLast() }
  return String(view)
}

extension String {
  /// What stands before the first space.
  fileprivate var prefixToSpace: String { String(prefix { $0 != " " }) }
}

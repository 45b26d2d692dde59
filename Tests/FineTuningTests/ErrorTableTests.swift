// The words of every error of the room, as a table.

import FineTuning
import TestSupport
import Testing

@Suite struct ErrorTableTests {
  @Test func `every error says the rule, the values and the next step`() throws {
    #expect(
      try complaints(
        of: ErrorEnum("TuningError", "Sources/FineTuning/TuningError.swift"), Self.errors,
        Self.table) == [])
  }

  private static let errors: [TuningError] = [
    // Data.
    .noRows(file: "a.jsonl"), .unknownFileKind("a.csv"),
    .badRows(
      count: 1200, of: 41_207, shape: "prompt and completion",
      problems: ["line 3 has no completion", "line 9 has no prompt"]),
    .needsChatTemplate(shape: "messages"), .notTrainable(shape: "preference"),
    .unknownFormat("instuction", known: ["text", "instruction"]),
    .unknownFormat("?", known: ["text", "instruction"]), .noTrainedTokens(of: 1500),
    .stopNeverTrained("</s>"), .rowOutOfRange(7, count: 5), .rowOutOfRange(0, count: 0),
    .noTokenizer(model: "tiny"),
    // Settings.
    .badNumber(label: "lr", rule: "above 0", got: "-1"),
    .noTarget("q", family: "llama", modules: ["q_proj ×6", "k_proj ×6"]),
    .lengthBeyondContext(900, context: 256), .quantisedFull(dtype: "q8_0"),
    .memory(needed: "9.1 GB", free: "4.0 GB", fits: ["batch: 2 needs 3.1 GB", "length: 64"]),
    // Training.
    .notFinite(step: 3, place: "L0.attn", rate: 0.0002), .zeroGradient,
    .diverged(step: 90, loss: 9.87654, median: 1.5), .nothingLearnt,
    // Adapters.
    .noAdapter("runs/x"), .configRefused(key: "bias"), .configUnknown(key: "new_key"),
    .configValue(key: "r", wanted: "an int from 1", got: "0"),
    .adapterLacks(["a", "b"], count: 3, hint: "the adapter is of another model"),
    .adapterExtra(["a"], count: 1), .adapterExtra(["a", "b"], count: 1001),
    .adapterShape(name: "a", got: [2, 3], wanted: [3, 2]), .badPattern("a{2}"),
    .noSuchAdapter("b", attached: ["a"]), .noSuchAdapter("b", attached: []),
    .mergeDiffers(delta: 0.5, limit: 0.01),
    // Runs.
    .noRun("runs/x"), .damagedRun("x", reason: "run.json lacks settings"),
    .otherThing("data", then: "a1", now: "b2"), .otherThing("model", then: "tiny", now: "small"),
    .alreadyDone(50),
  ]

  private static let table = #"""
    [data] dataset needs at least one row: a.jsonl has none | each line of a .jsonl file is a row, as in {"text": "…"}
    [data] dataset reads .jsonl, .json, .txt and .md files: got a.csv | a text file is one document; separator: "\n\n" cuts it
    [data] 1,200 of 41,207 rows are not prompt and completion: line 3 has no completion, line 9 has no prompt, and 1,198 more | rename the keys, or pass skip: true
    [tokenizer] rows of messages need a chat template, and chat templates are not read yet | give rows with prompt and completion, or rows with text
    [data] finetune needs something to train on: the rows are preference | add a completion to each row
    [data] format must be "text" or "instruction": got "instuction" | did you mean instruction?
    [data] format must be "text" or "instruction": got "?" | leave it out to let the rows tell
    [data] finetune needs trained tokens: 0 of 1,500 are trained | try mask: "all", or look at preview m, d
    [data] the stop token </s> is never trained, so the model would not learn to stop | end completions with it, or accept: "no stop"
    [index] row 7 is not there: the dataset has 5 rows | rows count from 0 to 4, and from the end from -1
    [index] row 0 is not there: the dataset has 0 rows
    [tokenizer] tiny has no tokenizer, so text cannot be trained on | load the model with tokenizer: "path/to/tokenizer.json"
    [value] lr must be above 0: got -1 | leave out lr: for its default
    [model] targets: "q" matches no layer of this llama | linear layers: q_proj ×6 k_proj ×6
    [value] length must be at most the model's context, 256: got 900 | length: 256
    [dtype] method "full" cannot train q8_0 weights | method: "lora", or load the bf16 file
    [memory] finetune needs 9.1 GB at its peak; 4.0 GB are free | batch: 2 needs 3.1 GB; length: 64
    [numeric] loss is not finite at step 3: first in L0.attn | lower lr (now 0.0002), or set clip: 0.5
    [numeric] the gradient is zero at step 1: nothing that is trained reaches the loss | look at preview m, d, and at targets:
    [numeric] loss rose to 9.877 at step 90, more than 3 times the median 1.5 of the last 50 steps, 5 times running | lower lr, or raise warmup
    [model] the trained weights are unchanged at the end, so nothing is attached | raise lr or steps
    [file] no adapter at runs/x: adapter_model.safetensors or .bin is not there | give the folder that finetune or peft saved
    [format] adapter_config.json: "bias" changes the model and is not supported | merge it where it was made, then load the result
    [format] adapter_config.json: "new_key" is not known | merge it where it was made, or remove the key if it changes nothing
    [format] adapter_config.json: "r" must be an int from 1: got 0 | the file is damaged, or of another kind of adapter
    [key] adapter lacks 3 tensors: a, b, … | the adapter is of another model
    [key] adapter has 1 tensor that fits nothing: a | attach it to the model it was made for
    [key] adapter has 1,001 tensors that fit nothing: a, b, … | attach it to the model it was made for
    [shape] adapter tensor a has shape [2, 3]; this model needs [3, 2] | attach it to the model it was made for
    [format] adapter_config.json: the pattern "a{2}" uses more than . * + ? | ( ) [ ] and \ | list the modules by name in the file
    [key] no adapter "b" is attached | attached: a
    [key] no adapter "b" is attached | attach m, adapter attaches one
    [numeric] merge changed the logits by 0.5, more than 0.01: nothing was merged | keep it attached, or merge into a copy in f32
    [file] no run at runs/x: run.json is not there | runs lists them; give the folder of one
    [format] run x cannot be resumed: run.json lacks settings | start a new run
    [value] resume found other data: a1 then, b2 now | use the same file, or start a new run
    [value] resume found other model: tiny then, small now | use the same model
    [value] the run has already done its 50 steps | give steps: above 50 to go on
    """#
}

// The word `embed`: texts as vectors. Knows no pooling.

import Diagnostics
import Language
import Models
import Tensors

extension Session {
  func embedBindings() -> [Builtin] {
    [
      Builtin(
        "embed", group: "models", "a vector for each text, or the hidden rows of one",
        [
          Parameter("model"),
          Parameter("text", .required, "a text, a list of token ids, or a list of these"),
          Parameter("pool", .label("the model's"), "one of \(Pooling.names)"),
          Parameter("normalize", .label("the model's"), "whether vectors have length 1"),
          Parameter("prompt", .label("nil"), "the name of a prompt of the model's files"),
          Parameter("overflow", .label("\"error\""), "\"truncate\" cuts texts that are too long"),
          Parameter("batch", .label("32"), "texts in one pass at most"),
          Parameter("kernels", .label("\"fast\""), "or \"exact\""),
        ],
        example: "embed m, [\"a cat\", \"a dog\"], pool: \"mean\"",
        details: """
          A tensor [texts, width], or [width] for one text; pool: "none" gives the hidden rows of one \
          text, [position, width]. Pooling and length are those that modules.json or the GGUF file \
          declare; a model that declares none needs pool. kernels: "fast" may round: on a CPU with tile \
          registers (AMX) f32 weights of encoders keep 16 binary digits in products, which \
          moves a vector of length 1 by about 2e-6; "exact" keeps f32.
          """
      ) { [unowned self] call in .tensor(try embed(call)) }
    ]
  }

  private func embed(_ call: Call) throws -> Tensor {
    let model = try call.model()
    let kernels: KernelMode = try call.choice("kernels") ?? .fast
    let pool = try call.optionalString("pool").map { try Pooling(named: $0) }
    let overflow: Overflow = try call.choice("overflow") ?? .error
    let value = try call.value("text")
    // A list of ints is one text; a list of anything else is several.
    let several = value.asList.flatMap { list in
      list.isEmpty || list.contains { $0.asInt == nil } ? list : nil
    }
    let inputs =
      try several?.map { try call.promptInput($0, "text") }
      ?? [try call.promptInput(value, "text")]
    if pool == Pooling.none, several == nil, let input = inputs.first {
      return try model.hiddenStates(input, kernels: kernels, interrupt: interrupt)
    }
    let flag = call["normalize"].flatMap { $0.isNil ? nil : $0 }
    let vectors = try model.embed(
      texts: inputs, pool: pool,
      normalize: flag == nil ? nil : try call.bool("normalize", default: false),
      prompt: try call.optionalString("prompt"), overflow: overflow,
      batch: try call.int("batch", default: 32, in: 1...1024), kernels: kernels,
      interrupt: interrupt, onNote: { [unowned self] in note($0) })
    return several == nil ? try vectors.reshaped([model.sizes.hiddenSize]) : vectors
  }
}

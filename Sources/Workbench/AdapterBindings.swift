// Words for adapters on a model: attach, detach, adapters, merge; and how `load` finds one.

import Diagnostics
import Files
import FineTuning
import Language
import Models
import Plots

extension Session {
  func adapterBindings() -> [Builtin] {
    [
      Builtin(
        "attach", group: "tuning", "puts an adapter on a model; several add up",
        [
          Parameter("model"), Parameter("adapter", .required, "an adapter, a run, or a folder"),
          Parameter("scale", .label("1.0"), "multiplies the adapter's own"),
          Parameter("name", .label("nil"), "the adapter's"),
        ],
        example: "attach m, \"out/tone\", scale: 0.5",
        details: """
          Folders are peft's: adapter_config.json and adapter_model.safetensors, or adapter_model.bin, \
          of which only data is read.
          """,
        flags: [.changesModel]
      ) { [unowned self] call in
        let model = try call.model()
        let object = try adapter(try call.value("adapter"), for: model, call)
        let scale = try call.number("scale", default: 1)
        guard scale.isFinite else {
          throw TuningError.badNumber(label: "scale", rule: "finite", got: short(scale))
        }
        try model.attach(
          object.adapter.attached(as: try call.optionalString("name"), scale: scale))
        return .object(object)
      },
      Builtin(
        "detach", group: "tuning", "takes an adapter off a model; all of them without a name",
        [Parameter("model"), Parameter("name", .optional("nil"))],
        example: "detach m, \"tone\"", flags: [.changesModel]
      ) { call in
        let model = try call.model()
        let attached = model.adapters.map(\.name)
        if let name = try call.optionalString("name"), !attached.contains(name) {
          throw TuningError.noSuchAdapter(name, attached: attached)
        }
        try model.detach(try call.optionalString("name"))
        return .nil
      },
      Builtin(
        "adapters", group: "tuning", "the names of the adapters on a model, in order",
        [Parameter("model")], example: "adapters m", flags: [.pure]
      ) { call in .list(try call.model().adapters.map { .string($0.name) }) },
      Builtin(
        "merge", group: "tuning", "writes all attached adapters into a model's weights",
        [
          Parameter("model"),
          Parameter("tolerance", .label("1e-4"), "the largest change, relative to the logits"),
        ],
        example: "merge m",
        details:
          "Kept only if the logits on 8 prompts stay what they were; files stay as they are.",
        flags: [.changesModel]
      ) { [unowned self] call in
        let tolerance = try call.number("tolerance", default: 1e-4)
        let report = try FineTuning.merge(
          try call.model(), tolerance: tolerance, interrupt: interrupt)
        var result = Plots.Result(kind: "merge", title: "merged")
        result.checks = [
          Receipt(
            "logits of \(report.prompts) prompts, attached = merged, relative to the largest",
            value: report.largest > 0 ? report.delta / report.largest : 0, tolerance: tolerance)
        ]
        result.fields = [
          .init("delta", .number(report.delta)), .init("prompts", .int(report.prompts)),
        ]
        return .object(ResultObject(result))
      },
    ]
  }

  /// An adapter from a value: an adapter, a run, or a folder (of an adapter or of a run).
  func adapter(_ value: Value, for model: Model, _ call: Call) throws -> AdapterObject {
    if let object = value.asHost(AdapterObject.self) { return object }
    if let run = value.asHost(RunObject.self)?.run {
      guard let adapter = run.adapter else {
        throw WorkbenchError.noAdapter(run: run.name)
      }
      return AdapterObject(adapter, base: model.parts.path ?? model.name)
    }
    guard let written = value.asString else {
      throw call.mismatch("adapter", "an adapter, a run or a folder", value)
    }
    var path = try resolve(written, for: .reading)
    let inside = Path.join(path, "adapter")
    if !Files.exists(Path.join(path, "adapter_config.json")), Files.isDirectory(inside) {
      path = inside
    }
    let adapter = try Adapter.read(
      path, for: model.transformer.architecture, onNote: { [unowned self] in note(visibleText($0)) }
    )
    return AdapterObject(adapter, base: adapter.config.baseName, folder: path)
  }
}

// A run of training as a value of the language: its curves, its adapter, its folder. Shown as a
// table and a curve without timings, so that stored outputs stay as they are.

import Diagnostics
package import FineTuning
package import Language
import Models
package import Plots

package final class RunObject: Displayable {
  package let run: TuningRun
  /// `finetune` or `train`.
  let word: String
  let model: Value

  package init(_ run: TuningRun, word: String, model: Value) {
    self.run = run
    self.word = word
    self.model = model
  }

  package var kind: String { "run" }
  package var extent: String? { "\(run.step) steps" }
  package var description: String { result.text(.log) }
  package func shown(_ style: TextStyle) -> String { result.text(style) }
  package var figure: Figure? { try? run.curves.figure(title: "loss of \(run.name)") }
  package var pictures: [Picture] {
    figure.map { [Picture(svg: $0.svg(), alt: $0.altText, summary: $0.summary)] } ?? []
  }

  package var memberNames: [String] {
    [
      "adapter", "best", "epochs", "figure", "folder", "hash", "id", "kind", "loss", "metrics",
      "model", "name", "parameters", "peak_memory", "seed", "settings", "status", "step", "steps",
      "tokens", "valid", "warnings",
    ]
  }

  package func member(_ name: String) throws -> Value? {
    switch name {
    case "id", "name": .string(run.name)
    case "kind": .string(word)
    case "status": .string(run.status.rawValue)
    case "step": .int(run.step)
    case "steps": .int(run.settings.steps)
    case "epochs": .int(run.curves.steps.last?.epoch ?? 0)
    case "loss": .list(run.curves.losses.map { .float($0) })
    case "valid": .list(run.curves.valid.map { .float($0.loss) })
    case "best":
      run.best.map { .map(["step": .int($0.step), "valid": .float($0.loss)]) } ?? .nil
    case "metrics": .list(run.curves.steps.map(metric))
    case "adapter":
      run.adapter.map { .object(AdapterObject($0, base: baseName, folder: folder("adapter"))) }
        ?? .nil
    case "model": model
    case "folder": folder(nil).map { .string($0) } ?? .nil
    case "settings": languageValue(run.settings.json())
    case "warnings": .list(run.warnings.map { .string($0) })
    case "seed": .string(String(run.settings.seed))
    case "hash": .string(run.hash)
    case "parameters": .int(run.parameters)
    case "peak_memory": .int(run.peakBytes)
    case "tokens": .int(run.tokens)
    case "figure": figureValue
    default: nil
    }
  }

  private var figureValue: Value { figure.map { .object(FigureObject($0)) } ?? .nil }

  private var baseName: String? {
    model.asHost(ModelObject.self).map { $0.model.parts.path ?? $0.model.name }
  }

  private func folder(_ part: String?) -> String? {
    run.folder.map { $0.path + (part.map { "/" + $0 } ?? "") }
  }

  private func metric(_ step: StepReport) -> Value {
    .map([
      "step": .int(step.step), "epoch": .int(step.epoch), "loss": .float(step.loss),
      "lr": .float(step.rate), "norm": .float(step.norm), "tokens": .int(step.tokens),
    ])
  }

  /// The final table and the curve.
  var result: Plots.Result {
    let steps = "\(grouped(run.step)) of \(grouped(run.settings.steps)) steps"
    var result = Plots.Result(
      kind: "run", title: "\(word) \(run.name): \(run.status.rawValue), \(steps)")
    var rows: [[Table.Cell]] = [
      [.label("trained"), .label(.text("\(grouped(run.parameters)) parameters"))],
      [.label("rows"), .label(.text("\(grouped(run.rows)), validation \(run.validRows)"))],
      [.label("tokens"), .label(.text(grouped(run.tokens)))],
      [.label("peak memory"), .label(.text(byteWords(run.peakBytes)))],
    ]
    if let first = run.curves.steps.first?.loss, let last = run.lastLoss {
      rows.append([.label("loss"), .label(.text("\(short(first)) → \(short(last))"))])
    }
    if let start = run.curves.valid.first, let best = run.best {
      rows.append([
        .label("validation"),
        .label(.text("\(short(start.loss)) → \(short(best.loss)) at step \(best.step)")),
      ])
    }
    result.parts.append(.table(Table(columns: ["", ""], rows: rows)))
    if run.curves.steps.count > 1 {
      result.parts.append(.series(series))
    }
    result.notes = run.warnings
    return result
  }

  private var series: SeriesPart {
    var lines = [
      Figure.Series(
        name: "train", x: run.curves.steps.map { Double($0.step) }, y: run.curves.losses)
    ]
    if run.curves.valid.count > 1 {
      lines.append(
        Figure.Series(
          name: "valid", x: run.curves.valid.map { Double($0.step) },
          y: run.curves.valid.map(\.loss)))
    }
    return SeriesPart(title: "loss", lines, xAxis: "step", yAxis: "loss")
  }
}

extension RunObject: Plottable {}

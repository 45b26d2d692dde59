// The list of all builtins: one line a file of bindings, in the order of the reference.

import Language
import Tensors

extension Session {
  func declaredBuiltins() -> [Builtin] {
    let numeric =
      (tensorBindings() + layerBindings()).map(\.namingItsErrors).map(\.takingTensorsAlone)
      + gradientBindings()
      + randomBindings()
    return sessionBindings() + lookBindings() + fileBindings() + tokenizerBindings()
      + modelBindings()
      + hubBindings() + promptBindings() + chatBindings() + embedBindings() + verifyBindings()
      + plotBindings() + inspectionBindings() + tuningBindings() + regexBindings()
      + numeric.map { $0.example == nil ? $0.with(example: tensorExamples[$0.name]) : $0 }
  }

  /// Who reads what `load` does not read itself (adapters, models), asked in this order.
  func loaders() -> [Loader] { [{ [unowned self] in try loadModel($0, $1) }] }
}

extension Builtin {
  /// Names of the prelude: what is no tensor goes to the word there.
  private static let preludeNames = Set(Prelude.builtins.map(\.name))

  /// The same word, which says that lists are for its namesake in the prelude.
  fileprivate var takingTensorsAlone: Builtin {
    guard flags.contains(.onHosts), Self.preludeNames.contains(name),
      let first = parameters.first, first.summary == TensorWords.x.summary
    else { return self }
    return Builtin(
      name, group: group, summary,
      [Parameter(first.name, first.fallback, "a tensor")] + parameters.dropFirst(),
      example: example, details: details, flags: flags, code: code)
  }

  /// The same word, whose errors of tensors name it and not the operations it is made of.
  fileprivate var namingItsErrors: Builtin {
    Builtin(
      name, group: group, summary, parameters, example: example, details: details, flags: flags
    ) { [name, code] call in
      do {
        return try code(call)
      } catch let error as TensorError {
        throw error.of(name)
      }
    }
  }
}

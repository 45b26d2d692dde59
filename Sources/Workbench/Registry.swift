// The list of all builtins: one line a file of bindings, in the order of the reference.

import Language

extension Session {
  func declaredBuiltins() -> [Builtin] {
    let numeric = tensorBindings() + layerBindings() + gradientBindings() + randomBindings()
    return sessionBindings() + lookBindings() + fileBindings() + tokenizerBindings()
      + modelBindings()
      + hubBindings() + promptBindings() + chatBindings() + embedBindings() + verifyBindings()
      + plotBindings() + inspectionBindings() + tuningBindings() + regexBindings()
      + numeric.map { $0.example == nil ? $0.with(example: tensorExamples[$0.name]) : $0 }
  }

  /// Who reads what `load` does not read itself (adapters, models), asked in this order.
  func loaders() -> [Loader] { [{ [unowned self] in try loadModel($0, $1) }] }
}

// The list of all builtins: one line a file of bindings, in the order of the reference.

import Language

extension Session {
  func declaredBuiltins() -> [Builtin] {
    sessionBindings() + fileBindings() + tensorBindings() + layerBindings() + gradientBindings()
      + randomBindings() + tokenizerBindings() + modelBindings() + promptBindings()
      + plotBindings() + inspectionBindings() + tuningBindings()
  }

  /// Who reads what `load` does not read itself (adapters, models), asked in this order.
  func loaders() -> [Loader] { [{ [unowned self] in try loadModel($0, $1) }] }
}

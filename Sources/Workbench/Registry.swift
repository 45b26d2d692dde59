// The list of all builtins: one line a file of bindings, in the order of the reference.

import Language

extension Session {
  func declaredBuiltins() -> [Builtin] {
    sessionBindings()
  }
}

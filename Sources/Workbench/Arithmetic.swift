// What computes, in words, for `quire doctor`, and how a front end asks for less of it.

import Tensors

extension Session {
  /// `x86_64 with avx512`: the machine's instruction set and the level in use.
  package var arithmeticDescription: String {
    #if arch(x86_64)
      "x86_64 with \(VectorLevel.inUse) kernels"
    #elseif arch(arm64)
      "arm64 with \(VectorLevel.inUse) kernels"
    #else
      "\(VectorLevel.inUse) kernels"
    #endif
  }
}

/// The vector instructions of the kernels and the memory for tensors, as a front end sees them.
package enum Arithmetic {
  /// `avx512 in use; this CPU's best is amx`.
  package static var levelDescription: String {
    VectorLevel.inUse == VectorLevel.best
      ? "\(VectorLevel.best) in use, the best of this CPU"
      : "\(VectorLevel.inUse) in use; the best of this CPU is \(VectorLevel.best)"
  }

  /// Bytes of memory the system can still hand out, by its own estimate.
  @Sendable package static func availableMemory() -> Int { Memory.available() }

  /// Uses a level from now on.
  ///
  /// - Returns: what is wrong with the name and what would be right, or nil when the level is used.
  package static func use(level: String) -> (message: String, help: String)? {
    if VectorLevel.use(level) { return nil }
    let isKnown = VectorLevel.known.contains(level)
    return (
      isKnown
        ? "this CPU has no vector level \(level)" : "there is no vector level \(level)",
      "the levels are \(VectorLevel.known.joined(separator: " "));"
        + " the best of this CPU is \(VectorLevel.best)"
    )
  }
}

// What computes, in words, for `quire doctor`.

extension Session {
  /// `x86_64, OpenBLAS`: the machine's instruction set and the matrix library.
  package var arithmeticDescription: String {
    #if arch(x86_64)
      "x86_64, OpenBLAS matrix products"
    #elseif arch(arm64)
      "arm64, OpenBLAS matrix products"
    #else
      "OpenBLAS matrix products"
    #endif
  }
}

// Which vector instructions the kernels use: what the CPU has, or less, when a front end asks.

import CKernels

/// The levels of vector instructions.
public enum VectorLevel {
  /// The level the kernels use now.
  public static var inUse: String { name(ck_simd_level()) }

  /// The best level of this CPU.
  public static var best: String { name(ck_simd_best()) }

  /// Every level's name, the least first; a CPU has some of them.
  public static var known: [String] { (0..<Int32(CK_LEVELS)).map(name) }

  /// Uses a level from now on. Not to be called while tensors are computed.
  ///
  /// - Returns: false, and nothing changes, for an unknown name or a level this CPU lacks.
  public static func use(_ name: String) -> Bool { ck_simd_force(name) != 0 }

  /// Whether fast kernels multiply bf16 faster than f32 at the level in use.
  package static var multipliesBF16: Bool {
    let level = ck_simd_level()
    return level >= Int32(CK_BF16) && level <= Int32(CK_AMX)
  }

  /// Whether OpenBLAS is there for products that the own kernels leave alone.
  package static var hasMatrixLibrary: Bool { MatrixLibrary.opened != nil }

  private static func name(_ level: Int32) -> String { String(cString: ck_simd_name(level)) }
}

// Memory of tensors: own, aligned to 64 bytes and taken from an arena, or foreign (a file's map) kept
// alive by its owner. Knows no shapes and no dtypes.

import CKernels
import Diagnostics
import Synchronization

/// Bytes that tensors share. The one documented `@unchecked Sendable` of this room: bytes are
/// written only while one tensor alone holds them (Tensor checks), and foreign bytes never.
package final class TensorStorage: @unchecked Sendable {
  private let base: UnsafeMutableRawPointer
  package let byteCount: Int
  /// Keeps foreign memory alive; nil for own memory.
  private let owner: (any AnyObject & Sendable)?
  /// Never written, whoever holds it.
  let isForeign: Bool
  /// What the bytes are copied from when they are first asked for.
  let moved: MovedRows?

  /// The first byte.
  var pointer: UnsafeMutableRawPointer {
    moved?.fill(base)
    return base
  }

  /// Own memory, not cleared.
  init(byteCount: Int) throws(TensorError) {
    self.base = try Memory.take(byteCount)
    self.byteCount = byteCount
    self.owner = nil
    self.isForeign = false
    self.moved = nil
  }

  /// Memory of someone else, read only, valid as long as `owner` lives.
  package init(foreign pointer: UnsafeRawPointer, byteCount: Int, owner: any AnyObject & Sendable) {
    self.base = UnsafeMutableRawPointer(mutating: pointer)
    self.byteCount = byteCount
    self.owner = owner
    self.isForeign = true
    self.moved = nil
  }

  /// The rows of `source` in another order, copied when they are first asked for. Throws `memory`.
  init(moving source: Tensor, _ order: PairedRows) throws(TensorError) {
    self.base = try MovedRows.reserve(source.byteCount)
    self.byteCount = source.byteCount
    self.owner = nil
    self.isForeign = true
    self.moved = MovedRows(source, order)
  }

  deinit {
    if moved != nil {
      MovedRows.giveBack(base, byteCount)
    } else if !isForeign {
      Memory.giveBack(base)
    }
  }
}

/// Where own memory comes from: one arena (CKernels/Arena.c) that keeps what is given back for the
/// next taker. Work that repeats its shapes asks the system for nothing from its second round on.
///
/// Pages go back to the system by `trim` alone: after a training run, after a cell of a session when
/// much is unused, and before a request is refused for want of memory.
package enum Memory {
  /// Bytes that tensors hold now, foreign memory not counted.
  package static var bytesInUse: Int { ck_arena_look().in_use }
  /// The most that was held at once since `resetPeak()`.
  package static var peakBytes: Int { ck_arena_look().peak }
  /// Bytes taken from the system and not returned: those in use and what is kept for the next taker.
  package static var reservedBytes: Int { ck_arena_look().held }
  /// How often the system was asked for memory so far.
  package static var systemAllocations: Int { ck_arena_look().system_calls }
  package static func resetPeak() { ck_arena_reset_peak() }

  /// The most bytes that tensors may hold at once, foreign memory not counted: a request beyond it
  /// throws `memory`. For the whole process; at the start as good as none.
  package static var bound: Int {
    get { boundBytes.load(ordering: .relaxed) }
    set {
      boundBytes.store(newValue, ordering: .relaxed)
      ck_arena_bound(max(0, newValue))
    }
  }

  private static let boundBytes = Atomic<Int>(1 << 62)

  /// Gives unused memory back to the system while more than `unused` bytes of it are kept.
  package static func trim(keeping unused: Int = 0) { _ = ck_arena_trim(unused) }

  /// Memory of at least `byteCount` bytes, aligned to 64, not cleared.
  static func take(_ byteCount: Int) throws(TensorError) -> UnsafeMutableRawPointer {
    var fresh = 0
    // A block that was in use before costs a look into the arena. More memory than before is asked
    // of the system in large portions, each after a look at what it has.
    for attempt in 0..<4 {
      if let block = ck_arena_take(byteCount, &fresh) { return block }
      guard fresh > 0 else { break }
      if attempt == 1 { trim() }
      let free = available()
      if fresh <= free {
        ck_arena_allow(min(free, max(fresh, portion)))
      } else if attempt > 0 {
        break
      }
    }
    throw .memory(bytes: byteCount, free: available())
  }

  static func giveBack(_ pointer: UnsafeMutableRawPointer) { ck_arena_give(pointer) }

  /// Bytes that may be taken between two looks at what the system has.
  private static let portion = 1 << 26

  /// Bytes that can still be handed out: by the system's own estimate, and below the bound.
  package static func available() -> Int {
    min(SystemMemory.available(), max(0, bound - bytesInUse))
  }
}

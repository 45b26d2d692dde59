// How a `Value` lies in memory, so that the machine can look at small ones without taking a
// reference: eight bytes of payload, then the number of the case. `valueLayoutHolds` is tested.

import Diagnostics

typealias Slots = UnsafeMutablePointer<Value>

enum Tag {
  static let bool: UInt8 = 0
  static let int: UInt8 = 1
  static let float: UInt8 = 2
  static let text: UInt8 = 3
  static let list: UInt8 = 4
  static let map: UInt8 = 5
  static let range: UInt8 = 6
  static let function: UInt8 = 7
  static let host: UInt8 = 8
  static let none: UInt8 = 9
}

extension UnsafeMutablePointer where Pointee == Value {
  @inline(__always) var raw: UnsafeMutableRawPointer { UnsafeMutableRawPointer(self) }
  @inline(__always) var tag: UInt8 { raw.load(fromByteOffset: 8, as: UInt8.self) }
  /// The payload, when the tag says int.
  @inline(__always) var int: Int { raw.load(as: Int.self) }
  @inline(__always) var double: Double { raw.load(as: Double.self) }
  @inline(__always) var bool: Bool { raw.load(as: UInt8.self) != 0 }
  /// The address of the storage, when the tag says so.
  @inline(__always) var address: UnsafeRawPointer { raw.load(as: UnsafeRawPointer.self) }
  @inline(__always) var isCounted: Bool { tag &- Tag.text < 6 }

  /// Can hold other values.
  @inline(__always) var isContainer: Bool {
    tag == Tag.list || tag == Tag.map || tag == Tag.function
  }

  /// Counts a reference more to the storage at the payload. The six kinds of storage are native
  /// classes, so one function counts for all of them: no look at the tag, no copy of the value.
  @inline(__always) func retain() {
    _ = Unmanaged<FunctionValue>.fromOpaque(address).retain()
  }
  @inline(__always) func release() {
    Unmanaged<FunctionValue>.fromOpaque(address).release()
  }
  /// Writes without looking at what was there.
  @inline(__always) func overwrite(_ payload: Int, _ tag: UInt8) {
    raw.storeBytes(of: payload, as: Int.self)
    raw.storeBytes(of: tag, toByteOffset: 8, as: UInt8.self)
  }

  @inline(__always) func set(_ value: Int) {
    if isCounted { release() }
    overwrite(value, Tag.int)
  }
  @inline(__always) func set(_ value: Double) {
    if isCounted { release() }
    raw.storeBytes(of: value, as: Double.self)
    raw.storeBytes(of: Tag.float, toByteOffset: 8, as: UInt8.self)
  }
  @inline(__always) func set(_ value: Bool) {
    if isCounted { release() }
    overwrite(value ? 1 : 0, Tag.bool)
  }
  @inline(__always) func setNil() {
    if isCounted {
      // Set first: letting go of storage may run code that looks here.
      let old = Unmanaged<FunctionValue>.fromOpaque(address)
      initializeNil()
      old.release()
    } else {
      initializeNil()
    }
  }
  /// Sets a register that holds nothing yet.
  @inline(__always) func initializeNil() { overwrite(0, Tag.none) }
  /// Takes over a reference to storage.
  @inline(__always) func set(_ storage: Unmanaged<some AnyObject>, _ tag: UInt8) {
    if isCounted { release() }
    raw.storeBytes(of: UnsafeRawPointer(storage.toOpaque()), as: UnsafeRawPointer.self)
    raw.storeBytes(of: tag, toByteOffset: 8, as: UInt8.self)
  }
  @inline(__always) func set(_ text: TextStorage) { set(Unmanaged.passRetained(text), Tag.text) }

  /// Copies, looking first whether a reference must be counted.
  @inline(__always) func copy(from other: Slots) {
    if other.isCounted { other.retain() }
    if isCounted {
      let old = Unmanaged<FunctionValue>.fromOpaque(address)
      raw.copyMemory(from: UnsafeRawPointer(other), byteCount: 16)
      old.release()
    } else {
      raw.copyMemory(from: UnsafeRawPointer(other), byteCount: 16)
    }
  }
  /// Moves the value out of `other`, which becomes nil.
  @inline(__always) func take(from other: Slots) {
    if isCounted { release() }
    raw.copyMemory(from: UnsafeRawPointer(other), byteCount: 16)
    other.initializeNil()
  }
  /// Holds the function at `other` without counting a reference: an int whose bits are its address.
  /// Only while `other` keeps it.
  @inline(__always) func borrow(from other: Slots) {
    let address = other.int
    if isCounted { release() }
    overwrite(address, Tag.int)
  }
  @inline(__always) var isUnset: Bool {
    tag == Tag.function && address == unsetAddress
  }
}

extension UnsafeMutablePointer where Pointee == Value {
  /// The storage at the payload, when the tag says so, without counting a reference: the slot keeps
  /// it while the body runs.
  @inline(__always)
  func withText<R>(_ body: (TextStorage) throws -> R) rethrows -> R {
    try Unmanaged<TextStorage>.fromOpaque(address)._withUnsafeGuaranteedRef(body)
  }
  @inline(__always)
  func withList<R>(_ body: (ListStorage) throws -> R) rethrows -> R {
    try Unmanaged<ListStorage>.fromOpaque(address)._withUnsafeGuaranteedRef(body)
  }
  @inline(__always)
  func withMap<R>(_ body: (MapStorage) throws -> R) rethrows -> R {
    try Unmanaged<MapStorage>.fromOpaque(address)._withUnsafeGuaranteedRef(body)
  }
}

/// The address of `Unset.marker`, which is never freed.
nonisolated(unsafe) let unsetAddress = UnsafeRawPointer(
  Unmanaged.passUnretained(Unset.marker).toOpaque())

/// Whether values lie in memory as this file says.
package func valueLayoutHolds() -> Bool {
  let samples: [(Value, UInt8)] = [
    (.bool(true), Tag.bool), (.int(-7), Tag.int), (.float(2.5), Tag.float),
    (.string("a"), Tag.text), (.list([]), Tag.list), (.map(OrderedMap()), Tag.map),
    (.range(0, 1), Tag.range), (.function(Unset.marker), Tag.function), (.nil, Tag.none),
    (.object(ErrorObject(Diagnostic(.fail, ""))), Tag.host),
  ]
  return MemoryLayout<Value>.stride == 16
    && samples.allSatisfy { sample in
      var value = sample.0
      return withUnsafeMutablePointer(to: &value) { slot in
        slot.tag == sample.1 && (slot.tag != Tag.int || slot.int == -7)
          && (slot.tag != Tag.float || slot.double == 2.5)
          && (slot.tag != Tag.bool || slot.bool)
          && (slot.tag != Tag.function || slot.isUnset)
      }
    }
}

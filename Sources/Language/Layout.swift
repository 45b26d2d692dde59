// How a `Value` lies in memory, so that the machine can look at small ones without taking a
// reference: eight bytes of payload, then the number of the case. `valueLayoutHolds` is tested.

import CRuntime
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

// References to values are counted without the processor's locks, which take most of the time of a
// count. That is sound because a value is reached from one thread at a time:
//
// - An interpreter, its cells' code with the constants in it, and every value it makes belong to the
//   thread it was made on. `Value` and its storages (`RangeStorage` alone excepted, which is counted
//   by the same hand) are not `Sendable`, so under Swift 6 the compiler refuses to hand one to another
//   thread while this one goes on. What it cannot see is listed here, and a new such place is to be
//   added: everything `@unchecked Sendable`, `nonisolated(unsafe)`, or passed through a C pointer.
// - `quire` runs all its work on one thread with a large stack, from making the session to letting go
//   of it, and joins it; an exit code comes back (`Main.onLargeStack`).
// - The worker pool of tensors runs loops over plain memory; that room cannot name a value, and no
//   room above it gives the pool work of its own.
// - The supervisor of notebooks reads text, pictures and diagnostics under a lock; what a diagnostic
//   has attached is a reply, which holds text and numbers. It and the threads of `pull` touch no value.
// - Signal handlers set flags. Completion, progress, the journal and the callbacks of generation,
//   training and edits run on the thread of the interpreter, inside its calls.
// - What all interpreters of a process share is immortal, its count never written: the strings of one
//   character, the empty one, the names of kinds and words, `Unset.marker`. `KeyTable.empty` is no
//   storage of a value: the compiler counts it, with locks.
//
// A session that goes from one thread to another by a join or a lock is in order: counts are plain
// memory, and pieces that one thread kept and another gives back are the allocator's own.

@inline(__always) func countMore(_ object: UnsafeRawPointer) { cl_retain(object) }
@inline(__always) func countLess(_ object: UnsafeRawPointer, _ tag: UInt8) {
  if !cl_release(object) { lastRelease(object, tag) }
}

/// What one reference less means for an object that has one, or whose references are counted
/// elsewhere: the pieces of strings, lists and maps are kept for others, the rest is the runtime's.
@inline(never)
private func lastRelease(_ object: UnsafeRawPointer, _ tag: UInt8) {
  guard tag == Tag.text || tag == Tag.list || tag == Tag.map, cl_is_unique(object) else {
    return cl_release_slowly(object)
  }
  if tag == Tag.map {
    MapStorage.letGo(UnsafeMutableRawPointer(mutating: object))
  } else if tag == Tag.list {
    release(
      (UnsafeMutableRawPointer(mutating: object) + ListStorage.offset)
        .assumingMemoryBound(to: Value.self), object.load(fromByteOffset: 16, as: Int.self))
  }
  cl_give(object)
}

/// Makes an object one whose references are never counted and that is never freed: it gets the
/// count that the empty array, an object of the program's own text, has (`valueLayoutHolds`).
func immortalize(_ object: AnyObject) {
  let empty: [Int] = []
  let count = empty.withUnsafeBufferPointer { _ in
    unsafeBitCast(empty, to: UnsafeRawPointer.self).load(fromByteOffset: 8, as: UInt64.self)
  }
  cl_immortalize(Unmanaged.passUnretained(object).toOpaque(), count)
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
  @inline(__always) func retain() { countMore(address) }
  @inline(__always) func release() { countLess(address, tag) }
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
      let (old, oldTag) = (address, tag)
      initializeNil()
      countLess(old, oldTag)
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
  @inline(__always) func set(_ text: consuming TextStorage) {
    if isCounted { release() }
    raw.assumingMemoryBound(to: TextStorage.self).initialize(to: text)
    raw.storeBytes(of: Tag.text, toByteOffset: 8, as: UInt8.self)
  }
  @inline(__always) func set(_ list: consuming ListStorage) {
    if isCounted { release() }
    raw.assumingMemoryBound(to: ListStorage.self).initialize(to: list)
    raw.storeBytes(of: Tag.list, toByteOffset: 8, as: UInt8.self)
  }
  @inline(__always) func set(_ map: consuming MapStorage) {
    if isCounted { release() }
    raw.assumingMemoryBound(to: MapStorage.self).initialize(to: map)
    raw.storeBytes(of: Tag.map, toByteOffset: 8, as: UInt8.self)
  }

  /// Writes what stands at `other`, counting nothing. Nine bytes: a value that is no element of an
  /// array has no more.
  @inline(__always) func put(_ other: Slots) { overwrite(other.int, other.tag) }

  /// Copies, looking first whether a reference must be counted.
  @inline(__always) func copy(from other: Slots) {
    if other.isCounted { other.retain() }
    if isCounted {
      let (old, oldTag) = (address, tag)
      put(other)
      countLess(old, oldTag)
    } else {
      put(other)
    }
  }
  /// Moves the value out of `other`, which becomes nil.
  @inline(__always) func take(from other: Slots) {
    if isCounted { release() }
    put(other)
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
  /// Of a list: how many elements it has, and where they stand.
  @inline(__always) var listCount: Int { address.load(fromByteOffset: 16, as: Int.self) }
  @inline(__always) var listBase: Slots {
    (UnsafeMutableRawPointer(mutating: address) + ListStorage.offset)
      .assumingMemoryBound(to: Value.self)
  }
  /// Of a map: its keys, and where its values stand.
  @inline(__always) var mapIndex: UnsafeMutablePointer<KeyIndex> {
    address.load(fromByteOffset: 24, as: UnsafeMutablePointer<KeyIndex>.self)
  }
  @inline(__always) var mapBase: Slots {
    (address.load(fromByteOffset: 32, as: UnsafeMutableRawPointer.self) + ListStorage.offset)
      .assumingMemoryBound(to: Value.self)
  }
  /// Of a string: what is known of it, and its bytes.
  @inline(__always) var textHead: UnsafeMutablePointer<TextHead> {
    (UnsafeMutableRawPointer(mutating: address) + 16).assumingMemoryBound(to: TextHead.self)
  }
  @inline(__always) var textBytes: UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(
      start: (address + TextStorage.offset).assumingMemoryBound(to: UInt8.self),
      count: textHead.pointee.count)
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
  return MemoryLayout<Value>.stride == 16 && storageLayoutHolds()
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

/// Whether the parts of strings, lists and maps lie where they are read.
private func storageLayoutHolds() -> Bool {
  let text = TextStorage.make("ab")
  let textHolds = text.withUnsafeMutablePointers {
    $0 == text.head && UnsafePointer($1) == text.bytes.baseAddress
  }
  let list = ListStorage.make([.int(1), .int(2)])
  let listHolds = list.withUnsafeMutablePointers { head, base in
    UnsafeMutableRawPointer(head) + 16 == list.base.raw && base == list.base
      && head.pointee.count == 2
  }
  var map = Value.map(["a": .int(3)])
  let mapHolds = withUnsafeMutablePointer(to: &map) { slot in
    slot.withMap { slot.mapIndex == $0.map.index && slot.mapBase == $0.map.base }
      && slot.mapBase.int == 3
  }
  var shared = Value.text(TextStorage.make(shared: "shared"))
  let countHolds = withUnsafeMutablePointer(to: &shared) { slot in
    let before = slot.address.load(fromByteOffset: 8, as: UInt64.self)
    for _ in 0..<3 { slot.retain() }
    for _ in 0..<9 { slot.release() }
    return before == slot.address.load(fromByteOffset: 8, as: UInt64.self)
      && !Elements.isUnique(slot, TextStorage.self)
  }
  // This code and the runtime say the same of a count.
  var counted = Value.text(TextStorage.make("counted"))
  let stepHolds = withUnsafeMutablePointer(to: &counted) { slot in
    func isAlone() -> Bool? {
      let says = isKnownUniquelyReferenced(
        &slot.raw.assumingMemoryBound(to: TextStorage.self).pointee)
      return says == Elements.isUnique(slot, TextStorage.self) ? says : nil
    }
    let before = isAlone()
    slot.retain()
    let between = isAlone()
    slot.release()
    return before == true && between == false && isAlone() == true
  }
  return textHolds && listHolds && mapHolds && countHolds && stepHolds && KeyTable.layoutHolds()
}

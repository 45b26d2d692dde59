// Reading and changing parts of values: fields, indices, slices, paths.

import CRuntime
import Diagnostics

enum Elements {
  // MARK: Reading

  static func member(_ value: Value, _ name: TextStorage) throws -> Value {
    switch value {
    case .map(let box):
      let place = box.map.place(of: name)
      if place >= 0 { return box.map.value(at: place) }
      throw RuntimeMessage.noKey(name.string, textKeys(box.map)).diagnostic()
    case .host(let box):
      if let found = try box.object.member(name.string) { return found }
      throw RuntimeMessage.noMember(name.string, kind: box.object.kind, box.object.memberNames)
        .diagnostic()
    case .text(let box):
      let name = name.string
      if name == "bytes" { return .list(bytes(box.bytes)) }
      if name == "scalars" {
        return .list(box.string.unicodeScalars.map { .string(String($0)) })
      }
      throw RuntimeMessage.noMember(name, kind: "string", ["bytes", "scalars"]).diagnostic()
    default: throw RuntimeMessage.noMember(name.string, kind: value.kind, []).diagnostic()
    }
  }

  private static func bytes(_ bytes: UnsafeBufferPointer<UInt8>) -> ListStorage {
    let made = ListStorage.make(room: bytes.count)
    for (place, byte) in bytes.enumerated() { (made.base + place).overwrite(Int(byte), Tag.int) }
    made.count = bytes.count
    return made
  }

  private static func textKeys(_ map: OrderedMap) -> [String] {
    map.keyList.prefix(10_000).compactMap {
      if case .text(let name) = $0 { name.string } else { nil }
    }
  }

  static func element(_ value: Value, _ index: Value) throws -> Value {
    switch value {
    case .list(let box):
      return box[try place(index, box.count, "list")]
    case .map(let box):
      guard let key = Operations.mapKey(index) else {
        throw RuntimeMessage.keyKind(index.kind).diagnostic()
      }
      if let found = box.map[key] { return found }
      throw missing(key, box.map)
    case .text(let box):
      if box.isPlain {
        return box.plainCharacter(at: try place(index, box.byteCount, "string")).pointee
      }
      let text = box.string
      let at = try place(index, box.count, "string")
      return TextStorage.of(text[text.index(text.startIndex, offsetBy: at)])
    case .range(let range): return .int(range.element(try place(index, range.count, "range")))
    case .host(let box): return try box.object.element(at: [.value(index)])
    default: throw RuntimeMessage.cannotIndex(value.kind).diagnostic()
    }
  }

  static func missing(
    _ key: MapKey, _ map: OrderedMap, isMember: Bool = false
  ) -> Diagnostic {
    switch key {
    case .text(let name) where isMember: RuntimeMessage.noKey(name, textKeys(map)).diagnostic()
    case .int(let number): RuntimeMessage.noKey("\(number)", []).diagnostic()
    case .text(let name):
      RuntimeMessage.noKey(Display.quoted(name), textKeys(map)).diagnostic()
    }
  }

  /// The place of an index in `0..<count`; negative ones count from the end.
  static func place(_ index: Value, _ count: Int, _ kind: String) throws -> Int {
    guard case .int(let number) = index else {
      throw RuntimeMessage.indexKind(kind, index.kind).diagnostic()
    }
    let place = number < 0 ? number + count : number
    guard place >= 0, place < count else {
      throw RuntimeMessage.indexRange(number, count, kind).diagnostic()
    }
    return place
  }

  // MARK: Slices

  /// The parts of an index from registers.
  static func indices(_ shapes: [IndexShape], _ operands: Slots) throws -> (
    list: [Index], used: Int
  ) {
    var cursor = 0
    var result: [Index] = []
    for shape in shapes {
      switch shape {
      case .value:
        result.append(.value(operands[cursor]))
        cursor += 1
      case .slice(let hasLower, let hasUpper, let inclusive):
        var lower: Int?
        var upper: Int?
        if hasLower {
          lower = try bound(operands[cursor])
          cursor += 1
        }
        if hasUpper {
          upper = try bound(operands[cursor])
          cursor += 1
          // `..=-1` reaches to the end; nothing comes after the largest int.
          if inclusive, let last = upper { upper = last == -1 || last == Int.max ? nil : last + 1 }
        }
        result.append(.slice(lower: lower, upper: upper))
      }
    }
    return (result, cursor)
  }

  private static func bound(_ value: Value) throws -> Int? {
    guard case .int(let number) = value else {
      throw RuntimeMessage.sliceBound(value.kind).diagnostic()
    }
    return number
  }

  static func slice(_ value: Value, _ indices: [Index]) throws -> Value {
    if case .host(let box) = value { return try box.object.element(at: indices) }
    guard indices.count == 1 else {
      throw RuntimeMessage.severalIndices(value.kind).diagnostic()
    }
    guard case .slice(let lower, let upper) = indices[0] else {
      if case .value(let index) = indices[0] { return try element(value, index) }
      return .nil
    }
    switch value {
    case .list(let box):
      let part = bounds(lower, upper, box.count)
      return .list(ListStorage.make(box.base + part.lowerBound, part.count))
    case .text(let box):
      if box.isPlain {
        let part = bounds(lower, upper, box.byteCount)
        return TextStorage.part(of: box.bytes, part.lowerBound, part.upperBound)
      }
      let characters = Array(box.string)
      return .string(String(characters[bounds(lower, upper, characters.count)]))
    case .range(let range):
      let part = bounds(lower, upper, range.count)
      return .range(
        range.start &+ part.lowerBound &* range.step,
        range.start &+ part.upperBound &* range.step, by: range.step)
    default: throw RuntimeMessage.cannotIndex(value.kind).diagnostic()
    }
  }

  /// Slices stop at the end; negative bounds count from it.
  static func bounds(_ lower: Int?, _ upper: Int?, _ count: Int) -> Range<Int> {
    func clamped(_ bound: Int) -> Int { min(max(bound < 0 ? bound + count : bound, 0), count) }
    let from = clamped(lower ?? 0)
    return from..<max(from, clamped(upper ?? count))
  }

  // MARK: Changing

  /// Changes a part of the value at `slot` in place; storage that something else holds is copied.
  /// Nothing is changed when it throws. `operands`: the new value, then those of the steps.
  static func update(_ slot: Slots, _ info: UpdateInfo, _ operands: Slots) throws {
    try walk(slot, info, from: 0, operands, operands + 1)
  }

  /// `slot[key] = value`, or `op=` with an operator: one step of `update`.
  @inline(never)
  static func change(
    _ slot: Slots, _ key: Slots, _ operation: BinaryOperator?, _ value: Slots
  ) throws {
    if slot.tag == Tag.map, key.tag == Tag.text || key.tag == Tag.int {
      // The common case, without the steps.
      if let found = place(of: key, in: slot) {
        if let operation { try combine(found, operation, value) } else { found.copy(from: value) }
        return
      }
      if operation == nil {
        return slot.withMap { $0.map.append(key.pointee, value.pointee) }
      }
    } else if slot.tag == Tag.list, key.tag == Tag.int {
      let place = try place(key.pointee, slot.listCount, "list")
      makeUniqueList(slot)
      let found = slot.listBase + place
      if let operation { try combine(found, operation, value) } else { found.copy(from: value) }
      return
    }
    let info = UpdateInfo(name: "", steps: [.element], operation: operation)
    try walk(slot, info, from: 0, value, key)
  }

  /// Goes down from place to place: each container is the only holder of its storage by then, and
  /// none gets or loses an element before the last, so the addresses stay good.
  private static func walk(
    _ start: Slots, _ info: UpdateInfo, from first: Int, _ value: Slots, _ operands: Slots
  ) throws {
    var slot = start
    var operands = operands
    let count = info.steps.count
    var step = first
    while step < count {
      do {
        let part = info.path + step
        if part.tag == Tag.text {
          guard slot.tag == Tag.map else {
            throw RuntimeMessage.cannotAssignField(part.pointee.printed, slot.pointee.kind)
              .diagnostic()
          }
          guard let found = try keyed(slot, part, info, step, value) else { return }
          slot = found
        } else if part.tag == Tag.int {
          switch slot.tag {
          case Tag.list:
            let place = try place(operands.pointee, listCount(slot), "list")
            makeUniqueList(slot)
            slot = slot.listBase + place
          case Tag.map:
            guard operands.tag == Tag.text || operands.tag == Tag.int else {
              throw RuntimeMessage.keyKind(operands.pointee.kind).diagnostic()
            }
            guard let found = try keyed(slot, operands, info, step, value) else { return }
            slot = found
          case Tag.host: return try changeHost(slot, [.value], info, step, value, operands)
          default: throw RuntimeMessage.cannotAssignElement(slot.pointee.kind).diagnostic()
          }
          operands += 1
        } else {
          guard case .index(let shapes) = info.steps[step] else { return }
          if slot.tag == Tag.host {
            return try changeHost(slot, shapes, info, step, value, operands)
          }
          let isSlice = shapes.contains { if case .slice = $0 { true } else { false } }
          throw slot.tag == Tag.list && isSlice
            ? RuntimeMessage.sliceAssign.diagnostic()
            : RuntimeMessage.severalIndices(slot.pointee.kind).diagnostic()
        }
      } catch {
        throw placed(error, info, step)
      }
      step += 1
    }
    if info.appends { return try append(slot, value) }
    if let operation = info.operation {
      try combine(slot, operation, value)
    } else {
      slot.copy(from: value)
    }
  }

  /// The error of a step with the place of its key or index.
  private static func placed(_ error: any Error, _ info: UpdateInfo, _ step: Int) -> any Error {
    guard step < info.places.count else { return error }
    return Diagnostic(error, place: info.places[step])
  }

  /// The place of a key's value in the map at `slot`, which is the map's only holder after this;
  /// nil when there is none.
  @inline(__always)
  private static func place(of key: Slots, in slot: Slots) -> Slots? {
    makeUniqueMap(slot)
    return slot.withMap { box in
      let place = box.map.place(of: key)
      return place < 0 ? nil : box.map.slot(place)
    }
  }

  /// The place of a map's value. The last key of a plain assignment may be new: then the value is
  /// added, and nil comes back.
  private static func keyed(
    _ slot: Slots, _ key: Slots, _ info: UpdateInfo, _ step: Int, _ value: Slots
  ) throws -> Slots? {
    if let found = place(of: key, in: slot) { return found }
    let box = uncounted(slot, MapStorage.self)
    if info.appends { throw missing(MapKey(key.pointee), box.map, isMember: info.isMember(step)) }
    guard step == info.steps.count - 1, info.operation == nil else {
      throw RuntimeMessage.noKeyToChange(
        Display.key(MapKey(key.pointee)), textKeys(box.map), onTheWay: step < info.steps.count - 1
      ).diagnostic()
    }
    box.map.append(key.pointee, value.pointee)
    return nil
  }

  private static func changeHost(
    _ slot: Slots, _ shapes: [IndexShape], _ info: UpdateInfo, _ step: Int, _ value: Slots,
    _ operands: Slots
  ) throws {
    guard case .host(let box) = slot.pointee else { return }
    let (indices, used) = try indices(shapes, operands)
    var part: Value = .nil
    let isPlain = step == info.steps.count - 1 && info.operation == nil && !info.appends
    if !isPlain { part = try box.object.element(at: indices) }
    try withUnsafeMutablePointer(to: &part) {
      try walk($0, info, from: step + 1, value, operands + used)
    }
    slot.pointee = .object(try box.object.replacing(indices, with: part))
  }

  /// `slot = slot op value`, in place where that saves a copy.
  static func combine(_ slot: Slots, _ operation: BinaryOperator, _ value: Slots) throws {
    if Operations.numbers(operation, slot, value, into: slot) { return }
    if case .add = operation {
      switch (slot.tag, value.tag) {
      case (Tag.text, Tag.text) where isUnique(slot, TextStorage.self):
        return try TextStorage.append(slot, value.textBytes)
      case (Tag.list, Tag.list) where isUnique(slot, ListStorage.self):
        return try extend(slot, value)
      default: break
      }
    }
    slot.pointee = try Operations.binary(operation, slot.pointee, value.pointee)
  }

  /// Adds the elements of the list at `other`, which may be the same, to the one at `slot`, which
  /// nothing else holds.
  private static func extend(_ slot: Slots, _ other: Slots) throws {
    let (count, more) = (slot.listCount, other.listCount)
    if slot.withList({ $0.room }) < count + more {
      try Memory.check(max(count + more, count * 2) * 16, "the list")
      grow(slot, max(count + more, count * 2))
    }
    let (from, to) = (other.listBase, slot.listBase + count)
    to.raw.copyMemory(from: from.raw, byteCount: more * 16)
    for place in 0..<more where (to + place).isCounted { (to + place).retain() }
    slot.withList { $0.count = count + more }
  }

  /// Moves the elements of the list at `slot`, which nothing else holds, to one with more room.
  @inline(never)
  private static func grow(_ slot: Slots, _ room: Int) {
    let larger = ListStorage.make(room: room)
    slot.withList { list in
      larger.base.raw.copyMemory(from: list.base.raw, byteCount: list.count * 16)
      larger.count = list.count
      list.count = 0
    }
    slot.set(larger)
  }

  /// Appends in place to the list at `slot`.
  static func append(_ slot: Slots, _ value: Slots) throws {
    // The list may be appended to itself: then it is held twice before room is made.
    if value.isCounted { value.retain() }
    let (payload, tag) = (value.int, value.tag)
    do {
      try add(slot).overwrite(payload, tag)
    } catch {
      if value.isCounted { value.release() }
      throw error
    }
  }

  /// The same, and `value` becomes nil.
  static func append(_ slot: Slots, taking value: Slots) throws {
    let place = try add(slot)
    place.put(value)
    value.initializeNil()
  }

  /// Makes the list at `slot` one longer; its last place is to be written.
  @inline(__always)
  private static func add(_ slot: Slots) throws -> Slots {
    guard slot.tag == Tag.list else {
      throw PreludeMessage.needsList("append", slot.pointee.kind).diagnostic()
    }
    let count = slot.listCount
    if count & 0xFFFFF == 0xFFFFF { try Memory.check(count * 32, "the list") }
    if !isUnique(slot, ListStorage.self) {
      slot.set(ListStorage.make(slot.listBase, count, room: max(4, count * 2)))
    } else if slot.withList({ $0.room }) == count {
      grow(slot, max(4, count * 2))
    }
    slot.withList { $0.count = count + 1 }
    return slot.listBase + count
  }

  // MARK: Storage at a place

  @inline(__always)
  static func isUnique<T: AnyObject>(_ slot: Slots, _ type: T.Type) -> Bool {
    cl_is_unique(slot.address)
  }

  @inline(__always)
  static func uncounted<T: AnyObject>(_ slot: Slots, _ type: T.Type) -> T {
    Unmanaged<T>.fromOpaque(slot.address).takeUnretainedValue()
  }

  @inline(__always)
  static func listCount(_ slot: Slots) -> Int {
    slot.listCount
  }

  /// Makes `slot` the only holder of its list, by a copy if need be.
  @inline(__always)
  private static func makeUniqueList(_ slot: Slots) {
    if !isUnique(slot, ListStorage.self) {
      slot.set(ListStorage.make(slot.listBase, slot.listCount))
    }
  }

  @inline(__always)
  private static func makeUniqueMap(_ slot: Slots) {
    if !isUnique(slot, MapStorage.self) {
      slot.set(slot.withMap { MapStorage.make($0.map.copied()) })
    }
  }
}

// Reading and changing parts of values: fields, indices, slices, paths.

import Diagnostics

enum Elements {
  // MARK: Reading

  static func member(_ value: Value, _ name: String) throws -> Value {
    switch value {
    case .map(let box):
      if let found = box.map[name] { return found }
      throw RuntimeMessage.noKey(name, textKeys(box.map)).diagnostic()
    case .host(let box):
      if let found = try box.object.member(name) { return found }
      throw RuntimeMessage.noMember(name, kind: box.object.kind, box.object.memberNames)
        .diagnostic()
    case .text(let box):
      if name == "bytes" { return .list(box.string.utf8.map { .int(Int($0)) }) }
      if name == "scalars" {
        return .list(box.string.unicodeScalars.map { .string(String($0)) })
      }
      throw RuntimeMessage.noMember(name, kind: "string", ["bytes", "scalars"]).diagnostic()
    default: throw RuntimeMessage.noMember(name, kind: value.kind, []).diagnostic()
    }
  }

  private static func textKeys(_ map: OrderedMap) -> [String] {
    map.keys.prefix(10_000).compactMap { if case .text(let name) = $0 { name } else { nil } }
  }

  static func element(_ value: Value, _ index: Value) throws -> Value {
    switch value {
    case .list(let box):
      return box.elements[try place(index, box.elements.count, "list")]
    case .map(let box):
      guard let key = Operations.mapKey(index) else {
        throw RuntimeMessage.keyKind(index.kind).diagnostic()
      }
      if let found = box.map[key] { return found }
      throw missing(key, box.map)
    case .text(let box):
      let text = box.string
      if text.utf8.allSatisfy({ $0 < 0x80 && $0 != 0x0D }) {
        let at = try place(index, text.utf8.count, "string")
        let start = text.utf8.index(text.utf8.startIndex, offsetBy: at)
        return .string(String(text[start]))
      }
      let at = try place(index, text.count, "string")
      return .string(String(text[text.index(text.startIndex, offsetBy: at)]))
    case .range(let range): return .int(range.element(try place(index, range.count, "range")))
    case .host(let box): return try box.object.element(at: [.value(index)])
    default: throw RuntimeMessage.cannotIndex(value.kind).diagnostic()
    }
  }

  static func missing(_ key: MapKey, _ map: OrderedMap) -> Diagnostic {
    switch key {
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
          // `..=-1` reaches to the end.
          if inclusive, let last = upper { upper = last == -1 ? nil : last &+ 1 }
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
      return .list(Array(box.elements[bounds(lower, upper, box.elements.count)]))
    case .text(let box):
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
    try descend(slot, info, 0, operands, operands + 1)
  }

  private static func descend(
    _ slot: Slots, _ info: UpdateInfo, _ step: Int, _ value: Slots, _ operands: Slots
  ) throws {
    if step == info.steps.count {
      if let operation = info.operation {
        try combine(slot, operation, value)
      } else {
        slot.pointee = value.pointee
      }
      return
    }
    let isLast = step == info.steps.count - 1
    switch info.steps[step] {
    case .member(let name):
      guard slot.tag == Tag.map else {
        throw RuntimeMessage.cannotAssignField(name, slot.pointee.kind).diagnostic()
      }
      try change(slot, .text(name), isLast, info.operation == nil, value) {
        try descend($0, info, step + 1, value, operands)
      }
    case .index(let shapes):
      if slot.tag == Tag.host {
        try changeHost(slot, shapes, info, step, value, operands)
        return
      }
      guard shapes.count == 1, case .value = shapes[0] else {
        throw slot.tag == Tag.list
          ? RuntimeMessage.sliceAssign.diagnostic()
          : RuntimeMessage.severalIndices(slot.pointee.kind).diagnostic()
      }
      switch slot.tag {
      case Tag.list:
        let count = uncounted(slot, ListStorage.self).elements.count
        let place = try place(operands.pointee, count, "list")
        let box = uniqueList(slot)
        try box.elements.withUnsafeMutableBufferPointer { buffer in
          guard let base = buffer.baseAddress else { return }
          try descend(base + place, info, step + 1, value, operands + 1)
        }
      case Tag.map:
        guard let key = Operations.mapKey(operands.pointee) else {
          throw RuntimeMessage.keyKind(operands.pointee.kind).diagnostic()
        }
        try change(slot, key, isLast, info.operation == nil, value) {
          try descend($0, info, step + 1, value, operands + 1)
        }
      default: throw RuntimeMessage.cannotAssignElement(slot.pointee.kind).diagnostic()
      }
    }
  }

  /// A map's value; the last key of a plain assignment may be new.
  private static func change(
    _ slot: Slots, _ key: MapKey, _ isLast: Bool, _ isPlain: Bool, _ value: Slots,
    _ body: (Slots) throws -> Void
  ) throws {
    let box = uniqueMap(slot)
    if try box.map.change(key, body) != nil { return }
    guard isLast, isPlain else {
      throw RuntimeMessage.noKeyToChange(
        Display.key(key), textKeys(box.map), onTheWay: !isLast
      ).diagnostic()
    }
    box.map[key] = value.pointee
  }

  private static func changeHost(
    _ slot: Slots, _ shapes: [IndexShape], _ info: UpdateInfo, _ step: Int, _ value: Slots,
    _ operands: Slots
  ) throws {
    guard case .host(let box) = slot.pointee else { return }
    let (indices, used) = try indices(shapes, operands)
    var part: Value = .nil
    let isPlain = step == info.steps.count - 1 && info.operation == nil
    if !isPlain { part = try box.object.element(at: indices) }
    try withUnsafeMutablePointer(to: &part) {
      try descend($0, info, step + 1, value, operands + used)
    }
    slot.pointee = .object(try box.object.replacing(indices, with: part))
  }

  /// `slot = slot op value`, in place where that saves a copy.
  static func combine(_ slot: Slots, _ operation: BinaryOperator, _ value: Slots) throws {
    if operation == .add {
      switch (slot.tag, value.tag) {
      case (Tag.int, Tag.int):
        let (sum, overflow) = slot.int.addingReportingOverflow(value.int)
        if !overflow {
          slot.set(sum)
          return
        }
      case (Tag.text, Tag.text) where isUnique(slot, TextStorage.self):
        let box = uncounted(slot, TextStorage.self)
        let other = uncounted(value, TextStorage.self).string
        try Memory.check(box.string.utf8.count + other.utf8.count, "the string")
        box.string += other
        return
      case (Tag.list, Tag.list) where isUnique(slot, ListStorage.self):
        let box = uncounted(slot, ListStorage.self)
        let other = uncounted(value, ListStorage.self).elements
        try Memory.check((box.elements.count + other.count) * 16, "the list")
        box.elements += other
        return
      default: break
      }
    }
    slot.pointee = try Operations.binary(operation, slot.pointee, value.pointee)
  }

  /// Appends in place to the list at `slot`.
  static func append(_ slot: Slots, _ value: Slots) throws {
    guard slot.tag == Tag.list else {
      throw PreludeMessage.needsList("append", slot.pointee.kind).diagnostic()
    }
    let box = uniqueList(slot)
    if box.elements.count & 0xFFFFF == 0xFFFFF {
      try Memory.check(box.elements.count * 32, "the list")
    }
    box.elements.append(value.pointee)
  }

  // MARK: Storage at a place

  static func isUnique<T: AnyObject>(_ slot: Slots, _ type: T.Type) -> Bool {
    isKnownUniquelyReferenced(&slot.raw.assumingMemoryBound(to: T.self).pointee)
  }

  static func uncounted<T: AnyObject>(_ slot: Slots, _ type: T.Type) -> T {
    Unmanaged<T>.fromOpaque(slot.address).takeUnretainedValue()
  }

  private static func uniqueList(_ slot: Slots) -> ListStorage {
    if !isUnique(slot, ListStorage.self) {
      slot.pointee = .list(uncounted(slot, ListStorage.self).elements)
    }
    return uncounted(slot, ListStorage.self)
  }

  private static func uniqueMap(_ slot: Slots) -> MapStorage {
    if !isUnique(slot, MapStorage.self) {
      slot.pointee = .map(uncounted(slot, MapStorage.self).map)
    }
    return uncounted(slot, MapStorage.self)
  }
}

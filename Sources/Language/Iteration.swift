// What `for`, comprehensions and builtins go over.

import Diagnostics

enum Iteration {
  /// Makes the state of a loop in three registers: for a range the next int, the end and the step;
  /// for others the container, the place, and the count.
  static func begin(_ state: Slots, _ source: Slots, names: Int) throws {
    switch source.pointee {
    case .range(let range):
      state.set(range.start)
      (state + 1).set(range.end)
      (state + 2).set(range.step)
    case .list(let box): start(state, source.pointee, box.elements.count)
    case .map(let box):
      let list: [Value] =
        names == 1
        ? box.map.keys.map(\.value)
        : zip(box.map.keys, box.map.values).map { .list([$0.value, $1]) }
      start(state, .list(list), list.count)
    case .text(let box):
      let list = box.string.map { Value.string(String($0)) }
      start(state, .list(list), list.count)
    case .host(let box):
      guard let count = box.object.iterationCount else {
        throw RuntimeMessage.cannotIterate(box.object.kind).diagnostic()
      }
      start(state, source.pointee, count)
    default: throw RuntimeMessage.cannotIterate(source.pointee.kind).diagnostic()
    }
  }

  private static func start(_ state: Slots, _ container: Value, _ count: Int) {
    state.pointee = container
    (state + 1).set(0)
    (state + 2).set(count)
  }

  /// The next element; false, and the container let go, when there is none.
  static func next(_ state: Slots, into result: Slots) throws -> Bool {
    let place = (state + 1).int
    guard place < (state + 2).int else {
      state.setNil()
      return false
    }
    (state + 1).set(place + 1)
    if state.tag == Tag.list {
      let box = Unmanaged<ListStorage>.fromOpaque(state.address)
      result.pointee = box._withUnsafeGuaranteedRef { $0.elements[place] }
    } else if case .host(let box) = state.pointee {
      result.pointee = try box.object.iterationElement(place)
    }
    return true
  }

  /// All elements of a value as a list, for builtins; nil when it has none. A range beyond the
  /// memory is refused.
  static func elements(_ value: Value) throws -> [Value]? {
    switch value {
    case .list(let box): return box.elements
    case .range(let range):
      let count = range.count
      try Memory.check(count > Int.max / 16 ? Int.max : count * 16, "the list")
      return (0..<count).map { .int(range.element($0)) }
    case .map(let box): return box.map.keys.map(\.value)
    case .text(let box): return box.string.map { .string(String($0)) }
    case .host(let box):
      guard let count = box.object.iterationCount else { return nil }
      return try (0..<count).map { try box.object.iterationElement($0) }
    default: return nil
    }
  }
}

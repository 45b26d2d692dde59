// What `for`, comprehensions and builtins go over.

import Diagnostics

enum Iteration {
  /// Makes the state of a loop in three registers: for a range the next int, the end and the step;
  /// for others the container, the place, and the count. A plain string and, for pairs, a map are
  /// gone over as they are; the state's reference keeps them from being changed.
  static func begin(_ state: Slots, _ source: Slots, names: Int) throws {
    switch source.pointee {
    case .range(let range):
      state.set(range.start)
      (state + 1).set(range.end)
      (state + 2).set(range.step)
    case .list(let box): start(state, source.pointee, box.elements.count)
    case .map(let box):
      if names == 1 {
        start(state, .list(box.map.keyValues), box.map.count)
      } else {
        start(state, source.pointee, box.map.count)
      }
    case .text(let box):
      if box.isPlain {
        start(state, source.pointee, box.string.utf8.count)
      } else {
        let list = box.string.map { TextStorage.of($0) }
        start(state, .list(list), list.count)
      }
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
    switch state.tag {
    case Tag.list:
      let box = Unmanaged<ListStorage>.fromOpaque(state.address)
      result.copy(from: box._withUnsafeGuaranteedRef { $0.base } + place)
    case Tag.text:
      state.withText { result.copy(from: $0.plainCharacter(at: place)) }
    case Tag.map:
      let map = Elements.uncounted(state, MapStorage.self).map
      result.pointee = .list([map.key(at: place), map.values[place]])
    case Tag.host:
      if case .host(let box) = state.pointee {
        result.pointee = try box.object.iterationElement(place)
      }
    default: break
    }
    return true
  }

  /// The two parts of the next element: of a map a key and its value, without a list of them.
  static func nextPair(_ state: Slots, into result: Slots) throws -> Bool {
    guard state.tag == Tag.map else { return try next(state, into: result) }
    let place = (state + 1).int
    guard place < (state + 2).int else {
      state.setNil()
      return false
    }
    (state + 1).set(place + 1)
    state.withMap {
      result.copy(from: $0.map.index.pointee.base + place)
      (result + 1).copy(from: $0.map.base + place)
    }
    return true
  }

  /// All elements of a value as a list, for builtins; nil when it has none. A range or text beyond
  /// the memory is refused. Throws `Interrupted`.
  static func elements(_ value: Value, _ interrupt: Interrupt?) throws -> [Value]? {
    var poll = Poll(interrupt)
    switch value {
    case .list(let box): return box.elements
    case .range(let range):
      let count = range.count
      try Memory.check(count > Int.max / 16 ? Int.max : count * 16, "the list")
      return try (0..<count).map {
        try poll.turn()
        return .int(range.element($0))
      }
    case .map(let box): return box.map.keyValues
    case .text(let box):
      try Memory.check(box.string.utf8.count * 16, "the list")
      if box.isPlain {
        return try (0..<box.count).map {
          try poll.turn()
          return box.plainCharacter(at: $0).pointee
        }
      }
      return try box.string.map {
        try poll.turn()
        return TextStorage.of($0)
      }
    case .host(let box):
      guard let count = box.object.iterationCount else { return nil }
      return try (0..<count).map {
        try poll.turn()
        return try box.object.iterationElement($0)
      }
    default: return nil
    }
  }
}

// What `for`, comprehensions and builtins go over.

import Diagnostics

enum Iteration {
  /// Makes the state of a loop in three registers: for a range the next int, the end and the step;
  /// for others the container, the place, and the count. A plain string and a map are gone over as they
  /// are; the state's reference keeps them from being changed.
  static func begin(_ state: Slots, _ source: Slots, names: Int) throws {
    switch source.pointee {
    case .range(let range):
      state.set(range.start)
      (state + 1).set(range.end)
      (state + 2).set(range.step)
    case .list(let box): start(state, source.pointee, box.count)
    case .map(let box):
      if names > 2 {
        let pairs = (0..<box.map.count).map {
          Value.list([box.map.key(at: $0), box.map.value(at: $0)])
        }
        start(state, .list(pairs), pairs.count)
      } else {
        start(state, source.pointee, box.map.count)
      }
    case .text(let box):
      if box.isPlain {
        start(state, source.pointee, box.byteCount)
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
      result.copy(from: state.listBase + place)
    case Tag.text:
      state.withText { result.copy(from: $0.plainCharacter(at: place)) }
    case Tag.map:
      // One name: its key. Two are taken by `nextPair`.
      result.copy(from: state.mapIndex.pointee.base + place)
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
    result.copy(from: state.mapIndex.pointee.base + place)
    (result + 1).copy(from: state.mapBase + place)
    return true
  }

  /// All elements of a value as a list, for builtins; nil when it has none. A range or text beyond
  /// the memory is refused. Throws `Interrupted`.
  static func elements(_ value: Value, _ interrupt: Interrupt?) throws -> ListStorage? {
    var poll = Poll(interrupt)
    switch value {
    case .list(let box): return box
    case .range(let range):
      let count = range.count
      try Memory.check(count > Int.max / 16 ? Int.max : count * 16, "the list")
      let made = ListStorage.make(room: count)
      for place in 0..<count {
        try poll.turn()
        (made.base + place).overwrite(range.element(place), Tag.int)
        made.count = place + 1
      }
      return made
    case .map(let box): return box.map.keyList
    case .text(let box):
      try Memory.check(box.byteCount * 16, "the list")
      if !box.isPlain {
        return ListStorage.make(
          try box.string.map {
            try poll.turn()
            return TextStorage.of($0)
          })
      }
      let made = ListStorage.make(room: box.count)
      for place in 0..<box.count {
        try poll.turn()
        (made.base + place).initialize(to: box.plainCharacter(at: place).pointee)
        made.count += 1
      }
      return made
    case .host(let box):
      guard let count = box.object.iterationCount else { return nil }
      return ListStorage.make(
        try (0..<count).map {
          try poll.turn()
          return try box.object.iterationElement($0)
        })
    default: return nil
    }
  }
}

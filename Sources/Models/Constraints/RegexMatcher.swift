// Whether a text matches a regex, by the tree and scalar by scalar: the check of finished texts.
// Shares nothing with the byte automata that made them.

/// A regex as steps over scalars.
struct RegexMatcher: Sendable {
  private enum Step {
    case scalars(ScalarSet, then: Int)
    case fork([Int])
    case end
  }
  private var steps: [Step] = [.end]
  private var first = 0

  /// Step 0 is the end; each tree is laid before what follows it.
  init(_ tree: RegexTree) { first = lay(tree, before: 0) }

  private mutating func add(_ step: Step) -> Int {
    steps.append(step)
    return steps.count - 1
  }

  private mutating func lay(_ tree: RegexTree, before next: Int) -> Int {
    switch tree {
    case .empty: return next
    case .scalars(let set): return add(.scalars(set, then: next))
    case .sequence(let parts):
      var next = next
      for part in parts.reversed() { next = lay(part, before: next) }
      return next
    case .choice(let branches):
      let starts = branches.map { lay($0, before: next) }
      return add(.fork(starts))
    case .repeated(let part, let least, let most):
      var next = next
      if let most {
        let end = next
        for _ in least..<max(most, least) {
          let start = lay(part, before: next)
          next = add(.fork([start, end]))
        }
      } else {
        let loop = add(.end)
        let start = lay(part, before: loop)
        steps[loop] = .fork([start, next])
        next = loop
      }
      for _ in 0..<least { next = lay(part, before: next) }
      return next
    }
  }

  /// Whether the whole text matches. O(scalars · steps).
  func matches(_ text: String) -> Bool {
    var marks = [Int](repeating: -1, count: steps.count)
    var here = reached([first], &marks, 0)
    var round = 0
    for scalar in text.unicodeScalars {
      round += 1
      var after: [Int] = []
      for place in here {
        if case .scalars(let set, let then) = steps[place], set.contains(scalar.value) {
          after.append(then)
        }
      }
      here = reached(after, &marks, round)
      if here.isEmpty { return false }
    }
    return here.contains(0)
  }

  private func reached(_ places: [Int], _ marks: inout [Int], _ round: Int) -> [Int] {
    var open = places
    var found: [Int] = []
    while let place = open.popLast() {
      if marks[place] == round { continue }
      marks[place] = round
      if case .fork(let ways) = steps[place] { open += ways } else { found.append(place) }
    }
    return found
  }
}

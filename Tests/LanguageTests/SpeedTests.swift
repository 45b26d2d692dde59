// What must not grow with the size of a value: changes happen in the storage that is there. Seen by
// addresses and capacities, not by a clock.

import Diagnostics
import Foundation
import Language
import Testing

@Suite struct SpeedTests {
  /// A word that looks at a variable while a loop runs: where the storage of its value, or of a
  /// part of it, lies, and how much room a list has. Nothing is held after it.
  private final class Probe {
    let name: String
    let paths: [[MapKey]]
    weak var recorder: Recorder?
    var seen: [[ObjectIdentifier?]] = []
    var capacities: Set<Int> = []

    init(_ name: String, _ paths: [[MapKey]] = [[]]) {
      self.name = name
      self.paths = paths
    }

    var builtin: Builtin {
      Builtin("probe", group: "session", "Looks at a variable") { [self] _ in
        look()
        return .nil
      }
    }

    private func look() {
      var addresses: [ObjectIdentifier?] = []
      for path in paths { addresses.append(address(path)) }
      seen.append(addresses)
      if case .list(let box)? = recorder?.interpreter[name] {
        capacities.insert(box.room)
      }
    }

    private func address(_ path: [MapKey]) -> ObjectIdentifier? {
      var value = recorder?.interpreter[name]
      for key in path { value = value?.asMap?[key] }
      guard let value else { return nil }
      return switch value {
      case .list(let box): ObjectIdentifier(box)
      case .map(let box): ObjectIdentifier(box)
      case .text(let box): ObjectIdentifier(box)
      default: nil
      }
    }

    /// How often the storage was another one than at the look before.
    var moves: Int { zip(seen, seen.dropFirst()).filter { $0 != $1 }.count }
  }

  private func run(_ probe: Probe, _ text: String) -> Recorder {
    let recorder = Recorder(builtins: [probe.builtin])
    probe.recorder = recorder
    #expect(recorder.run(text).isEmpty)
    #expect(probe.seen.allSatisfy { !$0.contains(nil) })
    return recorder
  }

  @Test(arguments: [
    ("xs = [1, 2, 3]", "xs = append(xs, i)", "xs"),
    ("xs = [1, 2, 3]", "xs = xs.append(i)", "xs"),
    ("xs = [1, 2, 3]", "xs += [i, i]", "xs"),
    ("xs = [1, 2, 3]", "xs[1] = i", "xs"),
    ("xs = [1, 2, 3]", "xs[-1] += i", "xs"),
    ("s = \"a\" + \"b\"", "s += \"é\"", "s"),
    ("s = \"a\" + \"b\"", "s += \"n \\(i) \"", "s"),
    ("s = \"a\" + \"b\"", "s = s + str(i)", "s"),
    ("m = {a: 1}", "m[\"k\\(i)\"] = i", "m"),
    ("m = {a: 1}", "m.a += i", "m"),
    ("m = {a: 1}", "m[\"a\"] += i", "m"),
  ])
  func `a change at top level happens in place`(_ made: String, _ change: String, _ name: String) {
    // The first one may copy: the loop keeps what the variable was, for the case that it fails.
    for count in [100, 1000] {
      let probe = Probe(name)
      _ = run(probe, "\(made)\nfor i in 0..\(count) { \(change); probe() }")
      // What grows moves now and then to a place twice as large, never at each step.
      let moves = 4 + 2 * (Int.bitWidth - count.leadingZeroBitCount)
      #expect(probe.seen.count == count && probe.moves <= moves)
    }
  }

  @Test func `a change deep in a value copies nothing on the way`() {
    let probe = Probe(
      "m", [[], [.text("a")], [.text("a"), .text("b")], [.text("a"), .text("c")]])
    let recorder = run(
      probe,
      """
      m = {a: {b: [0, 0], c: [1]}, n: 0}
      for i in 0..1000 {
        m.a.b[0] = i
        m.a["b"][1] += i
        m.a.c = append(m.a.c, i)
        m.n += 1
        probe()
      }
      """)
    #expect(probe.moves <= 12)
    #expect(recorder.interpreter["m"]?.asMap?["n"]?.asInt == 1000)
  }

  @Test func `a list of a million ints takes at most 32 bytes an element, moved a few times`() {
    let probe = Probe("xs")
    let recorder = run(
      probe,
      """
      xs = []
      for i in 0..1000000 {
        xs = append(xs, i)
        if i % 1000 == 0 { probe() }
      }
      """)
    // Ten times the elements, only as many more moves as it takes to double that often.
    #expect(probe.capacities.count <= 16)
    guard case .list(let box)? = recorder.interpreter["xs"] else {
      Issue.record("xs should be a list")
      return
    }
    #expect(box.count == 1_000_000)
    #expect(box.room * MemoryLayout<Value>.stride <= 32 * box.count)
  }

  @Test(arguments: [
    "for i in 0..5000 { stop() }", "n = 0\nwhile n >= 0 { n += 1; stop() }",
    "xs = [stop() for i in 0..5000]", "xs = map(0..5000, x => stop())",
    "xs = filter(0..5000, x => stop() == nil)", "x = any(0..5000, x => stop() != nil)",
    "xs = map(list(0..5000), stop)",
  ])
  func `an interrupt is seen before the next call of a word`(_ text: String) {
    final class Counter { var calls = 0 }
    let counter = Counter()
    weak var recorder: Recorder?
    let stop = Builtin(
      "stop", group: "session", "Asks for a stop", [Parameter("x", .optional("nil"))]
    ) { _ in
      counter.calls += 1
      recorder?.interpreter.interrupt.request()
      return .nil
    }
    let made = Recorder(builtins: [stop])
    recorder = made
    #expect(made.run(text).map(\.code) == [.interrupted])
    #expect(counter.calls == 1)
  }

  @Test func `what something else holds is copied before it changes`() {
    let recorder = Recorder()
    let text = """
      a = [1, [2], {k: [3]}]
      b = a
      b[1][0] = 9
      b[2].k = append(b[2].k, 4)
      fn f(xs) { xs[0] = 7; xs }
      c = f(a)
      s = "ab" + "c"
      t = s
      t += "d"
      m = {x: 1}
      n = m
      n.y = 2
      print a, b, c, s, t, m, n
      """
    #expect(recorder.run(text).isEmpty)
    #expect(
      recorder.lines == [
        "# expect: [1, [2], {k: [3]}] [1, [9], {k: [3, 4]}] [7, [2], {k: [3]}] abc abcd {x: 1} "
          + "{x: 1, y: 2}"
      ])
  }

  @Test func `a map finds its keys whatever their number and order`() {
    var map = OrderedMap()
    for number in 0..<2000 {
      map[.int(number * 7919 % 2000)] = .int(number)
      map["k\(number)"] = .int(-number)
    }
    #expect(map.count == 4000)
    for number in stride(from: 0, to: 2000, by: 3) { map["k\(number)"] = nil }
    for number in 0..<2000 {
      #expect(map[.int(number * 7919 % 2000)]?.asInt == number)
      #expect(map["k\(number)"]?.asInt == (number % 3 == 0 ? nil : -number))
    }
    let copy = map
    map["new"] = .nil
    #expect(copy["new"] == nil && map["new"] != nil && map.count == copy.count + 1)
    // Equal by scalars, not by canonical equivalence.
    map["\u{E9}"] = .int(1)
    #expect(map["e\u{301}"] == nil)
  }

  @Test func `a variable that is caught keeps the value it had or gets the one it has`() {
    let recorder = Recorder()
    let text = """
      fn once(a) { k = a * 2; (b => a + k + b) }
      fn later(a) { f = () => k; k = a; f() }
      fn again(a) { k = 1; f = () => k; k = a; f() }
      fn turns() { fs = []; for i in 0..3 { fs = append(fs, () => i) }; [f() for f in fs] }
      fn inner(n) { fn down(k) = if k == 0 { n } else { down(k - 1) }; down(5) }
      fn grow(a) { f = () => a; a = append(a, 1); [f(), a] }
      print once(1)(1), later(2), again(3), turns(), inner(4), grow([0]), [g() for g in [() => x for x in 0..2]]
      fn early() { f = () => k; f(); k = 1 }
      try { early() } catch e { print e.message }
      """
    #expect(recorder.run(text).isEmpty)
    #expect(recorder.lines.first == "# expect: 4 2 3 [0, 1, 2] 4 [[0, 1], [0, 1]] [0, 1]")
    #expect(recorder.lines.count == 2)
  }

  @Test func `parts that are looked at on the way stay whole`() {
    let recorder = Recorder()
    let text = """
      fn make(i) = {a: [{b: "t\\(i)"}, {b: [i]}]}
      rows = [make(0), make(1)]
      i = 1
      print rows[i].a[1].b[0], rows[0].a[0].b, make(3).a[1].b[0], [r.a[0].b for r in rows]
      fn f(rows, i) = rows[i].a[1].b
      for k in 0..100 { x = f(rows, 0); y = rows[0].a[1].b[0] }
      try { rows[0].a[7].b } catch e { print e.message }
      try { rows[0].a[0].c } catch e { print e.message }
      try { rows[0].a[0].b.c } catch e { print e.message }
      print rows
      """
    #expect(recorder.run(text).isEmpty)
    #expect(recorder.lines.first == "# expect: 1 t0 3 [\"t0\", \"t1\"]")
    #expect(
      recorder.lines.last
        == "# expect: [{a: [{b: \"t0\"}, {b: [0]}]}, {a: [{b: \"t1\"}, {b: [1]}]}]")
  }

  @Test func `a function that is forgotten while it runs runs on`() {
    let builtins = [
      Builtin("forget", group: "session", "Forgets f") { call in
        guard let recorder = Self.current else { return .nil }
        recorder.interpreter.reset("f")
        recorder.interpreter["g"] = .int(1)
        return .nil
      }
    ]
    let recorder = Recorder(builtins: builtins)
    Self.current = recorder
    defer { Self.current = nil }
    let text = """
      k = 5
      fn f(n) { forget(); if n == 0 { k } else { n + k } }
      g = n => f(n)
      print g(2)
      """
    #expect(recorder.run(text).isEmpty)
    #expect(recorder.lines == ["# expect: 7"])
  }

  nonisolated(unsafe) private static var current: Recorder?
}

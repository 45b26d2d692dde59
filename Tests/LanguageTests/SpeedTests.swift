// What must not grow with the size of a value: changes happen in the storage that is there. Seen by
// addresses and capacities, not by a clock.

import Diagnostics
import Foundation
import Language
import Testing

@Suite struct SpeedTests {
  /// Where the storage of a variable's value lies, or of a part of it; nothing is held after it.
  private func address(
    _ interpreter: Interpreter, _ name: String, _ path: [MapKey] = []
  ) -> ObjectIdentifier? {
    var value = interpreter[name]
    for key in path { value = value?.asMap?[key] }
    return switch value {
    case .list(let box): ObjectIdentifier(box)
    case .map(let box): ObjectIdentifier(box)
    case .text(let box): ObjectIdentifier(box)
    default: nil
    }
  }

  /// An odd number of changes: storage that is copied each time may come back to its old place
  /// after an even one.
  private let changes = 1001

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
    let recorder = Recorder()
    #expect(recorder.run(made).isEmpty)
    let before = address(recorder.interpreter, name)
    #expect(recorder.run("for i in 0..\(changes) { \(change) }").isEmpty)
    #expect(before != nil && address(recorder.interpreter, name) == before)
  }

  @Test func `a change deep in a value copies nothing on the way`() {
    let recorder = Recorder()
    #expect(recorder.run("m = {a: {b: [0, 0], c: [1]}, n: 0}").isEmpty)
    let paths: [[MapKey]] = [
      [], [.text("a")], [.text("a"), .text("b")], [.text("a"), .text("c")],
    ]
    let before = paths.map { address(recorder.interpreter, "m", $0) }
    let text = """
      for i in 0..\(changes) {
        m.a.b[0] = i
        m.a["b"][1] += i
        m.a.c = append(m.a.c, i)
        m.n += 1
      }
      """
    #expect(recorder.run(text).isEmpty)
    #expect(paths.map { address(recorder.interpreter, "m", $0) } == before)
    #expect(recorder.interpreter["m"]?.asMap?["n"]?.asInt == changes)
  }

  @Test func `a list of a million ints takes at most 32 bytes an element, moved a few times`() {
    let recorder = Recorder()
    #expect(recorder.run("xs = []").isEmpty)
    var places: Set<Int> = []
    for _ in 0..<100 {
      #expect(recorder.run("for i in 0..10000 { xs = append(xs, i) }").isEmpty)
      if case .list(let box)? = recorder.interpreter["xs"] { places.insert(box.elements.capacity) }
    }
    // Ten times the elements, as many more moves as it takes to double that often.
    #expect(places.count <= 8)
    guard case .list(let box)? = recorder.interpreter["xs"] else {
      Issue.record("xs should be a list")
      return
    }
    #expect(box.elements.count == 1_000_000)
    #expect(box.elements.capacity * MemoryLayout<Value>.stride <= 32 * box.elements.count)
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
      for k in 0..100 { f(rows, 0); rows[0].a[1].b[0] }
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

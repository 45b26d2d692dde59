// More short ways (see PreludeShortWays): words that make lists, and those that lay text out.

import Diagnostics
import Glibc

extension Prelude {
  // MARK: Lists and maps

  static func keys(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1, x.tag == Tag.map else { return false }
    let index = x.mapIndex
    result.set(ListStorage.make(index.pointee.base, index.pointee.count))
    return true
  }

  static func values(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 1, x.tag == Tag.map else { return false }
    result.set(ListStorage.make(x.mapBase, x.mapIndex.pointee.count))
    return true
  }

  static func list(
    _ x: Slots, _ count: Int, _ result: Slots, _ interrupt: Interrupt
  ) throws -> Bool {
    guard count == 1, x.tag != Tag.host, let list = try Iteration.elements(x.pointee, interrupt)
    else {
      return false
    }
    result.set(list)
    return true
  }

  static func reversed(
    _ x: Slots, _ count: Int, _ result: Slots, _ interrupt: Interrupt
  ) throws -> Bool {
    if count == 1, x.tag == Tag.text, x.textHead.pointee.count < longest,
      x.withText({ $0.isPlain })
    {
      let bytes = x.textBytes
      let made = TextStorage.make(bytes.count) { start in
        for place in 0..<bytes.count { start[place] = bytes[bytes.count - 1 - place] }
      }
      made.head.pointee.plainness = TextHead.plain
      result.set(made)
      return true
    }
    guard count == 1, x.tag == Tag.list else { return false }
    let (base, length) = (x.listBase, x.listCount)
    let made = ListStorage.make(room: length)
    var poll = Poll(interrupt)
    for place in 0..<length {
      try poll.turn()
      made.fill(base + (length - 1 - place))
    }
    result.set(made)
    return true
  }

  static func sorted(
    _ x: Slots, _ count: Int, _ result: Slots, _ interrupt: Interrupt
  ) throws -> Bool {
    guard count == 1, x.tag == Tag.list || x.tag == Tag.text,
      let list = try Iteration.elements(x.pointee, interrupt),
      let made = Sorting.sorted(list, false)
    else { return false }
    result.set(made)
    return true
  }

  static func enumerated(
    _ x: Slots, _ count: Int, _ result: Slots, _ interrupt: Interrupt
  ) throws -> Bool {
    guard count == 1, x.tag == Tag.list else { return false }
    let (base, length) = (x.listBase, x.listCount)
    let made = ListStorage.make(room: length)
    var poll = Poll(interrupt)
    for place in 0..<length {
      var number = Value.int(place)
      (made.base + place).initialize(
        to: .list(ListStorage.make(&number, 1, adding: base + place)))
      made.count += 1
      try poll.turn()
    }
    result.set(made)
    return true
  }

  /// Two lists or ranges.
  static func zipped(
    _ x: Slots, _ count: Int, _ result: Slots, _ interrupt: Interrupt
  ) throws -> Bool {
    guard count == 2, x.tag != Tag.host, (x + 1).tag != Tag.host,
      let first = try Iteration.elements(x.pointee, interrupt),
      let second = try Iteration.elements((x + 1).pointee, interrupt), first.count == second.count
    else { return false }
    let made = ListStorage.make(room: first.count)
    var poll = Poll(interrupt)
    for place in 0..<first.count {
      (made.base + place).initialize(
        to: .list(ListStorage.make(first.base + place, 1, adding: second.base + place)))
      made.count += 1
      try poll.turn()
    }
    result.set(made)
    return true
  }

  // MARK: With functions

  /// The code of a function of the language that takes so many arguments and has no defaults.
  private static func core(_ slot: Slots, _ count: Int) -> UnsafeMutablePointer<ChunkCore>? {
    guard slot.tag == Tag.function,
      let core = Elements.uncounted(slot, FunctionValue.self).core,
      core.pointee.plainCount == count
    else { return nil }
    return core
  }

  // A list and a function, which are held while code runs that could let them go.

  static func mapping(
    _ x: Slots, _ count: Int, _ result: Slots, _ machine: Machine
  ) throws -> Bool {
    guard count == 2, x.tag == Tag.list, let core = core(x + 1, 1) else { return false }
    try machine.checkNativeStack()
    let (values, function) = (x.pointee, (x + 1).pointee)
    let (base, length, address) = (x.listBase, x.listCount, Int(bitPattern: (x + 1).address))
    var made = ListMaker(room: length)
    for place in 0..<length {
      made.append(try machine.call(core, at: address) { $0.copy(from: base + place) })
    }
    result.set(made.list)
    return withExtendedLifetime((values, function)) { true }
  }

  static func filtering(
    _ x: Slots, _ count: Int, _ result: Slots, _ machine: Machine
  ) throws -> Bool {
    guard count == 2, x.tag == Tag.list, let core = core(x + 1, 1) else { return false }
    try machine.checkNativeStack()
    let (values, function) = (x.pointee, (x + 1).pointee)
    let (base, length, address) = (x.listBase, x.listCount, Int(bitPattern: (x + 1).address))
    var made = ListMaker()
    for place in 0..<length {
      let answer = try machine.call(core, at: address) { $0.copy(from: base + place) }
      guard case .bool(let isKept) = answer else {
        throw RuntimeMessage.notBool(asker: "filter", kind: answer.kind).diagnostic()
      }
      if isKept { made.append(base[place]) }
    }
    result.set(made.list)
    return withExtendedLifetime((values, function)) { true }
  }

  static func reducing(
    _ x: Slots, _ count: Int, _ result: Slots, _ machine: Machine
  ) throws -> Bool {
    guard count == 2, x.tag == Tag.list, x.listCount > 0, let core = core(x + 1, 2) else {
      return false
    }
    try machine.checkNativeStack()
    let (values, function) = (x.pointee, (x + 1).pointee)
    let (base, length, address) = (x.listBase, x.listCount, Int(bitPattern: (x + 1).address))
    var joined = base[0]
    for place in 1..<max(1, length) {
      let last = joined
      joined = .nil
      joined = try machine.call(core, at: address) {
        $0.pointee = last
        ($0 + 1).copy(from: base + place)
      }
    }
    result.pointee = joined
    return withExtendedLifetime((values, function)) { true }
  }

  // MARK: Texts

  static func ends(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 2, x.tag == Tag.text, (x + 1).tag == Tag.text else { return false }
    let (whole, part) = (x.textBytes, (x + 1).textBytes)
    guard let p = whole.baseAddress, let q = part.baseAddress else { return false }
    let start = whole.count - part.count
    result.set(start >= 0 && memcmp(p + max(0, start), q, part.count) == 0)
    return true
  }

  /// Of a plain string.
  static func lines(
    _ x: Slots, _ count: Int, _ result: Slots, _ interrupt: Interrupt
  ) throws -> Bool {
    guard count == 1, x.tag == Tag.text, x.withText({ $0.isPlain }) else { return false }
    let bytes = x.textBytes
    var made = ListMaker()
    var poll = Poll(interrupt)
    var start = 0
    while start < bytes.count, let base = bytes.baseAddress {
      let found = memchr(base + start, 0x0A, bytes.count - start)
      let end = found.map { UnsafeRawPointer($0) - UnsafeRawPointer(base) } ?? bytes.count
      made.append(TextStorage.part(of: bytes, start, end))
      try poll.turn()
      start = end + 1
    }
    result.set(made.list)
    return true
  }

  static func padded(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 2, x.tag == Tag.text, (x + 1).tag == Tag.int, x.withText({ $0.isPlain }) else {
      return false
    }
    let (bytes, width) = (x.textBytes, (x + 1).int)
    guard width >= 0, width <= 1_000_000 else { return false }
    if width <= bytes.count {
      result.copy(from: x)
      return true
    }
    result.set(
      TextStorage.make(width) { start in
        if let base = bytes.baseAddress { memcpy(start, base, bytes.count) }
        memset(start + bytes.count, 0x20, width - bytes.count)
      })
    return true
  }

  static func fixed(_ x: Slots, _ count: Int, _ result: Slots) -> Bool {
    guard count == 2, x.tag == Tag.float || x.tag == Tag.int, (x + 1).tag == Tag.int,
      (x + 1).int >= 0, (x + 1).int <= 30
    else { return false }
    let number = x.tag == Tag.float ? x.double : Double(x.int)
    guard number.isFinite else { return false }
    let decimals = Int32((x + 1).int)
    withFixed(number, decimals) { result.set(TextStorage.make($0)) }
    return true
  }
}

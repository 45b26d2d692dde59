// The machine's loop. What is common is done here on registers where they lie, without counting a
// reference more than a result needs; everything else stands in functions that are not inlined, so
// that the loop's own variables stay in the processor's registers.

import Diagnostics

extension Machine {
  // Long on purpose: one case an instruction, in the order of `Op`.
  func run(entry: Int) throws {
    let firstHandler = handlers.count
    var core = frames[depth - 1].core
    var pc = frames[depth - 1].pc
    var regs = frames[depth - 1].base
    // Whether the last `member` or `index` lent its result.
    var isLent = false
    while true {
      do {
        while true {
          let i = pc.pointee
          pc += 1
          let a = regs + Int(i.a)
          switch i.op {
          case .move: a.copy(from: regs + Int(i.b))
          case .take: a.take(from: regs + Int(i.b))
          case .constant: a.copy(from: core.pointee.constants + Int(i.b))
          case .int: a.set(Int(i.b))
          case .nothing: a.setNil()
          case .bool: a.set(i.b != 0)
          case .global:
            let source = core.pointee.globals + Int(i.b)
            if source.isUnset { throw noValue(core.pointee.chunk, global: Int(i.b)) }
            a.copy(from: source)
          case .globalOrNil:
            let source = core.pointee.globals + Int(i.b)
            if source.isUnset { a.setNil() } else { a.copy(from: source) }
          case .checkSet:
            if a.isUnset { throw noValue(core.pointee.chunk, Int(i.b)) }
          case .unset: a.pointee = .function(Unset.marker)
          case .capture:
            let source = closure(before: regs)._withUnsafeGuaranteedRef { $0.captures } + Int(i.b)
            if source.isUnset {
              try readUnset(into: a, core.pointee.chunk, Int(i.c))
            } else {
              a.copy(from: source)
            }
          case .captureBox:
            let source = closure(before: regs)._withUnsafeGuaranteedRef { $0.captures } + Int(i.b)
            try read(box(source), into: a, core.pointee.chunk, Int(i.c))
          case .box: try read(box(regs + Int(i.b)), into: a, core.pointee.chunk, Int(i.c))
          case .setBox:
            let value = (regs + Int(i.b)).pointee
            box(a)._withUnsafeGuaranteedRef { $0.value = value }
          case .newBox: a.pointee = .function(Box(.function(Unset.marker)))
          case .mark: mark(core.pointee.chunk, Int(i.a))
          case .leave: profiler?.leave(depth: depth)
          case .boxUp: a.pointee = .function(Box(a.pointee))
          case .boxOf: a.pointee = .function(Box((regs + Int(i.b)).pointee))
          case .binary, .fail:
            throw RuntimeMessage.internalError("code that cannot run").diagnostic()

          case .add:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.int, y.tag == Tag.int {
              let (sum, overflow) = x.int.addingReportingOverflow(y.int)
              if !overflow {
                a.set(sum)
                continue
              }
            } else if x.tag == Tag.float, y.tag == Tag.float {
              a.set(x.double + y.double)
              continue
            }
            try slow(.add, a, x, y)
          case .subtract:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.int, y.tag == Tag.int {
              let (rest, overflow) = x.int.subtractingReportingOverflow(y.int)
              if !overflow {
                a.set(rest)
                continue
              }
            } else if x.tag == Tag.float, y.tag == Tag.float {
              a.set(x.double - y.double)
              continue
            }
            try slow(.subtract, a, x, y)
          case .multiply:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.int, y.tag == Tag.int {
              let (product, overflow) = x.int.multipliedReportingOverflow(by: y.int)
              if !overflow {
                a.set(product)
                continue
              }
            } else if x.tag == Tag.float, y.tag == Tag.float {
              a.set(x.double * y.double)
              continue
            }
            try slow(.multiply, a, x, y)
          case .divide:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.float, y.tag == Tag.float, y.double != 0 {
              a.set(x.double / y.double)
              continue
            }
            try slow(.divide, a, x, y)
          case .floorDivide: try slow(.floorDivide, a, regs + Int(i.b), regs + Int(i.c))
          case .remainder:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.int, y.tag == Tag.int, y.int > 0 {
              let (number, divisor) = (UInt(bitPattern: x.int), UInt(bitPattern: y.int))
              if (number | divisor) >> 32 == 0 {
                a.set(Int(UInt32(truncatingIfNeeded: number) % UInt32(truncatingIfNeeded: divisor)))
              } else {
                let rest = x.int % y.int
                a.set(rest < 0 ? rest + y.int : rest)
              }
              continue
            }
            try slow(.remainder, a, x, y)
          case .matrixProduct: try slow(.matrixProduct, a, regs + Int(i.b), regs + Int(i.c))
          case .power: try slow(.power, a, regs + Int(i.b), regs + Int(i.c))
          case .addInt:
            let x = regs + Int(i.b)
            if x.tag == Tag.int {
              let (sum, overflow) = x.int.addingReportingOverflow(Int(i.c))
              if !overflow {
                a.set(sum)
                continue
              }
            }
            try slow(.add, a, x, i.c)
          case .subtractInt:
            let x = regs + Int(i.b)
            if x.tag == Tag.int {
              let (rest, overflow) = x.int.subtractingReportingOverflow(Int(i.c))
              if !overflow {
                a.set(rest)
                continue
              }
            }
            try slow(.subtract, a, x, i.c)
          case .multiplyInt:
            let x = regs + Int(i.b)
            if x.tag == Tag.int {
              let (product, overflow) = x.int.multipliedReportingOverflow(by: Int(i.c))
              if !overflow {
                a.set(product)
                continue
              }
            }
            try slow(.multiply, a, x, i.c)
          case .remainderInt:
            let x = regs + Int(i.b)
            if x.tag == Tag.int, i.c > 0 {
              a.set(Machine.remainder(x.int, i.c))
              continue
            }
            try slow(.remainder, a, x, i.c)
          case .floorDivideInt:
            let x = regs + Int(i.b)
            if x.tag == Tag.int, i.c > 0 {
              let number = x.int
              let quotient = number / Int(i.c)
              a.set(number % Int(i.c) < 0 ? quotient - 1 : quotient)
              continue
            }
            try slow(.floorDivide, a, x, i.c)
          case .equal:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.int, y.tag == Tag.int {
              a.set(x.int == y.int)
              continue
            }
            try equal(x, y, .equal, into: a)
          case .notEqual:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.int, y.tag == Tag.int {
              a.set(x.int != y.int)
              continue
            }
            try equal(x, y, .notEqual, into: a)
          case .less:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.int, y.tag == Tag.int {
              a.set(x.int < y.int)
              continue
            }
            try slow(.less, a, x, y)
          case .lessOrEqual: try slow(.lessOrEqual, a, regs + Int(i.b), regs + Int(i.c))
          case .greater:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.int, y.tag == Tag.int {
              a.set(x.int > y.int)
              continue
            }
            try slow(.greater, a, x, y)
          case .greaterOrEqual: try slow(.greaterOrEqual, a, regs + Int(i.b), regs + Int(i.c))
          case .not:
            let x = regs + Int(i.b)
            if x.tag != Tag.bool {
              throw ConditionError(asker: "not", kind: x.pointee.kind)
            }
            a.set(!x.bool)
          case .negate:
            let x = regs + Int(i.b)
            if x.tag == Tag.float {
              a.set(-x.double)
            } else {
              try negate(x, into: a)
            }
          case .contains: a.set(try contains(regs + Int(i.b), in: regs + Int(i.c)))
          case .lacks: a.set(try !contains(regs + Int(i.b), in: regs + Int(i.c)))

          case .jump: pc += Int(i.a)
          case .loop:
            pc += Int(i.a)
            polls &+= 1
            if polls & 0x3FF == 0 { try poll() }
          case .jumpIfFalse:
            if a.tag != Tag.bool { throw notBool(a, i.c) }
            if !a.bool { pc += Int(i.b) }
          case .jumpIfTrue:
            if a.tag != Tag.bool { throw notBool(a, i.c) }
            if a.bool { pc += Int(i.b) }
          case .jumpIfSet:
            if !a.isUnset { pc += Int(i.b) }
          case .unlessEqual:
            let y = regs + Int(i.b)
            let holds =
              a.tag == Tag.int && y.tag == Tag.int ? a.int == y.int : try test(.equal, a, y)
            if !holds { pc += Int(i.c) }
          case .unlessNotEqual:
            let y = regs + Int(i.b)
            let holds =
              a.tag == Tag.int && y.tag == Tag.int ? a.int != y.int : try test(.notEqual, a, y)
            if !holds { pc += Int(i.c) }
          case .unlessLess:
            let y = regs + Int(i.b)
            let holds =
              a.tag == Tag.int && y.tag == Tag.int ? a.int < y.int : try test(.less, a, y)
            if !holds { pc += Int(i.c) }
          case .unlessLessOrEqual:
            let y = regs + Int(i.b)
            let holds =
              a.tag == Tag.int && y.tag == Tag.int
              ? a.int <= y.int : try test(.lessOrEqual, a, y)
            if !holds { pc += Int(i.c) }
          case .unlessGreater:
            let y = regs + Int(i.b)
            let holds =
              a.tag == Tag.int && y.tag == Tag.int ? a.int > y.int : try test(.greater, a, y)
            if !holds { pc += Int(i.c) }
          case .unlessGreaterOrEqual:
            let y = regs + Int(i.b)
            let holds =
              a.tag == Tag.int && y.tag == Tag.int
              ? a.int >= y.int : try test(.greaterOrEqual, a, y)
            if !holds { pc += Int(i.c) }
          case .unlessEqualInt:
            let holds = a.tag == Tag.int ? a.int == Int(i.b) : try test(.equal, a, i.b)
            if !holds { pc += Int(i.c) }
          case .unlessNotEqualInt:
            let holds = a.tag == Tag.int ? a.int != Int(i.b) : try test(.notEqual, a, i.b)
            if !holds { pc += Int(i.c) }
          case .unlessLessInt:
            let holds = a.tag == Tag.int ? a.int < Int(i.b) : try test(.less, a, i.b)
            if !holds { pc += Int(i.c) }
          case .unlessLessOrEqualInt:
            let holds = a.tag == Tag.int ? a.int <= Int(i.b) : try test(.lessOrEqual, a, i.b)
            if !holds { pc += Int(i.c) }
          case .unlessGreaterInt:
            let holds = a.tag == Tag.int ? a.int > Int(i.b) : try test(.greater, a, i.b)
            if !holds { pc += Int(i.c) }
          case .unlessGreaterOrEqualInt:
            let holds = a.tag == Tag.int ? a.int >= Int(i.b) : try test(.greaterOrEqual, a, i.b)
            if !holds { pc += Int(i.c) }

          case .unlessEqualText:
            let y = core.pointee.constants + Int(i.b)
            let holds =
              a.tag == Tag.text ? Operations.sameText(a, y) : try test(.equal, a, y)
            if !holds { pc += Int(i.c) }
          case .unlessNotEqualText:
            let y = core.pointee.constants + Int(i.b)
            let holds =
              a.tag == Tag.text ? !Operations.sameText(a, y) : try test(.notEqual, a, y)
            if !holds { pc += Int(i.c) }
          case .unlessContains:
            let y = i.d == 0 ? regs + Int(i.b) : core.pointee.constants + Int(i.b)
            if try !contains(a, in: y) { pc += Int(i.c) }
          case .unlessLacks:
            let y = i.d == 0 ? regs + Int(i.b) : core.pointee.constants + Int(i.b)
            if try contains(a, in: y) { pc += Int(i.c) }

          case .range: try makeRange(regs + Int(i.b), regs + Int(i.c), closed: false, into: a)
          case .closedRange: try makeRange(regs + Int(i.b), regs + Int(i.c), closed: true, into: a)
          case .list:
            // An empty one is made to be filled.
            a.set(
              i.c == 0
                ? ListStorage.make(room: 4)
                : ListStorage.make(taking: regs + Int(i.b), Int(i.c)))
          case .map: makeMap(core.pointee.chunk, Int(i.c), regs + Int(i.b), into: a)
          case .mapTwice: makeMapTwice(core.pointee.chunk, Int(i.c), regs + Int(i.b), into: a)
          case .string: try makeText(regs + Int(i.b), Int(i.c), into: a)

          case .call, .callGlobal, .callLocal:
            // A function that stands in a variable is lent to its frame, not counted: nothing can
            // set the variable before the call is over (`Interpreter.retire`).
            let source =
              i.op == .call
              ? a : i.op == .callGlobal ? core.pointee.globals + Int(i.c) : regs + Int(i.c)
            if source.tag == Tag.function, let target = callee(source),
              target.pointee.plainCount == Int(i.b), i.op != .call || i.c < 0,
              depth < Machine.depthLimit, a + target.pointee.registerCount + 17 <= end
            {
              if source != a { a.borrow(from: source) }
              (frames + depth - 1).pointee.pc = pc
              core = target
              regs = a + 1
              pc = target.pointee.code
              (frames + depth).initialize(to: Frame(core: core, base: regs, pc: pc))
              depth += 1
              polls &+= 1
              if polls & 0x3FF == 0 { try poll() }
              continue
            }
            frames[depth - 1].pc = pc
            top = regs + core.pointee.registerCount
            if try callAny(source, a, i, core.pointee.chunk) {
              core = frames[depth - 1].core
              pc = frames[depth - 1].pc
              regs = frames[depth - 1].base
              polls &+= 1
              if polls & 0x3FF == 0 { try poll() }
            }
          case .callBuiltin:
            frames[depth - 1].pc = pc
            top = regs + core.pointee.registerCount
            try core.pointee.calls[Int(i.c)]._withUnsafeGuaranteedRef {
              try callBuiltin($0, a, Int(i.b), regs)
            }
          case .callMember:
            frames[depth - 1].pc = pc
            top = regs + core.pointee.registerCount
            let entered = try core.pointee.calls[Int(i.c)]._withUnsafeGuaranteedRef {
              try callMember($0, a, Int(i.b), regs)
            }
            if entered {
              core = frames[depth - 1].core
              pc = frames[depth - 1].pc
              regs = frames[depth - 1].base
            }
          case .returns:
            if regs != core.pointee.globals {
              let end = regs + core.pointee.registerCount
              (regs - 1).take(from: a)
              while regs < end {
                if regs.isCounted { regs.setNil() }
                regs += 1
              }
            }
            depth -= 1
            if depth < entry { return }
            core = frames[depth - 1].core
            pc = frames[depth - 1].pc
            regs = frames[depth - 1].base
          case .phrase:
            a.pointee = .function(PhraseFunction(depth: depth, start: Int(i.b)))
          case .phraseEnd:
            phraseResult = a.pointee
            a.setNil()
            depth -= 1
            return
          case .closure: makeClosure(core.pointee.closures[Int(i.b)], regs, into: a)
          case .member:
            let x = regs + Int(i.b)
            let name = core.pointee.constants + Int(i.c)
            if x.tag == Tag.map, let found = value(of: name, in: x) {
              if i.d & (Lending.lends | Lending.takesLent) == 0 {
                a.copy(from: found)
                if i.d != 0 { x.setNil() }
              } else {
                isLent = pass(found, to: a, from: x, i.d, isLent)
              }
              continue
            }
            if isLent, i.d & Lending.takesLent != 0, x.isCounted { x.retain() }
            isLent = false
            try member(x, name, into: a)
            if i.d & Lending.frees != 0 { x.setNil() }
          case .index, .indexTest:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.list, y.tag == Tag.int, let found = element(y.int, in: x) {
              if i.d & (Lending.lends | Lending.takesLent) == 0 {
                if i.op == .indexTest, i.d == 0, found.tag == Tag.bool {
                  // The jump at once; nothing else looks at the register.
                  let jump = pc.pointee
                  pc += found.bool == (jump.op == .jumpIfTrue) ? 1 + Int(jump.b) : 1
                  continue
                }
                a.copy(from: found)
                if i.d != 0 { x.setNil() }
              } else {
                isLent = pass(found, to: a, from: x, i.d, isLent)
              }
              continue
            }
            if isLent, i.d & Lending.takesLent != 0, x.isCounted { x.retain() }
            isLent = false
            try index(x, y, into: a)
            if i.d & Lending.frees != 0 { x.setNil() }
          case .cut:
            let first = regs + Int(i.c)
            if try !cut(a, core.pointee.chunk, Int(i.b), first + 1) {
              first.copy(from: a)
              try slice(first, core.pointee.chunk, Int(i.b), into: a)
              first.setNil()
            }
          case .slice:
            let first = regs + Int(i.b)
            try slice(first, core.pointee.chunk, Int(i.c), into: a)
            if first != a { first.setNil() }
          case .setElement:
            let key = regs + Int(i.b)
            let value = regs + Int(i.c)
            if a.tag == Tag.list, key.tag == Tag.int, let place = place(key.int, in: a) {
              if i.d != 0 { place.take(from: value) } else { place.copy(from: value) }
              continue
            }
            try look()
            try Elements.change(a, key, nil, value)
            if i.d != 0 { value.setNil() }
          case .changeElement:
            let key = regs + Int(i.b)
            let value = regs + Int(i.c)
            let operation = BinaryOperator.of(number: i.d)
            if a.tag == Tag.list, key.tag == Tag.int, let place = place(key.int, in: a) {
              if place.tag == Tag.float, value.tag == Tag.float {
                if operation == .add {
                  place.set(place.double + value.double)
                  continue
                }
                if operation == .subtract {
                  place.set(place.double - value.double)
                  continue
                }
              }
              try Elements.combine(place, operation, value)
              continue
            }
            try look()
            try Elements.change(a, key, operation, value)
          case .update:
            try look()
            try core.pointee.updates[Int(i.b)]._withUnsafeGuaranteedRef {
              try Elements.update(a, $0, regs + Int(i.c))
            }
          case .updateBox: try updateBox(a, core.pointee.updates[Int(i.b)], regs + Int(i.c))
          case .append:
            try look()
            try Elements.append(a, regs + Int(i.b))
          case .appendTake:
            try look()
            try Elements.append(a, taking: regs + Int(i.b))
          case .add2:
            let y = regs + Int(i.b)
            if a.tag == Tag.float, y.tag == Tag.float {
              a.set(a.double + y.double)
              continue
            }
            if a.tag == Tag.int, y.tag == Tag.int {
              let (sum, overflow) = a.int.addingReportingOverflow(y.int)
              if !overflow {
                a.set(sum)
                continue
              }
            }
            try look()
            try Elements.combine(a, .add, y)
          case .addText: try addText(a, regs + Int(i.b), Int(i.c))
          case .addTo:
            let x = regs + Int(i.b)
            let y = regs + Int(i.c)
            if x.tag == Tag.int, y.tag == Tag.int {
              let (sum, overflow) = x.int.addingReportingOverflow(y.int)
              if !overflow {
                a.set(sum)
                continue
              }
            } else if x.tag == Tag.float, y.tag == Tag.float {
              a.set(x.double + y.double)
              continue
            }
            try addTo(a, x, y)
          case .add2Box: try combineBox(a, regs + Int(i.b))
          case .appendBox: try appendBox(a, regs + Int(i.b))
          case .length:
            let x = regs + Int(i.b)
            if profiler == nil {
              if x.tag == Tag.list {
                a.set(x.listCount)
              } else if x.tag == Tag.text {
                a.set(x.withText { $0.count })
              } else if x.tag == Tag.map {
                a.set(x.mapIndex.pointee.count)
              } else {
                continue
              }
              if i.d != 0 { x.setNil() }
              pc += Int(i.c)
            }
          case .byteCount:
            let x = regs + Int(i.b)
            if x.tag == Tag.text {
              a.set(x.textBytes.count)
              pc += Int(i.c)
            }
          case .iterate: try Iteration.begin(a, regs + Int(i.b), names: Int(i.c))
          case .next, .nextAgain:
            // Both are the same but for where they go on; the one at a loop's end polls.
            if i.op == .nextAgain {
              polls &+= 1
              if polls & 0x3FF == 0 { try poll() }
            }
            var isOver = false
            let result = regs + Int(i.b)
            if a.tag == Tag.int {
              // A range: the next int, its end, its step.
              let value = a.int
              let step = (a + 2).int
              if step > 0 ? value < (a + 1).int : value > (a + 1).int {
                result.set(value)
                let (following, overflow) = value.addingReportingOverflow(step)
                a.overwrite(overflow ? (a + 1).int : following, Tag.int)
              } else {
                isOver = true
              }
            } else if a.tag == Tag.list, (a + 1).int < (a + 2).int {
              let place = (a + 1).int
              (a + 1).overwrite(place + 1, Tag.int)
              result.copy(from: base(ofList: a) + place)
            } else if a.tag == Tag.text, (a + 1).int < (a + 2).int {
              let place = (a + 1).int
              (a + 1).overwrite(place + 1, Tag.int)
              if result.isCounted { result.release() }
              // A string of one character is immortal: no reference is counted.
              let character = characters + Int(a.textBytes[place] & 0x7F)
              result.raw.copyMemory(from: character.raw, byteCount: 16)
            } else {
              isOver = try !Iteration.next(a, into: result)
            }
            if isOver == (i.op == .next) { pc += Int(i.c) }
          case .nextPair:
            if try !nextPair(a, into: regs + Int(i.b)) { pc += Int(i.c) }
          case .unpack: try unpack(regs + Int(i.b), into: a, Int(i.c))
          case .tryBegin:
            handlers.append(Handler(depth: depth, target: Int(i.b), register: Int(i.a)))
          case .tryEnd: handlers.removeLast()
          case .show:
            frames[depth - 1].pc = pc
            if a.tag != Tag.none { interpreter.show(a.pointee) }
          case .begin: begin(core.pointee.chunk, Int(i.a))
          case .end:
            if !saved.isEmpty { saved.removeLast() }
            // What the statement bound stays; the cell ends.
            if interrupt.isRequested { throw Interrupted() }
          case .use:
            frames[depth - 1].pc = pc
            top = regs + core.pointee.registerCount
            try use(core.pointee.chunk, Int(i.b), into: a)
          }
        }
      } catch {
        frames[depth - 1].pc = pc
        let diagnostic = located(error)
        guard handlers.count > firstHandler, diagnostic.code != .interrupted,
          let handler = handlers.popLast()
        else {
          unwind(to: entry - 1)
          handlers.removeLast(max(0, handlers.count - firstHandler))
          throw diagnostic
        }
        unwind(to: handler.depth)
        core = frames[depth - 1].core
        regs = frames[depth - 1].base
        pc = core.pointee.code + handler.target
        regs[handler.register] = .object(ErrorObject(diagnostic))
      }
    }
  }
}

// The one door of the room: runs cells, keeps the notebook's variables, answers questions about
// source text. Knows no tensor, no file, no terminal: what it shows goes through hooks.

package import Diagnostics

/// Whether a text typed so far can run.
package enum Completeness: Sendable, Equatable {
  case complete
  /// More is needed; `indent` is how many columns the next line starts with.
  case incomplete(indent: Int)
  case invalid
}

/// What a cell does with names, found without running it (notebooks.md F12).
package struct CellNames: Sendable, Equatable {
  /// Names used before the cell binds them, and those read in its functions; builtins are left out
  /// unless a notebook's variable hides them.
  package var reads: Set<String> = []
  /// Names bound at top level, in blocks too.
  package var writes: Set<String> = []
  /// Per name that the cell binds to a function: the names read inside it.
  package var functionReads: [String: Set<String>] = [:]
  /// Builtins that the cell mentions.
  package var builtins: Set<String> = []
  /// Builtins mentioned inside the functions it binds.
  package var functionBuiltins: [String: Set<String>] = [:]
  /// Modules and files brought in by `use`, as written.
  package var modules: [String] = []
  package var makesModel = false
  package var changesModel = false
  package var setsSeed = false

  package init() {}
}

/// Runs cells one after the other over one set of variables.
package final class Interpreter {
  package let interrupt: Interrupt
  /// Called for each displayed value, in order.
  package var show: (Value) -> Void = { _ in }
  /// Called with what `print` writes, newlines included.
  package var write: (String) -> Void = { _ in }
  /// Called with a line for the person that is no output.
  package var note: (String) -> Void = { _ in }
  /// Reads a line for `input`.
  package var readLine: (String) -> String? = { _ in nil }
  /// A monotonic clock in seconds, for `time`.
  package var clock: () -> Double = { 0 }
  /// Bytes the process may hold before a growing value is a `memory` error.
  package var memoryLimit = SystemMemory.whole() / 10 * 8 {
    didSet { Memory.limit = memoryLimit }
  }
  /// Every builtin, the prelude's and those given, by name (the twin on hosts is not among them).
  package private(set) var builtins: [String: Builtin] = [:]
  /// The builtins that take over on host objects, by name.
  package private(set) var twins: [String: Builtin] = [:]

  /// The modules that `use name` knows, for help.
  package var moduleNames: [String] = []

  /// Whether the last `run` passed its check: statements before the one that failed have run then.
  package private(set) var hasBegun = false

  private let moduleSource: (String) throws -> SourceText?
  private var space = GlobalSpace()
  private lazy var machine = Machine(self, space: space)
  private var modules: [String: ModuleObject] = [:]
  private var loading: [String] = []
  /// Names whose hiding of a builtin was already noted.
  private var noted: Set<String> = []
  private let words: WordTable
  private let pool = TextPool()

  /// `modules` gives the source of `use name` (a library module) or `use "path"` (the path as
  /// written, ending in `.quire`); nil when there is none. The prelude's builtins
  /// (`Prelude.builtins`) are always there; a given one of the same name replaces it, unless it is
  /// flagged `.onHosts`.
  package init(
    builtins: [Builtin], modules: @escaping (String) throws -> SourceText?, interrupt: Interrupt
  ) {
    self.interrupt = interrupt
    moduleSource = modules
    var words = WordTable()
    for builtin in Prelude.builtins + builtins {
      if builtin.flags.contains(.onHosts) {
        twins[builtin.name] = builtin
        continue
      }
      self.builtins[builtin.name] = builtin
    }
    for (name, twin) in twins where self.builtins[name] == nil { self.builtins[name] = twin }
    for (name, builtin) in self.builtins {
      if builtin.flags.contains(.takesWords) { words.takingWords.insert(name) }
      if builtin.flags.contains(.takesPhrase) { words.takingPhrase.insert(name) }
    }
    self.words = words
    Memory.limit = memoryLimit
    Memory.interrupt = interrupt
  }

  /// Checks the whole text, then runs it. Errors found by the check come several at once; one that
  /// happens while running comes alone. Never empty.
  package func run(_ source: SourceText) throws(DiagnosticList) {
    guard machine.depth == 0 else {
      throw DiagnosticList([
        RuntimeMessage.internalError("a cell cannot run inside another").diagnostic()
      ])
    }
    hasBegun = false
    let compiled = try compiled(source, space: space, shows: true)
    let hidden = compiled.writes.filter { builtins[$0] != nil && space.value(of: $0) == nil }
    hasBegun = true
    defer { noteHiding(hidden) }
    do {
      try machine.run(compiled.chunk)
      machine.forgetSaved(downTo: 0)
      try interrupt.check()
    } catch {
      machine.restore()
      throw DiagnosticList([Diagnostic(error)])
    }
    for text in compiled.notes { note(text) }
  }

  private func compiled(
    _ source: SourceText, space: GlobalSpace, shows: Bool, knownNames: Set<String> = []
  ) throws(DiagnosticList) -> (chunk: Chunk, notes: [String], writes: [String]) {
    var parser = Parser(source, words: wordsInUse(space))
    let program = parser.program()
    guard parser.errors.isEmpty else { throw DiagnosticList(parser.errors) }
    let resolver = Resolver(program)
    var compiler = Compiler(
      CompilerInput(
        source: source, program: program, resolver: resolver, space: space, builtins: builtins,
        twins: twins, pool: pool, moduleNames: moduleNames, knownNames: knownNames, shows: shows))
    let chunk = compiler.compile()
    guard compiler.errors.isEmpty else {
      let inOrder = compiler.errors.sorted {
        ($0.place?.range.lower ?? 0) < ($1.place?.range.lower ?? 0)
      }
      throw DiagnosticList(Array(inOrder.prefix(Parser.errorLimit)))
    }
    return (chunk, compiler.notes, resolver.writes)
  }

  /// A variable that hides `help` or `time` makes it an ordinary name.
  private func wordsInUse(_ space: GlobalSpace) -> WordTable {
    var words = words
    for name in words.takingWords.union(words.takingPhrase) where space.value(of: name) != nil {
      if name == "reset" { continue }
      words.takingWords.remove(name)
      words.takingPhrase.remove(name)
    }
    return words
  }

  private func noteHiding(_ writes: [String]) {
    // What failed or was taken back hides nothing.
    for name in writes where space.value(of: name) != nil {
      if noted.insert(name).inserted {
        note("`\(name)` now hides the command; `reset \(name)` brings it back")
      }
    }
  }

  /// Everything the check finds wrong, without running; `knownNames` are variables that earlier
  /// cells will have made, besides those that are there.
  package func check(_ source: SourceText, knownNames: Set<String> = []) -> [Diagnostic] {
    do throws(DiagnosticList) {
      // A name takes a byte of the text at least.
      let room = space.names.count + knownNames.count + source.bytes.count + 1024
      let copy = GlobalSpace(module: "check", room: room)
      for name in space.names {
        if let value = space.value(of: name) { copy.slots[copy.place(of: name)] = value }
      }
      _ = try compiled(source, space: copy, shows: true, knownNames: knownNames)
      return []
    } catch {
      return error.list
    }
  }

  /// Where the statements of a text stand, in order; nil when it does not parse.
  package func statementRanges(of source: SourceText) -> [SourceRange]? {
    var parser = Parser(source, words: wordsInUse(space))
    let program = parser.program()
    return parser.errors.isEmpty ? program.statements.map(\.range) : nil
  }

  /// Whether Enter should run a text or open a new line.
  package func isComplete(_ text: String) -> Completeness {
    var parser = Parser(SourceText(name: "", text: text), words: wordsInUse(space))
    _ = parser.program()
    guard let first = parser.errors.first else { return .complete }
    let unclosed = parser.endsInString && !first.message.contains("on its line")
    if unclosed { return .incomplete(indent: 0) }
    if parser.failedAtEnd {
      return .incomplete(indent: 2 * max(0, min(20, parser.openBrackets)))
    }
    return .invalid
  }

  /// What a cell reads and writes, without running it (notebooks.md F12).
  package func names(of source: SourceText) -> CellNames {
    var parser = Parser(source, words: wordsInUse(space))
    let program = parser.program()
    var names = Resolver(program).names
    let mentioned = names.reads.union(names.functionReads.values.flatMap { $0 })
    names.builtins = mentioned.filter { builtins[$0] != nil || twins[$0] != nil }
    for (function, reads) in names.functionReads {
      names.functionBuiltins[function] = reads.filter { builtins[$0] != nil }
    }
    let hidden = Set(space.names.filter { space.value(of: $0) != nil }).union(names.writes)
    names.reads = names.reads.filter { builtins[$0] == nil || hidden.contains($0) }
    for (function, reads) in names.functionReads {
      names.functionReads[function] = reads.filter { builtins[$0] == nil || hidden.contains($0) }
    }
    let flags = names.builtins.reduce(into: Builtin.Flags()) { flags, name in
      if let found = builtins[name] { flags.formUnion(found.flags) }
    }
    names.makesModel = flags.contains(.makesModel)
    names.changesModel = flags.contains(.changesModel)
    names.setsSeed = flags.contains(.setsSeed)
    return names
  }

  // MARK: Modules

  /// A module of `use`, run once.
  func module(_ info: UseInfo) throws -> Value {
    if let known = modules[info.module] { return .object(known) }
    if loading.contains(info.module) {
      throw RuntimeMessage.moduleCycle(loading + [info.module]).diagnostic()
    }
    let path =
      info.isPath && !info.module.hasSuffix(".quire") ? info.module + ".quire" : info.module
    guard let source = try moduleSource(path) else {
      throw RuntimeMessage.noModule(info.module, known: moduleNames).diagnostic()
    }
    loading.append(info.module)
    defer { loading.removeLast() }
    let name = Resolver.moduleName(info.module)
    let space = GlobalSpace(module: name)
    let chunk: Chunk
    do {
      chunk = try compiled(source, space: space, shows: false).chunk
    } catch {
      throw used(error.list.first ?? RuntimeMessage.moduleFailed(name).diagnostic(), by: name)
    }
    let before = machine.saved.count
    defer { machine.forgetSaved(downTo: before) }
    do {
      try machine.run(chunk)
    } catch {
      throw used(Diagnostic(error), by: name)
    }
    let module = ModuleObject(name, space, chunk)
    modules[info.module] = module
    return .object(module)
  }

  /// The error of a module with the line that brought it in.
  private func used(_ error: Diagnostic, by name: String) -> Diagnostic {
    guard error.code != .interrupted, let place = machine.place(of: machine.depth - 1) else {
      return error
    }
    var error = error
    error.calls.append(.init(name: "use \(name)", place: place))
    return error
  }

  /// A library module without a cell that uses it: for `help` and `view`. Nil when there is none.
  package func module(named name: String) throws -> ModuleObject? {
    if try modules[name] == nil && moduleSource(name) == nil { return nil }
    return try module(UseInfo(module: name, isPath: false, names: [])).asHost(ModuleObject.self)
  }

  // MARK: Variables

  /// The notebook's variables in the order they were first bound.
  package var variables: [(name: String, value: Value)] {
    space.names.compactMap { name in space.value(of: name).map { (name, $0) } }
  }

  package subscript(_ name: String) -> Value? {
    get { space.value(of: name) }
    set {
      retire(name)
      if let newValue {
        space.slots[space.place(of: name)] = newValue
      } else {
        reset(name)
      }
    }
  }

  /// Forgets a variable, so that a builtin of that name is seen again. False if there was none.
  @discardableResult
  package func reset(_ name: String) -> Bool {
    guard let place = space.places[name], !space.slots[place].isUnset else { return false }
    retire(name)
    space.slots[place] = .function(Unset.marker)
    noted.remove(name)
    return true
  }

  /// Keeps what a variable holds until the code that runs has ended: a function that is running
  /// may be lent from there.
  private func retire(_ name: String) {
    if machine.depth > 0, let value = space.value(of: name) { machine.retired.append(value) }
  }

  /// Forgets everything.
  package func resetAll() {
    for name in space.names { reset(name) }
    modules = [:]
  }

  /// Calls a function value from outside of a cell.
  package func call(_ function: Value, _ arguments: [Value]) throws -> Value {
    try machine.call(function, arguments)
  }

  /// Where frames may begin while no cell runs.
  var idleTop: Slots { space.slots + space.names.count }
}

import Diagnostics
import Language
import Testing
import Workbench

@Suite struct `a session` {
  @Test func `shows print and the last value of a cell in order`() {
    #expect(Bench().shows("print \"a\"\n1 + 1") == "a\n2\n")
  }

  @Test func `keeps variables from cell to cell`() {
    let bench = Bench()
    bench.run("x = [1, 2]")
    #expect(bench.shows("x + [3]") == "[1, 2, 3]\n")
  }

  @Test func `keeps what completed before a failure and nothing of the failed statement`() {
    let bench = Bench()
    let outcome = bench.run("a = 1\nb = [1][9]\nc = 3")
    #expect(outcome.diagnostic?.code == .index)
    #expect(bench.sink.errors.count == 1)
    #expect(bench.shows("a") == "1\n")
    #expect(bench.run("b").diagnostic?.code == .name)
  }

  @Test func `reports several independent errors of one cell`() {
    let bench = Bench()
    bench.run("x = = 1\ny = )")
    #expect(bench.sink.errors.count == 2)
  }

  @Test func `answers help for each builtin from its declaration`() throws {
    let bench = Bench()
    for builtin in bench.session.builtins {
      let page = try bench.session.helpText([builtin.name])
      let words = page.split { $0 == " " || $0 == "\n" }
      #expect(words.starts(with: builtin.signature.split(separator: " ")), "\(builtin.name)")
      let long = page.split(separator: "\n").filter { $0.count > 79 && !$0.hasPrefix("example:") }
      #expect(long.isEmpty, "\(builtin.name): \(long)")
      #expect(!builtin.summary.isEmpty && !builtin.summary.hasSuffix("."), "\(builtin.name)")
    }
    #expect(bench.shows("help").contains("the session:"))
    #expect(bench.shows("help error.shape").contains("shapes do not agree"))
  }

  @Test func `searches help by words and says what it does not know`() {
    let bench = Bench()
    #expect(bench.shows("help \"forgets variables\"").contains("reset"))
    #expect(bench.run("help qqqq").diagnostic?.code == .name)
  }

  @Test func `help knows functions of the notebook and of the library`() {
    let bench = Bench()
    bench.run("## Twice the number.\n## Example: dbl(2) -> 4\nfn dbl(x, by: 2) = x * by")
    #expect(
      bench.shows("help dbl") == "dbl(x, by: 2)\n  Twice the number.\n  Example: dbl(2) -> 4\n")
    bench.run("fn bare(x) = x")
    #expect(bench.shows("help bare").hasPrefix("bare(x)\n"))
    for question in ["help stats.median", "help median"] {
      let page = bench.shows(question)
      #expect(page.hasPrefix("stats.median("), "\(question)")
      #expect(page.contains("use stats brings it"), "\(question)")
    }
    #expect(bench.shows("help nn.mlp").hasPrefix("nn.mlp("))
    #expect(bench.run("help stats._needs").diagnostic?.code == .name)
  }

  @Test func `a module that is not brought in is told how`() {
    let bench = Bench()
    #expect(
      bench.run("stats.mean([1])").diagnostic?.help == "it is a module: write use stats first")
    #expect(bench.run("use stat").diagnostic?.help == "did you mean stats?")
    bench.run("use random")
    #expect(bench.sink.notes == [])
  }

  @Test func `grad takes the arguments of its function, by place and by label`() {
    let bench = Bench()
    bench.run("fn f(x, y: 2.0) = sum(x * y)\nx = tensor([1.0])")
    #expect(bench.shows("grad(f)(x, y: 3.0).item()") == "3.0\n")
    #expect(bench.shows("grad(f)(x: x).item()") == "2.0\n")
    #expect(bench.shows("value_and_grad(f)(x, y: 4.0)[0].item()") == "4.0\n")
    #expect(bench.shows("grad((a, b) => sum(a * b))(x, x).item()") == "1.0\n")
    #expect(bench.shows("grad(sum)(x).item()") == "1.0\n")
    #expect(bench.run("grad(f)(x, z: 1)").diagnostic?.code == .arity)
    #expect(bench.run("grad(f)()").diagnostic?.code == .arity)
  }

  @Test func `json_text writes what json reads again, and says where the limit is`() {
    let bench = Bench()
    bench.run("fn deep(n) { x = []; for i in 1..n { x = [x] }; x }")
    #expect(bench.shows("json(json_text(deep(64))) == deep(64)") == "true\n")
    #expect(bench.run("json_text(deep(65))").diagnostic?.code == .limit)
  }

  @Test func `lists variables with kind, extent and bytes`() {
    let bench = Bench()
    bench.run("numbers = [1, 2, 3]; word = \"hi\"")
    #expect(
      bench.shows("vars")
        == "numbers  list    3 values      64 bytes\nword     string  2 characters  18 bytes\n")
    bench.run("reset; one = {a: 1}; for i in 0..60 { one = {a: one, b: one} }")
    #expect(bench.shows("vars").hasPrefix("one  map  2 keys"))
  }

  @Test func `forgets a variable and says when there is none`() {
    let bench = Bench()
    bench.run("x = 1")
    bench.run("reset x")
    #expect(bench.run("x").diagnostic?.code == .name)
    #expect(bench.run("reset x").diagnostic?.code == .name)
  }

  @Test func `reaches files only below its folder`() {
    let bench = Bench(folder: "/tmp/quire-session-test")
    #expect(throws: WorkbenchError.self) { try bench.session.resolve("../x", for: .reading) }
    #expect(throws: WorkbenchError.self) { try bench.session.resolve("/etc/passwd", for: .reading) }
    let free = Bench(folder: "/tmp", permissions: [.files])
    #expect((try? free.session.resolve("/etc/passwd", for: .reading)) == "/etc/passwd")
  }

  @Test func `gives each random operation of a cell its own numbers, the same in each run`() {
    let first = Bench(seed: 1)
    first.run("nil")
    let a = first.session.nextRandom()
    let b = first.session.nextRandom()
    #expect(a != b)
    let second = Bench(seed: 1)
    second.run("nil")
    #expect(second.session.nextRandom() == a)
    let other = Bench(seed: 2)
    other.run("nil")
    #expect(other.session.nextRandom().key != a.key)
  }

  @Test func `an explicit seed gives the same numbers in any cell`() {
    let bench = Bench()
    bench.run("nil", key: "one")
    let a = bench.session.nextRandom(seed: 5)
    bench.run("nil", key: "two")
    #expect(bench.session.nextRandom(seed: 5) == a)
  }
}

@Suite struct `completion` {
  private func texts(_ bench: Bench, _ line: String) -> [String] {
    bench.session.completions(in: line, at: line.utf8.count).items.map(\.text)
  }

  @Test func `offers variables, builtins and keywords that begin as typed`() {
    let bench = Bench()
    bench.run("helpful = 1")
    let found = texts(bench, "x = hel")
    #expect(found.contains("help"))
    #expect(found.contains("helpful"))
    #expect(texts(bench, "whi") == ["while"])
  }

  @Test func `offers keys after a dot`() {
    let bench = Bench()
    bench.run("m = {alpha: 1, beta: 2}")
    #expect(texts(bench, "m.al") == ["alpha"])
    #expect(texts(bench, "m.") == ["alpha", "beta"])
  }

  @Test func `offers files inside a string`() {
    let bench = Bench(folder: "/etc", permissions: [.files])
    #expect(texts(bench, "read \"hostn").contains("hostname"))
  }
}

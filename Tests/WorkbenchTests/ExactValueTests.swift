// Values that must not be changed on the way: ints in tensors, lists in plots, texts in tables.

import Diagnostics
import Testing
import Workbench

@Suite struct `values stay as they are` {
  /// Lines of code and what a cell of them shows.
  static let shown: [(String, String)] = [
    ("tensor([9007199254740993])", "tensor [1] i64\n[9007199254740993]\n"),
    (
      "tensor([9223372036854775807, -1])",
      "tensor [2] i64\n[9223372036854775807                   -1]\n"
    ),
    ("(tensor([9007199254740993]) == 9007199254740992).list()", "[false]\n"),
    ("(tensor([16777217]) == 16777217.0).list()", "[true]\n"),
    ("9007199254740992 in tensor([9007199254740993])", "false\n"),
    ("sort(tensor([9007199254740993, 9007199254740992])).indices.list()", "[1, 0]\n"),
    ("(tensor([[9007199254740993]]) @ tensor([[1]])).item()", "9007199254740993\n"),
    ("clamp(tensor([1, 5]), 2, 4)", "tensor [2] i64\n[2  4]\n"),
    ("clamp(tensor([1, 5]), 1.5).list()", "[1.5, 5.0]\n"),
    ("prod(tensor([3, 4])).item()", "12\n"),
    ("t = tensor([1, 2])\nt[0] = 7\nt[1] += 1\nt.list()", "[7, 3]\n"),
    ("t = tensor([true, false])\nt[1] = true\nt.list()", "[true, true]\n"),
    ("tensor([2.0], dtype: \"i64\").list()", "[2]\n"),
    ("cast(tensor([1.9]), \"i64\").list()", "[1]\n"),
    ("full([1], 9007199254740993, dtype: \"i64\").item()", "9007199254740993\n"),
    ("tensor(2..5).list()", "[2, 3, 4]\n"),
    ("list(tensor([[1.5, 2.0], [3.0, 4.0]]))", "[[1.5, 2.0], [3.0, 4.0]]\n"),
    ("[list(zeros(0, 2)), list(zeros(2, 0)), list(tensor(3))]", "[[], [[], []], 3]\n"),
    (
      "csv(\"id,n\\n007,0x10\\n-0.5,1e3\\n\")",
      "[{id: \"007\", n: \"0x10\"}, {id: -0.5, n: 1000.0}]\n"
    ),
    ("keys(csv(\"\\u{feff}a,b\\n1,2\")[0])", "[\"a\", \"b\"]\n"),
    ("count(tensor([1, 2, 1]), 1)", "2\n"), ("count([1, 1.0, \"1\"], 1)", "2\n"),
    ("take(zeros(2, 3, 4), tensor([[0, 1]]), 1).shape", "[2, 1, 2, 4]\n"),
    ("take(zeros(2, 3), tensor(1), -1).shape", "[2]\n"),
    (
      "q = ones(2, 4, 4, 3)\nkv = ones(2, 5, 2, 3)\nattend(q, kv, kv, causal: false).shape",
      "[2, 4, 4, 3]\n"
    ),
    (
      "grad(k => sum(attend(ones(2, 1, 1, 2), k, ones(2, 3, 1, 2))))(ones(2, 3, 1, 2)).shape",
      "[2, 3, 1, 2]\n"
    ),
    ("mse(ones(3), 0.0).item()", "1.0\n"),
    ("csv(csv_text([{a: nil}, {a: \"\"}, {a: 1}]))", "[{a: \"\"}, {a: \"\"}, {a: 1}]\n"),
    ("csv(\"id\\n12345678901234567890\\n\")", "[{id: \"12345678901234567890\"}]\n"),
    ("rand(100000, dtype: \"bf16\").max().item() < 1", "true\n"),
    ("rand(100000, dtype: \"f16\").max().item() < 1", "true\n"),
    ("use linalg\nlinalg.det([[1e10, 0], [0, 1e-10]])", "1.0\n"),
    ("use text\ntext.substitute(\"ä1 b22\", r\"\\d+\", \"n\")", "\"än bn\"\n"),
    ("repr(tensor([[1.5, 2.0], [3.0, 0.1]]))", "\"tensor([[1.5, 2.0], [3.0, 0.1]])\"\n"),
    ("repr(cast(tensor([1]), \"i8\"))", "\"tensor([1], dtype: \\\"i8\\\")\"\n"),
    (
      "(tensor([3, 2]) ^ tensor([-1, 2])).list() |> map(x => fixed(x, 3))",
      "[\"0.333\", \"4.000\"]\n"
    ),
    ("(tensor([3]) ^ tensor([2])).list()", "[9]\n"),
    ("tensor([1, 2.5]).list()", "[1.0, 2.5]\n"),
    ("tensor([2.0, 9007199254740993], dtype: \"i64\").list()", "[2, 9007199254740993]\n"),
    ("[fixed(sin(tensor([1e20], dtype: \"f64\"))[0].item(), 12)]", "[\"-0.645251285266\"]\n"),
    ("[fixed(cos(tensor([1.0, 1e300], dtype: \"f64\"))[1].item(), 12)]", "[\"-0.575386111958\"]\n"),
    ("max(abs(rope(ones(2, 2, 4), [9223372036854775807, 0]))).item() < 1.5", "true\n"),
    ("lines(\"a\\r\\nb\\r\\r\\n\\nc\\r\")", "[\"a\", \"b\\r\", \"\", \"c\\r\"]\n"),
    ("[lines(\"\"), lines(\"\\n\"), lines(\"a\\n\\n\")]", "[[], [\"\"], [\"a\", \"\"]]\n"),
    ("join([\"a\", \"\", \"c\"], \"-\")", "\"a--c\"\n"),
    ("histogram([3, 1, 2, 2, -4.5, 1e9, 0]).summary", "\"count, 80 bins\"\n"),
    ("json(\"[9223372036854775808, {\\\"a,\\\": []}]\")", "[9.223372036854776e18, {\"a,\": []}]\n"),
    ("use linalg\nlinalg.diag([[0.1, 2.0], [3.0, 0.7]]).dtype", "\"f64\"\n"),
    (
      "use metrics\nmetrics.confusion([true, false], [true, true])[\"true\"]",
      "{false: 0, true: 1}\n"
    ),
    ("use metrics\nmetrics.auc([true, false], [0.9, 0.1])", "1.0\n"),
    ("csv_text([[1, \"a,b\"], [nil, 2.5]])", "\"1,\\\"a,b\\\"\\n,2.5\\n\"\n"),
  ]

  @Test(arguments: shown)
  func `a cell shows what was put in`(code: String, text: String) {
    #expect(Bench().shows(code) == text)
  }

  /// Code and the kind of its error.
  static let refused: [(String, ErrorCode)] = [
    ("t = tensor([1, 2])\nt[0] = 1.5", .dtype), ("t = tensor([1, 2])\nt[0] += 0.5", .dtype),
    ("t = tensor([1, 2], dtype: \"i8\")\nt[0] = 300", .numeric),
    ("t = tensor([true])\nt[0] = 2", .dtype),
    ("tensor([300], dtype: \"u8\")", .numeric), ("tensor([-1], dtype: \"u8\")", .numeric),
    ("tensor([1.5], dtype: \"i64\")", .value), ("cast(tensor([1e20]), \"i64\")", .numeric),
    ("cast(tensor([1.0]) / 0.0, \"i32\")", .numeric), ("int(tensor([1e30]))", .numeric),
    ("mse(ones(3, 1), ones(3))", .shape), ("bce(ones(3, 1), ones(3))", .shape),
    ("use linalg\nlinalg.dot([1, 2], [3])", .fail),
    ("use linalg\nlinalg.power_iteration([[1, 0], [0, -1]])", .fail),
    ("use optim\np = [cast(ones(2), \"f16\")]\noptim.step(optim.sgd(p), p, p)", .fail),
    ("one_hot([0.5], 3)", .dtype), ("tensor([true, 1])", .value),
    ("t = zeros(2)\nt[0] = true", .dtype), ("t = tensor([1])\nt[0] = true", .dtype),
    ("grad(x => sum(x).item() * 2)(tensor([1.0]))", .value),
    ("grad(x => 3)(tensor([1.0]))", .value),
    ("value_and_grad(x => tensor(x.list()).sum())(tensor([1.0]))", .value),
    ("rand(2, dtype: \"i64\")", .dtype), ("randn(2, dtype: \"u8\")", .dtype),
    ("full([1], 1.5, dtype: \"i32\")", .value),
    ("tensor([[9223372036854775807]]) @ tensor([[2]])", .numeric),
    ("prod(tensor([9223372036854775807, 2]))", .numeric),
    ("where(tensor([1, 0]), 1, 2)", .dtype),
    ("normal(0, -1)", .value), ("uniform(3, 2)", .value), ("randint(5, 2)", .value),
    ("cross_entropy(ones(1, 2), tensor([0.5]))", .type),
    ("einsum(\"ij,jk\", ones(2, 2))", .value), ("einsum(\"??\", ones(2, 2))", .value),
    ("pad(ones(1), [9223372036854775807], [1])", .memory),
    ("conv2d(ones(1, 1, 2, 2), ones(1, 1, 1, 1), padding: -1)", .value),
    ("conv2d(ones(1, 1, 2, 2), ones(1, 1, 1, 1), stride: 0)", .value),
    ("ones(2, 3) @ ones(2)", .shape), ("t = ones(2)\nt[0] = ones(2)", .shape),
    ("use nn\nnn.dropout([])", .fail), ("use nn\nnn.conv(3, 4, groups: 2)", .fail),
    ("use optim\noptim.sgd(0)", .fail), ("use sampling\nsampling.top_k(-1)", .fail),
    ("use nn\nnn.attention(6, 2, rotary: true)", .fail),
    ("use optim\noptim.step(optim.sgd([ones(2)]), [ones(2)], [ones(3, 2)])", .fail),
  ]

  @Test(arguments: refused)
  func `a cell refuses what it could not keep`(code: String, error: ErrorCode) {
    #expect(Bench().run(code).diagnostic?.code == error)
  }

  @Test func `errors of tensors say what was given, not what it was made into`() {
    func said(_ code: String) -> String {
      let found = Bench().run(code).diagnostic
      return (found?.message ?? "") + "; " + (found?.help ?? "")
    }
    #expect(
      said("ones(2, 3) @ ones(2)").hasPrefix("matmul needs inner extents to agree: [2, 3] @ [2]"))
    #expect(said("t = ones(2)\nt[0] = ones(2)").hasPrefix("the assignment"))
    #expect(said("where(tensor([1, 0]), 1, 2)").hasSuffix("x != 0 gives bools"))
    #expect(said("rand(2, dtype: \"i64\")").contains("randint("))
    #expect(said("einsum(\"ij,jk\", ones(2, 2))").contains("2 in all: got 1"))
    #expect(
      said("cross_entropy(ones(1, 2), tensor([0.5]))").hasPrefix(
        "cross_entropy needs ints for targets, not a tensor of f32"))
  }

  @Test func `a drawing that is stopped ends its cell, and shows nothing`() {
    let bench = Bench()
    bench.run("x = plot(arange(10000))")
    // The stop comes when the cell has nothing left to do but to draw.
    var options = SessionOptions(folder: "/nonexistent", seed: 0)
    let interrupt = options.interrupt
    options.readLine = { _ in
      interrupt.request()
      return ""
    }
    let sink = RecordingSink()
    let session = Session(options, sink: sink)
    let code = "x = plot(arange(10000))\nask = input\n[ask(), x][1]"
    let outcome = session.evaluate(SourceText(name: "test", text: code), cellKey: "cell")
    #expect(outcome.diagnostic?.code == .interrupted)
    #expect(sink.pictures.isEmpty)
    // The next cell draws it.
    session.evaluate(SourceText(name: "test", text: "x"), cellKey: "next")
    #expect(sink.pictures.count == 1)
  }

  @Test func `help finds and explains the library`() {
    let bench = Bench()
    #expect(bench.shows("help \"standard deviation\"").contains("stats.std"))
    #expect(bench.shows("help \"learning rate\"").contains("optim.rate"))
    #expect(bench.run("help stats.medan").diagnostic?.help?.contains("stats.median") == true)
    #expect(bench.shows("help nn.block").contains("activation: gelu)"))
    #expect(bench.shows("help stats").contains("from the data again: [low, high] (the"))
    #expect(bench.shows("help dropout").contains("nn.dropout"))
    #expect(bench.shows("help sum").contains("leave reduced axes in"))
    let both = bench.shows("view accuracy")
    #expect(both.contains("# metrics.quire") && both.contains("# nn.quire"))
  }

  @Test func `a list that is sorted for nothing is told how it stays sorted`() {
    let outcome = Bench().run("xs = [3, 1]\nxs.sort()\nprint xs")
    #expect(outcome.diagnostic?.help == "write xs = sorted(xs)")
  }

  @Test func `scalar tensors in a list are one series of a plot`() {
    let bench = Bench()
    bench.run("losses = []\nfor i in 0..200 { losses = append(losses, mean(ones(2) * i)) }")
    #expect(bench.run("plot losses") == .completed)
    #expect(bench.sink.pictures.count == 1)
    #expect(bench.run("plot [nil, 1.5, tensor(2.0)]") == .completed)
  }
}

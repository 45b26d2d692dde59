// Tensors in the language: making, showing, indexing, operators, gradients, random numbers.

import Diagnostics
import Testing
import Workbench

@Suite struct `tensors in the language` {
  /// Lines of code and what a cell of them shows.
  static let shown: [(String, String)] = [
    ("tensor([[1, 2], [3, 4]])", "tensor [2, 2] i64\n[[1  2]\n [3  4]]\n"),
    ("tensor([1.5, -2])", "tensor [2] f32\n[ 1.5000  -2.0000]\n"),
    ("tensor([1.0, 2])", "tensor [2] f32\n[1.0  2.0]\n"),
    ("tensor(2.5)", "tensor [] f32: 2.5000\n"),
    ("arange(2000)", "tensor [2000] i64\n[   0     1     2  …  1997  1998  1999]\n"),
    ("print ones(2)", "[1.0  1.0]\n"),
    ("t = tensor([[1, 2], [3, 4]])\nt.T.shape", "[2, 2]\n"),
    ("zeros(2, 3).dtype", "\"f32\"\n"),
    ("(tensor([1, 2]) + 1.5).dtype", "\"f32\"\n"),
    ("(tensor([1, 2]) + 1).dtype", "\"i64\"\n"),
    ("item(sum(tensor([1, 2, 3]) * 2))", "12\n"),
    ("2 - tensor([1.0, 5.0])", "tensor [2] f32\n[ 1.0  -3.0]\n"),
    ("tensor([1, 5]) > 2", "tensor [2] bool\n[false   true]\n"),
    ("t = arange(12).reshape(3, 4)\nt[1, 1..3]", "tensor [2] i64\n[5  6]\n"),
    ("t = arange(12).reshape(3, 4)\nt[.., -1]", "tensor [3] i64\n[ 3   7  11]\n"),
    ("t = arange(4)\nu = t\nu[0] = 9\nt[0].item() + u[0].item()", "9\n"),
    ("x = tensor([1.0, 2.0])\nif x[1] > 1 { \"yes\" } else { \"no\" }", "\"yes\"\n"),
    ("ones(2, 3) @ ones(3, 1)", "tensor [2, 1] f32\n[[3.0]\n [3.0]]\n"),
    ("mean(tensor([1.0, 2.0]))", "tensor [] f32: 1.5000\n"),
    ("max(tensor([3, 9, 4])).item()", "9\n"),
    ("grad(x => sum(x ^ 3))(tensor([1.0, 2.0]))", "tensor [2] f32\n[ 3.0  12.0]\n"),
    (
      "f = p => sum(p.w * 2) + sum(p.b * p.b)\n"
        + "g = grad(f)({w: ones(2), b: tensor([3.0])})\n[g.w.sum().item(), g.b.item()]",
      "[4.0, 6.0]\n"
    ),
    ("value_and_grad(x => sum(x))(ones(3))[0].item()", "3.0\n"),
    ("grad(x => sum(constant(x) * x))(tensor([4.0])).item()", "4.0\n"),
    ("a = rand(3, seed: 1)\nb = rand(3, seed: 1)\nequal(a, b)", "true\n"),
    ("list(tensor([[1, 2]]))", "[[1, 2]]\n"),
    ("topk(tensor([3, 9, 4]), 2).indices.list()", "[1, 2]\n"),
    // Indexing as in NumPy.
    ("t = arange(12).reshape(3, 4)\nt[[0, 1, 2], [1, 2, 3]].list()", "[1, 6, 11]\n"),
    ("t = arange(12).reshape(3, 4)\nt[[[0], [2]], [1, 3]].list()", "[[1, 3], [9, 11]]\n"),
    (
      "t = arange(24).reshape(2, 3, 4)\nt[[0, 1], .., [1, 2]].list()", "[[1, 5, 9], [14, 18, 22]]\n"
    ),
    ("t = arange(24).reshape(2, 3, 4)\nt[.., [0, 2], [1, 3]].list()", "[[1, 11], [13, 23]]\n"),
    ("t = arange(6)\nt[range(4, -1, by: -2)].list()", "[4, 2, 0]\n"),
    ("t = arange(3) * 10\nt[tensor([[0, 2], [-1, 1]])].list()", "[[0, 20], [20, 10]]\n"),
    (
      "t = arange(6).reshape(2, 3)\nt[.., tensor([true, false, true])].list()", "[[0, 2], [3, 5]]\n"
    ),
    ("t = arange(6)\nt[(t > 1) * (t < 4)].list()", "[2, 3]\n"),
    ("((arange(3) > 1) + (arange(3) < 1)).list()", "[true, false, true]\n"),
    (
      "x = arange(6).reshape(2, 3)\n[any(x > 4, 1).list(), all(x >= 0, 0).list()]",
      "[[false, true], [true, true, true]]\n"
    ),
    ("gather(arange(6).reshape(2, 3), tensor([[2, 0]])).list()", "[[2, 0]]\n"),
    // Numbers beside f64 keep their digits.
    ("maximum(zeros(1, dtype: \"f64\"), 0.1).item()", "0.1\n"),
    ("where(ones(1) > 2, ones(1, dtype: \"f64\"), 0.1).item()", "0.1\n"),
    ("t = zeros(1, dtype: \"f64\")\nt[0] = 0.1\nt.item()", "0.1\n"),
    // einsum beyond letters.
    ("einsum(\"ii->i\", arange(4).reshape(2, 2)).list()", "[0, 3]\n"),
    ("einsum(\"ii\", arange(4).reshape(2, 2)).item()", "3\n"),
    ("einsum(\"...ij,jk->...ik\", ones(5, 2, 3), ones(3, 4)).shape", "[5, 2, 4]\n"),
    ("einsum(\"...i->...\", ones(5, 2, 3)).list()[0]", "[3.0, 3.0]\n"),
    // Convolution and pooling.
    ("conv2d(ones(1, 1, 5, 5), ones(1, 1, 3, 3), dilation: 2).list()", "[[[[9.0]]]]\n"),
    ("conv2d(ones(1, 4, 3, 3), ones(2, 2, 3, 3), groups: 2).list()", "[[[[18.0]], [[18.0]]]]\n"),
    ("max_pool2d(-ones(1, 1, 2, 2), 3, stride: 2, padding: 1).list()", "[[[[-1.0]]]]\n"),
    (
      "avg_pool2d(ones(1, 1, 2, 2), 2, stride: 2, padding: 1).list()",
      "[[[[0.25, 0.25], [0.25, 0.25]]]]\n"
    ),
    // A batch is as many sequences on their own.
    (
      "q = randn(2, 3, 2, 4)\n"
        + "equal(attend(q, q, q), stack([attend(q[0], q[0], q[0]), attend(q[1], q[1], q[1])]))",
      "true\n"
    ),
    ("q = randn(2, 3, 2, 4)\nequal(rope(q)[1], rope(q[1]))", "true\n"),
    ("choice([1, 2, 3], weights: [0, 1, 0])", "2\n"),
    ("show 1, 2", "1\n2\n"),
    ("concat(ones(2, 3)).shape", "[6]\n"),
  ]

  @Test(arguments: shown)
  func `a cell shows its tensors`(code: String, text: String) {
    #expect(Bench().shows(code) == text)
  }

  @Test func `a shape that does not fit is an error with its rule`() {
    let outcome = Bench().run("tensor([[1, 2, 3], [4, 5, 6]]) @ ones(4, 5)")
    #expect(outcome.diagnostic?.code == .shape)
    #expect(
      outcome.diagnostic?.message == "matmul needs inner extents to agree: [2, 3] @ [4, 5]")
  }

  /// Regular expressions and what they show.
  static let searched: [(String, String)] = [
    ("matches(\"a1 b22\", r\"[a-z](\\d+)\")[1].groups", "[\"22\"]\n"),
    ("matches(\"é1\", r\"\\d\")[0].start", "1\n"),
    ("matches(\"x=1\", r\"(?<key>\\w)=(?<n>\\d)(z)?\")[0].names", "{key: \"x\", n: \"1\"}\n"),
    ("matches(\"x=1\", r\"(\\w)=(z)?\")[0].groups", "[\"x\", nil]\n"),
    ("[m.text for m in matches(\"ab\", r\"x*\")]", "[\"\", \"\", \"\"]\n"),
    ("len(matches(\"aAa\", \"a\", ignore_case: true, most: 2))", "2\n"),
    ("matches(\"\", \"a\")", "[]\n"),
    ("matches(\"👩‍👩‍👧 b\", \"b\")[0].start", "2\n"),
  ]

  @Test(arguments: searched)
  func `a regular expression finds`(code: String, text: String) {
    #expect(Bench().shows(code) == text)
  }

  @Test func `a bad pattern is an error that says where, an endless one ends`() {
    let bad = Bench().run("matches(\"a\", \"a(b\")")
    #expect(bad.diagnostic?.code == .value)
    #expect(
      bad.diagnostic?.message
        == "the pattern \"a(b\" cannot be read: missing closing parenthesis")
    let endless = Bench().run("matches(\"a\" * 40 + \"b\", r\"^(a+)+$\")")
    #expect(endless == .completed || endless.diagnostic?.code == .limit)
  }

  @Test func `too much memory is an error`() {
    #expect(Bench().run("zeros(1000000, 1000000, 1000)").diagnostic?.code == .memory)
    #expect(Bench().run("tensor([[1, 2], [3]])").diagnostic?.code == .shape)
  }
}

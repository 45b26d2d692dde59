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

  @Test func `too much memory is an error`() {
    #expect(Bench().run("zeros(1000000, 1000000, 1000)").diagnostic?.code == .memory)
    #expect(Bench().run("tensor([[1, 2], [3]])").diagnostic?.code == .shape)
  }
}

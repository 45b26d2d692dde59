// The modules of the library: every public function is documented, and its examples show what they
// say.

import Diagnostics
import Foundation
import Testing
import Workbench

@Suite struct `library modules` {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A public function: its name and the lines of documentation above it.
  struct Function {
    let name: String
    let documentation: [String]

    var examples: [String] {
      documentation.filter { $0.hasPrefix("## Example: ") }.map { String($0.dropFirst(12)) }
    }
  }

  static let modules = [
    "data", "interp", "linalg", "metrics", "nest", "nn", "optim", "sampling", "stats", "text",
    "world",
  ]

  private static func functions(_ module: String) throws -> [Function] {
    let file = root.appending(path: "Stdlib/modules/\(module).quire")
    var found: [Function] = [], above: [String] = []
    for line in try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n") {
      if line.hasPrefix("fn "), !line.hasPrefix("fn _") {
        let name = line.dropFirst(3).prefix { $0 != "(" }
        found.append(Function(name: String(name), documentation: above))
      }
      above = line.hasPrefix("## ") ? above + [line] : []
    }
    return found
  }

  @Test(arguments: modules)
  func `each function has a summary and an example`(_ module: String) throws {
    for function in try Self.functions(module) {
      #expect(!function.examples.isEmpty, "\(module).\(function.name)")
      let first = function.documentation.first ?? ""
      #expect(!first.hasPrefix("## Example"), "\(module).\(function.name)")
    }
  }

  @Test(arguments: modules)
  func `each example shows what it says`(_ module: String) throws {
    let models = Self.root.appending(path: "Stdlib/models").path
    let functions = try Self.functions(module)
    let names = functions.map(\.name).joined(separator: ", ")
    for example in functions.flatMap(\.examples) {
      let parts = example.components(separatedBy: " -> ")
      let code = parts.dropLast().joined(separator: " -> ")
      let bench = Bench(modelFolders: [models])
      bench.run("use \(module): \(names)")
      let shown = bench.shows(code)
      let errors = bench.sink.errors.map { $0.rendered() }
      #expect(errors.isEmpty, "\(module): \(example): \(errors.joined(separator: "\n"))")
      #expect(shown == (parts.last ?? "") + "\n", "\(module): \(example)")
    }
  }

  @Test func `the binary holds every module of the folder`() throws {
    let files = try FileManager.default.contentsOfDirectory(
      atPath: Self.root.appending(path: "Stdlib/modules").path)
    for file in files where file.hasSuffix(".quire") {
      let name = String(file.dropLast(6))
      let bench = Bench()
      #expect(bench.run("use \(name)") == .completed, "\(name): \(bench.sink.errors)")
    }
  }

  /// Steps that PyTorch 2 takes from the same start (f64): w after five of them, for the loss
  /// Σ (w - 3)² with w = 1 at first.
  static let steps: [(String, String)] = [
    ("sgd(p, lr: 0.1)", "2.34464000"),
    ("sgd(p, lr: 0.1, momentum: 0.9)", "4.16084000"),
    ("sgd(p, lr: 0.1, momentum: 0.9, nesterov: true, decay: 0.1)", "3.63815964"),
    ("adam(p, lr: 0.1)", "1.49704422"),
    ("adamw(p, lr: 0.1, decay: 0.1)", "1.43856602"),
    ("rmsprop(p, lr: 0.1)", "2.90168989"),
  ]

  @Test(arguments: steps)
  func `optimisers step as those of PyTorch do`(optimiser: String, value: String) {
    let bench = Bench()
    let shown = bench.shows(
      """
      use optim
      p = {w: tensor([1.0], dtype: "f64")}
      slope = grad(p => sum((p.w - 3) ^ 2))
      opt = optim.\(optimiser)
      for i in 0..5 { p, opt = optim.step(opt, p, slope(p)) }
      p.w.item() |> fixed(8)
      """)
    #expect(shown == "\"\(value)\"\n", "\(bench.sink.errors)")
  }

  @Test(arguments: [
    "[nn.conv(1, 2), gelu, nn.pool(2), nn.norm(2, kind: \"group\"), nn.flatten, nn.linear(8, 3)]",
    "[nn.conv(1, 2, stride: 2), nn.norm(2, kind: \"batch\"), tanh, nn.global_pool]",
    "[x => x.reshape(-1, 4, 4), nn.attention(4, 2, key_heads: 1, rotary: true), nn.flatten]",
    "[x => x.reshape(-1, 4, 4), nn.block(4, 2, norms: \"rms\", causal: false)]",
  ])
  func `gradients of networks are the slopes that small steps show`(net: String) {
    let bench = Bench()
    let shown = bench.shows(
      """
      use nn
      x = randn(3, 1, 4, 4, dtype: "f64")
      net = \(net)
      gradcheck(net => sum(sin(nn.apply(net, x))), net) < 1e-6
      """)
    #expect(shown == "true\n", "\(bench.sink.errors.map { $0.rendered() })")
  }

  @Test func `decompositions give back what they were made of`() {
    let bench = Bench()
    let shown = bench.shows(
      """
      use linalg
      fn far(a, b) = max(abs(a - b)).item()
      a = randn(7, 4, dtype: "f64")
      s = a.T @ a
      q = linalg.qr(a)
      u = linalg.svd(a)
      wide = linalg.svd(a.T)
      e = linalg.eigh(s)
      l = linalg.cholesky(s)
      max([far(q[0] @ q[1], a), far(u.u * u.s @ u.v.T, a), far(wide.u * wide.s @ wide.v.T, a.T),
        far(e.vectors * e.values @ e.vectors.T, s), far(l @ l.T, s), far(e.values, u.s ^ 2),
        far(linalg.inverse(s) @ s, eye(4)), far(linalg.pseudo_inverse(a) @ a, eye(4)),
        abs(linalg.det(s) - prod(e.values).item()) / linalg.det(s)]) < 1e-9
      """)
    #expect(shown == "true\n", "\(bench.sink.errors.map { $0.rendered() })")
  }
}

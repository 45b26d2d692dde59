// What a model is made of: the tree of its weights, and the sites of its pass.

package import Models
package import Plots
import Tensors

package enum Layers {
  /// A tree of parts with shape, dtype, parameters, bytes and share of all bytes. `depth` 1 shows
  /// blocks, 2 their parts, 3 every tensor. `sites` adds the sites with their sizes for `tokens`
  /// positions.
  package static func result(
    _ model: Model, depth: Int = 2, sites: Bool = false, tokens: Int = 1
  ) -> Plots.Result {
    let tree = WeightTree(model)
    var parts: [Part] = [.tree(tree.part(depth: depth, model))]
    if sites { parts.append(.table(siteTable(model, tokens: tokens))) }
    let derived = expectedParameters(model)
    let parameters = model.parameters.elementCount
    let sum = tree.leaves.reduce(0) { $0 + $1.parameters }
    let bytes = tree.leaves.reduce(0) { $0 + $1.bytes }
    return Plots.Result(
      kind: "layers",
      title: "\(model.name): \(model.family.name), \(model.sizes.layerCount) blocks, "
        + "\(parameters) parameters", parts: parts,
      method: .init(formula: "elements and stored bytes of each tensor; a tied one counts once"),
      model: .init(name: model.name), notes: notes(model),
      checks: [
        Receipt(
          "sum of parameters = count by the configuration",
          value: abs(Double(sum) - Double(derived)), tolerance: 0),
        Receipt(
          "sum of bytes = bytes of the weights",
          value: abs(Double(bytes) - Double(model.parameters.byteCount)), tolerance: 0),
      ],
      fields: [
        .init("params", .int(parameters)), .init("bytes", .int(model.parameters.byteCount)),
      ])
  }

  /// Elements of all weights by the sizes of the configuration alone.
  private static func expectedParameters(_ model: Model) -> Int {
    model.transformer.architecture.needs.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }

  private static func notes(_ model: Model) -> [String] {
    var notes: [String] = []
    let architecture = model.transformer.architecture
    if architecture.isTied, let head = architecture.path(.head),
      let embed = architecture.path(.embed)
    {
      notes.append("\(head) is tied to \(embed): counted once")
    }
    for adapter in model.adapters {
      notes.append(
        "adapter \(adapter.name): \(adapter.elementCount) parameters more, not counted")
    }
    return notes
  }

  private static func siteTable(_ model: Model, tokens: Int) -> Table {
    let facts = model.siteFacts
    let rows = facts.kinds.map { kind -> [Table.Cell] in
      let row = facts.rowShape(kind, keys: tokens)
      let shape = kind.isSquare ? [row[0], tokens, tokens] : [tokens] + row
      let count = shape.reduce(1, *)
      let blocks = kind.isPerBlock ? facts.layerCount : 1
      return [
        .label(.text(kind.shortName(block: nil))),
        .label(.text(kind.canonicalName(block: nil))),
        .label(.text("[" + shape.map { "\($0)" }.joined(separator: ", ") + "]")),
        .int(blocks), .bytes(count * 4 * blocks),
      ]
    }
    return Table(columns: ["site", "canonical", "shape", "blocks", "bytes"], rows: rows)
  }
}

/// The weights grouped by their dotted names.
private struct WeightTree {
  struct Leaf {
    let path: [String]
    let shape: [Int]
    let dtype: String
    let parameters: Int
    let bytes: Int
  }

  let leaves: [Leaf]

  init(_ model: Model) {
    leaves = model.parameters.names.compactMap { name in
      guard let tensor = model.parameters[name] else { return nil }
      return Leaf(
        path: WeightTree.path(name), shape: tensor.shape, dtype: tensor.dtype.rawValue,
        parameters: tensor.count, bytes: tensor.byteCount)
    }
  }

  /// `model.layers.0.self_attn.q_proj.weight` → block, part, tensor; other weights have one level.
  private static func path(_ name: String) -> [String] {
    let parts = name.split(separator: ".").map { String($0) }
    guard let number = parts.firstIndex(where: { Int($0) != nil }), number + 1 < parts.count else {
      let module = parts.dropLast().joined(separator: ".")
      return [module.isEmpty ? name : module, parts.last ?? name]
    }
    let block = parts[...number].joined(separator: ".")
    let rest = parts[(number + 1)...]
    guard let first = rest.first else { return [block] }
    return [block, first, rest.dropFirst().joined(separator: ".")]
  }

  func part(depth: Int, _ model: Model) -> Tree {
    var rows = [row(0, model.name, leaves)]
    for (name, group) in WeightTree.grouped(leaves, level: 0) {
      rows.append(row(1, name, group))
      let isBlock = group.contains { $0.path.count > 2 }
      if depth < (isBlock ? 2 : 3) { continue }
      for (part, inner) in WeightTree.grouped(group, level: 1) {
        rows.append(row(2, part, inner))
        if depth < 3 || inner.allSatisfy({ $0.path.count < 3 }) { continue }
        for leaf in inner { rows.append(row(3, leaf.path.last ?? part, [leaf])) }
      }
    }
    return Tree(
      columns: ["part", "shape", "dtype", "parameters", "bytes", "share"], rows: rows)
  }

  private func row(_ depth: Int, _ name: String, _ group: [Leaf]) -> Tree.Row {
    let bytes = group.reduce(0) { $0 + $1.bytes }
    let all = leaves.reduce(0) { $0 + $1.bytes }
    let dtypes = Set(group.map(\.dtype)).sorted()
    let shape: Table.Cell =
      group.count == 1
      ? .label(.text("[" + group[0].shape.map { "\($0)" }.joined(separator: ", ") + "]"))
      : .missing
    return Tree.Row(
      depth: depth, .text(name),
      [
        shape, .label(.text(dtypes.joined(separator: " "))),
        .int(group.reduce(0) { $0 + $1.parameters }), .bytes(bytes),
        .share(all == 0 ? 0 : Double(bytes) / Double(all)),
      ])
  }

  /// Groups in order of first appearance.
  private static func grouped(_ leaves: [Leaf], level: Int) -> [(String, [Leaf])] {
    var order: [String] = []
    var groups: [String: [Leaf]] = [:]
    for leaf in leaves where level < leaf.path.count {
      if groups[leaf.path[level]] == nil { order.append(leaf.path[level]) }
      groups[leaf.path[level], default: []].append(leaf)
    }
    return order.map { ($0, groups[$0] ?? []) }
  }
}

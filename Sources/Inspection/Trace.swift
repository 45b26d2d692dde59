// Values of named sites, kept from one pass, and the identities they satisfy.

package import Diagnostics
package import Models
package import Plots
package import Tensors

/// What was saved in one pass over one text. A value; the model is kept for reading more of it.
package final class Trace: Sendable {
  package let model: Model
  package let input: InspectedText
  package let kernels: KernelMode
  package let checks: [Receipt]
  package let notes: [String]
  private let saved: [SiteKey: SavedSite]
  private let order: [SiteKey]

  private init(
    model: Model, input: InspectedText, kernels: KernelMode, checks: [Receipt], notes: [String],
    saved: [SiteKey: SavedSite], order: [SiteKey]
  ) {
    (self.model, self.input, self.kernels) = (model, input, kernels)
    (self.checks, self.notes, self.saved, self.order) = (checks, notes, saved, order)
  }

  /// Runs the model once and keeps the sites of `save`. With `check` it runs again without saving
  /// (the logits must not change by a bit) and once with the fast kernels (the difference is a
  /// note).
  package static func run(
    _ model: Model, _ input: InspectedText, save: String = "logits @ -1", check: Bool = false,
    kernels: KernelMode = .exact, interrupt: Interrupt? = nil
  ) throws -> Trace {
    let selections = try SiteGrammar(model.siteFacts).parse(save)
    let plan = try SavePlan(selections, input)
    let capture = Capture(plan)
    let hidden = try model.inspected(
      input.ids, visitor: capture, kernels: kernels, interrupt: interrupt)
    let key = SiteKey(kind: .logits, block: nil)
    if let positions = plan.positions[key] {
      capture.saved[key] = try logits(model, hidden, positions, kernels)
    }
    var checks = Identities.receipts(capture.saved, model, tokenCount: input.ids.count)
    var notes = [kernels == .exact ? "exact kernels" : "fast kernels"]
    notes += capture.saved.keys.sorted(by: SiteKey.inOrder).compactMap { key in
      let count = capture.saved[key]?.notFiniteCount ?? 0
      return count == 0 ? nil : "\(key.name): \(count) values not finite"
    }
    if check {
      let again = try model.inspected(
        input.ids, visitor: nil, kernels: kernels, interrupt: interrupt)
      let fast = try model.inspected(input.ids, visitor: nil, kernels: .fast, interrupt: interrupt)
      let (own, plain, quick) = try (
        lastLogits(model, hidden, kernels), lastLogits(model, again, kernels),
        lastLogits(model, fast, .fast)
      )
      let isEqual = zip(own, plain).allSatisfy { $0.bitPattern == $1.bitPattern }
      checks.append(Receipt("logits with and without saving are equal", holds: isEqual))
      let gap = zip(own, quick).reduce(0) { max($0, abs(Double($1.0) - Double($1.1))) }
      let agrees = argmax(own) == argmax(quick) ? "same" : "another"
      notes.append(
        "fast kernels: logits differ by at most \(Digits.significant(gap, 2)), "
          + "\(agrees) top token")
    }
    return Trace(
      model: model, input: input, kernels: kernels, checks: checks, notes: notes,
      saved: capture.saved, order: capture.saved.keys.sorted(by: SiteKey.inOrder))
  }

  private static func logits(
    _ model: Model, _ hidden: Tensor, _ positions: [Int], _ kernels: KernelMode
  ) throws -> SavedSite {
    var rows: [Float] = []
    for position in positions {
      rows += try model.inspectedLogits(
        hidden, rows: position..<(position + 1), kernels: kernels
      ).floats()
    }
    return SavedSite(
      positions: positions, shape: [positions.count, model.sizes.vocabularySize], values: rows)
  }

  private static func lastLogits(
    _ model: Model, _ hidden: Tensor, _ kernels: KernelMode
  ) throws -> [Float] {
    let last = hidden.shape[0] - 1
    return try model.inspectedLogits(hidden, rows: last..<(last + 1), kernels: kernels).floats()
  }

  // MARK: Reading

  package var tokens: [Plots.Result.Token] { input.tokens }

  /// Short names of what is held, in the order of the pass.
  package var sites: [String] { order.map(\.name) }

  package var byteCount: Int { saved.values.reduce(0) { $0 + $1.values.count * 4 } }

  /// The value of a site as f32: [positions, …], for `scores` and `pattern` [heads, queries, keys].
  /// An axis of which one index was named is dropped; several blocks are stacked in front.
  package func value(_ site: String) throws -> Tensor {
    let selections = try SiteGrammar(model.siteFacts).parse(site)
    let parts = try selections.map { try picked($0) }
    guard let first = parts.first else { throw InspectionError.emptyMatch(site) }
    if parts.count == 1 { return try Tensor(first.values, shape: first.shape) }
    guard parts.allSatisfy({ $0.shape == first.shape }) else {
      throw InspectionError.unequalSites(selections.map(\.name))
    }
    return try Tensor(parts.flatMap(\.values), shape: [parts.count] + first.shape)
  }

  /// The logits that were saved: [vocabulary] of one position, else [positions, vocabulary].
  package func logits() throws -> Tensor {
    guard let held = saved[SiteKey(kind: .logits, block: nil)] else {
      throw InspectionError.notSaved("logits", saved: sites)
    }
    return try Tensor(
      held.values, shape: held.positions.count == 1 ? [held.shape[1]] : held.shape)
  }

  package func holds(_ kind: SiteKind, block: Int?) -> Bool {
    saved[SiteKey(kind: kind, block: block)]?.positions.count == input.ids.count
  }

  /// The pattern of a block if all of it is held, [heads, queries, keys].
  func pattern(block: Int) -> SavedSite? {
    holds(.pattern, block: block) ? saved[SiteKey(kind: .pattern, block: block)] : nil
  }

  private func picked(_ selection: SiteSelection) throws -> (values: [Float], shape: [Int]) {
    let key = SiteKey(kind: selection.kind, block: selection.block)
    let wanted = try selection.positions(in: input)
    guard let held = saved[key] else {
      throw InspectionError.notSaved(selection.name, saved: sites)
    }
    let isNotNamed = selection.position == .span(.all)
    let rows: [Int] = try (isNotNamed ? held.positions : wanted).map { position in
      guard let row = held.positions.firstIndex(of: position) else {
        throw InspectionError.notSaved(selection.name, saved: sites)
      }
      return row
    }
    let square = selection.kind.isSquare
    let last = held.shape.count - 1
    var choices = [[Int]?](repeating: nil, count: held.shape.count)
    var dropped: Set<Int> = []
    let positionAxis = square ? 1 : 0
    choices[positionAxis] = rows
    if selection.isOnePosition || (isNotNamed && held.isOnePosition) {
      dropped.insert(positionAxis)
    }
    switch selection.head {
    case .query(let index), .keyValue(let index):
      choices[square ? 0 : 1] = [index]
      dropped.insert(square ? 0 : 1)
    case nil: break
    }
    if selection.feature != .all {
      guard let features = selection.feature.indices(held.shape[last]) else {
        guard case .index(let index) = selection.feature else {
          throw InspectionError.emptyMatch(selection.name)
        }
        throw InspectionError.noFeature(
          index, extent: held.shape[last], site: selection.kind.rawValue)
      }
      choices[last] = features
      if selection.feature.isSingle { dropped.insert(last) }
    }
    return held.gathered(choices, dropping: dropped)
  }

  // MARK: Showing

  /// What is held, as a table, with the receipts.
  package var result: Plots.Result {
    let rows: [[Table.Cell]] = order.map { key in
      let held = saved[key]
      return [
        .label(.text(key.name)),
        .label(.text("[" + (held?.shape ?? []).map { "\($0)" }.joined(separator: ", ") + "]")),
        .bytes((held?.values.count ?? 0) * 4),
      ]
    }
    return Plots.Result(
      kind: "trace", title: "trace of \(model.name), \(tokens.count) tokens",
      parts: [
        .strip(Strip(tokens: tokens)),
        .table(Table(columns: ["site", "shape", "bytes"], rows: rows)),
      ], model: .init(name: model.name), tokens: tokens, notes: notes, checks: checks)
  }
}

/// One site of one block.
struct SiteKey: Hashable, Sendable {
  let kind: SiteKind
  let block: Int?

  var name: String { kind.shortName(block: block) }

  private static let ranks = Dictionary(
    SiteKind.allCases.enumerated().map { ($1, $0) }, uniquingKeysWith: { a, _ in a })

  /// Ends before and after the blocks, blocks in order, sites in the order of the pass.
  static func inOrder(_ a: SiteKey, _ b: SiteKey) -> Bool { a.place < b.place }

  private var place: (Int, Int) {
    let rank = SiteKey.ranks[kind] ?? 0
    if let block { return (block, rank) }
    return (kind == .embed || kind == .posEmbed ? -1 : Int.max, rank)
  }
}

/// Rows of a site: [positions, …], or [heads, positions, keys] for the square ones.
struct SavedSite: Sendable {
  let positions: [Int]
  let shape: [Int]
  let values: [Float]
  /// The plan named one single position, so that reading without one drops the axis.
  var isOnePosition = false

  var notFiniteCount: Int {
    // Masked scores are minus infinity by rule.
    values.reduce(0) { $0 + ($1.isNaN || $1 == .infinity ? 1 : 0) }
  }

  /// The chosen indices of each axis (nil: all).
  func gathered(
    _ choices: [[Int]?], dropping: Set<Int>
  ) -> (values: [Float], shape: [Int]) {
    let picks = zip(shape, choices).map { extent, choice in choice ?? Array(0..<extent) }
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    var offsets = [0]
    for (axis, pick) in picks.enumerated() {
      offsets = offsets.flatMap { base in pick.map { base + $0 * strides[axis] } }
    }
    let kept = picks.indices.filter { !dropping.contains($0) }.map { picks[$0].count }
    return (offsets.map { values[$0] }, kept)
  }
}

/// Which positions of which sites are kept.
struct SavePlan {
  private(set) var positions: [SiteKey: [Int]] = [:]
  private(set) var single: Set<SiteKey> = []

  init(_ selections: [SiteSelection], _ input: InspectedText) throws(InspectionError) {
    for selection in selections {
      let key = SiteKey(kind: selection.kind, block: selection.block)
      let new = try selection.positions(in: input)
      if positions[key] == nil, selection.isOnePosition {
        single.insert(key)
      } else if positions[key].map({ $0 != new }) ?? true {
        single.remove(key)
      }
      positions[key] = Set(positions[key] ?? []).union(new).sorted()
    }
  }
}

extension SiteSelection {
  /// The positions meant in a text, ascending.
  func positions(in input: InspectedText) throws(InspectionError) -> [Int] {
    let count = input.ids.count
    switch position {
    case .span(let span):
      guard let found = span.indices(count) else {
        guard case .index(let index) = span else { throw .emptyMatch(name) }
        throw .noPosition(index, count: count)
      }
      if found.isEmpty { throw .emptyMatch(name) }
      return found
    case .token(let bytes):
      let found = input.tokens.indices.filter { index in
        switch input.tokens[index].label {
        case .token(let piece), .special(let piece): piece == bytes
        case .text(let text): text.utf8.elementsEqual(bytes)
        }
      }
      let shown = Label.token(bytes).drawn(.log)
      if found.count == 1 { return found }
      if found.isEmpty {
        let all = input.tokens.prefix(30).map { $0.label.drawn(.log) }.joined(separator: " ")
        throw .noToken(shown, tokens: all)
      }
      throw .repeatedToken(shown, positions: found)
    }
  }

  var isOnePosition: Bool {
    switch position {
    case .span(let span): span.isSingle
    case .token: true
    }
  }
}

/// Copies what the plan asks for.
final class Capture: SiteVisitor {
  private let plan: SavePlan
  var saved: [SiteKey: SavedSite] = [:]

  init(_ plan: SavePlan) { self.plan = plan }

  func wants(_ site: SiteKind, block: Int?) -> Bool {
    plan.positions[SiteKey(kind: site, block: block)] != nil
  }

  func visit(_ site: SiteKind, block: Int?, _ value: inout Tensor) throws {
    let key = SiteKey(kind: site, block: block)
    guard let positions = plan.positions[key] else { return }
    let axis = site.isSquare ? 1 : 0
    guard value.shape.count > axis else { return }
    let whole = SavedSite(positions: positions, shape: value.shape, values: value.floats())
    var kept = whole
    if positions.count < value.shape[axis] {
      var choices = [[Int]?](repeating: nil, count: value.shape.count)
      choices[axis] = positions
      let (values, shape) = whole.gathered(choices, dropping: [])
      kept = SavedSite(positions: positions, shape: shape, values: values)
    }
    kept.isOnePosition = plan.single.contains(key)
    saved[key] = kept
  }
}

// The forward pass, one for all families: token ids in, hidden rows and logits out. The same pass
// prompts, trains (tracked weights) and is looked into (visitor). Knows no file, no text and no
// sampling.

package import Diagnostics
package import Tensors

/// A decoder or encoder by its description; weights are handed in with every pass.
package struct Transformer: Sendable {
  package let architecture: Architecture

  package init(_ architecture: Architecture) { self.architecture = architecture }

  package var linearModules: [LinearModule] { architecture.linearModules }

  /// Hidden rows after the final norm (where there is one), [tokens, hiddenSize].
  ///
  /// `segments` are where each of several texts in `ids` starts (ascending, from 0): none sees
  /// another, and positions count from its start. With a `cache` the ids go on after its positions;
  /// it then holds theirs too. On the tape `checkpoints` each block keeps its input alone and is
  /// computed again on the way back. Throws a `ModelsError`, `TensorError` or `Interrupted`.
  package func hidden(
    ids: [Int], segments: [Int]? = nil, parameters: ParameterStore,
    cache: KeyValueCache? = nil, visitor: (any SiteVisitor)? = nil,
    kernels: KernelMode = .fast, interrupt: Interrupt? = nil, checkpoints: Tape? = nil
  ) throws -> Tensor {
    try hidden(
      ids: ids, segments: segments, weights: try BoundWeights(architecture, parameters),
      cache: cache, visitor: visitor, kernels: kernels, interrupt: interrupt,
      checkpoints: checkpoints)
  }

  /// Logits of hidden rows, [tokens, vocabulary].
  package func logits(
    _ hidden: Tensor, parameters: ParameterStore, visitor: (any SiteVisitor)? = nil,
    kernels: KernelMode = .fast
  ) throws -> Tensor {
    try logits(
      hidden, weights: try BoundWeights(architecture, parameters), visitor: visitor,
      kernels: kernels)
  }

  func hidden(
    ids: [Int], segments: [Int]?, weights: BoundWeights, cache: KeyValueCache?,
    visitor: (any SiteVisitor)?, kernels: KernelMode, interrupt: Interrupt?,
    checkpoints: Tape? = nil
  ) throws -> Tensor {
    try check(ids)
    if cache != nil, !architecture.isCausal { throw ModelsError.noHead(architecture.family.name) }
    let total = (cache?.count ?? 0) + ids.count
    if let cache {
      let regime = regime(length: total)
      if cache.count > 0, cache.regime != regime {
        // The angles of all positions change: read the whole text again, as one pass would.
        let all = cache.ids + ids
        cache.reset(regime: regime)
        let rows = try hidden(
          ids: all, segments: nil, weights: weights, cache: cache, visitor: visitor,
          kernels: kernels, interrupt: interrupt)
        return try rows.sliced([(all.count - ids.count)..<all.count])
      }
      cache.regime = regime
      try cache.reserve(
        ids.count, blocks: architecture.sizes.layerCount,
        shape: [architecture.sizes.keyValueHeadCount, architecture.sizes.headSize])
    }
    let pass = try Pass(
      architecture: architecture, ids: ids, segments: segments, start: cache?.count ?? 0,
      total: total, cache: cache, visitor: visitor, kernels: kernels)
    var x = try pass.embedded(weights)
    for (index, block) in weights.blocks.enumerated() {
      try interrupt?.check()
      if let checkpoints {
        x = try checkpoints.region(x) { try pass.block(index, block, $0) }
      } else {
        x = try pass.block(index, block, x)
      }
    }
    cache?.accept(ids)
    guard let norm = weights.norm else { return x }
    return try pass.norm(x, norm, .lnFinal, .lnFinalScale, block: nil)
  }

  /// One new position for each of several sequences, [sequences, hiddenSize]: each goes on after its
  /// own cache. All must be in one rope regime (`sharesRegime`).
  func hidden(
    next ids: [Int], caches: [KeyValueCache], weights: BoundWeights, kernels: KernelMode,
    interrupt: Interrupt?
  ) throws -> Tensor {
    try check(ids)
    let sizes = architecture.sizes
    for cache in caches {
      try cache.reserve(
        1, blocks: sizes.layerCount, shape: [sizes.keyValueHeadCount, sizes.headSize])
    }
    let pass = try Pass(
      architecture: architecture, ids: ids, segments: nil, start: 0,
      total: 1 + (caches.map(\.count).max() ?? 0), cache: nil, visitor: nil, kernels: kernels,
      caches: caches)
    var x = try pass.embedded(weights)
    for (index, block) in weights.blocks.enumerated() {
      try interrupt?.check()
      x = try pass.block(index, block, x)
    }
    for (cache, id) in zip(caches, ids) { cache.accept([id]) }
    guard let norm = weights.norm else { return x }
    return try pass.norm(x, norm, .lnFinal, .lnFinalScale, block: nil)
  }

  /// Whether the next positions of some sequences have angles of one table, that of their caches.
  func sharesRegime(_ caches: [KeyValueCache]) -> Bool {
    guard let first = caches.first?.regime else { return true }
    return caches.allSatisfy { $0.regime == first && regime(length: $0.count + 1) == first }
  }

  func logits(
    _ hidden: Tensor, weights: BoundWeights, visitor: (any SiteVisitor)?, kernels: KernelMode
  ) throws -> Tensor {
    guard let head = weights.head else { throw ModelsError.noHead(architecture.family.name) }
    var y = try head(hidden, kernels)
    if let divisor = architecture.logitDivisor { y = try y.scaled(by: 1 / divisor) }
    if let cap = architecture.finalSoftcap {
      y = try y.scaled(by: 1 / cap).tanh().scaled(by: cap)
    }
    if let visitor, visitor.wants(.logits, block: nil) {
      try visitor.visit(.logits, block: nil, &y)
    }
    return y
  }

  private func check(_ ids: [Int]) throws(ModelsError) {
    if ids.isEmpty { throw .noTokens }
    let vocabulary = architecture.sizes.vocabularySize
    for id in ids where id < 0 || id >= vocabulary {
      throw .tokenRange(id: id, vocabulary: vocabulary)
    }
  }

  /// Texts of lengths with different regimes cannot share a pass.
  func regime(length: Int) -> Int {
    if case .rope(let plans) = architecture.position { plans.regime(length: length) } else { 0 }
  }
}

/// One pass: what stays the same in all blocks. n = new tokens, t = all tokens the last one sees.
struct Pass {
  let architecture: Architecture
  let ids: [Int]
  let segments: [Int]?
  let positions: [Int]
  let start: Int
  /// How far queries and keys turn, for each plan; none without rotary positions.
  let rotations: [RotaryTable]
  let cache: KeyValueCache?
  /// Of a pass with one position for each of several sequences: theirs, in the order of the rows.
  let caches: [KeyValueCache]
  let visitor: (any SiteVisitor)?
  let kernels: KernelMode

  init(
    architecture: Architecture, ids: [Int], segments: [Int]?, start: Int, total: Int,
    cache: KeyValueCache?, visitor: (any SiteVisitor)?, kernels: KernelMode,
    caches: [KeyValueCache] = []
  ) throws {
    self.architecture = architecture
    self.ids = ids
    self.segments = segments
    self.start = start
    self.cache = cache
    self.caches = caches
    self.visitor = visitor
    self.kernels = kernels
    var positions =
      caches.isEmpty ? Array(start..<(start + ids.count)) : caches.map(\.count)
    var longest = total
    if let segments, cache == nil {
      var begin = 0
      var next = 0
      longest = 0
      for place in ids.indices {
        while next < segments.count, segments[next] <= place {
          begin = segments[next]
          next += 1
        }
        positions[place] = place - begin
        longest = max(longest, place - begin + 1)
      }
    }
    self.positions = positions
    guard case .rope(let rope) = architecture.position else {
      rotations = []
      return
    }
    rotations = try rope.plans.map { plan in
      try RotaryTable(
        positions: positions, frequencies: plan.frequencies(length: longest),
        layout: plan.isPairs ? .pairs : .halves, attentionFactor: plan.attentionFactor)
    }
  }

  /// What turns the queries and keys of a block; nil where it has no rotary positions.
  private func rotation(_ index: Int) -> RotaryTable? {
    guard case .rope(let rope) = architecture.position, rope.layers.indices.contains(index),
      let place = rope.layers[index], rotations.indices.contains(place)
    else { return nil }
    return rotations[place]
  }

  /// Asks the visitor, once a site.
  func see(_ site: SiteKind, _ block: Int?, _ value: inout Tensor) throws {
    guard let visitor, visitor.wants(site, block: block) else { return }
    try visitor.visit(site, block: block, &value)
  }

  /// [n, hiddenSize]
  func embedded(_ weights: BoundWeights) throws -> Tensor {
    var x = try Tensor.embedding(ids, weights.embed)
    if let scale = architecture.embeddingScale { x = try x.scaled(by: scale) }
    try see(.embed, nil, &x)
    if let types = weights.tokenType { x = try x.adding(types.sliced([0..<1])) }
    if case .learned(let offset, let padID) = architecture.position, let table = weights.position {
      var p = try Tensor.embedding(try places(offset, padID, table.shape[0]), table)
      try see(.posEmbed, nil, &p)
      x = try x.adding(p)
    }
    return try weights.embedNorm.map { try plainNorm(x, $0) } ?? x
  }

  /// Rows of the table of positions.
  private func places(_ offset: Int, _ padID: Int?, _ rows: Int) throws -> [Int] {
    var places = positions.map { $0 + offset }
    if let padID, cache == nil {
      var counted = 0
      for (place, id) in ids.enumerated() {
        if positions[place] == 0 { counted = 0 }
        places[place] = id == padID ? offset - 1 : offset + counted
        if id != padID { counted += 1 }
      }
    }
    if let last = places.max(), last >= rows {
      throw ModelsError.positions(tokens: (positions.max() ?? 0) + 1, table: rows - offset)
    }
    return places
  }

  func norm(
    _ x: Tensor, _ norm: Norm, _ site: SiteKind, _ scaleSite: SiteKind, block: Int?
  ) throws -> Tensor {
    if let visitor, visitor.wants(scaleSite, block: block) {
      var scale = try denominator(x)
      try visitor.visit(scaleSite, block: block, &scale)
    }
    var y = try plainNorm(x, norm)
    try see(site, block, &y)
    return y
  }

  private func plainNorm(_ x: Tensor, _ norm: Norm) throws -> Tensor {
    switch architecture.normKind {
    case .rms: try Tensor.rmsNorm(x, norm.weight, epsilon: architecture.normEpsilon)
    case .rmsPlusOne:
      try Tensor.rmsNorm(x, norm.weight, epsilon: architecture.normEpsilon, plusOne: true)
    case .layer, .layerPlain:
      try Tensor.layerNorm(x, norm.weight, norm.bias, epsilon: architecture.normEpsilon)
    }
  }

  /// What the norm divides by, [n, 1].
  private func denominator(_ x: Tensor) throws -> Tensor {
    let width = x.shape[1]
    let isLayer = architecture.normKind == .layer || architecture.normKind == .layerPlain
    let epsilon = architecture.normEpsilon
    let rows: [Float] = x.withFloats { values in
      (0..<x.shape[0]).map { row in
        let part = values[(row * width)..<((row + 1) * width)]
        let mean = isLayer ? part.reduce(0) { $0 + Double($1) } / Double(width) : 0
        let squares = part.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
        return Float((squares / Double(width) + epsilon).squareRoot())
      }
    }
    return try Tensor(rows, shape: [x.shape[0], 1])
  }

  /// x [n, hiddenSize] → [n, hiddenSize]
  func block(_ index: Int, _ block: BoundBlock, _ input: Tensor) throws -> Tensor {
    let place = architecture.normPlace
    var x = input
    try see(.residPre, index, &x)
    var read = x
    if let norm1 = block.norm1 { read = try norm(x, norm1, .ln1, .ln1Scale, block: index) }
    let attended = try addend(
      try attention(index, block, read), block.norm1Post, .attnOut, index)
    let middle = x
    x = try x.adding(attended)
    if !place.isParallel {
      if place == .after, let post = block.norm1Post { x = try plainNorm(x, post) }
      try see(.residMid, index, &x)
      read = x
    }
    // In a parallel block both sub-layers read the block's input.
    if let norm2 = block.norm2 {
      read = try norm(place.isParallel ? middle : x, norm2, .ln2, .ln2Scale, block: index)
    }
    if let sum = try gated(index, block, read, onto: x) {
      x = sum
      try see(.residPost, index, &x)
      return x
    }
    let mixed = try addend(try mlp(index, block, read), block.norm2Post, .mlpOut, index)
    x = try x.adding(mixed)
    if place == .after, let post = block.norm2Post { x = try plainNorm(x, post) }
    try see(.residPost, index, &x)
    return x
  }

  /// What a sub-layer adds to the residual.
  private func addend(
    _ output: Tensor, _ post: Norm?, _ site: SiteKind, _ index: Int
  ) throws -> Tensor {
    var y = output
    if architecture.normPlace != .after, let post { y = try plainNorm(y, post) }
    if let scale = architecture.residualScale { y = try y.scaled(by: scale) }
    try see(site, index, &y)
    return y
  }

  /// x [n, hiddenSize] → [n, hiddenSize]
  private func attention(_ index: Int, _ block: BoundBlock, _ x: Tensor) throws -> Tensor {
    let sizes = architecture.sizes
    let n = x.shape[0]
    var (q, k, v) = try projected(block, x, n)
    try see(.q, index, &q)
    try see(.k, index, &k)
    try see(.v, index, &v)
    if let norm = block.qNorm { q = try headNorm(q, norm) }
    if let norm = block.kNorm { k = try headNorm(k, norm) }
    if let rotation = rotation(index) {
      q = try Tensor.rope(q, rotation)
      k = try Tensor.rope(k, rotation)
    }
    try see(.rotQ, index, &q)
    try see(.rotK, index, &k)
    if !caches.isEmpty {
      let z = try attendedEach(index, q, k, v)
      return try block.o(try z.reshaped([n, sizes.headCount * sizes.headSize]), kernels)
    }
    if let cache { (k, v) = try cache.extend(block: index, keys: k, values: v) }
    let options = AttentionOptions(
      scale: architecture.attentionScale, isCausal: architecture.isCausal,
      offset: cache == nil ? 0 : start,
      window: architecture.windows[index], softcap: architecture.softcap,
      segments: cache == nil ? segments : nil)
    var z = try mixed(index, q, k, v, options)  // [n, heads, headSize]
    try see(.z, index, &z)
    return try block.o(try z.reshaped([n, sizes.headCount * sizes.headSize]), kernels)
  }

  /// Each row attends to its own sequence, [sequences, heads, headSize].
  private func attendedEach(_ index: Int, _ q: Tensor, _ k: Tensor, _ v: Tensor) throws -> Tensor {
    let rows = try caches.enumerated().map { row, cache in
      let (keys, values) = try cache.extend(
        block: index, keys: try k.sliced([row..<(row + 1)]), values: try v.sliced([row..<(row + 1)])
      )
      return try Tensor.attention(
        try q.sliced([row..<(row + 1)]), keys, values,
        AttentionOptions(
          scale: architecture.attentionScale, isCausal: true, offset: cache.count,
          window: architecture.windows[index], softcap: architecture.softcap))
    }
    return try Tensor.concat(rows, axis: 0)
  }

  /// Queries or keys [n, heads, headSize], each head or all of them made one in size.
  private func headNorm(_ x: Tensor, _ gain: Tensor) throws -> Tensor {
    let epsilon = architecture.normEpsilon
    switch architecture.queryKeyNorm {
    case .headPlusOne: return try Tensor.rmsNorm(x, gain, epsilon: epsilon, plusOne: true)
    case .full:
      let rows = try x.reshaped([x.shape[0], x.shape[1] * x.shape[2]])
      return try Tensor.rmsNorm(rows, gain, epsilon: epsilon).reshaped(x.shape)
    case .none, .head: return try Tensor.rmsNorm(x, gain, epsilon: epsilon)
    }
  }

  /// [n, heads, headSize] and twice [n, keyValueHeads, headSize]
  private func projected(
    _ block: BoundBlock, _ x: Tensor, _ n: Int
  ) throws -> (Tensor, Tensor, Tensor) {
    let sizes = architecture.sizes
    let wide = [n, sizes.headCount, sizes.headSize]
    let narrow = [n, sizes.keyValueHeadCount, sizes.headSize]
    if let qkv = block.qkv, architecture.layout == .groups {
      let (groups, size) = (sizes.keyValueHeadCount, sizes.headSize)
      let share = sizes.headCount / groups
      let rows = try qkv(x, kernels).reshaped([n, groups, share + 2, size])
      let parts = try rows.split([share, 1, 1], axis: 2)
      return (
        try parts[0].reshaped(wide), try parts[1].reshaped(narrow), try parts[2].reshaped(narrow)
      )
    }
    if let qkv = block.qkv {
      let shared = sizes.keyValueHeadCount * sizes.headSize
      let parts = try qkv(x, kernels).split(
        [sizes.headCount * sizes.headSize, shared, shared], axis: 1)
      return (
        try parts[0].reshaped(wide), try parts[1].reshaped(narrow), try parts[2].reshaped(narrow)
      )
    }
    guard let q = block.q, let k = block.k, let v = block.v else {
      throw ModelsError.familyFile(
        architecture.family.name + ".json", reason: "attention needs q, k and v, or qkv")
    }
    let made = try Projection.group(x, [q, k, v], kernels)
    return (
      try made[0].reshaped(wide), try made[1].reshaped(narrow), try made[2].reshaped(narrow)
    )
  }

  /// softmax(q kᵀ) v; the tables in between exist only for a visitor, and a changed one is what
  /// flows on. An unchanged one leaves the bits of the pass as they are.
  private func mixed(
    _ index: Int, _ q: Tensor, _ k: Tensor, _ v: Tensor, _ options: AttentionOptions
  ) throws -> Tensor {
    guard let visitor else { return try Tensor.attention(q, k, v, options) }
    var changed: Tensor?
    if visitor.wants(.scores, block: index) {
      let made = try Tensor.attentionScores(q, k, options)
      var scores = made
      try visitor.visit(.scores, block: index, &scores)
      if !sameBytes(made, scores) { changed = try scores.softmax() }
    }
    if visitor.wants(.pattern, block: index) {
      let made = try changed ?? Tensor.attentionPattern(q, k, options)
      var pattern = made
      try visitor.visit(.pattern, block: index, &pattern)
      if !sameBytes(made, pattern) { changed = pattern }
    }
    guard let changed else { return try Tensor.attention(q, k, v, options) }
    return try weighted(changed, v)
  }

  /// pattern [heads, n, t], v [t, keyValueHeads, headSize] → [n, heads, headSize]
  private func weighted(_ pattern: Tensor, _ v: Tensor) throws -> Tensor {
    let (heads, n, t) = (pattern.shape[0], pattern.shape[1], pattern.shape[2])
    let (groups, size) = (v.shape[1], v.shape[2])
    let rows = try pattern.reshaped([groups, heads / groups * n, t])
    let z = try rows.matmul(try v.permuted([1, 0, 2]))  // [groups, heads/groups·n, headSize]
    return try z.reshaped([heads, n, size]).permuted([1, 0, 2])
  }

  /// The residual stream x with a gated block of `read` added, in one go where nobody looks inside.
  private func gated(
    _ index: Int, _ block: BoundBlock, _ read: Tensor, onto x: Tensor
  ) throws -> Tensor? {
    guard let gate = block.gate, let up = block.up, block.norm2Post == nil,
      architecture.residualScale == nil,
      gate.updates.isEmpty, up.updates.isEmpty, block.down.updates.isEmpty
    else { return nil }
    if let visitor {
      let inside: [SiteKind] = [.pre, .preLinear, .post, .mlpOut]
      if inside.contains(where: { visitor.wants($0, block: index) }) { return nil }
    }
    return try Tensor.gatedLayers(
      read, gate: gate.layer, up: up.layer, down: block.down.layer,
      architecture.activation.operation, adding: x, kernels: kernels)
  }

  private func sameBytes(_ a: Tensor, _ b: Tensor) -> Bool {
    guard a.shape == b.shape, a.dtype == b.dtype else { return false }
    return a.withBytes { x in b.withBytes { y in x.elementsEqual(y) } }
  }

  /// x [n, hiddenSize] → [n, hiddenSize]
  private func mlp(_ index: Int, _ block: BoundBlock, _ x: Tensor) throws -> Tensor {
    let operation = architecture.activation.operation
    guard architecture.isGated else {
      guard let up = block.up else { throw noMLP }
      let isSeen =
        visitor.map { $0.wants(.pre, block: index) || $0.wants(.post, block: index) } ?? false
      let whole = operation == .gelu ? try up.gelu(x, kernels) : nil
      if !isSeen, let whole { return try block.down(whole, kernels) }
      let made = try up(x, kernels)
      var pre = made
      try see(.pre, index, &pre)
      // Who looks and changes nothing leaves the bits of the pass as they are.
      var post: Tensor
      if let whole, sameBytes(made, pre) { post = whole } else { post = try pre.unary(operation) }
      try see(.post, index, &post)
      return try block.down(post, kernels)
    }
    var (pre, linear) = try gated(block, x)
    try see(.pre, index, &pre)
    try see(.preLinear, index, &linear)
    var post = try Tensor.gatedUnit(operation, pre, linear)
    try see(.post, index, &post)
    return try block.down(post, kernels)
  }

  /// The gate's half and the other, each [n, intermediateSize].
  private func gated(_ block: BoundBlock, _ x: Tensor) throws -> (Tensor, Tensor) {
    if let both = block.gateUp {
      let half = architecture.sizes.intermediateSize
      let parts = try both(x, kernels).split([half, half], axis: 1)
      return (parts[0], parts[1])
    }
    guard let gate = block.gate, let up = block.up else { throw noMLP }
    let made = try Projection.group(x, [gate, up], kernels)
    return (made[0], made[1])
  }

  private var noMLP: ModelsError {
    .familyFile(
      architecture.family.name + ".json", reason: "an MLP needs up, gate and up, or gate_up")
  }
}

extension Activation {
  var operation: UnaryOperation {
    switch self {
    case .silu: .silu
    case .gelu: .gelu
    case .geluTanh: .geluTanh
    case .relu: .relu
    }
  }
}

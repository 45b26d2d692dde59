// Every rule of differentiation, in the order of `Op`: which values a rule will read, and what it
// gives each input. `d` is the gradient of the output. Knows no operation's way forward.

/// What a record must keep for its rule.
struct KeptValues {
  var mask: UInt8 = 0
  var output = false
  func inputs(_ place: Int) -> Bool { place < 8 && mask >> UInt8(place) & 1 == 1 }
}

enum Gradients {
  /// `needing[i]`: input i is tracked.
  static func valuesNeeded(_ op: Op, _ code: UInt8, _ needing: [Bool]) -> KeptValues {
    let a = needing.first == true, b = needing.count > 1 && needing[1]
    switch op {
    case .binary:
      switch BinaryOperation(rawValue: code) {
      case .multiply: return KeptValues(mask: (b ? 1 : 0) | (a ? 2 : 0))
      case .divide: return KeptValues(mask: 2, output: b)
      case .maximum, .minimum: return KeptValues(mask: 3)
      case .power: return KeptValues(mask: 3, output: b)
      default: return KeptValues()
      }
    case .unary, .powerScalar, .clamp, .variance, .product: return KeptValues(mask: 1)
    case .select: return KeptValues(mask: 1)
    case .extreme, .logSumExp: return KeptValues(mask: 1, output: true)
    case .softmax, .logSoftmax: return KeptValues(output: true)
    case .matmul, .linear: return KeptValues(mask: (b ? 1 : 0) | (a ? 2 : 0))
    case .loraLinear:
      // x for dA, or (code & 4) what stands for it; the frozen weight, A and B.
      let x: UInt8 = needing[3] ? (code & 4 == 4 ? 32 : 1) : 0
      return KeptValues(mask: (a || needing[5] ? 26 : 0) | (needing[3] ? 16 : 0) | x)
    case .rmsNorm, .layerNorm: return KeptValues(mask: 3)
    case .attention: return KeptValues(mask: 7, output: true)
    case .gatedUnit: return KeptValues(mask: 3)
    default: return KeptValues()
    }
  }

  static func goBack(
    over record: Record, on tape: Tape, _ d: Tensor
  ) throws(TensorError) {
    let step = BackwardStep(record: record, tape: tape, d: d)
    switch record.op {
    case .binary: try step.binary()
    case .unary: try step.unary()
    case .powerScalar: try step.powerScalar()
    case .scale: try step.give(0, d.scaled(by: record.numbers.0))
    case .clamp: try step.clamp()
    case .select: try step.select()
    case .cast, .reshape: try step.give(0, d)
    case .permute: try step.permute()
    case .pad: try step.pad()
    case .slice: try step.slice()
    case .expand: try step.give(0, d.reduced(to: step.shape(0)))
    case .concat: try step.concat()
    case .take: try step.take()
    case .gather: try step.gather()
    case .sum, .mean: try step.sumOrMean()
    case .variance: try step.variance()
    case .product: try step.product()
    case .cumulativeSum: try step.give(0, d.running(backwards: true))
    case .extreme: try step.extreme()
    case .softmax, .logSoftmax: try step.softmax()
    case .logSumExp: try step.logSumExp()
    case .matmul: try step.matmul()
    case .linear: try step.linear()
    case .loraLinear: try step.loraLinear()
    case .rmsNorm, .layerNorm: try step.norm()
    case .rope: try step.rope()
    case .dropout: try step.dropout()
    case .attention: try step.attention()
    case .gatedUnit: try step.gatedUnit()
    case .crossEntropy, .linearCrossEntropy: try step.crossEntropy()
    case .unfold: try step.give(0, d.folded(Windows(step.integers)))
    }
  }
}

/// One record on the way back.
struct BackwardStep {
  let record: Record
  let tape: Tape
  let d: Tensor

  func slot(_ place: Int) -> Int32 {
    place < Int(record.inputCount) ? tape.inputs[Int(record.firstInput) + place] : -1
  }
  func needs(_ place: Int) -> Bool {
    let slot = slot(place)
    return slot >= 0 && tape.slots[Int(slot)].needsGradient
  }
  func shape(_ place: Int) -> [Int] {
    slot(place) < 0 ? [] : tape.slots[Int(slot(place))].shape
  }
  var integers: ArraySlice<Int> {
    let start = Int(record.firstInteger)
    return tape.integers[start..<start + Int(record.integerCount)]
  }
  /// A kept value. Its absence would be a defect of `valuesNeeded`.
  private func kept(_ slot: Int32) throws(TensorError) -> Tensor {
    guard slot >= 0, let value = tape.slots[Int(slot)].value else { throw .closedTape }
    return value
  }
  func value(_ place: Int) throws(TensorError) -> Tensor { try kept(slot(place)) }
  func optionalValue(_ place: Int) throws(TensorError) -> Tensor? {
    slot(place) < 0 ? nil : try kept(slot(place))
  }
  func output() throws(TensorError) -> Tensor { try kept(record.output) }
  func saved(_ place: Int) throws(TensorError) -> Tensor {
    try kept(place == 0 ? record.saved.0 : record.saved.1)
  }
  func give(_ place: Int, _ gradient: Tensor) throws(TensorError) {
    try tape.accumulate(gradient, into: slot(place))
  }
  /// Lets `body` write or add the gradient of an input where it stays.
  func give(
    _ place: Int, _ body: (Tensor, _ adds: Bool) throws(TensorError) -> Void
  ) throws(TensorError) {
    try tape.accumulate(into: slot(place), body)
  }

  // MARK: + − · / max min ^

  func binary() throws(TensorError) {
    func to(_ place: Int, _ gradient: Tensor) throws(TensorError) {
      try give(place, gradient.reduced(to: shape(place)))
    }
    switch BinaryOperation(rawValue: record.code) ?? .add {
    case .add:
      if needs(0) { try to(0, d) }
      if needs(1) { try to(1, d) }
    case .subtract:
      if needs(0) { try to(0, d) }
      if needs(1) { try to(1, d.negated()) }
    case .multiply:
      if needs(0) { try to(0, d.multiplied(by: value(1))) }
      if needs(1) { try to(1, d.multiplied(by: value(0))) }
    case .divide:
      let byB = try d.divided(by: value(1))
      if needs(0) { try to(0, byB) }
      if needs(1) { try to(1, byB.multiplied(by: output()).negated()) }
    case .maximum: try winner(.greater, to)
    case .minimum: try winner(.less, to)
    case .power:
      let a = try value(0), p = try value(1)
      if needs(0) {
        let one = try Tensor.scalar(1, dtype: p.dtype)
        try to(0, d.multiplied(by: p).multiplied(by: a.power(p.subtracting(one))))
      }
      if needs(1) { try to(1, d.multiplied(by: output()).multiplied(by: a.log())) }
    }
  }

  /// To the winner, halves at a tie.
  private func winner(
    _ wins: Comparison, _ to: (Int, Tensor) throws(TensorError) -> Void
  ) throws(TensorError) {
    let a = try value(0), b = try value(1)
    let tie = try Tensor.compare(.equal, a, b).cast(to: d.dtype).scaled(by: 0.5)
    let first = try Tensor.compare(wins, a, b).cast(to: d.dtype).adding(tie)
    if needs(0) { try to(0, d.multiplied(by: first)) }
    if needs(1) {
      try to(1, d.multiplied(by: Tensor.scalar(1, dtype: d.dtype).subtracting(first)))
    }
  }

  // MARK: Functions of one number

  func unary() throws(TensorError) {
    let x = try value(0), made = try Tensor.uninitialized(x.shape, x.dtype)
    let code = Int32(record.code)
    try WorkerPool.shared.stretches(x.count, grain: 1 << 14) { start, count in
      if x.dtype == .f64 {
        Double.unarySlope(
          code, x.pointer(Double.self) + start, d.pointer(Double.self) + start,
          made.target(Double.self) + start, count)
      } else {
        Float.unarySlope(
          code, x.pointer(Float.self) + start, d.pointer(Float.self) + start,
          made.target(Float.self) + start, count)
      }
    }
    keep(x, made)
    try give(0, made)
  }

  func powerScalar() throws(TensorError) {
    let p = record.numbers.0
    try give(0, value(0).power(p - 1).scaled(by: p).multiplied(by: d))
  }

  func clamp() throws(TensorError) {
    let x = try value(0), made = try Tensor.uninitialized(x.shape, x.dtype)
    let (low, high) = (record.numbers.0, record.numbers.1)
    if x.dtype == .f64 {
      Double.clampSlope(
        x.pointer(Double.self), low, high, d.pointer(Double.self), made.target(Double.self),
        x.count)
    } else {
      Float.clampSlope(
        x.pointer(Float.self), Float(low), Float(high), d.pointer(Float.self),
        made.target(Float.self), x.count)
    }
    keep(x, made)
    try give(0, made)
  }

  func select() throws(TensorError) {
    let mask = try value(0), zero = try Tensor.scalar(0, dtype: d.dtype)
    if needs(1) { try give(1, Tensor.select(mask, d, zero).reduced(to: shape(1))) }
    if needs(2) { try give(2, Tensor.select(mask, zero, d).reduced(to: shape(2))) }
  }

  // MARK: Movement

  func permute() throws(TensorError) {
    var back = [Int](repeating: 0, count: d.rank)
    for (to, from) in integers.enumerated() { back[from] = to }
    try give(0, d.permuted(back))
  }

  func pad() throws(TensorError) {
    let size = shape(0)
    try give(0, d.sliced(zip(integers, size).map { $0..<$0 + $1 }))
  }

  func slice() throws(TensorError) {
    let before = Array(integers), whole = shape(0)
    try give(0, d.padded(before, whole.indices.map { whole[$0] - before[$0] - d.shape[$0] }))
  }

  func concat() throws(TensorError) {
    let axis = integers.first ?? 0
    var start = 0
    for place in 0..<Int(record.inputCount) {
      let extent = shape(place)[axis]
      if needs(place) { try give(place, d.sliced(axis: axis, start..<start + extent)) }
      start += extent
    }
  }

  /// Adds slices of d at their sources, in order.
  func take() throws(TensorError) {
    let axis = integers.first ?? 0, indices = integers.dropFirst(), d = d
    let around = Shape.around(axis, shape(0))
    func run<T: Real>(_ type: T.Type, _ made: Tensor) {
      let from = d.pointer(T.self), to = made.target(T.self)
      for outer in 0..<around.outer {
        for (position, index) in indices.enumerated() {
          T.addInto(
            to + (outer * around.extent + index) * around.inner,
            from + (outer * indices.count + position) * around.inner, around.inner)
        }
      }
    }
    try give(0) { made, adds throws(TensorError) in
      if !adds { try made.clear() }
      d.dtype == .f64 ? run(Double.self, made) : run(Float.self, made)
      keep(made, d)
    }
  }

  func gather() throws(TensorError) {
    let axis = integers.first ?? 0, indices = integers.dropFirst()
    let made = try Tensor.zeros(shape(0), dtype: d.dtype)
    let around = Shape.around(axis, shape(0)), each = d.shape[axis] * around.inner
    func run<T: Real>(_ type: T.Type) {
      let from = d.pointer(T.self), to = made.target(T.self)
      for (position, index) in indices.enumerated() {
        let outer = position / max(1, each), inner = position % max(1, around.inner)
        to[(outer * around.extent + index) * around.inner + inner] += from[position]
      }
    }
    d.dtype == .f64 ? run(Double.self) : run(Float.self)
    keep(made)
    try give(0, made)
  }

  // MARK: Reductions

  func sumOrMean() throws(TensorError) {
    let whole = shape(0), axes = Array(integers)
    let open = whole.indices.map { axes.contains($0) ? 1 : whole[$0] }
    let spread = try d.viewed(open).expanded(to: whole)
    let extent = axes.reduce(1) { $0 * whole[$1] }
    try give(0, record.op == .mean ? spread.scaled(by: 1 / Double(extent)) : spread)
  }

  func variance() throws(TensorError) {
    let x = try value(0)
    let centered = try x.subtracting(x.mean(axes: [1], keepsAxes: true))
    try give(0, centered.scaled(by: 2 / record.numbers.0).multiplied(by: d.viewed([d.count, 1])))
  }

  /// d times the product of the others, from both sides, so that zeros are no trouble.
  func product() throws(TensorError) {
    let x = try value(0), values = x.doubles(), d = d.doubles(), width = x.shape[1]
    var out = [Double](repeating: 0, count: values.count)
    for row in 0..<x.shape[0] {
      var before = 1.0, after = 1.0
      for place in 0..<width {
        out[row * width + place] = d[row] * before
        before *= values[row * width + place]
      }
      for place in (0..<width).reversed() {
        out[row * width + place] *= after
        after *= values[row * width + place]
      }
    }
    try give(0, Tensor(out, shape: x.shape).cast(to: x.dtype))
  }

  /// Evenly among ties.
  func extreme() throws(TensorError) {
    let x = try value(0), y = try output().viewed([d.count, 1])
    let ties = try Tensor.compare(.equal, x, y).cast(to: d.dtype)
    let share = try ties.divided(by: ties.sum(axes: [1], keepsAxes: true))
    try give(0, share.multiplied(by: d.viewed([d.count, 1])))
  }

  func softmax() throws(TensorError) {
    let y = try output(), made = try Tensor.uninitialized(y.shape, y.dtype)
    let width = y.shape.last ?? 1, isLog = record.op == .logSoftmax
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      let (a, b, out) = (y.pointer(T.self), d.pointer(T.self), made.target(T.self))
      try Tensor.eachRow(width == 0 ? 0 : y.count / width, width) { row in
        let at = row * width
        if isLog {
          T.logSoftmaxSlope(a + at, b + at, out + at, width)
        } else {
          T.softmaxSlope(a + at, b + at, out + at, width)
        }
      }
    }
    try y.dtype == .f64 ? run(Double.self) : run(Float.self)
    keep(y, made)
    try give(0, made)
  }

  func logSumExp() throws(TensorError) {
    let open = d.shape + [1]
    let weights = try value(0).subtracting(output().viewed(open)).exp()
    try give(0, weights.multiplied(by: d.viewed(open)))
  }

  // MARK: Products

  func matmul() throws(TensorError) {
    if needs(0) {
      let da = try Products.matmul(d, value(1), transposeA: false, transposeB: true)
      try give(0, da.reduced(to: shape(0)))
    }
    if needs(1) {
      var a = try value(0), dy = d
      if shape(1).count == 2 {
        a = a.viewed([a.shape.dropLast().reduce(1, *), a.shape[a.rank - 1]])
        dy = dy.viewed([dy.shape.dropLast().reduce(1, *), dy.shape[dy.rank - 1]])
      }
      let db = try Products.matmul(a, dy, transposeA: true, transposeB: false)
      try give(1, db.reduced(to: shape(1)))
    }
  }

  /// d with its leading axes as one: [rows, out].
  private var rows: Tensor {
    d.viewed([d.shape.dropLast().reduce(1, *), d.shape[d.rank - 1]])
  }

  func linear() throws(TensorError) {
    let dy = rows
    if needs(0) { try inputSlope(dy, value(1)) }
    if needs(1) { try weightSlope(1, dy, value(0)) }
    if needs(2) { try give(2, dy.columnSums()) }
  }

  /// d W onto the gradient of the first input. A frozen weight stays as it is stored. Code & 1: the
  /// way forward was fast.
  private func inputSlope(_ dy: Tensor, _ w: Tensor) throws(TensorError) {
    let m = dy.shape[0], n = w.shape[0], k = w.shape[1], isFast = record.code & 1 == 1
    let rounds = record.code & 2 == 2
    if dy.dtype == .f32, w.dtype != .f32 {
      return try give(0) { dx, adds throws(TensorError) in
        try PanelProducts.linearBack(dy, w, rounds: isFast, into: dx, adds: adds)
      }
    }
    let wide = try w.cast(to: dy.dtype)
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      try give(0) { dx, adds throws(TensorError) in
        try Products.gemm(
          false, false, m, k, n, dy.pointer(T.self), n, wide.pointer(T.self), k,
          beta: adds ? 1 : 0, rounds: rounds, dx.target(T.self), k)
        keep(dy, wide, dx)
      }
    }
    try dy.dtype == .f64 ? run(Double.self) : run(Float.self)
  }

  /// aᵀ b onto the gradient of input `place`, for a [rows, n] and b of `rows` rows of k.
  private func weightSlope(_ place: Int, _ a: Tensor, _ b: Tensor) throws(TensorError) {
    let m = a.shape[0], n = a.shape[1], k = b.shape[b.rank - 1], rounds = record.code & 2 == 2
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      try give(place) { made, adds throws(TensorError) in
        try Products.gemm(
          true, false, n, k, m, a.pointer(T.self), n, b.pointer(T.self), k, beta: adds ? 1 : 0,
          rounds: rounds, made.target(T.self), k)
        keep(a, b, made)
      }
    }
    try a.dtype == .f64 ? run(Double.self) : run(Float.self)
  }

  /// U = x Aᵀ was saved: dU = s d B, dB = s dᵀ U, dA = dUᵀ x, dx = d W + dU A.
  func loraLinear() throws(TensorError) {
    let dy = rows, scale = record.numbers.0
    let hasOther = slot(5) >= 0, source = hasOther ? 5 : 0
    if needs(4) {
      let u = try saved(0)
      try weightSlope(4, dy, scale == 1 ? u : u.scaled(by: scale))
    }
    if needs(0) { try inputSlope(dy, value(1)) }
    if needs(2) { try give(2, dy.columnSums()) }
    guard needs(3) || needs(source) else { return }
    var du = try Products.matmul(dy, value(4), transposeA: false, transposeB: false)
    if scale != 1 { du = try du.scaled(by: scale) }
    if needs(3) { try weightSlope(3, du, value(source)) }
    guard needs(source) else { return }
    let a = try value(3), m = du.shape[0], r = a.shape[0], k = a.shape[1], inner = du
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      try give(source) { dx, adds throws(TensorError) in
        try Products.gemm(
          false, false, m, k, r, inner.pointer(T.self), r, a.pointer(T.self), k,
          beta: adds ? 1 : 0, dx.target(T.self), k)
        keep(inner, a, dx)
      }
    }
    try dy.dtype == .f64 ? run(Double.self) : run(Float.self)
  }

  // MARK: Norms, positions, attention

  /// Weights' gradients are summed in blocks of 64 rows, then over blocks.
  func norm() throws(TensorError) {
    let x = try value(0), w = try optionalValue(1), width = x.shape.last ?? 1
    let rows = width == 0 ? 0 : x.count / width, blocks = (rows + 63) / 64
    let first = try saved(0), isLayer = record.op == .layerNorm
    let scale = isLayer ? try saved(1) : first
    let dx = needs(0) ? try Tensor.uninitialized(x.shape, x.dtype) : nil
    let dg = needs(1) ? try Tensor.zeros([max(1, blocks), width], dtype: x.dtype) : nil
    let db = isLayer && needs(2) ? try Tensor.zeros([max(1, blocks), width], dtype: x.dtype) : nil
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      let (xp, dp, gp) = (x.pointer(T.self), d.pointer(T.self), w?.pointer(T.self))
      let (mean, r) = (first.pointer(T.self), scale.pointer(T.self))
      let (dxp, dgp, dbp) = (dx?.target(T.self), dg?.target(T.self), db?.target(T.self))
      let plus = T(record.numbers.0)
      try WorkerPool.shared.forEach(blocks) { block in
        for row in block * 64..<min(rows, block * 64 + 64) {
          let at = row * width
          let into = (
            dxp.map { $0 + at }, dgp.map { $0 + block * width }, dbp.map { $0 + block * width }
          )
          if isLayer {
            T.layerNormSlope(
              xp + at, gp, mean[row], r[row], dp + at, into.0, into.1, into.2, width)
          } else {
            T.rmsNormSlope(xp + at, gp, plus, r[row], dp + at, into.0, into.1, width)
          }
        }
      }
    }
    try x.dtype == .f64 ? run(Double.self) : run(Float.self)
    keep(x, w, first, scale, dx, dg, db)
    if let dx { try give(0, dx) }
    if let dg { try give(1, dg.columnSums()) }
    if let db { try give(2, db.columnSums()) }
  }

  func rope() throws(TensorError) {
    try give(
      0,
      Tensor.rotated(
        d, saved(0), saved(1), record.code == 0 ? .halves : .pairs, sign: -record.numbers.0))
  }

  func dropout() throws(TensorError) {
    let words = integers.map { UInt64(UInt(bitPattern: $0)) }
    let mask = try Tensor.dropoutMask(
      d.shape, record.numbers.0, key: words[0], call: words[1], dtype: d.dtype)
    try give(0, d.multiplied(by: mask))
  }

  func attention() throws(TensorError) {
    let q = try value(0), k = try value(1), v = try value(2), y = try output()
    let plan = AttentionPlan(
      [q.shape, k.shape, v.shape], dtype: d.dtype, scale: record.numbers.0,
      softcap: record.numbers.1, integers: integers)
    let wanted = (needs(0), needs(1), needs(2)), lse = try saved(0)
    let (dq, dk, dv) =
      try d.dtype == .f64
      ? plan.backward(q, k, v, y, lse, d, wanted: wanted, Double.self)
      : plan.backward(q, k, v, y, lse, d, wanted: wanted, Float.self)
    if let dq { try give(0, dq) }
    if let dk { try give(1, dk) }
    if let dv { try give(2, dv) }
  }

  /// da = d·b·act′(a), db = d·act(a).
  func gatedUnit() throws(TensorError) {
    let a = try value(0), b = try value(1), code = Int32(record.code)
    let da = needs(0) ? try Tensor.uninitialized(a.shape, a.dtype) : nil
    let db = needs(1) ? try Tensor.uninitialized(a.shape, a.dtype) : nil
    func run<T: Real>(_ type: T.Type) throws(TensorError) {
      let (ap, bp, dp) = (a.pointer(T.self), b.pointer(T.self), d.pointer(T.self))
      let (dap, dbp) = (da?.target(T.self), db?.target(T.self))
      try WorkerPool.shared.stretches(a.count, grain: 1 << 13) { start, count in
        if let out = dap.map({ $0 + start }) {
          T.unarySlope(code, ap + start, dp + start, out, count)
          T.binary(2, out, 1, bp + start, 1, out, count)
        }
        if let out = dbp.map({ $0 + start }) {
          T.unary(code, ap + start, out, count)
          T.binary(2, out, 1, dp + start, 1, out, count)
        }
      }
    }
    try d.dtype == .f64 ? run(Double.self) : run(Float.self)
    keep(a, b, da, db)
    if let da { try give(0, da) }
    if let db { try give(1, db) }
  }

  // MARK: Losses

  /// The slopes were made on the way forward; with a factor of 1 they are the gradients themselves.
  func crossEntropy() throws(TensorError) {
    let factor = try d.item()
    func slope(_ place: Int) throws(TensorError) -> Tensor {
      factor == 1 ? try saved(place) : try saved(place).scaled(by: factor)
    }
    if record.op == .crossEntropy || record.code & 1 != 0 { try give(0, slope(0)) }
    if record.op == .linearCrossEntropy, record.code & 2 != 0 {
      try give(1, slope(record.code & 1 != 0 ? 1 : 0))
    }
  }
}

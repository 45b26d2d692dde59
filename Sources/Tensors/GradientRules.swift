enum Gradients {
  struct Kept {
    var inputMask: UInt64; var output: Bool
    func inputs(_ place: Int) -> Bool { place < 64 && inputMask >> UInt64(place) & 1 == 1 }
  }
  static func valuesNeeded(_ op: Op, _ code: UInt8, _ needing: [Bool]) -> Kept {
    Kept(inputMask: .max, output: true)
  }
  static func goBack(over record: Record, on tape: Tape, _ d: Tensor) throws(TensorError) {}
}

// Everything that needs no file from outside: the rows of `quire bench` without a word after it.

package struct AllBench {
  /// The program to start.
  package var program: String
  /// A model in the box, when there is one.
  package var model: String?
  /// Text to cut into tokens.
  package var text: [UInt8]

  package init(program: String, model: String?, text: [UInt8]) {
    self.program = program
    self.model = model
    self.text = text
  }

  package func run(_ bench: Bench) throws {
    try StartBench(program: program).run(bench)
    try LanguageBench().run(bench)
    try MatrixBench().run(bench)
    if let model {
      try TokenizeBench.run(bench, model, enough)
      // The models in the box are small: their contexts are shorter than the usual prompt.
      var small = ModelBench(path: model)
      small.prompt = 128
      try small.run(bench)
      var train = TrainBench(path: model)
      train.length = 128
      try train.run(bench)
    } else {
      bench.report(.missing(work: "model", reason: "no model in the box; name a file"))
    }
    try TrainBench(path: nil).run(bench)
    bench.report(.missing(work: "embed", reason: "no encoder in the box; name a folder"))
  }

  /// The text again and again, to a megabyte.
  private var enough: [UInt8] {
    guard !text.isEmpty else { return [] }
    var bytes: [UInt8] = []
    while bytes.count < 1_000_000 { bytes += text }
    return bytes
  }
}

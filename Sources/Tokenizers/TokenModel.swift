// The models that turn a piece of text into tokens, behind one door. Knows neither how text is cut
// nor special tokens.

import Diagnostics

enum TokenModel: Sendable {
  case bytePair(BytePairModel)
  case wordPiece(WordPieceModel)
  case wordLevel(WordLevelModel)
  case unigram(UnigramModel)

  var table: TokenTable {
    switch self {
    case .bytePair(let model): model.table
    case .wordPiece(let model): model.table
    case .wordLevel(let model): model.table
    case .unigram(let model): model.table
    }
  }

  var unknownID: Int32? {
    switch self {
    case .bytePair(let model): model.settings.unknownID
    case .wordPiece(let model): model.unknownID
    case .wordLevel(let model): model.table.id(of: model.unknown)
    case .unigram(let model): model.settings.unknownID
    }
  }

  /// As the documents call it.
  var name: String {
    switch self {
    case .bytePair: "BPE"
    case .wordPiece: "WordPiece"
    case .wordLevel: "WordLevel"
    case .unigram: "Unigram"
    }
  }

  /// Gives the tokens of a piece as the output of `scratch`: ids and the bytes each covers.
  func encode(
    _ piece: UnsafeBufferPointer<UInt8>, scratch: inout MergeScratch, interrupt: Interrupt?
  ) throws {
    switch self {
    case .bytePair(let model):
      try model.encode(piece, scratch: &scratch, interrupt: interrupt)
    case .wordPiece(let model): try model.encode(piece, scratch: &scratch)
    case .wordLevel(let model): try model.encode(piece, scratch: &scratch)
    case .unigram(let model): try model.encode(piece, scratch: &scratch, interrupt: interrupt)
    }
  }
}

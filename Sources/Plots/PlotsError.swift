// Everything Plots can refuse, in words.

package import Diagnostics

package enum PlotsError: RoomError, Equatable {
  case unequalLengths(what: String, count: Int, other: String, otherCount: Int)
  case unknownKind(String, known: [String])
  case raggedMatrix(row: Int, count: Int, first: Int)
  case badRange(axis: String, lower: Double, upper: Double)
  case badSize(width: Int, height: Int)
  case tooMany(what: String, count: Int, limit: Int)
  case cannotOverlay(String, String)

  package var code: ErrorCode {
    switch self {
    case .unequalLengths, .raggedMatrix: .shape
    case .unknownKind, .badRange, .badSize: .value
    case .tooMany: .limit
    case .cannotOverlay: .type
    }
  }

  package var message: String {
    switch self {
    case .unequalLengths(let what, let count, let other, let otherCount):
      "plot needs as many \(what) as \(other): \(count) and \(otherCount)"
    case .unknownKind(let name, let known):
      "plot knows the kinds \(known.joined(separator: ", ")), not \(name)"
    case .raggedMatrix(let row, let count, let first):
      "heatmap needs rows of one length: row 0 has \(first), row \(row) has \(count)"
    case .badRange(let axis, let lower, let upper):
      "plot needs \(axis)_range to be [low, high] with low < high: "
        + "[\(Digits.shortest(lower)), \(Digits.shortest(upper))]"
    case .badSize(let width, let height):
      "plot needs a size from [160, 120] to [4000, 4000]: [\(width), \(height)]"
    case .tooMany(let what, let count, let limit):
      "plot draws at most \(limit) \(what): got \(count)"
    case .cannotOverlay(let a, let b):
      "+ overlays two line, step or scatter figures, not \(a) and \(b)"
    }
  }

  package var help: String? {
    switch self {
    case .unequalLengths: "give one for each, or leave them out"
    case .unknownKind(let name, let known):
      didYouMean(name, among: known) ?? known.first.map { "as in kind: \"\($0)\"" }
    case .raggedMatrix: "a matrix is a list of equally long lists, or a tensor of two axes"
    case .badRange(let axis, _, _): "as in \(axis)_range: [0, 10]"
    case .badSize: "size: [640, 400] is the default, in pixels"
    case .tooMany: "a heatmap shows many series at once"
    case .cannotOverlay: "plot them one after the other"
    }
  }
}

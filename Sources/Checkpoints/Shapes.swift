// The limits every reader puts on a shape before anything is computed from it.

enum Shapes {
  static let maximumRank = 8
  static let maximumExtent = 1 << 40
  static let maximumCount = 1 << 62

  /// The number of elements; nil when an extent or the product is beyond the limits. A zero extent
  /// hides no wrap: the product of the others is held to the same limit.
  static func count(_ shape: [Int]) -> Int? {
    guard shape.count <= maximumRank else { return nil }
    var product = 1
    var isEmpty = false
    for extent in shape {
      guard extent >= 0, extent <= maximumExtent else { return nil }
      if extent == 0 {
        isEmpty = true
        continue
      }
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      guard !overflow, next < maximumCount else { return nil }
      product = next
    }
    return isEmpty ? 0 : product
  }
}

// Which family the names of some tensors fit best, and what differs: for a file whose family is not
// known. Knows no config.

struct FamilyFit {
  let family: Family
  /// Names of the file that the family has too.
  let found: Int
  /// Kinds of names, layers as `N`, that only the file has, in its order.
  let surplus: [String]
  /// Kinds of names that the family always has and the file lacks.
  let absent: [String]

  /// `its tensor names fit llama in 290 of 291; it has 'x'; it lacks 'y'`; nil when less than half of
  /// them are those of any family.
  static func words(_ names: [String], _ dialect: WeightDialect) throws -> String? {
    let kinds = names.map(kind)
    let fits = try Families.all().map { FamilyFit($0, kinds, dialect) }
    // The first of equals: families stand in the order of their files.
    guard
      let best = fits.max(by: { ($1.found, $0.absent.count) > ($0.found, $1.absent.count) }),
      best.found * 2 >= names.count, best.found > 0
    else { return nil }
    var words = ["its tensor names fit \(best.family.name) in \(best.found) of \(names.count)"]
    if let first = best.surplus.first {
      words.append("it has also '\(first)'\(more(best.surplus))")
    }
    if let first = best.absent.first { words.append("it lacks '\(first)'\(more(best.absent))") }
    return words.joined(separator: "; ")
  }

  private static func more(_ list: [String]) -> String {
    list.count > 1 ? " and \(list.count - 1) more kinds" : ""
  }

  init(_ family: Family, _ kinds: [String], _ dialect: WeightDialect) {
    self.family = family
    let patterns = family.weights.map { dialect == .gguf ? $0.gguf : $0.hf }
    var known: Set<String> = []
    for pattern in patterns {
      for ending in [".weight", ".bias"] {
        known.insert(pattern + ending)
        guard dialect == .huggingFace else { continue }
        for (canonical, written) in family.prefixes where pattern.hasPrefix(canonical) {
          for prefix in written {
            known.insert(prefix + pattern.dropFirst(canonical.count) + ending)
          }
        }
      }
    }
    found = kinds.count { known.contains($0) }
    var seen: Set<String> = []
    surplus = kinds.filter { !known.contains($0) && seen.insert($0).inserted }
    let given = Set(kinds)
    absent = zip(family.weights, patterns).compactMap { names, pattern in
      let isNeeded = names.condition == nil && names.slot != .head
      let name = pattern + ".weight"
      let tail =
        family.prefixes.first { pattern.hasPrefix($0.canonical) }
        .map { String(name.dropFirst($0.canonical.count)) } ?? name
      let isThere =
        given.contains(name) || given.contains { $0.hasSuffix("." + tail) || $0 == tail }
      return isNeeded && !isThere ? name : nil
    }
  }

  /// The name with every number between dots as `N`.
  private static func kind(_ name: String) -> String {
    name.split(separator: ".", omittingEmptySubsequences: false)
      .map { !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } ? "N" : String($0) }
      .joined(separator: ".")
  }
}

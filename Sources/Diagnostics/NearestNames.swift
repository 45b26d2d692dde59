// Finds what a misspelt name was meant to be.

/// The candidates nearest to `name`, best first: at most `limit`, none that is far off.
/// Distance is that of Damerau and Levenshtein (optimal string alignment) over scalars.
/// O(candidates · lengths).
package func nearestNames(
  to name: String, among candidates: some Sequence<String>, limit: Int = 3
) -> [String] {
  let target = Array(name.lowercased().unicodeScalars.prefix(64))
  // Two letters changed of three or four leave nothing of a name; one of one neither.
  let bound = target.count <= 1 ? 0 : target.count <= 4 ? 1 : target.count / 3 + 1
  var found: [(distance: Int, name: String)] = []
  for candidate in candidates where candidate != name {
    let scalars = Array(candidate.lowercased().unicodeScalars.prefix(96))
    var distance = editDistance(target, scalars)
    // A name that only goes on (`temp` for `temperature`) is near, whatever its length.
    if target.count >= 3, scalars.starts(with: target) { distance = min(distance, 1) }
    if distance <= bound { found.append((distance, candidate)) }
  }
  found.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
  var seen: Set<String> = []
  return Array(found.map(\.name).filter { seen.insert($0).inserted }.prefix(limit))
}

/// `did you mean a, b or c?`, or nil when nothing is near.
package func didYouMean(_ name: String, among candidates: some Sequence<String>) -> String? {
  let names = nearestNames(to: name, among: candidates)
  guard let last = names.last else { return nil }
  if names.count == 1 { return "did you mean \(last)?" }
  return "did you mean \(names.dropLast().joined(separator: ", ")) or \(last)?"
}

/// The choices in quotes, as a sentence names them: `"a", "b" or "c"`.
package func quotedChoices(_ choices: [String]) -> String {
  let quoted = choices.map { "\"\($0)\"" }
  guard let last = quoted.last, quoted.count > 1 else { return quoted.first ?? "" }
  return quoted.dropLast().joined(separator: ", ") + " or " + last
}

private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
  var beforeLast = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  var row = last
  for i in 1...a.count {
    row[0] = i
    for j in 1...b.count {
      let cost = a[i - 1] == b[j - 1] ? 0 : 1
      row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost)
      if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
        row[j] = min(row[j], beforeLast[j - 2] + 1)
      }
    }
    (beforeLast, last, row) = (last, row, beforeLast)
  }
  return last[b.count]
}

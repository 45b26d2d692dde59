// Holds what a cell put out against what is stored, by the rules of its check. Pure: pictures come
// as bytes, and whoever calls hands in how regular expressions are searched.

/// The output of a cell, stored or new, texts in normal form.
package struct ComparedOutput: Sendable, Equatable {
  package struct Picture: Sendable, Equatable {
    package var path: String
    /// Nil when the file is not there.
    package var bytes: [UInt8]?
    package init(path: String, bytes: [UInt8]?) {
      self.path = path
      self.bytes = bytes
    }
  }

  package struct Failure: Sendable, Equatable {
    package var code: String
    package var text: String
    package init(code: String, text: String) {
      self.code = code
      self.text = text
    }
  }

  package var text = ""
  package var warnings = ""
  package var error: Failure?
  package var pictures: [Picture] = []

  package init(
    text: String = "", warnings: String = "", error: Failure? = nil, pictures: [Picture] = []
  ) {
    self.text = text
    self.warnings = warnings
    self.error = error
    self.pictures = pictures
  }

  /// What stands in the file; `bytes` reads a picture by its path.
  package init(stored group: OutputGroup, bytes: (String) -> [UInt8]?) {
    text = NormalForm(group.block(.text)?.body ?? "").text
    warnings = NormalForm(group.block(.warnings)?.body ?? "").text
    error = group.block(.error).map {
      Failure(code: $0.attributes["code"] ?? "", text: NormalForm($0.body).text)
    }
    pictures = group.images.map { Picture(path: $0.path, bytes: bytes($0.path)) }
  }

  /// What a run made, with its pictures by path.
  package init(_ output: CellOutput, assets: [String: [UInt8]]) {
    text = output.text.text
    warnings = output.warnings.text
    error = output.error.map { Failure(code: $0.code, text: $0.text.text) }
    pictures = output.images.map { Picture(path: $0.path, bytes: assets[$0.path]) }
  }

  fileprivate var kinds: Set<CheckFailure.Kind> {
    var result: Set<CheckFailure.Kind> = []
    if !text.isEmpty { result.insert(.text) }
    if error != nil { result.insert(.error) }
    if !pictures.isEmpty { result.insert(.picture) }
    return result
  }
}

/// What one rule says of one cell.
package struct CheckOutcome: Sendable, Equatable {
  /// The rule as written; `output` for the kinds of output that any rule asks for.
  package var rule: String
  package var failure: CheckFailure?
  /// What a person should know though it passed: that a part alone was compared.
  package var note: String?

  package init(rule: String, failure: CheckFailure? = nil, note: String? = nil) {
    self.rule = rule
    self.failure = failure
    self.note = note
  }
}

package struct Comparison {
  /// Whether a text holds a match of a pattern; nil when the search takes too many steps.
  package typealias Search = (_ pattern: String, _ text: String) -> Bool?

  private let stored: ComparedOutput
  private let came: ComparedOutput
  private let search: Search

  package init(stored: ComparedOutput, came: ComparedOutput, search: @escaping Search) {
    self.stored = stored
    self.came = came
    self.search = search
  }

  /// One outcome a rule, after one for kinds that are missing or should not be there.
  package func outcomes(_ rules: CheckRules) -> [CheckOutcome] {
    if rules.rules.contains(where: { $0.rule == .skip }) {
      return rules.rules.map { CheckOutcome(rule: $0.word) }
    }
    var result: [CheckOutcome] = []
    if rules.rules.contains(where: \.rule.usesStored), let failure = kinds() {
      result.append(CheckOutcome(rule: "output", failure: failure))
    }
    return result + rules.rules.map { outcome($0.rule, $0.word) }
  }

  private func kinds() -> CheckFailure? {
    let old = stored.kinds, new = came.kinds
    for kind in CheckFailure.Kind.allCases {
      if old.contains(kind), !new.contains(kind) { return .missing(kind) }
      if !old.contains(kind), new.contains(kind) { return .unexpected(kind) }
    }
    return nil
  }

  private func outcome(_ rule: CheckRule, _ word: String) -> CheckOutcome {
    switch rule {
    case .skip: CheckOutcome(rule: word)
    case .text: CheckOutcome(rule: word, failure: textFailure())
    case .regex(let pattern): CheckOutcome(rule: word, failure: matchFailure(pattern))
    case .svg(let tolerance): CheckOutcome(rule: word, failure: pictureFailure(tolerance))
    case .num(let relative, let absolute):
      partOutcome(word) {
        NumberRule(relative: relative, absolute: absolute).failure($0, $1)
      }
    case .shape: partOutcome(word) { NumberRule.shapeFailure($0, $1) }
    case .words(let wanted):
      partOutcome(word) { stored, came in
        let alike = WordDistance.likeness(stored, came)
        return alike >= wanted ? nil : .words(alike: alike, wanted: wanted)
      }
    }
  }

  // MARK: text

  private func textFailure() -> CheckFailure? {
    if let failure = Self.lineFailure(stored.text, came.text) { return failure }
    if stored.warnings.isEmpty != came.warnings.isEmpty {
      return came.warnings.isEmpty ? .missing(.warnings) : .unexpected(.warnings)
    }
    if let failure = Self.lineFailure(stored.warnings, came.warnings) { return failure }
    if let failure = errorFailure(Self.lineFailure) { return failure }
    return picturesFailure { old, new in
      old.bytes == new.bytes ? nil : .pictureBytes(path: new.path)
    }
  }

  /// The first line that differs.
  static func lineFailure(_ stored: String, _ came: String) -> CheckFailure? {
    if stored.utf8.elementsEqual(came.utf8) { return nil }
    let old = lines(stored), new = lines(came)
    for index in 0..<max(old.count, new.count) {
      let a = index < old.count ? old[index] : "", b = index < new.count ? new[index] : ""
      if !a.utf8.elementsEqual(b.utf8) || index >= min(old.count, new.count) {
        return .line(index + 1, stored: a, came: b)
      }
    }
    return nil
  }

  static func lines(_ text: String) -> [String] {
    text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { String(Substring($0)) }
  }

  // MARK: Rules that compare a part

  /// The rule on text and error; of text that was cut, on what both keep.
  private func partOutcome(
    _ word: String, _ rule: (_ stored: String, _ came: String) -> CheckFailure?
  ) -> CheckOutcome {
    var outcome = CheckOutcome(rule: word)
    let parts = KeptText(stored.text), others = KeptText(came.text)
    if parts.isCut || others.isCut {
      if parts.total != others.total {
        outcome.failure = .lineCount(stored: parts.total, came: others.total)
        return outcome
      }
      let count = min(parts.lines.count, others.lines.count)
      outcome.note = "compared the first \(count) of \(parts.total) lines"
      outcome.failure = rule(parts.first(count), others.first(count))
    } else {
      outcome.failure = rule(stored.text, came.text)
    }
    if outcome.failure == nil { outcome.failure = errorFailure(rule) }
    return outcome
  }

  private func errorFailure(
    _ rule: (_ stored: String, _ came: String) -> CheckFailure?
  ) -> CheckFailure? {
    // One alone is told by `kinds`.
    guard let old = stored.error, let new = came.error else { return nil }
    if old.code != new.code { return .errorCode(stored: old.code, came: new.code) }
    return rule(old.text, new.text)
  }

  private func matchFailure(_ pattern: String) -> CheckFailure? {
    let texts = [came.text] + (came.error.map { [$0.text] } ?? [])
    switch search(pattern, texts.joined(separator: "\n")) {
    case true?: return nil
    case false?: return .noMatch(pattern: pattern)
    case nil: return .tooCostly(pattern: pattern)
    }
  }

  // MARK: Pictures

  private func pictureFailure(_ tolerance: Double) -> CheckFailure? {
    picturesFailure { old, new in
      guard let stored = old.bytes, let came = new.bytes else { return nil }
      return PictureComparison(path: new.path, tolerance: tolerance)
        .failure(stored: stored, came: came)
    }
  }

  private func picturesFailure(
    _ rule: (ComparedOutput.Picture, ComparedOutput.Picture) -> CheckFailure?
  ) -> CheckFailure? {
    if stored.pictures.isEmpty || came.pictures.isEmpty { return nil }
    guard stored.pictures.count == came.pictures.count else {
      return .pictureCount(stored: stored.pictures.count, came: came.pictures.count)
    }
    for (old, new) in zip(stored.pictures, came.pictures) {
      if old.bytes == nil { return .pictureMissing(path: old.path) }
      if let failure = rule(old, new) { return failure }
    }
    return nil
  }
}

/// The rules `num` and `shape`.
struct NumberRule {
  let relative: Double
  let absolute: Double

  func failure(_ stored: String, _ came: String) -> CheckFailure? {
    Self.failure(stored, came) { old, new in
      if old.isWhole, new.isWhole {
        return old.isSameWhole(as: new)
          ? nil : .whole(line: old.line, stored: old.text, came: new.text)
      }
      return numberFailure(old, new)
    }
  }

  private func numberFailure(
    _ old: NumberText.Number, _ new: NumberText.Number
  ) -> CheckFailure? {
    let (a, b) = (old.value, new.value)
    if a == b || (a.isNaN && b.isNaN) { return nil }
    let allowed = absolute + relative * abs(a)
    guard a.isFinite, b.isFinite else {
      return .number(
        line: old.line, stored: old.text, came: new.text, apart: nil, allowed: allowed)
    }
    if abs(a - b) <= allowed { return nil }
    return .number(
      line: old.line, stored: old.text, came: new.text, apart: abs(a - b), allowed: allowed)
  }

  static func shapeFailure(_ stored: String, _ came: String) -> CheckFailure? {
    failure(stored, came) { old, new in
      if old.isWhole || new.isWhole {
        let isSame = old.isWhole && new.isWhole && old.isSameWhole(as: new)
        return isSame ? nil : .line(old.line, stored: old.text, came: new.text)
      }
      // NaN and the infinities have neither point nor exponent.
      let isSame =
        old.value.isFinite == new.value.isFinite
        && (old.value.isFinite || old.text.utf8.elementsEqual(new.text.utf8))
      return isSame ? nil : .line(old.line, stored: old.text, came: new.text)
    }
  }

  /// The first place where the text between numbers differs or two numbers do not agree.
  private static func failure(
    _ stored: String, _ came: String,
    _ disagree: (NumberText.Number, NumberText.Number) -> CheckFailure?
  ) -> CheckFailure? {
    let old = NumberText(stored), new = NumberText(came)
    for index in 0..<min(old.gaps.count, new.gaps.count) {
      let isLast = index == min(old.gaps.count, new.gaps.count) - 1
      let (a, b) = (old.gaps[index], new.gaps[index])
      if !a.utf8.elementsEqual(b.utf8), !isLast || old.gaps.count == new.gaps.count {
        return gapFailure(a, b, from: old.lines[index])
      }
      guard index < old.numbers.count, index < new.numbers.count else { break }
      if let failure = disagree(old.numbers[index], new.numbers[index]) { return failure }
    }
    if old.numbers.count != new.numbers.count {
      return .numberCount(stored: old.numbers.count, came: new.numbers.count)
    }
    return nil
  }

  private static func gapFailure(_ a: String, _ b: String, from line: Int) -> CheckFailure? {
    guard case .line(let number, let stored, let came)? = Comparison.lineFailure(a, b) else {
      return nil
    }
    return .line(line + number - 1, stored: stored, came: came)
  }
}

/// A text in normal form with the lines that its cut left out, as its last line says.
struct KeptText {
  let lines: [String]
  let more: Int
  var isCut: Bool { more > 0 }
  var total: Int { lines.count + more }

  init(_ text: String) {
    let all = Comparison.lines(text)
    guard let last = all.last, let count = NormalForm.cutLines(last) else {
      (lines, more) = (all, 0)
      return
    }
    (lines, more) = (Array(all.dropLast()), count)
  }

  func first(_ count: Int) -> String { lines.prefix(count).joined(separator: "\n") }
}

/// Edit distance of texts in words.
enum WordDistance {
  /// 1 for equal texts, 0 for nothing in common: 1 - distance / words of the longer. O(n m).
  static func likeness(_ stored: String, _ came: String) -> Double {
    // By bytes: two ways to write an accent are two words.
    var numbers: [[UInt8]: Int] = [:]
    func words(_ text: String) -> [Int] {
      text.utf8.split { $0 <= 0x20 }.map { word in
        let key = Array(word), known = numbers[key] ?? numbers.count
        numbers[key] = known
        return known
      }
    }
    var a = words(stored)[...], b = words(came)[...]
    let longer = max(a.count, b.count)
    if longer == 0 { return 1 }
    while let first = a.first, first == b.first { (a, b) = (a.dropFirst(), b.dropFirst()) }
    while let last = a.last, last == b.last { (a, b) = (a.dropLast(), b.dropLast()) }
    return 1 - Double(distance(Array(a), Array(b))) / Double(longer)
  }

  private static func distance(_ a: [Int], _ b: [Int]) -> Int {
    var row = Array(0...b.count)
    for (i, word) in a.enumerated() {
      var corner = i
      row[0] = i + 1
      for j in b.indices {
        let above = row[j + 1]
        row[j + 1] = min(corner + (word == b[j] ? 0 : 1), above + 1, row[j] + 1)
        corner = above
      }
    }
    return row[b.count]
  }
}

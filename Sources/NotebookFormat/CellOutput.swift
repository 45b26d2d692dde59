// What a cell has put out, ready to be stored, and the text of its group (F8, F9, F15).

package import Diagnostics
import Digests

/// The outputs of one run of a cell. Texts are in normal form.
package struct CellOutput: Sendable, Equatable {
  /// stdout, then the value.
  package var text = NormalForm("")
  package var warnings = NormalForm("")
  package var error: StoredError?
  /// In order; each stands after the text.
  package var images: [OutputImage] = []
  /// Digests of source and inputs; nil for partial, interrupted and timed-out output, which has no
  /// tokens (F11).
  package var tokens: (source: String, inputs: String)?

  package struct StoredError: Sendable, Equatable {
    package var code: String
    /// `line:column-line:column` within the cell.
    package var at: String?
    package var text: NormalForm
    package init(code: String, at: String?, text: NormalForm) {
      self.code = code
      self.at = at
      self.text = text
    }
  }

  package init() {}

  package var isEmpty: Bool {
    text.text.isEmpty && warnings.text.isEmpty && error == nil && images.isEmpty
  }

  package static func == (a: CellOutput, b: CellOutput) -> Bool {
    a.text == b.text && a.warnings == b.warnings && a.error == b.error && a.images == b.images
      && a.tokens?.source == b.tokens?.source && a.tokens?.inputs == b.tokens?.inputs
  }
}

extension CellOutput.StoredError {
  /// The errors of a cell in order, of which the first says code and place; nil without any. They name
  /// lines of the cell, whose text is `source`.
  package init?(_ failures: [Diagnostic], in source: SourceText) {
    guard let first = failures.first else { return nil }
    let text = failures.map { $0.rendered(place: .cell) }.joined(separator: "\n\n")
    self.init(
      code: first.code.rawValue, at: Self.position(first, in: source), text: NormalForm(text))
  }

  /// `line:column-line:column` when the error lies in the cell itself.
  private static func position(_ diagnostic: Diagnostic, in source: SourceText) -> String? {
    guard let place = diagnostic.place, place.source === source else { return nil }
    let from = source.position(at: place.range.lower)
    let to = source.position(at: place.range.upper)
    return "\(from.line):\(from.column)-\(to.line):\(to.column)"
  }
}

extension CellOutput {
  /// Adds pictures in their order and gives the files that they are, by path, for the notebook called
  /// `notebook`.
  package mutating func add(
    _ pictures: [(svg: String, alt: String)], of cell: Cell, notebook: String
  ) -> [String: [UInt8]] {
    var assets: [String: [UInt8]] = [:]
    for picture in pictures {
      let bytes = Array(picture.svg.utf8)
      let image = Assets.image(
        bytes, alt: picture.alt, of: cell, number: images.count + 1, notebook: notebook)
      images.append(image)
      assets[image.path] = bytes
    }
    return assets
  }
}

extension OutputGroup {
  /// At most one block of each kind, in their order (F8).
  package var hasSurplus: Bool {
    let order = blocks.map { block in
      switch block.kind {
      case .text: 0
      case .warnings: 1
      case .error: 2
      }
    }
    return !zip(order, order.dropFirst()).allSatisfy { $0 < $1 }
  }
}

/// One block that is to stand in the file.
struct PlannedBlock {
  let kind: OutputKind
  let body: String
  let classes: [String]
  let pairs: [(key: String, value: String)]

  /// True when the block that stands there says the same.
  func matches(_ block: OutputBlock) -> Bool {
    block.kind == kind && block.body == body && block.attributes.defect == nil
      && block.attributes.id == nil && block.attributes.classes.sorted() == classes.sorted()
      && block.attributes.pairs.count == pairs.count
      && pairs.allSatisfy { block.attributes[$0.key] == $0.value }
  }

  /// The fence with its body, lines without endings.
  func lines(usesTildes: Bool) -> [String] {
    let mark: Character = usesTildes ? "~" : "`"
    var longest = 0
    var run = 0
    for byte in body.utf8 {
      run = byte == mark.asciiValue ? run + 1 : 0
      longest = max(longest, run)
    }
    let fence = String(repeating: mark, count: max(3, longest + 1))
    let items = classes.map { "." + $0 } + pairs.map { "\($0.key)=\($0.value)" }
    let head = items.isEmpty ? "\(fence)out" : "\(fence)out {\(items.joined(separator: " "))}"
    return [head] + (body.isEmpty ? [] : Self.split(body)) + [fence]
  }

  /// By LF bytes: a CR LF pair would be one character to `split`.
  private static func split(_ text: String) -> [String] {
    text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map {
      String(Substring($0))
    }
  }
}

extension CellOutput {
  /// The blocks of the group of a cell with this address.
  func blocks(of address: String?) -> [PlannedBlock] {
    var result: [PlannedBlock] = []
    // Pictures stand after the text's fence, so there is one when there are pictures.
    if !text.text.isEmpty || !images.isEmpty {
      result.append(planned(.text, text, address))
    }
    if !warnings.text.isEmpty { result.append(planned(.warnings, warnings, address)) }
    if let error {
      result.append(planned(.error, error.text, address, [("code", error.code), ("at", error.at)]))
    }
    return result
  }

  private func planned(
    _ kind: OutputKind, _ form: NormalForm, _ address: String?,
    _ extra: [(String, String?)] = []
  ) -> PlannedBlock {
    var classes = kind.fenceClass.map { [$0] } ?? []
    if form.isLossy { classes.append("lossy") }
    if tokens == nil { classes.append("partial") }
    var pairs: [(key: String, value: String)] = []
    if let address { pairs.append(("of", address)) }
    for (key, value) in extra { if let value { pairs.append((key, value)) } }
    if let tokens {
      pairs.append(("src", Freshness.token(tokens.source)))
      pairs.append(("in", Freshness.token(tokens.inputs)))
      pairs.append(("sum", Freshness.token(Digests.sha256Hex(form.text))))
    }
    return PlannedBlock(kind: kind, body: form.text, classes: classes, pairs: pairs)
  }
}

// What will be trained, drawn before it is trained.

package import Plots
import Tokenizers

/// The facts and some rows, with `« »` around what is trained (tuning.md 2.4).
package func preview(
  _ data: Dataset, encoder: Encoder, row wanted: Int? = nil, tokens: Bool = false
) throws -> Result {
  let encoded = try encoder.encode(data)
  var result = Result(kind: "preview", title: "")
  let share = encoded.tokens == 0 ? 0 : 100 * encoded.trained / encoded.tokens
  var lines = [
    "\(counted(data.count, "row")) · \(data.shape.rawValue) · \(share) % of "
      + "\(grouped(encoded.tokens)) tokens trained · longest \(grouped(encoded.longest)), "
      + "median \(grouped(encoded.median))"
  ]
  if let wanted, !data.rows.indices.contains(wanted) {
    throw TuningError.rowOutOfRange(wanted, count: data.count)
  }
  let shown = wanted.map { $0..<($0 + 1) } ?? 0..<min(3, data.count)
  for index in shown {
    let example = try encoder.example(data.rows[index].content, index).example
    lines.append(
      "\(data.place(of: data.rows[index])) · \(example.ids.count) tokens, "
        + "\(example.targetCount) trained")
    lines.append("  " + marked(example, encoder.tokenizer))
    if tokens { result.parts.append(.table(tokenTable(example, encoder.tokenizer))) }
  }
  lines.append(facts(data, encoded, encoder))
  result.parts.insert(contentsOf: lines.map { .note($0) }, at: 0)
  result.fields = [
    .init("trained", .int(encoded.trained)), .init("tokens", .int(encoded.tokens)),
    .init("cut", .int(encoded.cut.count)),
    .init("stop", .text(encoded.stopTrained ? "trained" : "not trained")),
  ]
  return result
}

/// The same without a model: shape, counts, three rows.
package func preview(_ data: Dataset, row wanted: Int? = nil) throws -> Result {
  if let wanted, !data.rows.indices.contains(wanted) {
    throw TuningError.rowOutOfRange(wanted, count: data.count)
  }
  var lines = [
    "\(counted(data.count, "row")) · \(data.shape.rawValue) · keys "
      + data.columns.joined(separator: ", ") + " · duplicates: \(data.duplicates)"
  ]
  for index in wanted.map({ $0..<($0 + 1) }) ?? 0..<min(3, data.count) {
    lines.append(data.place(of: data.rows[index]))
    switch data.rows[index].content {
    case .text(let text): lines.append("  «" + drawn(text) + "»")
    case .prompt(let text): lines.append("  " + drawn(text))
    case .exchange(let prompt, let completion):
      lines.append("  " + drawn(prompt) + "«" + drawn(completion) + "»")
    }
  }
  return Result(kind: "preview", title: "", parts: lines.map { .note($0) })
}

private func facts(_ data: Dataset, _ encoded: EncodedData, _ encoder: Encoder) -> String {
  let end = encoder.options.endIDs.first
  let token = end.map { " " + endText($0, encoder.tokenizer) } ?? ""
  func list(_ rows: [Int]) -> String {
    if rows.isEmpty { return "0 rows" }
    let lines = rows.prefix(3).map { "\(max(data.rows[$0].line, data.rows[$0].number))" }
    let more = rows.count > 3 ? ", …" : ""
    return "\(counted(rows.count, "row")) (lines \(lines.joined(separator: ", "))\(more))"
  }
  return "stop token\(token) trained: \(encoded.stopTrained ? "yes" : "no")"
    + " · cut: \(list(encoded.cut)) · dropped: \(list(encoded.dropped))"
    + " · duplicates: \(data.duplicates)"
}

/// How a special token is written.
func endText(_ id: Int, _ tokenizer: Tokenizer) -> String {
  SafeText.name(String(decoding: tokenizer.spelled(id) ?? [], as: UTF8.self))
}

/// The row's text with `«` where training begins and `»` where it ends; at most 400 tokens.
private func marked(_ example: Example, _ tokenizer: Tokenizer) -> String {
  var text = ""
  var inside = false
  for (place, id) in example.ids.enumerated().prefix(400) {
    let trained = place > 0 && example.trained[place]
    if trained != inside { text += trained ? "«" : "»" }
    inside = trained
    text += piece(Int(id), tokenizer)
  }
  if example.ids.count > 400 { text += "…" }
  return text + (inside ? "»" : "")
}

private func piece(_ id: Int, _ tokenizer: Tokenizer) -> String {
  if tokenizer.isSpecial(id) { return endText(id, tokenizer) }
  return drawn(tokenizer.tokenText(id))
}

/// Line breaks as `⏎`, and the rest made safe.
private func drawn(_ text: String) -> String {
  let cut = text.count > 400 ? String(text.prefix(400)) + "…" : text
  return SafeText.name(
    String(cut.map { $0 == "\n" || $0 == "\r\n" ? "⏎" : $0 }))
}

private func tokenTable(_ example: Example, _ tokenizer: Tokenizer) -> Table {
  Table(
    columns: ["place", "id", "piece", "trained"],
    rows: example.ids.enumerated().prefix(200).map { place, id in
      [
        .int(place), .int(Int(id)), .label(.text(piece(Int(id), tokenizer))),
        .label(.text(place > 0 && example.trained[place] ? "yes" : "no")),
      ]
    })
}

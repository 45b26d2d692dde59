// Jupyter's notebook (nbformat 4) as values: what is read of its JSON, and nothing else.

import Digests
import JSON

/// A picture or text of an output, in the order of preference of its kinds.
enum JupyterOutput: Equatable {
  case stream(name: String, text: String)
  /// `plain` is the text that stands for the picture.
  case picture(PictureFile, plain: String)
  case text(String)
  case error(name: String, value: String, traceback: String)
  /// A picture whose file was not there when it was exported: what stands for it.
  case missing(plain: String)

  /// The body of the block that it becomes; nil for a picture.
  var body: String? {
    switch self {
    case .stream(_, let text):
      text.utf8.last == 0x0A ? String(decoding: text.utf8.dropLast(), as: UTF8.self) : text
    case .text(let text): text
    case .error(_, _, let traceback): traceback
    case .picture, .missing: nil
    }
  }

  /// The first eight digits of a SHA-256 over what the outputs say.
  static func token(_ outputs: [JupyterOutput]) -> String {
    var text: [UInt8] = []
    func add(_ part: some Sequence<UInt8>, _ count: Int) {
      text += "\(count)\n".utf8
      text += part
    }
    for output in outputs {
      switch output {
      case .stream(let name, let body):
        for part in ["stream", name, body] { add(part.utf8, part.utf8.count) }
      case .picture(let picture, let plain):
        for part in [picture.kind.rawValue, plain] { add(part.utf8, part.utf8.count) }
        add(picture.bytes, picture.bytes.count)
      case .missing(let plain):
        for part in ["missing", plain] { add(part.utf8, part.utf8.count) }
      case .text(let body): for part in ["text", body] { add(part.utf8, part.utf8.count) }
      case .error(let name, let value, let traceback):
        for part in ["error", name, value, traceback] { add(part.utf8, part.utf8.count) }
      }
    }
    return String(Digests.hex(Digests.sha256(text)).prefix(8))
  }
}

struct JupyterCell {
  enum Kind: Equatable { case markdown, code, raw }
  var kind: Kind
  var source: String
  var id: String?
  var tags: [String]
  /// What an export of ours left there.
  var own: JSONObject?
  var outputs: [JupyterOutput]
  /// Files of a Markdown cell by name.
  var attachments: [(name: String, picture: PictureFile)]
}

/// What a notebook holds that has no place in ours, counted.
struct JupyterLosses {
  private(set) var counts: [(what: String, count: Int)] = []

  mutating func add(_ what: String) {
    if let place = counts.firstIndex(where: { $0.what == what }) {
      counts[place].count += 1
    } else {
      counts.append((what, 1))
    }
  }

  var warnings: [ExportError] { counts.map { .notKept($0.what, count: $0.count) } }
}

/// Reads the JSON of a notebook.
struct JupyterDocument {
  private(set) var cells: [JupyterCell] = []
  /// Of the code cells; empty when nothing says.
  private(set) var language = ""
  private(set) var title: String?
  private(set) var own: JSONObject?
  private(set) var losses = JupyterLosses()

  init(_ json: JSON, path: String) throws {
    guard json.object != nil, let format = json["nbformat"]?.int else {
      throw ExportError.notNotebook(path, reason: "it has no nbformat")
    }
    if format < 4 { throw ExportError.oldFormat(format) }
    if format > 4 { throw ExportError.newFormat(format) }
    guard let found = json["cells"]?.array else {
      throw ExportError.notNotebook(path, reason: "it has no list of cells")
    }
    let metadata = json["metadata"]
    own = metadata?["quire"]?.object
    title = metadata?["title"]?.text
    let named =
      metadata?["kernelspec"]?["language"]?.text ?? metadata?["language_info"]?["name"]?.text
    language = Self.word(named ?? "")
    if metadata?["widgets"] != nil { losses.add("widget states") }
    for (index, cell) in found.enumerated() {
      if let kind = cell["cell_type"]?.text, !["markdown", "code", "raw"].contains(kind) {
        losses.add("cells of other kinds")
        continue
      }
      guard let read = cell.object.flatMap({ self.cell($0) }) else {
        throw ExportError.notNotebook(path, reason: "cell \(index + 1) has no kind and source")
      }
      cells.append(read)
    }
  }

  /// A name that may be the first word of an info string.
  private static func word(_ name: String) -> String {
    let kept = name.lowercased().utf8.filter {
      (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || "+#._-".utf8.contains($0)
    }
    let word = String(decoding: kept.prefix(32), as: UTF8.self)
    return word == "out" || word == "lock" ? "text" : word
  }

  private mutating func cell(_ object: JSONObject) -> JupyterCell? {
    guard let source = object["source"].flatMap(Self.joined) else { return nil }
    let kind: JupyterCell.Kind
    switch object["cell_type"]?.text {
    case "markdown": kind = .markdown
    case "code": kind = .code
    case "raw": kind = .raw
    default: return nil
    }
    let metadata = object["metadata"]?.object
    var outputs: [JupyterOutput] = []
    if kind == .code {
      for output in object["outputs"]?.array ?? [] { outputs += self.output(output) }
    }
    var attachments: [(name: String, picture: PictureFile)] = []
    for (name, bundle) in object["attachments"]?.object?.pairs.map({ ($0, $1) }) ?? [] {
      if let picture = picture(in: bundle) {
        attachments.append((name.text, picture))
      } else {
        losses.add("attachments")
      }
    }
    return JupyterCell(
      kind: kind, source: source, id: object["id"]?.text,
      tags: metadata?["tags"]?.array?.compactMap(\.text) ?? [],
      own: metadata?["quire"]?.object, outputs: outputs, attachments: attachments)
  }

  /// A text, or a list of its lines.
  static func joined(_ value: JSON) -> String? {
    switch value {
    case .string(let string): return string.text
    case .array(let parts):
      var bytes: [UInt8] = []
      for part in parts {
        guard let text = part.string else { return nil }
        bytes += text.utf8
      }
      return String(decoding: bytes, as: UTF8.self)
    default: return nil
    }
  }

  /// Nothing for an output that says nothing.
  private mutating func output(_ value: JSON) -> [JupyterOutput] {
    switch value["output_type"]?.text {
    case "stream":
      let text = value["text"].flatMap(Self.joined) ?? ""
      return text.isEmpty ? [] : [.stream(name: value["name"]?.text ?? "stdout", text: text)]
    case "error":
      let lines = value["traceback"]?.array?.compactMap(\.text) ?? []
      let name = value["ename"]?.text ?? "error"
      let reason = value["evalue"]?.text ?? ""
      let traceback = lines.isEmpty ? "\(name): \(reason)" : lines.joined(separator: "\n")
      return [.error(name: name, value: reason, traceback: traceback)]
    case "display_data", "execute_result", "update_display_data":
      let data = value["data"] ?? .null
      if value["metadata"]?["quire"]?["missing"]?.bool == true {
        return [.missing(plain: data["text/plain"].flatMap(Self.joined) ?? "")]
      }
      return bundle(data)
    default:
      losses.add("outputs of other kinds")
      return []
    }
  }

  /// One of the forms that a value comes in: a picture, else its text.
  private mutating func bundle(_ data: JSON) -> [JupyterOutput] {
    let plain = data["text/plain"].flatMap(Self.joined)
    if let picture = picture(in: data) { return [.picture(picture, plain: plain ?? "")] }
    let kinds = data.object?.keys.map(\.text) ?? []
    if kinds.contains(where: { $0.hasPrefix("application/vnd.jupyter.widget") }) {
      losses.add("widgets")
    } else if kinds.contains("text/html") {
      losses.add("HTML outputs")
    } else if kinds.contains(where: { $0.hasPrefix("application/") && $0 != "application/json" })
      || kinds.contains(where: {
        $0.hasPrefix("image/") || $0.hasPrefix("video/") || $0.hasPrefix("audio/")
      })
    {
      losses.add("pictures and data of other kinds")
    }
    for kind in ["text/markdown", "text/latex"] where plain == nil {
      if let text = data[kind].flatMap(Self.joined) { return text.isEmpty ? [] : [.text(text)] }
    }
    return (plain ?? "").isEmpty ? [] : [.text(plain ?? "")]
  }

  /// The picture of a bundle that can be shown; SVG without what may not be in one.
  private mutating func picture(in data: JSON) -> PictureFile? {
    if let text = data["image/svg+xml"].flatMap(Self.joined) {
      do throws(XMLProblem) {
        let clean = try SVGSanitizer.sanitized(Array(text.utf8))
        if clean.removed > 0 { losses.add("SVG pictures with parts that may not be in one") }
        return PictureFile(kind: .svg, bytes: clean.bytes)
      } catch {
        losses.add("SVG pictures that cannot be read")
      }
    }
    for kind in ["image/png", "image/jpeg", "image/gif", "image/webp"] {
      guard let text = data[kind].flatMap(Self.joined) else { continue }
      let digits = text.utf8.filter { $0 > 0x20 }
      if digits.count <= SVGSanitizer.sizeLimit * 2, let bytes = decodedBase64(Array(digits)),
        let found = PictureFile.kind(of: bytes), found != .svg
      {
        return PictureFile(kind: found, bytes: bytes)
      }
    }
    return nil
  }
}

// safetensors: u64 header length N, N bytes of JSON, then the data, which the tensors fill without
// hole or overlap. Every field is checked before anything is read through it.

import Files
import JSON

enum SafetensorsReader {
  static let maximumHeader = 100_000_000
  static let maximumTensors = 1 << 20

  /// What one file holds.
  struct Contents {
    var entries: [TensorEntry]
    var metadata: [(String, MetadataValue)]
    var notes: [String]
  }

  /// The checked header of a mapped file. O(header · log tensors).
  static func read(_ map: MappedFile, fileIndex: Int = 0) throws -> Contents {
    let file = Path.name(of: map.path)
    let (header, dataStart) = try parseHeader(map, file)
    var contents = Contents(entries: [], metadata: [], notes: [])
    var spans: [(entry: TensorEntry, begin: Int, end: Int)] = []
    spans.reserveCapacity(header.count)
    for (key, value) in header.pairs {
      if key == "__metadata__" {
        contents.metadata = try metadata(value, file)
      } else {
        spans.append(try entry(key, value, file, fileIndex, dataStart, &contents.notes))
      }
    }
    spans.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
    try checkCover(spans, dataCount: map.count - dataStart, file)
    contents.entries = spans.map(\.entry)
    return contents
  }

  private static func parseHeader(
    _ map: MappedFile, _ file: String
  ) throws -> (header: JSONObject, dataStart: Int) {
    guard map.count >= 8 else { throw refuse(.tooShort(map.count), file) }
    let length = try map.withBytes(0..<8) {
      UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self))
    }
    guard length >= 2, length <= UInt64(maximumHeader) else {
      throw refuse(.headerLength(length), file)
    }
    let end = 8 + Int(length)
    guard end <= map.count else { throw refuse(.headerPastEnd(length, size: map.count), file) }
    let json = try map.withBytes(8..<end) { bytes in
      guard bytes.first == UInt8(ascii: "{") else { throw refuse(.notAnObject, file) }
      do throws(JSONError) { return try JSON.parse(bytes) } catch {
        throw refuse(.json(error.message), file)
      }
    }
    guard let header = json.object else { throw refuse(.notAnObject, file) }
    if let name = header.duplicateKeys.first { throw refuse(.duplicate(name.text), file) }
    guard header.count <= maximumTensors else {
      throw refuse(.tooMany(header.count), file)
    }
    return (header, end)
  }

  private static func metadata(
    _ value: JSON, _ file: String
  ) throws -> [(String, MetadataValue)] {
    guard let object = value.object else { throw refuse(.metadata("__metadata__"), file) }
    if let name = object.duplicateKeys.first { throw refuse(.duplicate(name.text), file) }
    return try object.pairs.map { key, value in
      guard let string = value.string else { throw refuse(.metadata(key.text), file) }
      return (key.text, .bytes(string.utf8))
    }
  }

  private static func entry(
    _ key: JSONString, _ value: JSON, _ file: String, _ fileIndex: Int, _ dataStart: Int,
    _ notes: inout [String]
  ) throws -> (entry: TensorEntry, begin: Int, end: Int) {
    let name = key.text
    guard let fields = value.object, fields.duplicateKeys.isEmpty,
      let dtypeName = fields["dtype"]?.text, let shapeList = fields["shape"]?.array,
      let offsets = fields["data_offsets"]?.array, offsets.count == 2
    else { throw refuse(.entry(name), file) }
    if fields.count > 3, notes.isEmpty {
      notes.append("\(file): extra keys beside dtype, shape and data_offsets are ignored")
    }
    guard let dtype = StoredDType.safetensors(dtypeName) else {
      throw refuse(.dtype(name, dtypeName), file)
    }
    let shape = try shapeList.map { try natural($0, "shape", name, file) }
    let begin = try natural(offsets[0], "data_offsets", name, file)
    let end = try natural(offsets[1], "data_offsets", name, file)
    guard begin <= end else { throw refuse(.backwards(name, begin, end), file) }
    guard let count = Shapes.count(shape) else { throw refuse(.shape(name, shape), file) }
    guard let bytes = dtype.byteCount(of: count) else {
      throw refuse(.partOfByte(name, dtypeName, shape), file)
    }
    guard bytes == end - begin else {
      throw refuse(.size(name, needs: bytes, has: end - begin), file)
    }
    let (offset, overflow) = dataStart.addingReportingOverflow(begin)
    guard !overflow else { throw refuse(.number(name, "data_offsets", "\(begin)"), file) }
    let entry = TensorEntry(
      name: name, dtype: dtype, shape: shape, byteCount: bytes, fileIndex: fileIndex,
      offset: offset)
    return (entry, begin, end)
  }

  private static func natural(
    _ value: JSON, _ field: String, _ name: String, _ file: String
  ) throws -> Int {
    guard let number = value.int, number >= 0 else {
      let got: String =
        if case .number(let literal) = value { literal.text } else {
          value.kindName
        }
      throw refuse(.number(name, field, String(got.prefix(40))), file)
    }
    return number
  }

  /// The tensors, sorted by place, start at 0, touch, and end where the file ends.
  private static func checkCover(
    _ spans: [(entry: TensorEntry, begin: Int, end: Int)], dataCount: Int, _ file: String
  ) throws {
    var place = 0
    var last: (entry: TensorEntry, begin: Int, end: Int)?
    for span in spans {
      if span.begin < place, let last {
        throw refuse(
          .overlap(span.entry.name, span.begin, last.entry.name, last.begin, last.end), file)
      }
      if span.begin > place { throw refuse(.hole(place, span.begin), file) }
      if span.end > dataCount {
        throw refuse(.cut(span.entry.name, span.begin, span.end, dataCount), file)
      }
      place = span.end
      last = span
    }
    if place != dataCount { throw refuse(.surplus(place, dataCount), file) }
  }

  private static func refuse(_ rule: SafetensorsRule, _ file: String) -> CheckpointsError {
    .safetensors(rule, file: file)
  }
}

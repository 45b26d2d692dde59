// Every error of the room. The rules of each format are closed lists; the words stand here alone.

package import Diagnostics
import Files
import Tensors

package enum CheckpointsError: RoomError, Equatable {
  case safetensors(SafetensorsRule, file: String)
  case gguf(GGUFRule, file: String)
  case index(IndexRule, file: String)
  case npy(NPYRule, file: String)
  case zip(ZipRule, file: String)
  case unknownFormat(String)
  case pickle(PickleRule, file: String)
  case noWeights(folder: String)
  case several([String], folder: String)
  case missingFiles([String], index: String)
  case escapes(String, namedBy: String)
  /// `near` holds the nearest names that are there.
  case missingTensor(String, file: String, near: [String])
  case notComputable(format: Checkpoint.Format, name: String, dtype: String)
  case badElement(String, dtype: String, value: String)
  case writing(WritingRule, path: String)

  static func absent(_ name: String, file: String, among names: [String]) -> CheckpointsError {
    .missingTensor(
      name, file: Path.name(of: file), near: nearestNames(to: name, among: names.prefix(4096)))
  }

  package var code: ErrorCode {
    switch self {
    case .noWeights, .missingFiles: .file
    case .several: .value
    case .missingTensor: .name
    case .notComputable: .model
    case .writing(let rule, _): rule.code
    default: .format
    }
  }

  package var message: String {
    switch self {
    case .safetensors(let rule, let file): "\(rule.message) in \(file)"
    case .gguf(let rule, let file): rule.message(file)
    case .index(let rule, let file): "\(rule.message) in \(file)"
    case .npy(let rule, let file): "\(rule.message) in \(file)"
    case .zip(let rule, let file): "\(rule.message) in \(file)"
    case .unknownFormat(let file): "\(file) is no safetensors, GGUF or PyTorch file"
    case .pickle(let rule, let file): rule.message(file)
    case .noWeights(let folder):
      "no weights in \(folder): looked for *.safetensors, pytorch_model.bin, *.gguf"
    case .several(let names, let folder):
      "\(folder) holds several checkpoints: \(names.prefix(6).joined(separator: ", "))"
    case .missingFiles(let names, let index):
      "\(index) needs files that are not there: \(names.prefix(8).joined(separator: ", "))"
        + (names.count > 8 ? " and \(names.count - 8) more" : "")
    case .escapes(let path, let file): "\(file) names '\(path)', which is outside its folder"
    case .missingTensor(let name, let file, _): "no tensor '\(name)' in \(file)"
    case .notComputable(let format, let name, let dtype):
      "\(format.rawValue) tensor '\(name)' has type \(dtype), which can be listed but not computed"
    case .badElement(let name, let dtype, let value):
      "tensor '\(name)' of type \(dtype) holds \(value)"
    case .writing(let rule, let path): "\(rule.message) (\(path))"
    }
  }

  package var help: String? {
    switch self {
    case .safetensors(let rule, _): rule.help
    case .gguf(let rule, _): rule.help
    case .index(let rule, _): rule.help
    case .npy(let rule, _): rule.help
    case .zip(let rule, _): rule.help
    case .unknownFormat:
      "weights are read from .safetensors, .gguf, and the zip form of .pt and .bin"
    case .pickle(let rule, _): rule.help
    case .noWeights: "a model folder holds config.json, tokenizer.json and model.safetensors"
    case .several(let names, _): "choose with file: \"\(names.first ?? "")\""
    case .missingFiles: "copy or pull all files of the set into one folder"
    case .escapes: "the file is damaged or hostile; nothing was read"
    case .missingTensor(_, _, let near):
      near.isEmpty ? nil : "nearest: \(near.joined(separator: ", "))"
    case .notComputable(.gguf, _, _): ggufHelp
    case .notComputable: "use a copy in F32, F16 or BF16"
    case .badElement(_, "BOOL", _): "bools are stored as 0 or 1"
    case .badElement: "ints have 64 bits and a sign"
    case .writing(let rule, _): rule.help
    }
  }
}

private let cutHelp = "the file is cut short; pull or copy it again"
private let ggufHelp = "use a file in F32, F16, BF16, Q8_0, Q4_0…Q5_1 or Q2_K…Q6_K"
private let hostileHelp = "the header is damaged or hostile; nothing was read"

package enum SafetensorsRule: Equatable, Sendable {
  case tooShort(Int)
  case headerLength(UInt64)
  case headerPastEnd(UInt64, size: Int)
  case notAnObject
  case json(String)
  case duplicate(String)
  case tooMany(Int)
  case metadata(String)
  case entry(String)
  case dtype(String, String)
  case number(String, String, String)
  case shape(String, [Int])
  case partOfByte(String, String, [Int])
  case backwards(String, Int, Int)
  case size(String, needs: Int, has: Int)
  case overlap(String, Int, String, Int, Int)
  case hole(Int, Int)
  case surplus(Int, Int)
  case cut(String, Int, Int, Int)

  var message: String {
    switch self {
    case .tooShort(let count): "safetensors starts with 8 bytes of header length: got \(count)"
    case .headerLength(let length):
      "safetensors header length must be 2..100000000: got \(length)"
    case .headerPastEnd(let length, let size):
      "safetensors header needs \(length) bytes after byte 8: the file ends at \(size)"
    case .notAnObject: "safetensors header must be a JSON object that starts at byte 8"
    case .json(let text): "safetensors header: \(text)"
    case .duplicate(let name): "safetensors names must be unique: '\(name)' stands twice"
    case .tooMany(let count): "safetensors may name 1048576 tensors: got \(count)"
    case .metadata(let key): "safetensors metadata must map strings to strings: '\(key)' does not"
    case .entry(let name):
      "safetensors tensor '\(name)' needs dtype, shape and data_offsets [begin, end], each once"
    case .dtype(let name, let dtype): "safetensors tensor '\(name)' has unknown dtype '\(dtype)'"
    case .number(let name, let field, let got):
      "safetensors tensor '\(name)': \(field) must hold whole numbers from 0: got \(got)"
    case .shape(let name, let shape):
      "safetensors tensor '\(name)' has shape \(shape), above 8 extents of 2^40 or 2^62 elements"
    case .partOfByte(let name, let dtype, let shape):
      "safetensors tensor '\(name)' of \(dtype) \(shape) does not fill whole bytes"
    case .backwards(let name, let begin, let end):
      "safetensors tensor '\(name)' ends before it begins: \(begin)..\(end)"
    case .size(let name, let needs, let has):
      "safetensors tensor '\(name)' needs \(needs) bytes for its shape: its offsets give \(has)"
    case .overlap(let name, let begin, let other, let from, let to):
      "safetensors tensors must not overlap: '\(name)' begins at \(begin) inside '\(other)'"
        + " (\(from)..\(to))"
    case .hole(let from, let to):
      "safetensors tensors must touch: nothing covers bytes \(from)..\(to)"
    case .surplus(let end, let count):
      "safetensors tensors must end with the file: \(count - end) bytes follow the last"
    case .cut(let name, let begin, let end, let count):
      "safetensors tensor '\(name)' needs bytes \(begin)..\(end): the data ends at \(count)"
    }
  }

  var help: String? {
    switch self {
    case .tooShort, .headerPastEnd, .cut: cutHelp
    case .surplus: "the file was written to twice, or is damaged"
    case .dtype: "known: F64 F32 F16 BF16 I64 I32 I16 I8 U64 U32 U16 U8 BOOL C64 F8_… F6_… F4"
    default: hostileHelp
    }
  }
}

package enum GGUFRule: Equatable, Sendable {
  case magic
  case version(UInt32)
  case bigEndian
  case cut(String, offset: Int, size: Int)
  case count(String, UInt64, left: Int)
  case stringLength(String, UInt64, limit: Int)
  case notUTF8(String, offset: Int)
  case emptyKey(offset: Int)
  case emptyName(offset: Int)
  case duplicateKey(String)
  case duplicateTensor(String)
  case valueType(String, UInt32)
  case elementType(String, UInt32)
  case bool(String, UInt8)
  case alignment(String)
  case metadataType(key: String, wanted: String, got: String)
  case rank(String, UInt32)
  case extent(String, UInt64)
  case tensorType(String, GGUFTypeRefusal)
  case shape(String, [Int], String, block: Int)
  case unaligned(String, UInt64, Int)
  case tensorPastEnd(String, from: UInt64, count: Int, dataStart: Int, size: Int)
  case overlap(String, String)
  case kind(String)
  case split(String)

  func message(_ file: String) -> String {
    switch self {
    case .cut(let what, let offset, let size):
      return "gguf header ends inside \(what) at byte \(offset): \(file) ends at \(size)"
    case .tensorPastEnd(let name, let from, let count, let dataStart, let size):
      let (begin, overflow) = from.addingReportingOverflow(UInt64(dataStart))
      let start = overflow ? from : begin
      let (end, far) = start.addingReportingOverflow(UInt64(count))
      let range = far ? "\(count) bytes from \(start)" : "bytes \(start)..\(end)"
      return "gguf tensor '\(name)' needs \(range): \(file) ends at \(size)"
    default: return "\(text) in \(file)"
    }
  }

  private var text: String {
    switch self {
    case .magic: "gguf files begin with 'GGUF': no such bytes"
    case .version(let version): "gguf version must be 2 or 3: got \(version)"
    case .bigEndian: "big-endian GGUF is not read: its version is byte-swapped"
    case .count(let what, let count, let left):
      "gguf cannot hold \(count) \(what) in the \(left) bytes that follow"
    case .stringLength(let what, let length, let limit):
      "gguf: \(what) may have \(limit) bytes: got \(length)"
    case .notUTF8(let what, let offset): "gguf: \(what) must be UTF-8 (byte \(offset))"
    case .emptyKey(let offset): "gguf metadata keys must not be empty (byte \(offset))"
    case .emptyName(let offset): "gguf tensor names must not be empty (byte \(offset))"
    case .duplicateKey(let key): "gguf metadata keys must be unique: '\(key)' stands twice"
    case .duplicateTensor(let name): "gguf tensor names must be unique: '\(name)' stands twice"
    case .valueType(let key, let type): "gguf metadata '\(key)' has unknown type \(type)"
    case .elementType(let key, 9): "gguf metadata '\(key)' is an array of arrays"
    case .elementType(let key, let type): "gguf array '\(key)' has unknown element type \(type)"
    case .bool(let key, let byte): "gguf metadata '\(key)' must be 0 or 1: got \(byte)"
    case .alignment(let got):
      "gguf general.alignment must be a u32 power of two in 8..65536: got \(got)"
    case .metadataType(let key, let wanted, let got):
      "gguf metadata '\(key)' must be \(wanted): got \(got)"
    case .rank(let name, let rank): "gguf tensor '\(name)' may have 4 extents: got \(rank)"
    case .extent(let name, let extent):
      "gguf tensor '\(name)' has an extent of \(extent), above 2^40"
    case .tensorType(let name, .activation(let type)):
      "gguf tensor '\(name)' has type \(type), a format of activations, not of weights"
    case .tensorType(let name, .removed(let id)):
      "gguf tensor '\(name)' has type \(id), which was removed from the format"
    case .tensorType(let name, .unknown(let id)): "gguf tensor '\(name)' has unknown type \(id)"
    case .shape(let name, let shape, let type, let block):
      block > 1 && shape.last.map { $0 % block != 0 } ?? true
        ? "gguf tensor '\(name)' of \(type) needs rows of a multiple of \(block): shape \(shape)"
        : "gguf tensor '\(name)' of \(type) has shape \(shape), more than can be counted"
    case .unaligned(let name, let offset, let alignment):
      "gguf tensor '\(name)' begins at \(offset), no multiple of the alignment \(alignment)"
    case .overlap(let name, let other):
      "gguf tensors must not overlap: '\(name)' begins inside '\(other)'"
    case .kind(let kind): "gguf general.type must be model: got '\(kind)'"
    case .split(let text): "gguf split set: \(text)"
    case .cut, .tensorPastEnd: ""
    }
  }

  var help: String? {
    switch self {
    case .magic: "the file is no GGUF file, or its start is damaged"
    case .version(1), .bigEndian, .tensorType(_, .removed):
      "convert the model again with current software"
    case .version: "versions 2 and 3 are read"
    case .cut, .tensorPastEnd: cutHelp
    case .metadataType: "the file was written wrongly; convert the model again"
    case .kind: "load the file of the whole model; this one holds a part or an addition"
    case .split: "all parts of one set must lie in one folder under their names"
    case .tensorType: ggufHelp
    default: hostileHelp
    }
  }
}

package enum IndexRule: Equatable, Sendable {
  case tooLarge(Int)
  case json(String)
  case noMap
  case duplicate(String)
  case notAFile(String)
  case twoShards(String, String, String)
  case absent(String, String)

  var message: String {
    switch self {
    case .tooLarge(let size): "index of \(size) bytes is above the limit of 33554432"
    case .json(let text): "index: \(text)"
    case .noMap: "index needs weight_map, an object of tensor names and files"
    case .duplicate(let name): "index names '\(name)' twice"
    case .notAFile(let name): "index must map '\(name)' to the name of a file"
    case .twoShards(let name, let one, let other):
      "index puts '\(name)' in \(one), but \(other) holds it too"
    case .absent(let name, let shard): "index puts '\(name)' in \(shard), which has no such tensor"
    }
  }

  var help: String? {
    switch self {
    case .twoShards, .absent: "the shards belong to different saves; copy them all again"
    default: "the index is damaged or hostile; nothing was read"
    }
  }
}

package enum NPYRule: Equatable, Sendable {
  case magic
  case version(UInt8, UInt8)
  case cutHeader
  case headerLength(Int)
  case literal(String, offset: Int)
  case keys
  case dtype(String)
  case shape(String)
  case size(needs: Int, has: Int)

  var message: String {
    switch self {
    case .magic: "npy files begin with \\x93NUMPY: no such bytes"
    case .version(let major, let minor):
      "npy version must be 1.0, 2.0 or 3.0: got \(major).\(minor)"
    case .cutHeader: "npy header goes on past the end of the file"
    case .headerLength(let length): "npy header may have 10000 bytes: got \(length)"
    case .literal(let wanted, let offset): "npy header needs \(wanted) at byte \(offset)"
    case .keys: "npy header needs exactly descr, fortran_order and shape"
    case .dtype(let text): "npy dtype '\(text)' is not read"
    case .shape(let text): "npy shape \(text) is not possible"
    case .size(let needs, let has): "npy data must have \(needs) bytes for its shape: got \(has)"
    }
  }

  var help: String? {
    switch self {
    case .dtype: "read: b1 i1 u1 i2 u2 i4 u4 i8 u8 f2 f4 f8; save the array as one of these"
    case .magic, .version: "np.save writes such files"
    case .size, .cutHeader: cutHelp
    default: "the header is damaged or hostile; nothing was read"
    }
  }
}

package enum ZipRule: Equatable, Sendable {
  case noEnd
  case manyDisks
  case tooMany(Int)
  case cut(String)
  case name(String)
  case duplicate(String)
  case compressed(String, method: Int)
  case encrypted(String)
  case disagree(String)
  case overlap(String)
  case checksum(String)

  var message: String {
    switch self {
    case .noEnd: "zip needs an end record in its last 65557 bytes: there is none"
    case .manyDisks: "zip over several disks is not read"
    case .tooMany(let count): "zip may hold 65536 entries: got \(count)"
    case .cut(let what): "zip: \(what) goes past the end of the file"
    case .name(let name): "zip entry '\(name)' has a name that leaves its folder"
    case .duplicate(let name): "zip entry '\(name)' stands twice"
    case .compressed(let name, let method):
      "zip entry '\(name)' is compressed (method \(method)), only stored entries are read"
    case .encrypted(let name): "zip entry '\(name)' is encrypted"
    case .disagree(let name): "zip entry '\(name)': its two headers disagree"
    case .overlap(let name): "zip entry '\(name)' overlaps another"
    case .checksum(let name): "zip entry '\(name)': the checksum does not fit the bytes"
    }
  }

  var help: String? {
    switch self {
    case .compressed(let name, _) where name.utf8.suffix(4).elementsEqual(".npy".utf8):
      "write it with np.savez, not np.savez_compressed"
    case .compressed: "pack it again without compression (zip -0)"
    case .noEnd, .cut, .checksum: "the file is damaged; copy it again"
    default: "the file is damaged or hostile; nothing was read"
    }
  }
}

package enum WritingRule: Equatable, Sendable {
  case duplicate(String)
  case name(String)
  case dtype(String, String, String)
  case rank(String, Int)
  case emptyKey
  case tooLarge(String)
  case changed(String)

  var code: ErrorCode {
    switch self {
    case .dtype: .dtype
    case .rank: .shape
    default: .value
    }
  }

  var message: String {
    switch self {
    case .duplicate(let name): "writing needs unique names: '\(name)' is given twice"
    case .name(let name): "writing: '\(name)' cannot be the name of an entry"
    case .dtype(let name, let dtype, let format): "\(format) cannot hold '\(name)' of \(dtype)"
    case .rank(let name, let rank): "gguf tensor '\(name)' may have 4 extents: got \(rank)"
    case .emptyKey: "gguf metadata keys must not be empty"
    case .changed(let name): "writing: '\(name)' is not the tensor that was announced"
    case .tooLarge(let name): "zip entry '\(name)' is above 4 GB, which is not written"
    }
  }

  var help: String? {
    switch self {
    case .dtype(_, let dtype, _) where DType(rawValue: dtype)?.isQuantized == true:
      "cast to \"f32\" or \"f16\" first"
    case .dtype: "cast to \"f32\" first"
    case .tooLarge: "save large tensors as .safetensors"
    case .duplicate: "give each tensor a name of its own"
    case .name: "names are plain paths: not empty, without .. and without / at an end"
    case .rank: "reshape it to at most 4 axes"
    case .emptyKey: "give each key a name"
    case .changed: "this is a defect of Quire; please report it"
    }
  }
}

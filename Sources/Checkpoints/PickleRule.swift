// What a PyTorch file must be, and the words for one that is not.

package enum PickleRule: Equatable, Sendable {
  case legacy
  case tar
  case torchScript
  case notTorch
  case noData(Int)
  case noVersion
  case version(String)
  case byteOrder(String)
  case tooLarge(Int)
  case protocolVersion(UInt8)
  case opcode(UInt8, offset: Int)
  case cut(offset: Int)
  case trailing(offset: Int)
  case operand(String, offset: Int)
  case text(offset: Int)
  case memo(Int, offset: Int)
  case limit(String, Int)
  case global(String, offset: Int)
  case reduce(String, offset: Int)
  case build(offset: Int)
  case persistentID(offset: Int)
  case storageType(String, offset: Int)
  case storageMissing(String)
  case storageSize(String, needs: Int, has: Int)
  case view(shape: [Int], strides: [Int], from: Int, count: Int, offset: Int)
  case noTensors
  case depth(Int)
  case key(String)
  case duplicate(String)
  case repeated(String, limit: Int)

  func message(_ file: String) -> String {
    switch self {
    case .legacy: "\(file) is a PyTorch file of the form before 1.6, which is not read"
    case .tar: "\(file) is a PyTorch file of the oldest form (tar), which is not read"
    case .torchScript: "\(file) is a TorchScript program, not a file of tensors"
    case .notTorch: "\(file) is a pickle without tensors' files beside it, which is not read"
    case .global(let name, let offset):
      "\(file) asks for '\(name)' at pickle offset \(offset), which the data-only reader does not"
        + " know"
    default: "\(text) in \(file)"
    }
  }

  private var text: String {
    switch self {
    case .noData(let count): "a PyTorch file has one data.pkl: got \(count)"
    case .noVersion: "a PyTorch file has an entry 'version': there is none"
    case .version(let got): "the version of a PyTorch file must be 1..10: got '\(got)'"
    case .byteOrder(let got): "the byte order of a PyTorch file must be little: got '\(got)'"
    case .tooLarge(let size): "data.pkl may have 134217728 bytes: got \(size)"
    case .protocolVersion(let version):
      "pickle must begin with protocol 2..5: got \(version)"
    case .opcode(let code, let offset):
      "pickle opcode \(Self.hex(code)) at offset \(offset) is not known to the data-only reader"
    case .cut(let offset): "pickle ends inside the opcode at offset \(offset)"
    case .trailing(let offset): "pickle must end with its STOP: bytes follow offset \(offset)"
    case .operand(let wanted, let offset): "pickle opcode at offset \(offset) needs \(wanted)"
    case .text(let offset): "pickle text at offset \(offset) must be UTF-8"
    case .memo(let index, let offset): "pickle memo has no entry \(index) (offset \(offset))"
    case .limit(let what, let limit): "pickle may hold \(limit) \(what), and this one holds more"
    case .reduce(let name, let offset):
      "pickle gives \(name) other arguments than PyTorch does (offset \(offset))"
    case .build(let offset):
      "pickle sets the state of something that is no OrderedDict (offset \(offset))"
    case .persistentID(let offset):
      "pickle refers to something that is no storage (offset \(offset))"
    case .storageType(let key, let offset):
      "pickle gives storage '\(key)' two types or sizes (offset \(offset))"
    case .storageMissing(let key): "PyTorch storage '\(key)' has no entry data/\(key)"
    case .storageSize(let key, let needs, let has):
      "PyTorch storage '\(key)' needs \(needs) bytes: its entry has \(has)"
    case .view(let shape, let strides, let from, let count, let offset):
      "pickle tensor of shape \(shape), strides \(strides) from element \(from) leaves its storage"
        + " of \(count) (offset \(offset))"
    case .noTensors: "no tensors"
    case .depth(let limit): "pickle maps and lists may stand \(limit) deep, these stand deeper"
    case .key(let got): "the names of pickled tensors must be short texts or ints: got \(got)"
    case .duplicate(let name): "pickle gives two tensors the name '\(name)'"
    case .repeated(let name, let limit):
      "pickle tensor '\(name)' repeats elements beyond \(limit) bytes of copies"
    case .legacy, .tar, .torchScript, .notTorch, .global: ""
    }
  }

  var help: String? {
    switch self {
    case .legacy, .tar:
      "in Python: torch.save(torch.load(path, weights_only=True), path); better: safetensors"
    case .torchScript: "save the module's state_dict(), best as safetensors"
    case .notTorch: "torch.save of a state_dict, or safetensors, gives a file that is read"
    case .global: "use a safetensors copy; only data is read from a pickle"
    case .opcode: "torch.save writes no such opcode; use a safetensors copy"
    case .byteOrder: "save it again on a little-endian machine"
    case .noTensors, .key: "a file of tensors is a map of names, as state_dict() gives it"
    default: "the file is damaged or hostile; nothing was read"
    }
  }

  private static func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return "0x" + (digits.utf8.count < 2 ? "0" : "") + digits
  }
}

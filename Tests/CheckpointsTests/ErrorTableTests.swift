// The words of every error of the room, as tables: one for the room, one for the rules of each format.

import TestSupport
import Testing

@testable import Checkpoints

@Suite struct ErrorTableTests {
  private static let file = "Sources/Checkpoints/CheckpointsError.swift"

  @Test func `every error says the rule, the values and the next step`() throws {
    #expect(
      try complaints(of: ErrorEnum("CheckpointsError", Self.file), Self.errors, Self.table) == [])
  }

  @Test func `every rule of a format has its words`() throws {
    var found = try complaints(
      of: ErrorEnum("SafetensorsRule", Self.file), Self.safetensorsRules, Self.safetensorsTable
    ) { CheckpointsError.safetensors($0, file: "a.safetensors") }
    found += try complaints(of: ErrorEnum("GGUFRule", Self.file), Self.ggufRules, Self.ggufTable) {
      CheckpointsError.gguf($0, file: "a.gguf")
    }
    found += try complaints(
      of: ErrorEnum("IndexRule", Self.file), Self.indexRules, Self.indexTable
    ) { CheckpointsError.index($0, file: "index.json") }
    found += try complaints(of: ErrorEnum("NPYRule", Self.file), Self.npyRules, Self.npyTable) {
      CheckpointsError.npy($0, file: "a.npy")
    }
    found += try complaints(of: ErrorEnum("ZipRule", Self.file), Self.zipRules, Self.zipTable) {
      CheckpointsError.zip($0, file: "a.npz")
    }
    found += try complaints(
      of: ErrorEnum("PickleRule", "Sources/Checkpoints/PickleRule.swift"), Self.pickleRules,
      Self.pickleTable
    ) { CheckpointsError.pickle($0, file: "a.pt") }
    found += try complaints(
      of: ErrorEnum("WritingRule", Self.file), Self.writingRules, Self.writingTable
    ) { CheckpointsError.writing($0, path: "out/a.npz") }
    #expect(found == [])
  }

  private static let errors: [CheckpointsError] = [
    .safetensors(.notAnObject, file: "a.safetensors"), .gguf(.magic, file: "a.gguf"),
    .index(.noMap, file: "index.json"), .npy(.magic, file: "a.npy"), .zip(.noEnd, file: "a.npz"),
    .unknownFormat("a.bin"), .pickle(.legacy, file: "a.pt"), .noWeights(folder: "models/x"),
    .several(["a.gguf", "b.gguf"], folder: "models/x"), .missingFiles(["a", "b"], index: "i.json"),
    .missingFiles((0..<10).map { "\($0)" }, index: "i.json"),
    .escapes("../x", namedBy: "index.json"), .missingTensor("a", file: "m.npz", near: ["b", "c"]),
    .missingTensor("a", file: "m.npz", near: []),
    .notComputable(format: .gguf, name: "a", dtype: "IQ2_XS"),
    .notComputable(format: .safetensors, name: "a", dtype: "F8_E4M3"),
    .badElement("a", dtype: "BOOL", value: "7"),
    .badElement("a", dtype: "U64", value: "18446744073709551615"),
    .writing(.emptyKey, path: "a.gguf"),
  ]

  private static let table = #"""
    [format] safetensors header must be a JSON object that starts at byte 8 in a.safetensors | the header is damaged or hostile; nothing was read
    [format] gguf files begin with 'GGUF': no such bytes in a.gguf | the file is no GGUF file, or its start is damaged
    [format] index needs weight_map, an object of tensor names and files in index.json | the index is damaged or hostile; nothing was read
    [format] npy files begin with \x93NUMPY: no such bytes in a.npy | np.save writes such files
    [format] zip needs an end record in its last 65557 bytes: there is none in a.npz | the file is damaged; copy it again
    [format] a.bin is no safetensors, GGUF or PyTorch file | weights are read from .safetensors, .gguf, and the zip form of .pt and .bin
    [format] a.pt is a PyTorch file of the form before 1.6, which is not read | in Python: torch.save(torch.load(path, weights_only=True), path); better: safetensors
    [file] no weights in models/x: looked for *.safetensors, pytorch_model.bin, *.gguf | a model folder holds config.json, tokenizer.json and model.safetensors
    [value] models/x holds several checkpoints: a.gguf, b.gguf | choose with file: "a.gguf"
    [file] i.json needs files that are not there: a, b | copy or pull all files of the set into one folder
    [file] i.json needs files that are not there: 0, 1, 2, 3, 4, 5, 6, 7 and 2 more | copy or pull all files of the set into one folder
    [format] index.json names '../x', which is outside its folder | the file is damaged or hostile; nothing was read
    [name] no tensor 'a' in m.npz | nearest: b, c
    [name] no tensor 'a' in m.npz
    [model] gguf tensor 'a' has type IQ2_XS, which can be listed but not computed | use a file in F32, F16, BF16, Q8_0, Q4_0…Q5_1 or Q2_K…Q6_K
    [model] safetensors tensor 'a' has type F8_E4M3, which can be listed but not computed | use a copy in F32, F16 or BF16
    [format] tensor 'a' of type BOOL holds 7 | bools are stored as 0 or 1
    [format] tensor 'a' of type U64 holds 18446744073709551615 | ints have 64 bits and a sign
    [value] gguf metadata keys must not be empty (a.gguf) | give each key a name
    """#

  private static let safetensorsRules: [SafetensorsRule] = [
    .tooShort(3), .headerLength(1), .headerPastEnd(900, size: 100), .notAnObject,
    .json("the text ends"), .duplicate("a"), .tooMany(2_000_000), .metadata("format"), .entry("a"),
    .dtype("a", "F7"), .number("a", "shape", "-1"), .shape("a", [1, 2]),
    .partOfByte("a", "F4", [3]), .backwards("a", 8, 4), .size("a", needs: 24, has: 20),
    .overlap("a", 4, "b", 0, 8), .hole(8, 12), .surplus(24, 30), .cut("a", 0, 24, 20),
  ]

  private static let safetensorsTable = #"""
    [format] safetensors starts with 8 bytes of header length: got 3 in a.safetensors | the file is cut short; pull or copy it again
    [format] safetensors header length must be 2..100000000: got 1 in a.safetensors | the header is damaged or hostile; nothing was read
    [format] safetensors header needs 900 bytes after byte 8: the file ends at 100 in a.safetensors | the file is cut short; pull or copy it again
    [format] safetensors header must be a JSON object that starts at byte 8 in a.safetensors | the header is damaged or hostile; nothing was read
    [format] safetensors header: the text ends in a.safetensors | the header is damaged or hostile; nothing was read
    [format] safetensors names must be unique: 'a' stands twice in a.safetensors | the header is damaged or hostile; nothing was read
    [format] safetensors may name 1048576 tensors: got 2000000 in a.safetensors | the header is damaged or hostile; nothing was read
    [format] safetensors metadata must map strings to strings: 'format' does not in a.safetensors | the header is damaged or hostile; nothing was read
    [format] safetensors tensor 'a' needs dtype, shape and data_offsets [begin, end], each once in a.safetensors | the header is damaged or hostile; nothing was read
    [format] safetensors tensor 'a' has unknown dtype 'F7' in a.safetensors | known: F64 F32 F16 BF16 I64 I32 I16 I8 U64 U32 U16 U8 BOOL C64 F8_… F6_… F4
    [format] safetensors tensor 'a': shape must hold whole numbers from 0: got -1 in a.safetensors | the header is damaged or hostile; nothing was read
    [format] safetensors tensor 'a' has shape [1, 2], above 8 extents of 2^40 or 2^62 elements in a.safetensors | the header is damaged or hostile; nothing was read
    [format] safetensors tensor 'a' of F4 [3] does not fill whole bytes in a.safetensors | the header is damaged or hostile; nothing was read
    [format] safetensors tensor 'a' ends before it begins: 8..4 in a.safetensors | the header is damaged or hostile; nothing was read
    [format] safetensors tensor 'a' needs 24 bytes for its shape: its offsets give 20 in a.safetensors | the header is damaged or hostile; nothing was read
    [format] safetensors tensors must not overlap: 'a' begins at 4 inside 'b' (0..8) in a.safetensors | the header is damaged or hostile; nothing was read
    [format] safetensors tensors must touch: nothing covers bytes 8..12 in a.safetensors | the header is damaged or hostile; nothing was read
    [format] safetensors tensors must end with the file: 6 bytes follow the last in a.safetensors | the file was written to twice, or is damaged
    [format] safetensors tensor 'a' needs bytes 0..24: the data ends at 20 in a.safetensors | the file is cut short; pull or copy it again
    """#

  private static let ggufRules: [GGUFRule] = [
    .magic, .version(1), .version(9), .bigEndian, .cut("a key", offset: 30, size: 40),
    .count("tensors", 99, left: 8), .stringLength("a key", 99, limit: 64),
    .notUTF8("a key", offset: 30), .emptyKey(offset: 30), .emptyName(offset: 30),
    .duplicateKey("k"), .duplicateTensor("a"), .valueType("k", 99), .elementType("k", 9),
    .elementType("k", 99), .bool("k", 2), .alignment("7"),
    .metadataType(key: "k", wanted: "u32", got: "string"), .rank("a", 5), .extent("a", 1 << 41),
    .tensorType("a", .activation("Q8_K")), .tensorType("a", .removed(4)),
    .tensorType("a", .unknown(99)), .shape("a", [3], "Q8_0", block: 32),
    .shape("a", [1 << 40, 1 << 40], "F32", block: 1), .unaligned("a", 7, 32),
    .tensorPastEnd("a", from: 64, count: 24, dataStart: 100, size: 120),
    .tensorPastEnd("a", from: .max, count: 24, dataStart: 100, size: 120), .overlap("a", "b"),
    .kind("adapter"), .split("part 2 of 3 is missing"),
  ]

  private static let ggufTable = #"""
    [format] gguf files begin with 'GGUF': no such bytes in a.gguf | the file is no GGUF file, or its start is damaged
    [format] gguf version must be 2 or 3: got 1 in a.gguf | convert the model again with current software
    [format] gguf version must be 2 or 3: got 9 in a.gguf | versions 2 and 3 are read
    [format] big-endian GGUF is not read: its version is byte-swapped in a.gguf | convert the model again with current software
    [format] gguf header ends inside a key at byte 30: a.gguf ends at 40 | the file is cut short; pull or copy it again
    [format] gguf cannot hold 99 tensors in the 8 bytes that follow in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf: a key may have 64 bytes: got 99 in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf: a key must be UTF-8 (byte 30) in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf metadata keys must not be empty (byte 30) in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf tensor names must not be empty (byte 30) in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf metadata keys must be unique: 'k' stands twice in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf tensor names must be unique: 'a' stands twice in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf metadata 'k' has unknown type 99 in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf metadata 'k' is an array of arrays in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf array 'k' has unknown element type 99 in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf metadata 'k' must be 0 or 1: got 2 in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf general.alignment must be a u32 power of two in 8..65536: got 7 in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf metadata 'k' must be u32: got string in a.gguf | the file was written wrongly; convert the model again
    [format] gguf tensor 'a' may have 4 extents: got 5 in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf tensor 'a' has an extent of 2199023255552, above 2^40 in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf tensor 'a' has type Q8_K, a format of activations, not of weights in a.gguf | use a file in F32, F16, BF16, Q8_0, Q4_0…Q5_1 or Q2_K…Q6_K
    [format] gguf tensor 'a' has type 4, which was removed from the format in a.gguf | convert the model again with current software
    [format] gguf tensor 'a' has unknown type 99 in a.gguf | use a file in F32, F16, BF16, Q8_0, Q4_0…Q5_1 or Q2_K…Q6_K
    [format] gguf tensor 'a' of Q8_0 needs rows of a multiple of 32: shape [3] in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf tensor 'a' of F32 has shape [1099511627776, 1099511627776], more than can be counted in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf tensor 'a' begins at 7, no multiple of the alignment 32 in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf tensor 'a' needs bytes 164..188: a.gguf ends at 120 | the file is cut short; pull or copy it again
    [format] gguf tensor 'a' needs 24 bytes from 18446744073709551615: a.gguf ends at 120 | the file is cut short; pull or copy it again
    [format] gguf tensors must not overlap: 'a' begins inside 'b' in a.gguf | the header is damaged or hostile; nothing was read
    [format] gguf general.type must be model: got 'adapter' in a.gguf | load the file of the whole model; this one holds a part or an addition
    [format] gguf split set: part 2 of 3 is missing in a.gguf | all parts of one set must lie in one folder under their names
    """#

  private static let indexRules: [IndexRule] = [
    .tooLarge(1 << 30), .json("the text ends"), .noMap, .duplicate("a"), .notAFile("a"),
    .twoShards("a", "1.safetensors", "2.safetensors"), .absent("a", "1.safetensors"),
  ]

  private static let indexTable = #"""
    [format] index of 1073741824 bytes is above the limit of 33554432 in index.json | the index is damaged or hostile; nothing was read
    [format] index: the text ends in index.json | the index is damaged or hostile; nothing was read
    [format] index needs weight_map, an object of tensor names and files in index.json | the index is damaged or hostile; nothing was read
    [format] index names 'a' twice in index.json | the index is damaged or hostile; nothing was read
    [format] index must map 'a' to the name of a file in index.json | the index is damaged or hostile; nothing was read
    [format] index puts 'a' in 1.safetensors, but 2.safetensors holds it too in index.json | the shards belong to different saves; copy them all again
    [format] index puts 'a' in 1.safetensors, which has no such tensor in index.json | the shards belong to different saves; copy them all again
    """#

  private static let npyRules: [NPYRule] = [
    .magic, .version(9, 0), .cutHeader, .headerLength(99_999), .literal("a colon", offset: 30),
    .keys, .dtype("<c8"), .shape("(-1,)"), .size(needs: 24, has: 20),
  ]

  private static let npyTable = #"""
    [format] npy files begin with \x93NUMPY: no such bytes in a.npy | np.save writes such files
    [format] npy version must be 1.0, 2.0 or 3.0: got 9.0 in a.npy | np.save writes such files
    [format] npy header goes on past the end of the file in a.npy | the file is cut short; pull or copy it again
    [format] npy header may have 10000 bytes: got 99999 in a.npy | the header is damaged or hostile; nothing was read
    [format] npy header needs a colon at byte 30 in a.npy | the header is damaged or hostile; nothing was read
    [format] npy header needs exactly descr, fortran_order and shape in a.npy | the header is damaged or hostile; nothing was read
    [format] npy dtype '<c8' is not read in a.npy | read: b1 i1 u1 i2 u2 i4 u4 i8 u8 f2 f4 f8; save the array as one of these
    [format] npy shape (-1,) is not possible in a.npy | the header is damaged or hostile; nothing was read
    [format] npy data must have 24 bytes for its shape: got 20 in a.npy | the file is cut short; pull or copy it again
    """#

  private static let zipRules: [ZipRule] = [
    .noEnd, .manyDisks, .tooMany(99_999), .cut("the directory"), .name("../a"), .duplicate("a"),
    .compressed("a.npy", method: 8), .compressed("data.pkl", method: 8), .encrypted("a"),
    .disagree("a"), .overlap("a"), .checksum("a"),
  ]

  private static let zipTable = #"""
    [format] zip needs an end record in its last 65557 bytes: there is none in a.npz | the file is damaged; copy it again
    [format] zip over several disks is not read in a.npz | the file is damaged or hostile; nothing was read
    [format] zip may hold 65536 entries: got 99999 in a.npz | the file is damaged or hostile; nothing was read
    [format] zip: the directory goes past the end of the file in a.npz | the file is damaged; copy it again
    [format] zip entry '../a' has a name that leaves its folder in a.npz | the file is damaged or hostile; nothing was read
    [format] zip entry 'a' stands twice in a.npz | the file is damaged or hostile; nothing was read
    [format] zip entry 'a.npy' is compressed (method 8), only stored entries are read in a.npz | write it with np.savez, not np.savez_compressed
    [format] zip entry 'data.pkl' is compressed (method 8), only stored entries are read in a.npz | pack it again without compression (zip -0)
    [format] zip entry 'a' is encrypted in a.npz | the file is damaged or hostile; nothing was read
    [format] zip entry 'a': its two headers disagree in a.npz | the file is damaged or hostile; nothing was read
    [format] zip entry 'a' overlaps another in a.npz | the file is damaged or hostile; nothing was read
    [format] zip entry 'a': the checksum does not fit the bytes in a.npz | the file is damaged; copy it again
    """#

  private static let pickleRules: [PickleRule] = [
    .legacy, .tar, .torchScript, .notTorch, .noData(2), .noVersion, .version("99"),
    .byteOrder("big"), .tooLarge(1 << 30), .protocolVersion(9), .opcode(5, offset: 30),
    .cut(offset: 30), .trailing(offset: 30), .operand("a tuple", offset: 30), .text(offset: 30),
    .memo(4, offset: 30), .limit("values", 1000), .global("os.system", offset: 30),
    .reduce("OrderedDict", offset: 30), .build(offset: 30), .persistentID(offset: 30),
    .storageType("0", offset: 30), .storageMissing("0"), .storageSize("0", needs: 24, has: 20),
    .view(shape: [2, 3], strides: [3, 1], from: 4, count: 6, offset: 30), .noTensors, .depth(100),
    .key("None"), .duplicate("a"), .repeated("a", limit: 1000),
  ]

  private static let pickleTable = #"""
    [format] a.pt is a PyTorch file of the form before 1.6, which is not read | in Python: torch.save(torch.load(path, weights_only=True), path); better: safetensors
    [format] a.pt is a PyTorch file of the oldest form (tar), which is not read | in Python: torch.save(torch.load(path, weights_only=True), path); better: safetensors
    [format] a.pt is a TorchScript program, not a file of tensors | save the module's state_dict(), best as safetensors
    [format] a.pt is a pickle without tensors' files beside it, which is not read | torch.save of a state_dict, or safetensors, gives a file that is read
    [format] a PyTorch file has one data.pkl: got 2 in a.pt | the file is damaged or hostile; nothing was read
    [format] a PyTorch file has an entry 'version': there is none in a.pt | the file is damaged or hostile; nothing was read
    [format] the version of a PyTorch file must be 1..10: got '99' in a.pt | the file is damaged or hostile; nothing was read
    [format] the byte order of a PyTorch file must be little: got 'big' in a.pt | save it again on a little-endian machine
    [format] data.pkl may have 134217728 bytes: got 1073741824 in a.pt | the file is damaged or hostile; nothing was read
    [format] pickle must begin with protocol 2..5: got 9 in a.pt | the file is damaged or hostile; nothing was read
    [format] pickle opcode 0x05 at offset 30 is not known to the data-only reader in a.pt | torch.save writes no such opcode; use a safetensors copy
    [format] pickle ends inside the opcode at offset 30 in a.pt | the file is damaged or hostile; nothing was read
    [format] pickle must end with its STOP: bytes follow offset 30 in a.pt | the file is damaged or hostile; nothing was read
    [format] pickle opcode at offset 30 needs a tuple in a.pt | the file is damaged or hostile; nothing was read
    [format] pickle text at offset 30 must be UTF-8 in a.pt | the file is damaged or hostile; nothing was read
    [format] pickle memo has no entry 4 (offset 30) in a.pt | the file is damaged or hostile; nothing was read
    [format] pickle may hold 1000 values, and this one holds more in a.pt | the file is damaged or hostile; nothing was read
    [format] a.pt asks for 'os.system' at pickle offset 30, which the data-only reader does not know | use a safetensors copy; only data is read from a pickle
    [format] pickle gives OrderedDict other arguments than PyTorch does (offset 30) in a.pt | the file is damaged or hostile; nothing was read
    [format] pickle sets the state of something that is no OrderedDict (offset 30) in a.pt | the file is damaged or hostile; nothing was read
    [format] pickle refers to something that is no storage (offset 30) in a.pt | the file is damaged or hostile; nothing was read
    [format] pickle gives storage '0' two types or sizes (offset 30) in a.pt | the file is damaged or hostile; nothing was read
    [format] PyTorch storage '0' has no entry data/0 in a.pt | the file is damaged or hostile; nothing was read
    [format] PyTorch storage '0' needs 24 bytes: its entry has 20 in a.pt | the file is damaged or hostile; nothing was read
    [format] pickle tensor of shape [2, 3], strides [3, 1] from element 4 leaves its storage of 6 (offset 30) in a.pt | the file is damaged or hostile; nothing was read
    [format] no tensors in a.pt | a file of tensors is a map of names, as state_dict() gives it
    [format] pickle maps and lists may stand 100 deep, these stand deeper in a.pt | the file is damaged or hostile; nothing was read
    [format] the names of pickled tensors must be short texts or ints: got None in a.pt | a file of tensors is a map of names, as state_dict() gives it
    [format] pickle gives two tensors the name 'a' in a.pt | the file is damaged or hostile; nothing was read
    [format] pickle tensor 'a' repeats elements beyond 1000 bytes of copies in a.pt | the file is damaged or hostile; nothing was read
    """#

  private static let writingRules: [WritingRule] = [
    .duplicate("a"), .name("../a"), .dtype("a", "q8_0", "npy"), .dtype("a", "bf16", "npy"),
    .rank("a", 5), .emptyKey, .tooLarge("a"), .changed("a"),
  ]

  private static let writingTable = #"""
    [value] writing needs unique names: 'a' is given twice (out/a.npz) | give each tensor a name of its own
    [value] writing: '../a' cannot be the name of an entry (out/a.npz) | names are plain paths: not empty, without .. and without / at an end
    [dtype] npy cannot hold 'a' of q8_0 (out/a.npz) | cast to "f32" or "f16" first
    [dtype] npy cannot hold 'a' of bf16 (out/a.npz) | cast to "f32" first
    [shape] gguf tensor 'a' may have 4 extents: got 5 (out/a.npz) | reshape it to at most 4 axes
    [value] gguf metadata keys must not be empty (out/a.npz) | give each key a name
    [value] zip entry 'a' is above 4 GB, which is not written (out/a.npz) | save large tensors as .safetensors
    [value] writing: 'a' is not the tensor that was announced (out/a.npz) | this is a defect of Quire; please report it
    """#
}

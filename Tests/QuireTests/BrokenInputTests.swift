// Broken and hostile files, given to the built program: each ends in an error with its place and an
// exit code, never in a trap, and quickly.

import Foundation
import Testing

/// Files that are wrong in one way, and the code that meets them.
struct BrokenInput: CustomTestStringConvertible, Sendable {
  let name: String
  /// Path below a new folder, and content.
  let files: [(String, [UInt8])]
  let code: String
  /// The kinds of error that would be right.
  let errors: [String]
  /// Words that the message must hold.
  var words: [String] = []

  var testDescription: String { name }
}

@Suite struct `broken input` {
  @Test(arguments: BrokenInput.all)
  func `gives a located error and an exit code`(input: BrokenInput) throws {
    let folder = try Binary.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    for (path, bytes) in input.files {
      let file = folder.appending(path: path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: file)
    }
    let done = try Binary.run(["-c", input.code], folder: folder, limit: 20)
    // 2 is that of text which is no text: bad UTF-8.
    #expect(done.status == 1 || done.status == 2, "\(done.status): \(done.err)")
    #expect(
      input.errors.contains { done.err.contains("error[\($0)]: ") },
      "wanted \(input.errors): \(done.err)")
    #expect(done.err.contains("--> -c:1:"), "\(done.err)")
    for word in input.words { #expect(done.err.contains(word), "'\(word)' in \(done.err)") }
    #expect(!done.err.contains("Fatal error") && !done.err.contains("error[internal]"))
    #expect(done.out == "")
  }

  @Test func `a notebook or script that is not UTF-8 is named with its byte`() throws {
    let folder = try Binary.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let bytes = Array("# Title\n\n```quire\nprint 1\n```\n".utf8) + [0xFF, 0xFE, 0x0A]
    try Data(bytes).write(to: folder.appending(path: "bad.md"))
    try Data([0x70, 0xC3, 0x28]).write(to: folder.appending(path: "bad.quire"))
    for arguments in [["run", "bad.md"], ["check", "bad.md"], ["bad.quire"]] {
      let done = try Binary.run(arguments, folder: folder, limit: 20)
      #expect((1...9).contains(done.status), "\(arguments): \(done.status) \(done.err)")
      #expect(done.err.contains("error[encoding]"), "\(arguments): \(done.err)")
      #expect(done.out == "", "\(arguments): nothing runs")
    }
    #expect(try Array(Data(contentsOf: folder.appending(path: "bad.md"))) == bytes)
  }

  @Test func `a full disk on save loses nothing`() throws {
    let folder = try Binary.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let mount = Process()
    mount.executableURL = URL(filePath: "/bin/mount")
    mount.arguments = ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder.path]
    mount.standardError = FileHandle.nullDevice
    try mount.run()
    mount.waitUntilExit()
    guard mount.terminationStatus == 0 else {
      print("skipped: no right to mount a small file system")
      return
    }
    defer { umount2(folder.path, Int32(MNT_DETACH)) }
    let first = try Binary.run(["-c", "save arange(100), \"x.npy\""], folder: folder)
    #expect(first.status == 0, "\(first.err)")
    let old = try Data(contentsOf: folder.appending(path: "x.npy"))
    for code in [
      "save zeros([100000]), \"x.npy\"", "save {a: zeros([100000])}, \"x.npz\"",
      "save {a: zeros([100000])}, \"x.safetensors\"", "write \"x.txt\", \"a\" * 200000",
    ] {
      let done = try Binary.run(["-c", code], folder: folder, limit: 20)
      #expect(done.status == 1, "\(code): \(done.status) \(done.err)")
      #expect(done.err.contains("error[file]: "), "\(done.err)")
      #expect(done.err.contains("--> -c:1:"))
    }
    #expect(try Data(contentsOf: folder.appending(path: "x.npy")) == old)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x.npy"])
  }
}

// MARK: - The table

extension BrokenInput {
  static let all = safetensors + gguf + folders + tokenizers + arrays

  private static func little(_ value: UInt64, _ width: Int = 8) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
  }

  private static func tensors(_ header: String, data: Int) -> [UInt8] {
    little(UInt64(header.utf8.count)) + Array(header.utf8) + [UInt8](repeating: 0, count: data)
  }

  private static let config = Array(
    """
    {"model_type":"llama","architectures":["LlamaForCausalLM"],"hidden_size":8,
    "intermediate_size":16,"num_hidden_layers":1,"num_attention_heads":2,"num_key_value_heads":2,
    "max_position_embeddings":32,"rms_norm_eps":1e-5,"vocab_size":16,"hidden_act":"silu",
    "tie_word_embeddings":true,"rope_theta":10000.0}
    """.utf8)

  private static func entry(_ name: String, _ shape: String, _ begin: String, _ end: String)
    -> String
  {
    #""\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":[\#(begin),\#(end)]}"#
  }

  private static func weights(_ name: String, _ bytes: [UInt8], _ words: [String] = [])
    -> BrokenInput
  {
    BrokenInput(
      name: "safetensors: \(name)",
      files: [("m/config.json", config), ("m/model.safetensors", bytes)],
      code: "load \"m\"", errors: ["format"], words: words + ["model.safetensors"])
  }

  static let safetensors = [
    weights("empty", []), weights("shorter than its length", [1, 2, 3]),
    weights("header larger than the file", little(1 << 20) + Array("{}".utf8)),
    weights("header length 2^64-1", little(.max) + Array("{}".utf8)),
    weights("header is no JSON", tensors("{\"a\":", data: 0)),
    weights("cut data", tensors("{\(entry("a", "[4]", "0", "16"))}", data: 10), ["'a'"]),
    weights(
      "overlap",
      tensors("{\(entry("a", "[2]", "0", "8")),\(entry("b", "[2]", "4", "12"))}", data: 12),
      ["overlap"]),
    weights(
      "a hole",
      tensors("{\(entry("a", "[1]", "0", "4")),\(entry("b", "[1]", "8", "12"))}", data: 12)),
    weights("data left over", tensors("{\(entry("a", "[1]", "0", "4"))}", data: 12)),
    weights(
      "offsets beyond 64 bits",
      tensors("{\(entry("a", "[1]", "0", "99999999999999999999999"))}", data: 4)),
    weights(
      "offsets that overflow",
      tensors("{\(entry("a", "[1]", "9223372036854775804", "9223372036854775807"))}", data: 4)),
    weights(
      "a shape that overflows",
      tensors("{\(entry("a", "[1099511627776,1099511627776]", "0", "4"))}", data: 4)),
    weights("a negative extent", tensors("{\(entry("a", "[-1]", "0", "4"))}", data: 4)),
    weights(
      "nesting", tensors("{\"a\":" + String(repeating: "[", count: 5000), data: 0)),
  ]

  private static func text(_ value: String) -> [UInt8] {
    little(UInt64(value.utf8.count)) + Array(value.utf8)
  }

  private static func head(_ tensors: UInt64, _ pairs: UInt64, version: UInt64 = 3) -> [UInt8] {
    Array("GGUF".utf8) + little(version, 4) + little(tensors) + little(pairs)
  }

  private static func file(_ name: String, _ bytes: [UInt8], _ errors: [String] = ["format"])
    -> BrokenInput
  {
    BrokenInput(
      name: "gguf: \(name)", files: [("t.gguf", bytes)], code: "load \"t.gguf\"", errors: errors)
  }

  private static func tensorInfo(_ name: String, _ extents: [UInt64], type: UInt64, offset: UInt64)
    -> [UInt8]
  {
    text(name) + little(UInt64(extents.count), 4) + extents.flatMap { little($0) } + little(type, 4)
      + little(offset)
  }

  static let gguf = [
    file("empty", [], ["format", "model"]), file("only the magic", Array("GGUF".utf8)),
    file("version 1", head(0, 0, version: 1)), file("version 99", head(0, 0, version: 99)),
    file("big-endian", head(0, 0, version: 0x0300_0000)),
    file("2^60 tensors", head(1 << 60, 0)), file("2^64-1 pairs", head(0, .max)),
    file("a string of 2^62 bytes", head(0, 1) + little(1 << 62)),
    file(
      "an array of 2^61 numbers",
      head(0, 1) + text("a") + little(9, 4) + little(4, 4) + little(1 << 61)),
    file("an array of arrays", head(0, 1) + text("a") + little(9, 4) + little(9, 4) + little(1)),
    file("an unknown kind of value", head(0, 1) + text("a") + little(77, 4)),
    file("an alignment of 3", head(0, 1) + text("general.alignment") + little(4, 4) + little(3, 4)),
    file(
      "cut tensor data",
      head(1, 0) + tensorInfo("a", [64], type: 0, offset: 0) + [UInt8](repeating: 0, count: 64)),
    file(
      "extents that overflow", head(1, 0) + tensorInfo("a", [1 << 40, 1 << 40], type: 0, offset: 0)),
    file(
      "an offset that overflows", head(1, 0) + tensorInfo("a", [32], type: 0, offset: .max - 31)),
    file("an unknown tensor type", head(1, 0) + tensorInfo("a", [32], type: 999, offset: 0)),
    file("nothing that names a family", head(0, 0), ["model", "format"]),
  ]

  private static func folder(
    _ name: String, _ files: [(String, [UInt8])], _ errors: [String], _ words: [String] = []
  ) -> BrokenInput {
    BrokenInput(
      name: "folder: \(name)", files: files, code: "load \"m\"", errors: errors, words: words)
  }

  private static let noTensors = tensors("{}", data: 0)

  private static func configured(_ name: String, _ json: String, _ words: [String] = [])
    -> BrokenInput
  {
    folder(
      name, [("m/config.json", Array(json.utf8)), ("m/model.safetensors", noTensors)],
      ["model", "data", "format", "encoding"], words)
  }

  private static func changed(_ key: String, _ value: String) -> BrokenInput {
    let json = String(decoding: config, as: UTF8.self)
      .replacingOccurrences(
        of: "\"\(key)\":[^,}]*", with: "\"\(key)\":\(value)", options: .regularExpression)
    return configured("\(key) \(value)", json)
  }

  static let folders = [
    folder(
      "without config.json", [("m/model.safetensors", noTensors)], ["model", "file"],
      ["config.json"]),
    folder("without weights", [("m/config.json", config)], ["file", "model"]),
    folder("empty", [("m/readme.txt", [])], ["file", "model", "name", "value"]),
    configured("config is no JSON", "{"), configured("config is a list", "[]"),
    configured("an unknown family", #"{"model_type":"foo2"}"#, ["foo2"]),
    configured("no tensors at all", String(decoding: config, as: UTF8.self)),
    changed("hidden_size", "-8"), changed("hidden_size", "1e300"),
    changed("num_hidden_layers", "1000000000"),
    changed("num_attention_heads", "0"), changed("num_key_value_heads", "3"),
    changed("vocab_size", "\"many\""),
    folder(
      "an index that leads outside",
      [
        ("m/config.json", config),
        (
          "m/model.safetensors.index.json",
          Array(#"{"weight_map":{"a":"../../secret.safetensors"}}"#.utf8)
        ),
      ], ["format", "permission", "file"]),
    folder(
      "an index of missing files",
      [
        ("m/config.json", config),
        (
          "m/model.safetensors.index.json",
          Array(#"{"weight_map":{"a":"part-1.safetensors"}}"#.utf8)
        ),
      ], ["format", "file"], ["part-1.safetensors"]),
  ]

  private static func vocabulary(
    _ name: String, _ json: String, _ words: [String], _ errors: [String] = ["tokenizer"]
  )
    -> BrokenInput
  {
    BrokenInput(
      name: "tokenizer: \(name)", files: [("t/tokenizer.json", Array(json.utf8))],
      code: "tokenizer \"t\"", errors: errors, words: words)
  }

  private static let small = #""model":{"type":"BPE","vocab":{"a":0},"merges":[]}"#

  static let tokenizers = [
    vocabulary(
      "an unknown part", #"{"pre_tokenizer":{"type":"UnicodeScripts"},\#(small)}"#,
      ["/pre_tokenizer/type 'UnicodeScripts' is not supported", "help: supported: "]),
    vocabulary(
      "an unknown model", #"{"model":{"type":"Bigram","vocab":[]}}"#, ["/model/type 'Bigram'"]),
    vocabulary(
      "an unknown pattern",
      #"{"pre_tokenizer":{"type":"Split","pattern":{"Regex":"a(?~b)"},"behavior":"Isolated","invert":false},\#(small)}"#,
      ["'(?~' at column 2"]),
    vocabulary(
      "two tokens of one id", #"{"model":{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]}}"#,
      ["both have 0"]),
    vocabulary(
      "the id 2^31", #"{"model":{"type":"BPE","vocab":{"a":2147483648},"merges":[]}}"#,
      ["2147483648"]),
    vocabulary(
      "a merge of nothing", #"{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}"#,
      ["merge 0"]),
    vocabulary(
      "an empty added token", #"{"added_tokens":[{"id":1,"content":""}],\#(small)}"#,
      ["/added_tokens/0/content"]),
    vocabulary("no JSON", "{", ["tokenizer.json"], ["data", "tokenizer"]),
    vocabulary("no model", "{}", ["/model"]),
  ]

  private static func array(_ name: String, _ bytes: [UInt8], _ file: String = "x.npy")
    -> BrokenInput
  {
    BrokenInput(
      name: "\(file): \(name)", files: [(file, bytes)], code: "load \"\(file)\"",
      errors: ["format", "data", "dtype", "encoding"])
  }

  private static func npy(_ header: String, data: Int) -> [UInt8] {
    [0x93] + Array("NUMPY".utf8) + [1, 0] + little(UInt64(header.utf8.count), 2)
      + Array(header.utf8)
      + [UInt8](repeating: 0, count: data)
  }

  static let arrays = [
    array("empty", []), array("cut header", [0x93, 0x4E, 0x55]),
    array(
      "cut data", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (100,), }\n", data: 8)),
    array(
      "a shape that overflows",
      npy(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 8), }\n", data: 8)),
    array(
      "objects inside", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", data: 8)),
    array("no archive", Array("PK".utf8), "x.npz"), array("cut", Array("[1,".utf8), "x.json"),
    array("not UTF-8", [0x22, 0xFF, 0x22], "x.json"),
    array("nesting", [UInt8](repeating: 0x5B, count: 100_000), "x.json"),
  ]
}

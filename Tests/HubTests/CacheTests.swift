// Reading a cache that others wrote; names, settings, addresses and the choice of files.

import Foundation
import Testing

@testable import Hub

@Suite struct `reading a cache` {
  private let folder = "models--org--tiny"
  private let other = String(repeating: "c", count: 40)

  /// A cache with a model of a configuration and weights.
  private func filled() throws -> TestCache {
    let cache = TestCache()
    try cache.write("\(folder)/refs/main", Array(testCommit.utf8))
    for (name, text) in [
      ("config.json", "{\"model_type\": \"llama\"}"), ("model.safetensors", "w"),
    ] {
      try cache.write("\(folder)/blobs/\(name)-id", Array(text.utf8))
      try cache.link("\(folder)/snapshots/\(testCommit)/\(name)", to: "../../blobs/\(name)-id")
    }
    return cache
  }

  @Test func `finds a snapshot by reference and by commit`() throws {
    let cache = try filled()
    #expect(try cache.cache.resolve(ModelName("org/tiny")) == cache.snapshot)
    #expect(try cache.cache.resolve(ModelName("org/tiny@\(testCommit)")) == cache.snapshot)
    #expect(
      try cache.cache.resolve(ModelName("org/tiny:config.json")) == cache.snapshot + "/config.json")
  }

  @Test func `takes a line end behind a commit, and nothing else`() throws {
    let cache = try filled()
    try cache.write("\(folder)/refs/main", Array((testCommit + "\n").utf8))
    #expect(try cache.cache.resolve(ModelName("org/tiny")) == cache.snapshot)
    try cache.write("\(folder)/refs/main", Array("../../../elsewhere".utf8))
    guard case .badReference? = hubError({ _ = try cache.cache.resolve(ModelName("org/tiny")) })
    else {
      Issue.record("a bad reference was followed")
      return
    }
  }

  @Test func `names what is not there with the line that fetches it`() throws {
    let cache = try filled()
    var error = hubError { _ = try cache.cache.resolve(ModelName("org/tini")) }
    #expect(error?.message == "org/tini is not in the cache of models")
    #expect(error?.help == "pull \"org/tini\", or did you mean org/tiny?")
    error = hubError { _ = try cache.cache.resolve(ModelName("org/tiny@v2")) }
    #expect(error?.message == "org/tiny is in the cache, but not its revision v2")
    #expect(error?.help == "pull \"org/tiny\", revision: \"v2\"; cached: main")
    error = hubError { _ = try cache.cache.resolve(ModelName("org/tiny:a.json")) }
    #expect(error?.help == "pull \"org/tiny\", file: \"a.json\"")
  }

  @Test func `names the missing part of a snapshot`() throws {
    let cache = try filled()
    try FileManager.default.removeItem(atPath: cache.root + "/\(folder)/blobs/model.safetensors-id")
    let name = try ModelName("org/tiny")
    #expect(
      hubError { _ = try cache.cache.resolve(name) }
        == .incomplete(name, file: "model.safetensors", isLinkBroken: true))
    let shards = try filled()
    try shards.write(
      "\(folder)/snapshots/\(testCommit)/model.safetensors.index.json",
      Array("{\"weight_map\": {\"a\": \"model.safetensors\", \"b\": \"two.safetensors\"}}".utf8))
    #expect(
      hubError { _ = try shards.cache.resolve(name) }
        == .incomplete(name, file: "two.safetensors", isLinkBroken: false))
  }

  @Test func `refuses links that leave the cache`() throws {
    let outside = NSTemporaryDirectory() + "outside-\(UUID())"
    try Data([1]).write(to: URL(fileURLWithPath: outside))
    defer { try? FileManager.default.removeItem(atPath: outside) }
    let name = try ModelName("org/tiny")
    for target in [outside, "../../../../\((outside as NSString).lastPathComponent)"] {
      let cache = try filled()
      try cache.link("\(folder)/snapshots/\(testCommit)/tokenizer.json", to: target)
      let place = cache.snapshot + "/tokenizer.json"
      #expect(hubError { _ = try cache.cache.resolve(name) } == .linkOutside(path: place))
      var file = name
      file.file = "tokenizer.json"
      #expect(hubError { _ = try cache.cache.resolve(file) } == .linkOutside(path: place))
    }
  }

  @Test func `accepts real files, and blobs in the store that tools share`() throws {
    let cache = TestCache()
    try cache.write("\(folder)/refs/main", Array(testCommit.utf8))
    try cache.write("\(folder)/snapshots/\(testCommit)/config.json", Array("{}".utf8))
    let hash = String(repeating: "d", count: 64)
    try cache.write("blobs/dd/\(hash)", [1, 2, 3])
    try cache.link("\(folder)/blobs/weights", to: "../../blobs/dd/\(hash)")
    try cache.link(
      "\(folder)/snapshots/\(testCommit)/model.safetensors", to: "../../blobs/weights")
    #expect(try cache.cache.resolve(ModelName("org/tiny")) == cache.snapshot)
    #expect(cache.cache.models().map(\.bytes) == [5])
  }

  @Test func `gives the one GGUF file of a snapshot, or asks which`() throws {
    let cache = TestCache()
    try cache.write("\(folder)/refs/main", Array(testCommit.utf8))
    let place = "\(folder)/snapshots/\(testCommit)"
    try cache.write("\(place)/tiny-Q4_K_M-00001-of-00002.gguf", [1])
    try cache.write("\(place)/tiny-Q4_K_M-00002-of-00002.gguf", [2])
    let first = cache.snapshot + "/tiny-Q4_K_M-00001-of-00002.gguf"
    #expect(try cache.cache.resolve(ModelName("org/tiny")) == first)
    try cache.write("\(place)/tiny-Q8_0.gguf", [3])
    let name = try ModelName("org/tiny")
    #expect(
      hubError { _ = try cache.cache.resolve(name) }
        == .choiceNeeded(name, files: ["tiny-Q4_K_M-00001-of-00002.gguf", "tiny-Q8_0.gguf"]))
    #expect(
      try cache.cache.resolve(ModelName("org/tiny:q8_0")) == cache.snapshot + "/tiny-Q8_0.gguf")
    #expect(try cache.cache.resolve(ModelName("org/tiny:Q4_K_M")) == first)
  }

  @Test func `lists models with family, bytes and revision`() throws {
    let cache = try filled()
    try cache.write("\(folder)/refs/refs/pr/1", Array(other.utf8))
    try cache.write("\(folder)/snapshots/\(other)/x.gguf", [1, 2])
    try cache.write("datasets--org--rows/refs/main", Array(testCommit.utf8))
    try cache.write("notes.txt", [])
    let models = cache.cache.models()
    #expect(models.map(\.name.short) == ["org/tiny", "org/tiny@refs/pr/1"])
    #expect(models.map(\.family) == ["llama", "gguf"])
    #expect(models.map(\.bytes) == [24, 2])
    #expect(models.map(\.commit) == [testCommit, other])
    #expect(models.map(\.isComplete) == [true, true])
  }

  @Test func `an empty or missing cache holds nothing`() {
    #expect(HubCache(root: "/nonexistent/hub").models().isEmpty)
    #expect(HubCache(root: "/nonexistent/hub").names().isEmpty)
  }
}

@Suite struct `names of models` {
  @Test func `have a repository, a revision and a file`() throws {
    let name = try ModelName("org/na.me_1@refs/pr/2:sub/a-Q4_0.gguf")
    #expect(name.repository == "org/na.me_1")
    #expect(name.revision == "refs/pr/2")
    #expect(name.file == "sub/a-Q4_0.gguf")
    #expect(try ModelName("gpt2").revision == "main")
    #expect(ModelName(folderName: "models--org--a-b")?.repository == "org/a-b")
    #expect(ModelName(folderName: "models--a--b--c") == nil)
    #expect(ModelName(folderName: "datasets--a--b") == nil)
  }

  @Test(arguments: [
    "", "/", "a/", "/a", "a/b/c", "a--b/c", "a/b..c", "../a", "a/..", "a b/c", "a/b\0", "-a/b",
    "a/b.", "org/é", "a/b@", "a/b@../x", "a/b@a//b", "a/b@a\\b", "a/b:",
    "a/b:/etc/passwd", "a/b:../x", String(repeating: "a", count: 97),
  ])
  func `that a path could hide in are refused`(text: String) {
    guard case .badName? = hubError({ _ = try ModelName(text) }) else {
      Issue.record("\(text) was taken")
      return
    }
  }
}

@Suite struct `settings of the hub` {
  private func settings(_ variables: [String: String]) throws -> HubSettings {
    try HubSettings(environment: variables, home: "/home/me")
  }

  @Test func `find the cache as huggingface_hub does`() throws {
    func cache(_ variables: [String: String]) throws -> String {
      try settings(variables).cacheFolder
    }
    #expect(try cache([:]) == "/home/me/.cache/huggingface/hub")
    #expect(try cache(["XDG_CACHE_HOME": "/x"]) == "/x/huggingface/hub")
    #expect(try cache(["HF_HOME": "~/hf", "XDG_CACHE_HOME": "/x"]) == "/home/me/hf/hub")
    #expect(try cache(["HUGGINGFACE_HUB_CACHE": "/old", "HF_HOME": "/h"]) == "/old")
    #expect(
      try cache(["HF_HUB_CACHE": "$D/${E}c$NOT", "D": "/d", "E": "e"]) == "/d/ec$NOT")
    #expect(try cache(["HF_HUB_CACHE": ""]) == "/home/me/.cache/huggingface/hub")
  }

  @Test func `read switches, seconds and the endpoint`() throws {
    #expect(try settings(["HF_HUB_OFFLINE": "Yes"]).offlineVariable == "HF_HUB_OFFLINE")
    #expect(
      try settings(["HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "1"]).offlineVariable == nil)
    #expect(try settings(["HF_HUB_DISABLE_SYMLINKS": "on"]).usesLinks == false)
    #expect(try settings(["HF_HUB_ETAG_TIMEOUT": "3"]).answerTimeout == 3)
    #expect(try settings(["HF_HUB_DOWNLOAD_TIMEOUT": "0"]).downloadTimeout == 10)
    #expect(try settings([:]).endpoint == "https://huggingface.co")
    #expect(
      try settings(["HF_ENDPOINT": "http://Mirror:8080/hf//"]).endpoint == "http://mirror:8080/hf")
    for (name, value) in [
      ("HF_ENDPOINT", "ftp://x"), ("HF_ENDPOINT", "huggingface.co"), ("HF_ENDPOINT", "https://u@x"),
      ("HF_ENDPOINT", "https://x?y"), ("HF_HUB_ETAG_TIMEOUT", "soon"),
      ("HF_HUB_DOWNLOAD_TIMEOUT", "-1"), ("HF_HUB_DOWNLOAD_TIMEOUT", "nan"),
    ] {
      guard case .badSetting(name, _)? = hubError({ _ = try settings([name: value]) }) else {
        Issue.record("\(name)=\(value) was taken")
        continue
      }
    }
  }
}

@Suite struct `addresses` {
  @Test func `are followed as a browser would`() throws {
    let base = try #require(WebAddress("HTTPS://Hub.example/a/b?c=d#e"))
    #expect(base.text == "https://hub.example/a/b?c=d")
    #expect(base.shown == "hub.example/a/b")
    #expect(base.following("/x?y")?.text == "https://hub.example/x?y")
    #expect(base.following("x")?.text == "https://hub.example/a/x")
    #expect(base.following("?z")?.text == "https://hub.example/a/b?z")
    #expect(base.following("//cdn.example:8443/x")?.text == "https://cdn.example:8443/x")
    #expect(base.following("http://hub.example/a")?.hasOrigin(of: base) == false)
    #expect(base.following("https://hub.example:443/a")?.hasOrigin(of: base) == true)
    #expect(base.following("https://hub.example:444/a")?.hasOrigin(of: base) == false)
    #expect(base.following("https://hub.example.evil/")?.hasOrigin(of: base) == false)
    #expect(base.following("/caf\u{E9} x")?.target == "/caf%C3%A9%20x")
    #expect(WebAddress("http://[::1]:8080/")?.port == 8080)
  }

  @Test(arguments: [
    "", "hub.example", "https://", "https:///x", "https://a b/", "https://u:p@h/", "https://h:0/",
    "https://h:99999/", "https://h:/", "https://h\\@evil/", "https://[::1/", "https://-h/",
    "javascript:alert(1)", "https://h%2f.evil/",
  ])
  func `that two readers might read differently are refused`(text: String) {
    #expect(WebAddress(text) == nil)
  }
}

@Suite struct `the choice of files` {
  private func chosen(
    _ paths: [String], _ change: (inout PullRequest) -> Void = { _ in }
  ) throws -> [String] {
    var request = PullRequest(try ModelName("org/tiny"))
    change(&request)
    return try Selection(request, from: paths.map { HubFile(path: $0, size: 10) }).chosen.map(
      \.path)
  }

  @Test func `takes what a model is made of, each tensor once, and no code`() throws {
    let wanted = [
      "1_Pooling/config.json", "LICENSE", "README.md", "additional_chat_templates/tool.jinja",
      "chat_template.jinja", "config.json", "merges.txt", "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors", "model.safetensors.index.json", "modules.json",
      "tokenizer.model",
    ]
    let others = [
      ".gitattributes", "checkpoint-5/model.safetensors", "consolidated.safetensors",
      "flax_model.msgpack", "model.fp16.safetensors", "modeling.py", "onnx/config.json",
      "onnx/model.onnx", "original/params.json", "pytorch_model.bin",
      "pytorch_model.bin.index.json", "tf_model.h5", "tiny-Q8_0.gguf", "training_args.bin",
    ]
    #expect(try chosen((wanted + others).sorted()) == wanted)
  }

  @Test func `of GGUF files asks for one, unless there is only one`() throws {
    let files = [
      "README.md", "a-IQ4_XS.gguf", "a-Q4_K_M.gguf", "a-Q4_K_S.gguf", "mmproj-F16.gguf",
      "BF16/a-BF16-00001-of-00002.gguf", "BF16/a-BF16-00002-of-00002.gguf",
    ]
    guard case .chooseFile("org/tiny", let choices)? = hubError({ _ = try chosen(files) }) else {
      Issue.record("no question")
      return
    }
    #expect(
      choices == [
        "BF16/a-BF16-00001-of-00002.gguf (20 bytes)", "a-IQ4_XS.gguf (10 bytes)",
        "a-Q4_K_M.gguf (10 bytes)", "a-Q4_K_S.gguf (10 bytes)",
      ])
    #expect(try chosen(files) { $0.quant = "q4_k_m" } == ["README.md", "a-Q4_K_M.gguf"])
    #expect(
      try chosen(files) { $0.quant = "BF16" } == [
        "README.md", "BF16/a-BF16-00001-of-00002.gguf", "BF16/a-BF16-00002-of-00002.gguf",
      ])
    #expect(try chosen(["a-Q4_0.gguf", "b.py"]) == ["a-Q4_0.gguf"])
    guard
      case .nothingSelected(_, "quant: \"Q4_K\"", _)? = hubError({
        _ = try chosen(files) { $0.quant = "Q4_K" }
      })
    else {
      Issue.record("Q4_K was found")
      return
    }
  }

  @Test func `takes files by name and pattern, more and fewer`() throws {
    let files = ["a.py", "config.json", "model.safetensors", "sub/x.bin"]
    #expect(try chosen(files) { $0.files = ["config.json"] } == ["config.json"])
    #expect(try chosen(files) { $0.files = ["*.py", "sub/*"] } == ["a.py", "sub/x.bin"])
    #expect(
      try chosen(files) { $0.include = ["*.bin"] } == [
        "config.json", "model.safetensors", "sub/x.bin",
      ])
    #expect(try chosen(files) { $0.exclude = ["*.safetensors"] } == ["config.json"])
    guard case .nothingSelected? = hubError({ _ = try chosen(files) { $0.files = ["*.gguf"] } })
    else {
      Issue.record("a pattern without a file was taken")
      return
    }
  }

  @Test func `says when weights of another format were left out`() throws {
    let selection = try Selection(
      PullRequest(try ModelName("org/tiny")),
      from: [HubFile(path: "config.json"), HubFile(path: "pytorch_model.bin")])
    #expect(
      selection.notes == [
        "no weights were chosen; there are 1 files like pytorch_model.bin, which include: "
          + "\"PATTERN\" takes"
      ])
  }
}

// `load`, `models` and `pull` with a cache of models that the environment names; no network.

import Diagnostics
import Foundation
import Language
import Testing
import Workbench

@Suite struct `words for downloaded models` {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let commit = String(repeating: "a", count: 40)

  /// A cache that holds the model in the box as `org/quill`, with relative links to blobs.
  private final class Cache {
    let root = NSTemporaryDirectory() + "words-\(UUID())"
    var snapshot: String { root + "/models--org--quill/snapshots/\(commit)" }

    init() throws {
      let files = FileManager.default
      let model = root + "/models--org--quill"
      for folder in ["refs", "blobs", "snapshots/\(commit)"] {
        try files.createDirectory(
          atPath: model + "/" + folder, withIntermediateDirectories: true)
      }
      try Data(commit.utf8).write(to: URL(filePath: model + "/refs/main"))
      let source = `words for downloaded models`.root.appending(path: "Stdlib/models/quill").path
      for name in try files.contentsOfDirectory(atPath: source) {
        try files.copyItem(atPath: source + "/" + name, toPath: model + "/blobs/id-" + name)
        try files.createSymbolicLink(
          atPath: snapshot + "/" + name, withDestinationPath: "../../blobs/id-" + name)
      }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func bench(_ variables: [String: String] = [:], permissions: Set<Permission> = []) -> Bench {
      let bench = Bench(permissions: permissions)
      bench.session.options.environment = ["HF_HUB_CACHE": root].merging(variables) { $1 }
      return bench
    }
  }

  @Test func `load finds a cached model by its name, and reads its files without a permission`()
    throws
  {
    let cache = try Cache()
    let bench = cache.bench()
    #expect(bench.run("m = load \"org/quill\"") == .completed)
    #expect(bench.shows("print(m.path)") == cache.snapshot + "\n")
    #expect(bench.run("n = load \"org/quill\", revision: \"\(Self.commit)\"") == .completed)
    #expect(bench.shows("print(load(\"org/quill:config.json\").model_type)") == "llama\n")
    #expect(
      bench.run("load \"org/quill\", revision: \"v2\"").diagnostic?.help
        == "pull \"org/quill\", revision: \"v2\"; cached: main")
  }

  @Test func `load says how to get what is not cached`() throws {
    let cache = try Cache()
    defer { withExtendedLifetime(cache) {} }
    let bench = cache.bench()
    let missing = bench.run("load \"org/other-thing\"").diagnostic
    #expect(
      missing?.message
        == "load finds no path, no model in the box and no cached model org/other-thing")
    #expect(missing?.help == "pull \"org/other-thing\" downloads it")
    #expect(bench.run("load \"org/quil\"").diagnostic?.help == "did you mean org/quill?")
  }

  @Test func `models and completion list the cache`() throws {
    let cache = try Cache()
    defer { withExtendedLifetime(cache) {} }
    let bench = cache.bench()
    let table = bench.shows("models")
    #expect(table.contains("load \"org/quill\""), "\(table)")
    #expect(!bench.shows("models(family: \"gpt2\")").contains("quill"))
    let typed = "load \"org/q"
    let items = bench.session.completions(in: typed, at: typed.utf8.count).items
    #expect(items.map(\.text) == ["org/quill"])
  }

  @Test func `pull needs the permission, asks for it, and names what keeps it offline`() throws {
    let cache = try Cache()
    defer { withExtendedLifetime(cache) {} }
    let refused = cache.bench().run("pull \"org/x\"").diagnostic
    #expect(refused?.code == .permission)
    #expect(refused?.help == "grant it for this run with --allow net")
    let bench = cache.bench(["HF_HUB_OFFLINE": "1"])
    var questions: [String] = []
    bench.session.options.ask = { question in
      questions.append(question)
      return true
    }
    for _ in 0..<2 {
      let offline = bench.run("pull \"org/x\"").diagnostic
      #expect(offline?.message == "pull needs the network: HF_HUB_OFFLINE is set")
      #expect(offline?.help == "cached: org/quill")
      #expect(offline?.code == .network)
    }
    #expect(questions == ["pull org/x needs the network. Allow it?"])
  }

  @Test func `without a home there is no cache, and nothing else breaks`() {
    let bench = Bench(permissions: [.network])
    #expect(bench.shows("models") == "no models\n")
    #expect(
      bench.run("pull \"org/x\"").diagnostic?.message
        == "the cache of models needs a home folder: HOME is not set")
  }
}

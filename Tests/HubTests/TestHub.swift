// A hub of one repository that answers as the real one does, with knobs for what goes wrong, and
// the cache and the clock of a test.

import Diagnostics
import Digests
import Foundation
import Synchronization

@testable import Hub

let testCommit = "0123456789abcdef0123456789abcdef01234567"

/// Bytes by a formula.
func testBytes(_ count: Int, seed: Int = 1) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761 &+ seed &* 97) >> 7) }
}

struct TestFile: Sendable {
  let path: String
  let bytes: [UInt8]
  /// Stored as large files are: known by SHA-256.
  var isLarge = false

  var etag: String {
    isLarge
      ? Digests.sha256Hex(bytes)
      : Digests.hex(Digests.sha1(Array("blob \(bytes.count)\0".utf8) + bytes))
  }
}

/// Changes an answer before it is sent; the number counts the requests for the same method and
/// path, from 0.
typealias Knob = @Sendable (Asked, Int, inout Answer) -> Void

final class TestHub: Sendable {
  let server: TestServer
  let files: [TestFile]

  init(_ files: [TestFile] = TestHub.usual, knob: @escaping Knob = { _, _, _ in }) throws {
    self.files = files
    let counts = Mutex<[String: Int]>([:])
    server = try TestServer { asked in
      let count = counts.withLock { counts in
        let key = asked.method + asked.path
        defer { counts[key, default: 0] += 1 }
        return counts[key, default: 0]
      }
      var answer = TestHub.answer(asked, files)
      knob(asked, count, &answer)
      return answer
    }
  }

  deinit { server.stop() }

  /// A small model: a configuration, a tokenizer, weights, and what is not to be taken.
  static let usual: [TestFile] = [
    TestFile(path: "config.json", bytes: Array("{\"model_type\": \"llama\"}".utf8)),
    TestFile(path: "model.safetensors", bytes: testBytes(70_000), isLarge: true),
    TestFile(path: "tokenizer.json", bytes: testBytes(3000, seed: 2)),
    TestFile(path: "README.md", bytes: Array("# tiny\n".utf8)),
    TestFile(path: "pytorch_model.bin", bytes: testBytes(100), isLarge: true),
    TestFile(path: "modeling_tiny.py", bytes: Array("import os\n".utf8)),
  ]

  static func answer(_ asked: Asked, _ files: [TestFile]) -> Answer {
    if asked.path.hasPrefix("/api/models/org/tiny/revision/") {
      let revision = asked.path.components(separatedBy: "/").last ?? ""
      guard ["main", testCommit, "refs%2Fpr%2F1"].contains(revision) else {
        return Answer(status: 404, headers: [("X-Error-Code", "RevisionNotFound")])
      }
      return Answer(
        headers: [("Content-Type", "application/json")], body: Array(listing(files).utf8))
    }
    let start = "/org/tiny/resolve/\(testCommit)/"
    guard asked.path.hasPrefix(start) else {
      return Answer(status: 404, headers: [("X-Error-Code", "RepoNotFound")])
    }
    let path = asked.path.dropFirst(start.count).removingPercentEncoding ?? ""
    guard let file = files.first(where: { $0.path == path }) else {
      return Answer(
        status: 404,
        headers: [("X-Error-Code", "EntryNotFound"), ("X-Repo-Commit", testCommit)])
    }
    return content(file, asked)
  }

  static func content(_ file: TestFile, _ asked: Asked) -> Answer {
    var answer = Answer(
      headers: [("X-Repo-Commit", testCommit), ("ETag", "\"\(file.etag)\"")], body: file.bytes)
    if let range = asked.headers["range"], let dash = range.firstIndex(of: "-"),
      let first = Int(range[range.index(range.startIndex, offsetBy: 6)..<dash])
    {
      guard first < file.bytes.count else {
        return Answer(
          status: 416, headers: [("Content-Range", "bytes */\(file.bytes.count)")])
      }
      answer.status = 206
      answer.headers.append(
        ("Content-Range", "bytes \(first)-\(file.bytes.count - 1)/\(file.bytes.count)"))
      answer.body = Array(file.bytes[first...])
    }
    return answer
  }

  static func listing(_ files: [TestFile]) -> String {
    let entries = files.map { file in
      let large =
        file.isLarge
        ? ", \"lfs\": {\"sha256\": \"\(file.etag)\", \"size\": \(file.bytes.count)}" : ""
      let id = file.isLarge ? String(repeating: "a", count: 40) : file.etag
      return
        "{\"rfilename\": \"\(file.path)\", \"size\": \(file.bytes.count), \"blobId\": \"\(id)\"\(large)}"
    }
    return
      "{\"id\": \"org/tiny\", \"sha\": \"\(testCommit)\", \"siblings\": [\(entries.joined(separator: ", "))]}"
  }

  /// Requests for the content of a file.
  func gets(_ path: String) -> [Asked] {
    server.asked.filter { $0.method == "GET" && $0.path.hasSuffix("/" + path) }
  }
}

/// A cache folder that is removed at the end, and pulls into it.
final class TestCache: @unchecked Sendable {
  let root = NSTemporaryDirectory() + "hub-\(UUID())"
  private let heard = Mutex<[PullEvent]>([])
  var events: [PullEvent] { heard.withLock { $0 } }
  var notes: [String] {
    events.compactMap { if case .note(let text) = $0 { text } else { nil } }
  }
  var variables: [String: String] = [:]
  var disk = HubDisk()
  var interrupt = Interrupt()
  /// Seconds that were waited, all together.
  let waited = Mutex<Double>(0)

  deinit {
    // A test may have taken the right to write away.
    for path in [root]
      + ((try? FileManager.default.subpathsOfDirectory(atPath: root)) ?? [])
      .map({ root + "/" + $0 })
    { chmod(path, 0o755) }
    try? FileManager.default.removeItem(atPath: root)
  }

  var cache: HubCache { HubCache(root: root) }
  var snapshot: String { root + "/models--org--tiny/snapshots/\(testCommit)" }
  var blobs: String { root + "/models--org--tiny/blobs" }

  func settings(_ endpoint: String) throws -> HubSettings {
    try HubSettings(
      environment: [
        "HF_HUB_CACHE": root, "HF_ENDPOINT": endpoint, "HF_TOKEN_PATH": root + "/no-token",
      ].merging(variables) { $1 }, home: "/nonexistent")
  }

  @discardableResult
  func pull(
    _ hub: TestHub, _ change: (inout PullRequest) -> Void = { _ in }
  ) throws -> PullResult {
    try pull(hub.server.address, change)
  }

  @discardableResult
  func pull(
    _ endpoint: String, _ change: (inout PullRequest) -> Void = { _ in }
  ) throws -> PullResult {
    var request = PullRequest(try ModelName("org/tiny"))
    change(&request)
    // Time is real, waiting is not: the waits are counted.
    let time = HubTime(
      now: { ProcessInfo.processInfo.systemUptime },
      pause: { [self] seconds in
        waited.withLock { $0 += seconds }
        usleep(200)
      })
    var tools = HubTools(
      settings: try settings(endpoint), version: "test", time: time, interrupt: interrupt,
      onEvent: { [self] event in heard.withLock { $0.append(event) } })
    tools.disk = disk
    return try Hub.pull(request, tools)
  }

  func read(_ path: String) -> [UInt8]? {
    FileManager.default.contents(atPath: root + "/" + path).map { Array($0) }
  }

  func content(_ file: String) -> [UInt8]? {
    FileManager.default.contents(atPath: snapshot + "/" + file).map { Array($0) }
  }

  func write(_ path: String, _ bytes: [UInt8]) throws {
    let whole = root + "/" + path
    try FileManager.default.createDirectory(
      atPath: (whole as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: whole))
  }

  func link(_ path: String, to target: String) throws {
    let whole = root + "/" + path
    try FileManager.default.createDirectory(
      atPath: (whole as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: whole, withDestinationPath: target)
  }

  /// The names in the folder of blobs.
  var blobNames: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: blobs)) ?? []).sorted()
  }
}

/// What a body throws, as a `HubError`.
func hubError(_ body: () throws -> Void) -> HubError? {
  do { try body() } catch let error as HubError { return error } catch { return nil }
  return nil
}

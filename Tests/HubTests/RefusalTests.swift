// What a server refuses, or should not have said; where the token goes; what the disk refuses.

import Diagnostics
import Files
import Foundation
import Synchronization
import Testing

@testable import Hub

private let weights = TestHub.usual[1]

@Suite struct `the token` {
  @Test func `goes to the endpoint, and not to another port that files come from`() throws {
    let store = try TestHub()
    let place =
      store.server.address + "/org/tiny/resolve/\(testCommit)/model.safetensors?sign=s3cret"
    let hub = try TestHub { asked, _, answer in
      guard asked.path.hasSuffix("model.safetensors") else { return }
      answer = Answer(
        status: 302,
        headers: [
          ("Location", place), ("X-Repo-Commit", testCommit),
          ("X-Linked-Etag", "\"\(weights.etag)\""), ("X-Linked-Size", "\(weights.bytes.count)"),
        ])
    }
    let cache = TestCache()
    cache.variables = ["HF_TOKEN": " hf_word\n"]
    try cache.pull(hub)
    #expect(cache.content("model.safetensors") == weights.bytes)
    #expect(hub.server.asked.allSatisfy { $0.headers["authorization"] == "Bearer hf_word" })
    #expect(store.server.asked.count == 1)
    #expect(store.server.asked.allSatisfy { $0.headers["authorization"] == nil })
  }

  @Test func `follows a redirect on the same server`() throws {
    let hub = try TestHub { asked, _, answer in
      if asked.path.hasSuffix("/config.json"), !asked.target.contains("moved") {
        answer = Answer(status: 307, headers: [("Location", asked.path + "?moved")])
      }
    }
    let cache = TestCache()
    cache.variables = ["HF_TOKEN": "hf_word"]
    try cache.pull(hub)
    #expect(cache.content("config.json") == hub.files[0].bytes)
    #expect(hub.server.asked.allSatisfy { $0.headers["authorization"] != nil })
  }

  @Test func `comes from a file when no variable holds one, and can be kept at home`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    try cache.write("token", Array("hf_file\r\n".utf8))
    cache.variables = ["HF_TOKEN_PATH": cache.root + "/token"]
    try cache.pull(hub)
    #expect(hub.server.asked.first?.headers["authorization"] == "Bearer hf_file")
    cache.variables["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"
    try cache.pull(hub)
    #expect(hub.server.asked.last?.headers["authorization"] == nil)
  }

  @Test func `is in no message and no description`() throws {
    let settings = try HubSettings(
      environment: ["HF_TOKEN": "hf_word"], home: "/home/me")
    #expect(!"\(settings)".contains("hf_word"))
    var dumped = ""
    dump(settings, to: &dumped)
    #expect(!dumped.contains("hf_word"))
    let error = #expect(throws: HubError.self) {
      try HubSettings(environment: ["HF_TOKEN": "hf wo\u{1}rd"], home: "/home/me")
    }
    #expect(error?.message == "HF_TOKEN must be a token of printable characters without blanks")
    let hub = try TestHub { asked, _, answer in
      if asked.method == "GET", asked.path.hasSuffix("model.safetensors") {
        answer = Answer(status: 418, headers: [("X-Error-Message", "a \u{1B}[31mteapot")])
      }
    }
    let cache = TestCache()
    cache.variables = ["HF_TOKEN": "hf_word"]
    let text = hubError { try cache.pull(hub) }.map { $0.message + ($0.help ?? "") } ?? ""
    #expect(text.contains("status 418") && text.contains("\\u{1b}[31mteapot"), "\(text)")
    #expect(!text.contains("hf_word"))
  }
}

@Suite struct `a refusal` {
  private func error(_ answer: Answer, at part: String, token: Bool = false) throws -> HubError? {
    let hub = try TestHub { asked, _, given in
      if asked.path.hasPrefix(part) { given = answer }
    }
    let cache = TestCache()
    if token { cache.variables = ["HF_TOKEN": "hf_word"] }
    return hubError { try cache.pull(hub) }
  }

  @Test func `is told by its status and code`() throws {
    func answer(_ status: Int, _ code: String? = nil) -> Answer {
      Answer(status: status, headers: code.map { [("X-Error-Code", $0)] } ?? [])
    }
    let list = "/api"
    let files = "/org"
    #expect(try error(answer(401), at: list) == .unauthorised("org/tiny", hasToken: false))
    #expect(
      try error(answer(401), at: list, token: true) == .unauthorised("org/tiny", hasToken: true))
    #expect(
      try error(answer(401, "RepoNotFound"), at: list)
        == .repositoryNotFound("org/tiny", hasToken: false))
    #expect(try error(answer(404), at: list) == .repositoryNotFound("org/tiny", hasToken: false))
    #expect(try error(answer(403, "GatedRepo"), at: files) == .gated("org/tiny"))
    #expect(try error(answer(403), at: files) == .forbidden("org/tiny", words: ""))
    #expect(
      try error(answer(404, "RevisionNotFound"), at: list)
        == .revisionNotFound("org/tiny", revision: "main"))
    let gated = HubError.gated("org/x")
    #expect(gated.message == "pull org/x is refused until its licence is accepted")
    #expect(gated.help == "accept it on the model's page, then set HF_TOKEN")
    #expect(gated.code == .network)
  }

  @Test func `of a file with a commit is remembered as absent`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    let error = hubError { try cache.pull(hub) { $0.files = ["konfig.json"] } }
    #expect(error == .entryNotFound("org/tiny", file: "konfig.json", near: ["config.json"]))
    #expect(cache.read("models--org--tiny/.no_exist/\(testCommit)/konfig.json") == [])
    try cache.pull(hub)
    var name = try ModelName("org/tiny")
    name.file = "konfig.json"
    #expect(
      hubError { _ = try cache.cache.resolve(name) } == .fileKnownAbsent(name, file: "konfig.json"))
  }

  @Test func `for too many requests waits as long as the server says`() throws {
    let hub = try TestHub { asked, number, answer in
      if asked.path.hasPrefix("/api"), number < 2 {
        answer = Answer(status: 429, headers: number == 0 ? [("Retry-After", "7")] : [])
      }
    }
    let cache = TestCache()
    try cache.pull(hub)
    #expect(cache.notes.count == 2)
    #expect(cache.notes.first?.hasSuffix("status 429; trying again in 7 s") == true)
    #expect(cache.notes.last?.hasSuffix("trying again in 2 s") == true)
    #expect(cache.waited.withLock { $0 } >= 9)
  }

  @Test func `that stays ends after five more tries`() throws {
    let hub = try TestHub { asked, _, answer in
      if asked.path.hasPrefix("/api") { answer = Answer(status: 503) }
    }
    let cache = TestCache()
    let error = hubError { try cache.pull(hub) }
    #expect(hub.server.asked.count == 6)
    guard case .unreachable(_, "status 503", 6)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(
      cache.notes.compactMap { $0.split(separator: " ").dropLast().last }.joined(separator: " ")
        == "1 2 4 8 16")
  }

  @Test func `of a connection is tried again too`() throws {
    let gone = try TestHub()
    let address = gone.server.address
    gone.server.stop()
    let error = hubError { try TestCache().pull(address) }
    guard case .unreachable(_, _, 6)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `is what a server that stands still comes to`() throws {
    let hub = try TestHub { asked, number, answer in
      if asked.method == "GET", asked.path.hasSuffix("model.safetensors"), number == 0 {
        answer.stall = 5
      }
    }
    let cache = TestCache()
    cache.variables = ["HF_HUB_DOWNLOAD_TIMEOUT": "2"]
    try cache.pull(hub)
    #expect(cache.content("model.safetensors") == weights.bytes)
    #expect(hub.gets("model.safetensors").last?.headers["range"] == "bytes=35000-")
    #expect(cache.notes == ["model.safetensors: no byte came for 2 s; trying again in 1 s"])
  }
}

@Suite struct `a hostile server` {
  private func error(_ knob: @escaping Knob) throws -> HubError? {
    let hub = try TestHub(knob: knob)
    let cache = TestCache()
    let error = hubError { try cache.pull(hub) }
    // Nothing was written but below the cache's own folder of the model.
    let parent = (cache.root as NSString).deletingLastPathComponent
    #expect(!FileManager.default.fileExists(atPath: parent + "/escaped"))
    return error
  }

  @Test(arguments: [
    "../../../escaped", "..", "/etc/escaped", "a b", "", "x\u{0}y",
    String(repeating: "a", count: 129),
  ])
  func `cannot name a blob as it likes`(etag: String) throws {
    let error = try error { asked, _, answer in
      if asked.path.hasSuffix("/config.json") {
        answer.headers = [("X-Repo-Commit", testCommit), ("X-Linked-Etag", "\"\(etag)\"")]
      }
    }
    switch error {
    case .badHeader("ETag", _, _)?, .failed?: break
    // A header that a zero byte spoils may end the connection instead.
    case .unreachable? where etag.contains("\0"): break
    default: Issue.record("\(String(describing: error))")
    }
  }

  @Test(arguments: [
    "../escaped", "/escaped", "a/../../escaped", "a//b", "./a", "a\\\\b", "a\\u0000b", "a\\nb", "",
    ".", "a/", "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
  ])
  func `cannot list a path that leads elsewhere`(path: String) throws {
    let error = try error { asked, _, answer in
      if asked.path.hasPrefix("/api") {
        answer.body = Array(
          "{\"sha\": \"\(testCommit)\", \"siblings\": [{\"rfilename\": \"\(path)\", \"size\": 1}]}"
            .utf8)
      }
    }
    guard case .badListing("org/tiny", _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test(arguments: [
    "", "[", "null", "[]", "{}", "{\"sha\": 1}", "{\"sha\": \"../../escaped\", \"siblings\": []}",
    "{\"sha\": \"\(testCommit)\"}", "{\"sha\": \"\(testCommit)\", \"siblings\": [7]}",
    "{\"sha\": \"\(testCommit)\", \"siblings\": [{\"rfilename\": \"a\", \"size\": -1}]}",
    "{\"sha\": \"\(testCommit)\", \"siblings\": [{\"rfilename\": \"a\", \"size\": 9223372036854775807}]}",
    "{\"sha\": \"\(testCommit)\", \"siblings\": [{\"rfilename\": \"a\"}, {\"rfilename\": \"a\"}]}",
    "{\"sha\": \"\(testCommit)\", \"siblings\": [{\"rfilename\": \"a/b\"}, {\"rfilename\": \"a\"}]}",
    String(repeating: "[", count: 100_000),
  ])
  func `cannot break the reader of lists`(body: String) throws {
    let error = try error { asked, _, answer in
      if asked.path.hasPrefix("/api") { answer.body = Array(body.utf8) }
    }
    guard case .badListing("org/tiny", _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `cannot make the sum of sizes overflow`() throws {
    let entries = (0..<40).map {
      "{\"rfilename\": \"a\($0).json\", \"size\": 1125899906842624}"
    }
    let error = try error { asked, _, answer in
      if asked.path.hasPrefix("/api") {
        answer.body = Array(
          "{\"sha\": \"\(testCommit)\", \"siblings\": [\(entries.joined(separator: ","))]}".utf8)
      }
    }
    guard case .diskFull? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `cannot send a head without end`() throws {
    let error = try error { asked, _, answer in
      if asked.path.hasPrefix("/api") {
        for number in 0..<100 {
          answer.headers.append(("X-Long-\(number)", String(repeating: "x", count: 1000)))
        }
      }
    }
    guard case .headTooLarge(_, 65536)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `cannot send on in circles, or to what is no web address`() throws {
    for (target, isCircle) in [
      ("/org/tiny/resolve/\(testCommit)/config.json", true), ("file:///etc/passwd", false),
      ("gopher://x/", false), ("http://user:word@127.0.0.1/", false), ("http://\\evil/", false),
      ("//", false),
    ] {
      let error = try error { asked, _, answer in
        if asked.path.hasSuffix("/config.json") {
          answer = Answer(status: 302, headers: [("Location", target)])
        }
      }
      switch error {
      case .tooManyRedirects? where isCircle: break
      case .badRedirect? where !isCircle: break
      default: Issue.record("\(target): \(String(describing: error))")
      }
    }
  }

  @Test func `cannot give the file of another commit`() throws {
    let other = String(repeating: "f", count: 40)
    let error = try error { asked, _, answer in
      if asked.method == "HEAD" { answer.headers[0] = ("X-Repo-Commit", other) }
    }
    guard case .disagreement(_, "commit", testCommit, other)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `cannot send more than it promised`() throws {
    let error = try error { asked, _, answer in
      if asked.method == "GET", asked.path.hasSuffix("README.md") {
        answer.hidesLength = true
        answer.body = testBytes(1_000_000)
      }
    }
    guard case .length("README.md", _, 7)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}

@Suite struct `the disk` {
  @Test func `being full keeps the part, and a later pull goes on`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    let room = Mutex<Int>(45_000)
    cache.disk.write = { file, bytes, place in
      let count = room.withLock { room in
        let count = min(room, bytes.count)
        room -= count
        return count
      }
      if count == 0 {
        errno = ENOSPC
        return -1
      }
      return pwrite(file, bytes.baseAddress, count, off_t(place))
    }
    let error = #expect(throws: FileError.self) { try cache.pull(hub) }
    #expect(error?.isDiskFull == true)
    #expect(cache.blobNames.contains { $0.hasSuffix(".quire.incomplete") })
    cache.disk = HubDisk()
    try cache.pull(hub)
    #expect(cache.content("model.safetensors") == weights.bytes)
    #expect(hub.gets("model.safetensors").last?.headers["range"] != nil)
  }

  @Test func `that cannot be written still gives what it holds`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    try cache.pull(hub)
    for path in try FileManager.default.subpathsOfDirectory(atPath: cache.root) {
      chmod(cache.root + "/" + path, 0o555)
    }
    chmod(cache.root, 0o555)
    try unprivileged { () throws -> Void in
      let result = try cache.pull(hub)
      #expect(result.reused == 4)
      let path = try cache.cache.resolve(ModelName("org/tiny"))
      #expect(path == cache.snapshot)
      #expect(throws: FileError.self) { try cache.pull(hub) { $0.files = ["modeling_tiny.py"] } }
    }
  }

  /// Runs on a thread that may not write everywhere, though root runs the tests.
  private func unprivileged(_ body: @escaping @Sendable () throws -> Void) throws {
    let failure = Mutex<(any Error)?>(nil)
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      // Per thread, and inherited by those it starts; the module of the C library leaves it out.
      if let call = dlsym(nil, "setfsuid") {
        _ = unsafeBitCast(call, to: (@convention(c) (UInt32) -> Int32).self)(65534)
      }
      do { try body() } catch { failure.withLock { $0 = error } }
      done.signal()
    }
    done.wait()
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  @Test func `that is no folder is an error with the system's reason`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    try cache.write("models--org--tiny", [])
    #expect(throws: FileError.self) { try cache.pull(hub) }
  }

  @Test func `is shared by two pulls at once, which fetch each file once`() throws {
    let hub = try TestHub { asked, _, answer in
      if asked.method == "GET", asked.path.hasPrefix("/org") { usleep(20_000) }
    }
    let cache = TestCache()
    let failures = Mutex<[String]>([])
    let group = DispatchGroup()
    for _ in 0..<2 {
      group.enter()
      Thread.detachNewThread {
        do { try cache.pull(hub) } catch { failures.withLock { $0.append("\(error)") } }
        group.leave()
      }
    }
    group.wait()
    #expect(failures.withLock { $0 } == [])
    for file in hub.files.prefix(4) {
      #expect(hub.gets(file.path).count == 1, "\(file.path)")
      #expect(cache.content(file.path) == file.bytes)
    }
  }
}

@Suite struct `without a network` {
  @Test func `pull names the variable and what is cached`() throws {
    let cache = TestCache()
    try cache.write("models--org--other/refs/main", Array(testCommit.utf8))
    cache.variables = ["HF_HUB_OFFLINE": "1"]
    let error = hubError { try cache.pull("http://127.0.0.1:9") }
    #expect(error?.message == "pull needs the network: HF_HUB_OFFLINE is set")
    #expect(error?.help == "cached: org/other")
    cache.variables = ["TRANSFORMERS_OFFLINE": "true"]
    #expect(
      hubError { try cache.pull("http://127.0.0.1:9") }?.message
        == "pull needs the network: TRANSFORMERS_OFFLINE is set")
  }
}

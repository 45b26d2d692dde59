// Whole pulls against a server in this process: what is fetched, resumed, verified and refused.

import Diagnostics
import Digests
import Files
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Hub

private let weights = TestHub.usual[1]

@Suite struct `a pull` {
  @Test func `brings the files of a model in the layout of the common cache`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    let result = try cache.pull(hub)
    #expect(result.files == ["config.json", "model.safetensors", "tokenizer.json", "README.md"])
    #expect(result.path == cache.snapshot)
    #expect(result.commit == testCommit)
    #expect(result.reused == 0)
    for file in hub.files.prefix(4) {
      #expect(cache.content(file.path) == file.bytes, "\(file.path)")
      let target = try FileManager.default.destinationOfSymbolicLink(
        atPath: cache.snapshot + "/" + file.path)
      #expect(target == "../../blobs/\(file.etag)")
    }
    #expect(cache.blobNames == hub.files.prefix(4).map(\.etag).sorted())
    #expect(cache.read("models--org--tiny/refs/main") == Array(testCommit.utf8))
    let tag = cache.read("CACHEDIR.TAG").map { String(decoding: $0, as: UTF8.self) }
    #expect(tag?.hasPrefix("Signature: 8a477f597d28d172789f06886806bc55\n") == true)
    let lock = cache.root + "/.locks/models--org--tiny/\(weights.etag).lock"
    let mode = try FileManager.default.attributesOfItem(atPath: lock)[.posixPermissions] as? Int
    #expect(mode == 0o664)
    #expect(try cache.cache.resolve(ModelName("org/tiny")) == cache.snapshot)
    let agents = Set(hub.server.asked.map { $0.headers["user-agent"] ?? "" })
    #expect(agents == ["quire/test"])
  }

  @Test func `asks only for the list when all is there, and then writes nothing`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    try cache.pull(hub)
    let before = hub.server.asked.count
    #expect(try cache.pull(hub).reused == 4)
    #expect(hub.server.asked.count == before + 1)
  }

  @Test func `takes blobs that another revision brought`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    try cache.write("models--org--tiny/blobs/\(weights.etag)", weights.bytes)
    #expect(try cache.pull(hub).reused == 1)
    #expect(hub.gets("model.safetensors").isEmpty)
    #expect(cache.content("model.safetensors") == weights.bytes)
  }

  @Test func `nests folders with as many steps up as they are deep`() throws {
    let file = TestFile(path: "1_Pooling/config.json", bytes: Array("{}".utf8))
    let hub = try TestHub(TestHub.usual + [file])
    let cache = TestCache()
    try cache.pull(hub)
    let target = try FileManager.default.destinationOfSymbolicLink(
      atPath: cache.snapshot + "/1_Pooling/config.json")
    #expect(target == "../../../blobs/\(file.etag)")
    #expect(cache.content(file.path) == file.bytes)
  }

  @Test func `codes the slash of a revision and stores the reference below folders`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    try cache.pull(hub) { $0.name.revision = "refs/pr/1" }
    #expect(cache.read("models--org--tiny/refs/refs/pr/1") == Array(testCommit.utf8))
    #expect(hub.server.asked.first?.target.hasSuffix("refs%2Fpr%2F1?blobs=true") == true)
  }

  @Test func `puts files into the snapshot itself where links are switched off`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    cache.variables = ["HF_HUB_DISABLE_SYMLINKS": "yes"]
    try cache.pull(hub)
    let kind =
      try FileManager.default.attributesOfItem(
        atPath: cache.snapshot + "/config.json")[.type] as? FileAttributeType
    #expect(kind == .typeRegular)
    #expect(cache.content("model.safetensors") == weights.bytes)
    #expect(cache.blobNames.isEmpty)
    #expect(try cache.pull(hub).reused == 4)
    #expect(try cache.cache.resolve(ModelName("org/tiny")) == cache.snapshot)
  }

  @Test func `plans and fetches nothing when it is dry`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    let result = try cache.pull(hub) { $0.isDry = true }
    #expect(result.files.count == 4)
    #expect(!FileManager.default.fileExists(atPath: cache.root))
    guard case .plan(let plan)? = cache.events.first else {
      Issue.record("no plan")
      return
    }
    #expect(plan.needed == hub.files.prefix(4).reduce(0) { $0 + $1.bytes.count })
    #expect((plan.free ?? 0) > 0)
  }

  @Test func `refuses when less than 1.05 times what is needed is free`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    let need = hub.files.prefix(4).reduce(0) { $0 + $1.bytes.count }
    cache.disk.freeBytes = { _ in need + need / 20 - 1 }
    #expect(
      hubError { try cache.pull(hub) }
        == .diskFull(need: need, free: need + need / 20 - 1, folder: cache.root))
    cache.disk.freeBytes = { _ in need + need / 20 }
    try cache.pull(hub)
  }

  @Test func `tells how far it is`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    try cache.pull(hub)
    guard case .progress(let last)? = cache.events.last else {
      Issue.record("no progress")
      return
    }
    #expect(last.done == last.total)
    #expect(last.filesDone == 4)
    #expect(last.current.isEmpty)
  }
}

@Suite struct `resuming` {
  /// Pulls through a connection that is cut after so many bytes of the weights.
  private func pullCut(after count: Int) throws {
    let hub = try TestHub { asked, number, answer in
      if asked.method == "GET", asked.path.hasSuffix("model.safetensors"), number == 0 {
        answer.cut = count
      }
    }
    let cache = TestCache()
    try cache.pull(hub)
    #expect(cache.content("model.safetensors") == weights.bytes, "cut at \(count)")
    let gets = hub.gets("model.safetensors")
    #expect(gets.count == 2)
    #expect(gets.last?.headers["range"] == (count == 0 ? nil : "bytes=\(count)-"))
    #expect(!cache.blobNames.contains { $0.hasSuffix(".incomplete") })
  }

  @Test(arguments: [0, 1, weights.bytes.count / 2, weights.bytes.count - 1])
  func `goes on where a connection was cut`(count: Int) throws { try pullCut(after: count) }

  @Test func `goes on after cuts at random places`() throws {
    var random = SplitMix64(seed: 20_261_121)
    for _ in 0..<12 { try pullCut(after: Int(random.next() % UInt64(weights.bytes.count))) }
  }

  @Test func `goes on with what an earlier process left`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    try cache.write(
      "models--org--tiny/blobs/\(weights.etag).quire.incomplete", Array(weights.bytes[..<50_000]))
    try cache.pull(hub)
    #expect(cache.content("model.safetensors") == weights.bytes)
    #expect(hub.gets("model.safetensors").map { $0.headers["range"] } == ["bytes=50000-"])
  }

  @Test func `asks for nothing when the part is the whole`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    try cache.write(
      "models--org--tiny/blobs/\(weights.etag).quire.incomplete", weights.bytes)
    try cache.pull(hub)
    #expect(cache.content("model.safetensors") == weights.bytes)
    #expect(hub.gets("model.safetensors").isEmpty)
  }

  @Test func `starts again when the part holds other bytes`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    try cache.write(
      "models--org--tiny/blobs/\(weights.etag).quire.incomplete",
      [UInt8](repeating: 7, count: 50_000))
    try cache.pull(hub)
    #expect(cache.content("model.safetensors") == weights.bytes)
    #expect(hub.gets("model.safetensors").map { $0.headers["range"] } == ["bytes=50000-", nil])
  }

  @Test func `starts again when the part is longer than the file`() throws {
    let hub = try TestHub()
    let cache = TestCache()
    try cache.write(
      "models--org--tiny/blobs/\(weights.etag).quire.incomplete", weights.bytes + [0])
    try cache.pull(hub)
    #expect(cache.content("model.safetensors") == weights.bytes)
    #expect(hub.gets("model.safetensors").map { $0.headers["range"] } == [nil])
  }

  @Test func `takes 200 instead of 206 as the whole file`() throws {
    let hub = try TestHub { asked, number, answer in
      guard asked.method == "GET", asked.path.hasSuffix("model.safetensors") else { return }
      answer.status = 200
      answer.body = weights.bytes
      answer.headers.removeAll { $0.0 == "Content-Range" }
      if number == 0 { answer.cut = 30_000 }
    }
    let cache = TestCache()
    try cache.pull(hub)
    #expect(cache.content("model.safetensors") == weights.bytes)
    #expect(hub.gets("model.safetensors").count == 2)
  }

  @Test func `starts again after 416 and after a range that was not asked for`() throws {
    for isRange in [false, true] {
      let hub = try TestHub { asked, _, answer in
        guard asked.headers["range"] != nil else { return }
        if isRange {
          answer.headers.removeAll { $0.0 == "Content-Range" }
          answer.headers.append(("Content-Range", "bytes 7-69999/70000"))
        } else {
          answer = Answer(status: 416)
        }
      }
      let cache = TestCache()
      try cache.write(
        "models--org--tiny/blobs/\(weights.etag).quire.incomplete",
        Array(weights.bytes[..<50_000]))
      try cache.pull(hub)
      #expect(cache.content("model.safetensors") == weights.bytes)
      #expect(hub.gets("model.safetensors").count == 2)
    }
  }

  @Test func `keeps the part when it is interrupted, and goes on later`() throws {
    let interrupt = Interrupt()
    let hub = try TestHub { asked, number, answer in
      guard asked.method == "GET", asked.path.hasSuffix("model.safetensors"), number == 0 else {
        return
      }
      interrupt.request()
      answer.stall = 0.5
    }
    let cache = TestCache()
    cache.interrupt = interrupt
    #expect(throws: Interrupted.self) { try cache.pull(hub) }
    #expect(cache.blobNames.contains(weights.etag + ".quire.incomplete"))
    #expect(cache.read("models--org--tiny/refs/main") == nil)
    interrupt.clear()
    try cache.pull(hub)
    #expect(cache.content("model.safetensors") == weights.bytes)
  }
}

@Suite struct `verifying` {
  @Test func `wrong bytes are fetched once more from zero, then refused with both digests`() throws
  {
    for isAlways in [false, true] {
      let hub = try TestHub { asked, number, answer in
        if asked.method == "GET", asked.path.hasSuffix("model.safetensors"),
          isAlways || number == 0
        {
          answer.body[1234] ^= 1
        }
      }
      let cache = TestCache()
      let error = hubError { try cache.pull(hub) }
      #expect(hub.gets("model.safetensors").count == 2)
      guard isAlways else {
        #expect(error == nil)
        #expect(cache.content("model.safetensors") == weights.bytes)
        continue
      }
      var wrong = weights.bytes
      wrong[1234] ^= 1
      #expect(
        error
          == .digest(
            file: "model.safetensors", kind: "SHA-256", got: Digests.sha256Hex(wrong),
            promised: weights.etag))
      #expect(!cache.blobNames.contains { $0.hasPrefix(weights.etag) })
    }
  }

  @Test func `a small file is checked by git's id`() throws {
    let hub = try TestHub { asked, _, answer in
      if asked.method == "GET", asked.path.hasSuffix("config.json") { answer.body[0] = 0x20 }
    }
    let cache = TestCache()
    guard case .digest("config.json", "git id", _, _)? = hubError({ try cache.pull(hub) }) else {
      Issue.record("no digest error")
      return
    }
  }

  @Test func `a body of another length than promised is refused`() throws {
    for change in [-1, 1] {
      let hub = try TestHub { asked, _, answer in
        if asked.method == "GET", asked.path.hasSuffix("model.safetensors") {
          if change < 0 { answer.body.removeLast() } else { answer.body.append(0) }
        }
      }
      let cache = TestCache()
      guard
        case .length("model.safetensors", _, weights.bytes.count)? = hubError({
          try cache.pull(hub)
        })
      else {
        Issue.record("no error of the length")
        continue
      }
    }
  }

  @Test func `an entity tag of neither form is compared with the list, else by length alone`()
    throws
  {
    let hub = try TestHub { asked, _, answer in
      answer.headers = answer.headers.map { $0.0 == "ETag" ? ("ETag", "W/\"plain-1\"") : $0 }
      if asked.path.hasPrefix("/api") {
        answer.body = Array(
          """
          {"sha": "\(testCommit)", "siblings": [{"rfilename": "config.json", "size": 23}]}
          """.utf8)
      }
    }
    let cache = TestCache()
    try cache.pull(hub)
    #expect(cache.blobNames == ["plain-1"])
    #expect(cache.notes == ["config.json: the server gave no digest; only its length was compared"])
  }

  @Test func `a server that lists one digest and sends another is not believed`() throws {
    let hub = try TestHub { asked, _, answer in
      if asked.method == "HEAD", asked.path.hasSuffix("model.safetensors") {
        answer.headers.append(("X-Linked-Etag", String(repeating: "b", count: 64)))
      }
    }
    let error = hubError { try TestCache().pull(hub) }
    #expect(
      error
        == .disagreement(
          file: "model.safetensors", what: "SHA-256", listed: weights.etag,
          sent: String(repeating: "b", count: 64)))
  }

  @Test func `chunked bodies and bodies that end by closing are read`() throws {
    for isChunked in [true, false] {
      let hub = try TestHub { asked, _, answer in
        if asked.method == "GET" {
          answer.isChunked = isChunked
          answer.hidesLength = !isChunked
        }
      }
      let cache = TestCache()
      try cache.pull(hub)
      #expect(cache.content("model.safetensors") == weights.bytes)
    }
  }
}

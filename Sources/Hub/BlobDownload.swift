// One file from the promise of the server to its place in the cache: resumed, verified, linked.
// Knows one file; who else is at work is Pull.swift's business.

import Diagnostics
import Digests
import Files
import Glibc

/// Waits between tries: 1, 2, 4, 8, 16 seconds, or what the server asks for.
struct Patience {
  static let tries = 5
  private var failures = 0

  /// Seconds to wait after a failure; throws when it was one too many. A try that brought bytes
  /// starts the count anew.
  mutating func wait(after failure: Passing, hasGained: Bool) throws -> Double {
    if hasGained { failures = 0 }
    failures += 1
    if failures > Self.tries {
      throw HubError.unreachable(place: failure.place, reason: failure.reason, tries: failures)
    }
    return failure.wait ?? Double(1 << (failures - 1))
  }
}

/// What a file came to.
enum Fetched: Sendable, Equatable { case downloaded, reused, absent }

final class BlobDownload {
  /// Bytes that make a try count as one that went forward.
  static let progressBytes = 1 << 20
  private let cache: HubCache
  private let name: ModelName
  private let commit: String
  private let settings: HubSettings
  private let disk: HubDisk
  private let server: HubServer
  private let check: () throws -> Void
  /// Lets seconds pass, and throws when the work shall stop.
  private let pause: (Double) throws -> Void
  private let note: (String) -> Void
  /// The bytes of the file that are here, and how many of them just came.
  private let progress: (_ count: Int, _ received: Int) -> Void

  init(
    cache: HubCache, name: ModelName, commit: String, settings: HubSettings, disk: HubDisk,
    server: HubServer, check: @escaping () throws -> Void,
    pause: @escaping (Double) throws -> Void, note: @escaping (String) -> Void,
    progress: @escaping (_ count: Int, _ received: Int) -> Void
  ) {
    self.cache = cache
    self.name = name
    self.commit = commit
    self.settings = settings
    self.disk = disk
    self.server = server
    self.check = check
    self.pause = pause
    self.note = note
    self.progress = progress
  }

  /// Content that is not what was promised.
  private struct Wrong: Error { let error: HubError }

  /// Brings a file into the snapshot.
  func fetch(_ file: HubFile) throws -> Fetched {
    var patience = Patience()
    var hasRestarted = false
    while true {
      var gained = 0
      do {
        if let etag = file.etag, try reuse(file, etag: etag, size: file.size) { return .reused }
        guard let promise = try server.promise(file, commit: commit) else {
          try? cache.markAbsent(file.path, of: name, commit: commit)
          return .absent
        }
        return try fetch(file, promise, &gained)
      } catch let failure as Passing {
        let seconds = try patience.wait(
          after: failure, hasGained: gained >= Self.progressBytes)
        note(
          "\(visibleText(file.path)): \(visibleText(failure.reason)); trying again in "
            + "\(Int(seconds)) s")
        try pause(seconds)
      } catch let wrong as Wrong {
        if hasRestarted { throw wrong.error }
        hasRestarted = true
        note("\(visibleText(wrong.error.message)); starting it again from zero")
      }
    }
  }

  // MARK: What is there already

  /// Links a blob that is there; false when there is none of the right size.
  private func reuse(_ file: HubFile, etag: String, size: Int?) throws -> Bool {
    guard let there = cache.size(of: cache.blob(etag, of: name)), size == nil || size == there
    else { return false }
    let lock = try cache.lock(etag, of: name) { try pause(0.1) }
    defer { withExtendedLifetime(lock) {} }
    try place(file.path, etag)
    return true
  }

  private func fetch(_ file: HubFile, _ promise: Promise, _ gained: inout Int) throws -> Fetched {
    var isTold = false
    let lock = try cache.lock(promise.etag, of: name) {
      if !isTold { note("\(visibleText(file.path)): another program is fetching it; waiting") }
      isTold = true
      try pause(0.1)
    }
    defer { withExtendedLifetime(lock) {} }
    let blob = cache.blob(promise.etag, of: name)
    let snapshot = Path.join(cache.snapshot(of: name, commit: commit), file.path)
    // Somebody else may have been quicker.
    let standing = settings.usesLinks ? blob : snapshot
    if let there = cache.size(of: standing), promise.size == nil || promise.size == there {
      if settings.usesLinks { try place(file.path, promise.etag) }
      return .reused
    }
    let part = try PartFile(path: blob + ".quire.incomplete")
    do {
      let received = try complete(part, file, promise, &gained)
      try verify(received, part, file, promise)
    } catch let wrong as Wrong {
      try? Files.remove(part.path)
      progress(0, 0)
      throw wrong
    }
    if settings.usesLinks {
      try part.rename(to: blob)
      try place(file.path, promise.etag)
    } else {
      try Files.createDirectory(Path.folder(of: snapshot))
      try part.rename(to: snapshot)
    }
    return .downloaded
  }

  /// The snapshot's link to a blob, or a copy where there are no links.
  private func place(_ file: String, _ etag: String) throws {
    if settings.usesLinks {
      do {
        return try cache.link(file, to: etag, of: name, commit: commit)
      } catch FileError.refused(_, _, let reason, _)
        where [EPERM, ENOTSUP, ENOSYS].contains(reason)
      {}
    }
    let path = Path.join(cache.snapshot(of: name, commit: commit), file)
    try Files.createDirectory(Path.folder(of: path))
    let blob = try PartFile(reading: cache.blob(etag, of: name))
    try Files.writeAtomically(path) { writer in
      try blob.read { bytes in
        try check()
        try writer.write(bytes)
      }
    }
  }

  // MARK: Bytes

  /// Digests of what is in the part file, kept up while it grows.
  private final class Received {
    private(set) var sha256 = Hasher256()
    private(set) var sha1 = Hasher1()
    private let length: Int?

    /// Git's id begins with the length, so it can only be kept up when that is known.
    init(length: Int?) {
      self.length = length
      clear()
    }

    func clear() {
      sha256 = Hasher256()
      sha1 = Hasher1()
      if let length { sha1.update(Array("blob \(length)\0".utf8)) }
    }
  }

  private func complete(
    _ part: PartFile, _ file: HubFile, _ promise: Promise, _ gained: inout Int
  ) throws -> Received {
    let received = Received(length: promise.size)
    if let size = promise.size, part.count > size { try part.clear() }
    let digest = promise.sha256 != nil
    func take(_ bytes: UnsafeRawBufferPointer) {
      if digest { received.sha256.update(bytes) } else { received.sha1.update(bytes) }
    }
    try part.read { bytes in
      try check()
      take(bytes)
    }
    progress(part.count, 0)
    if part.count == promise.size, part.count > 0 { return received }
    let start = part.count
    defer { gained = max(0, part.count - start) }
    var isAccepted = false
    let (response, place) = try server.get(
      promise.location, patience: settings.downloadTimeout,
      headers: start > 0 ? ["Range: bytes=\(start)-"] : [],
      receive: { [disk, progress] response, bytes in
        guard response.status == 200 || response.status == 206 else { return }
        if !isAccepted {
          try Self.accept(response, part, received, file, promise, start)
          isAccepted = true
        }
        if let size = promise.size, bytes.count > size - part.count {
          throw Wrong(
            error: .length(file: file.path, got: part.count + bytes.count, promised: size))
        }
        try part.append(bytes, by: disk.write)
        take(bytes)
        progress(part.count, bytes.count)
      })
    switch response.status {
    case 200, 206:
      if !isAccepted { try Self.accept(response, part, received, file, promise, start) }
      try checkEnd(response, part, file, promise, place)
    case 416 where start > 0:
      // The part is no beginning of this file, unless it is the whole.
      if Self.total(response) == part.count, promise.size == nil { break }
      throw Wrong(
        error: .length(file: file.path, got: part.count, promised: promise.size ?? 0))
    default: throw server.refusal(response, place, file: file.path)
    }
    return received
  }

  /// Looks at the head of a response with bytes: the rest of the file, or the file from its start.
  private static func accept(
    _ response: WebResponse, _ part: PartFile, _ received: Received, _ file: HubFile,
    _ promise: Promise, _ start: Int
  ) throws {
    let coding = response["content-encoding"] ?? "identity"
    guard coding == "identity" || coding.isEmpty else {
      throw HubError.badHeader(
        name: "Content-Encoding", value: coding, place: promise.location.shown)
    }
    if response.status == 200 {
      if start > 0 {
        try part.clear()
        received.clear()
      }
      return
    }
    let range = response["content-range"] ?? ""
    let begins = range.utf8.starts(with: "bytes \(start)-".utf8)
    let total = total(response)
    guard start > 0, begins, total == nil || promise.size == nil || total == promise.size else {
      try part.clear()
      throw Wrong(
        error: .badHeader(name: "Content-Range", value: range, place: promise.location.shown))
    }
  }

  /// The number after the slash of `Content-Range`.
  private static func total(_ response: WebResponse) -> Int? {
    guard let range = response["content-range"], let slash = range.utf8.lastIndex(of: 0x2F) else {
      return nil
    }
    return Int(Substring(range.utf8[range.utf8.index(after: slash)...]))
  }

  /// A response that ended too early is a broken connection, unless it is as long as it said.
  private func checkEnd(
    _ response: WebResponse, _ part: PartFile, _ file: HubFile, _ promise: Promise,
    _ place: WebAddress
  ) throws {
    guard let size = promise.size, part.count < size else { return }
    if response.status == 200, response.length == part.count {
      throw Wrong(error: .length(file: file.path, got: part.count, promised: size))
    }
    throw Passing(place: place.shown, reason: "the response ended after \(part.count) bytes")
  }

  /// Throws `Wrong` when length or digest are not those promised.
  private func verify(
    _ received: Received, _ part: PartFile, _ file: HubFile, _ promise: Promise
  ) throws {
    if let size = promise.size, size != part.count {
      throw Wrong(error: .length(file: file.path, got: part.count, promised: size))
    }
    if let promised = promise.sha256 {
      let got = Digests.hex(received.sha256.finish())
      if got != promised {
        throw Wrong(
          error: .digest(file: file.path, kind: "SHA-256", got: got, promised: promised))
      }
    } else if let promised = promise.gitID {
      // Git's id begins with the length: one that nobody promised is only known now.
      let final = promise.size == nil ? Received(length: part.count) : received
      if promise.size == nil { try part.read { final.sha1.update($0) } }
      let got = Digests.hex(final.sha1.finish())
      if got != promised {
        throw Wrong(error: .digest(file: file.path, kind: "git id", got: got, promised: promised))
      }
    } else {
      note("\(visibleText(file.path)): the server gave no digest; only its length was compared")
    }
  }
}

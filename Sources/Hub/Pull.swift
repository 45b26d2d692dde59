// `pull`: plan, free space, two files at a time, the reference at the end. Joins the server, the
// cache and the board; what happens to one file is in BlobDownload.swift.

import CCurl
package import Diagnostics
import Files
import Glibc

/// What a pull is given from above.
package struct HubTools {
  package var settings: HubSettings
  /// Of the program, for the user agent.
  package var version: String
  package var time: HubTime
  package var disk = HubDisk()
  package var interrupt: Interrupt
  /// Called on the caller's thread.
  package var onEvent: (PullEvent) -> Void

  package init(
    settings: HubSettings, version: String, time: HubTime, interrupt: Interrupt = Interrupt(),
    onEvent: @escaping (PullEvent) -> Void = { _ in }
  ) {
    self.settings = settings
    self.version = version
    self.time = time
    self.interrupt = interrupt
    self.onEvent = onEvent
  }
}

package enum Hub {
  static let threads = 2

  /// Why there is no libcurl to download with; nil when there is one.
  package static func missingLibrary() -> String? { ccurl_open().map { String(cString: $0) } }

  /// Brings files of a model into the cache and gives where they are. Throws `HubError`,
  /// `FileError` and `Interrupted`; what has come stays for the next pull.
  package static func pull(_ request: PullRequest, _ tools: HubTools) throws -> PullResult {
    let cache = HubCache(root: Path.absolute(tools.settings.cacheFolder))
    if let variable = tools.settings.offlineVariable {
      throw HubError.offline(variable: variable, cached: cache.names().map(\.repository))
    }
    let token = try tools.settings.currentToken()
    let listing = try list(request.name, token, tools)
    let selection = try Selection(request, from: listing.files)
    for note in selection.notes { tools.onEvent(.note(note)) }
    var job = PullJob(request: request, cache: cache, listing: listing, token: token, tools: tools)
    job.choose(selection)
    tools.onEvent(.plan(job.plan))
    if request.isDry { return job.result(reused: job.plan.reused) }
    try job.checkSpace()
    return try job.run()
  }

  private static func list(
    _ name: ModelName, _ token: Secret?, _ tools: HubTools
  ) throws -> HubListing {
    let check = { try Hub.check(tools.interrupt, name) }
    let server = try HubServer(
      name, settings: tools.settings, token: token,
      client: WebClient(
        settings: tools.settings, version: tools.version, time: tools.time, check: check))
    var patience = Patience()
    while true {
      do { return try server.list() } catch let failure as Passing {
        let seconds = try patience.wait(after: failure, hasGained: false)
        tools.onEvent(
          .note(
            "\(failure.place): \(visibleText(failure.reason)); trying again in \(Int(seconds)) s"))
        try pause(seconds, tools.time, check)
      }
    }
  }

  static func check(_ interrupt: Interrupt, _ name: ModelName) throws {
    if interrupt.isRequested {
      throw Interrupted(
        "pull \(name.short) was stopped on request",
        help: "what was downloaded is kept; \(name.pullLine()) goes on")
    }
  }

  /// Lets time pass in short steps, so that an interrupt is seen.
  static func pause(_ seconds: Double, _ time: HubTime, _ check: () throws -> Void) throws {
    var left = seconds
    try check()
    while left > 0 {
      let step = min(left, 0.1)
      time.pause(step)
      left -= step
      try check()
    }
  }
}

/// One pull under way.
struct PullJob {
  let request: PullRequest
  let cache: HubCache
  let listing: HubListing
  let token: Secret?
  let tools: HubTools
  private var chosen: [HubFile] = []
  /// Those that are not in the snapshot yet, small ones first.
  private var missing: [HubFile] = []
  private(set) var plan: PullPlan

  init(
    request: PullRequest, cache: HubCache, listing: HubListing, token: Secret?, tools: HubTools
  ) {
    self.request = request
    self.cache = cache
    self.listing = listing
    self.token = token
    self.tools = tools
    plan = PullPlan(
      name: request.name, commit: listing.commit, path: "", files: [], bytes: 0, needed: 0,
      reused: 0, free: nil)
  }

  private var name: ModelName { request.name }
  private var snapshot: String { cache.snapshot(of: name, commit: listing.commit) }

  // MARK: The plan

  mutating func choose(_ selection: Selection) {
    chosen = selection.chosen + selection.unlisted.map { HubFile(path: $0) }
    missing = chosen.filter { file in
      guard let there = cache.size(of: Path.join(snapshot, file.path)) else { return true }
      return file.size.map { $0 != there } ?? false
    }
    // Whatever is wrong shows before the long files begin.
    missing.sort { ($0.size ?? 0, $0.path) < ($1.size ?? 0, $1.path) }
    plan = PullPlan(
      name: name, commit: listing.commit, path: snapshot, files: chosen.map(\.path),
      bytes: Self.sum(chosen.map { $0.size ?? 0 }), needed: neededBytes(),
      reused: chosen.count - missing.count, free: tools.disk.freeBytes(cache.root))
  }

  private static func sum(_ counts: [Int]) -> Int {
    counts.reduce(0) { total, count in
      let (sum, overflow) = total.addingReportingOverflow(count)
      return overflow ? Int.max : sum
    }
  }

  /// Bytes to come: each content once, without what blobs and parts hold.
  private func neededBytes() -> Int {
    var seen: Set<String> = []
    return Self.sum(
      missing.map { file in
        guard let size = file.size else { return 0 }
        guard let etag = file.etag else { return size }
        guard seen.insert(etag).inserted else { return 0 }
        let blob = cache.blob(etag, of: name)
        if cache.size(of: blob) == size { return 0 }
        return max(0, size - min(size, cache.size(of: blob + ".quire.incomplete") ?? 0))
      })
  }

  /// Refuses when less than 1.05 times what is needed is free.
  func checkSpace() throws {
    guard let free = plan.free else { return }
    let (need, overflow) = plan.needed.addingReportingOverflow(plan.needed / 20)
    if plan.needed > 0, overflow || free < need {
      throw HubError.diskFull(need: plan.needed, free: free, folder: cache.root)
    }
  }

  func result(reused: Int) -> PullResult {
    let sizes = chosen.map { cache.size(of: Path.join(snapshot, $0.path)) ?? $0.size ?? 0 }
    return PullResult(
      name: name, commit: listing.commit, path: snapshot, files: plan.files,
      bytes: Self.sum(sizes), reused: reused)
  }

  // MARK: The work

  func run() throws -> PullResult {
    if missing.isEmpty {
      // A cache that cannot be written has the files all the same.
      try? cache.setReference(name, to: listing.commit)
      return result(reused: plan.reused)
    }
    try cache.prepare(name, commit: listing.commit)
    let board = PullBoard(missing)
    work(on: board)
    if let failure = board.failure { throw failure }
    let results = board.results
    for (file, result) in zip(missing, results) where result == .absent {
      throw HubError.entryNotFound(
        name.repository, file: file.path,
        near: nearestNames(to: file.path, among: listing.files.map(\.path)))
    }
    // The reference comes last: until all is there, it means what it meant before.
    try cache.setReference(name, to: listing.commit)
    return result(reused: plan.reused + results.count { $0 == .reused })
  }

  /// Runs the threads and tells how it goes until the last has ended.
  private func work(on board: PullBoard) {
    let count = min(Hub.threads, missing.count)
    board.begin(threads: count)
    let worker = PullWorker(
      board: board, files: missing, name: name, commit: listing.commit, cache: cache,
      settings: tools.settings, version: tools.version, token: token, time: tools.time,
      disk: tools.disk, interrupt: tools.interrupt)
    let handles = (0..<count).compactMap { _ in start(worker) }
    // Without a thread the work is done here.
    for _ in handles.count..<count { worker.run() }
    var meter = RateMeter()
    var last = tools.time.now()
    while board.isRunning {
      tools.time.pause(0.05)
      for note in board.takeNotes() { tools.onEvent(.note(note)) }
      let now = tools.time.now()
      guard now - last >= 0.2 else { continue }
      last = now
      tools.onEvent(
        .progress(board.progress(rate: meter.rate(at: now, bytes: board.received))))
    }
    for handle in handles { pthread_join(handle, nil) }
    for note in board.takeNotes() { tools.onEvent(.note(note)) }
    tools.onEvent(.progress(board.progress(rate: nil)))
  }

  private func start(_ worker: PullWorker) -> pthread_t? {
    var handle = pthread_t()
    let context = Unmanaged.passRetained(worker).toOpaque()
    let status = pthread_create(
      &handle, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<PullWorker>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context)
    if status == 0 { return handle }
    Unmanaged<PullWorker>.fromOpaque(context).release()
    return nil
  }
}

/// What one thread of a pull does: takes file after file.
final class PullWorker: Sendable {
  private let board: PullBoard
  private let files: [HubFile]
  private let name: ModelName
  private let commit: String
  private let cache: HubCache
  private let settings: HubSettings
  private let version: String
  private let token: Secret?
  private let time: HubTime
  private let disk: HubDisk
  private let interrupt: Interrupt

  init(
    board: PullBoard, files: [HubFile], name: ModelName, commit: String, cache: HubCache,
    settings: HubSettings, version: String, token: Secret?, time: HubTime, disk: HubDisk,
    interrupt: Interrupt
  ) {
    self.board = board
    self.files = files
    self.name = name
    self.commit = commit
    self.cache = cache
    self.settings = settings
    self.version = version
    self.token = token
    self.time = time
    self.disk = disk
    self.interrupt = interrupt
  }

  /// Ends when there is no file left or the work has failed.
  func run() {
    defer { board.leave() }
    do { try work() } catch { board.fail(error) }
  }

  /// The interrupt, and the failure of another thread.
  private func check() throws {
    try Hub.check(interrupt, name)
    if board.failure != nil { throw Interrupted() }
  }

  private func work() throws {
    let client = try WebClient(
      settings: settings, version: version, time: time, check: { try self.check() })
    let server = try HubServer(name, settings: settings, token: token, client: client)
    while let place = board.take() {
      let download = BlobDownload(
        cache: cache, name: name, commit: commit, settings: settings, disk: disk, server: server,
        check: { try self.check() },
        pause: { try Hub.pause($0, self.time) { try self.check() } },
        note: { self.board.note($0) },
        progress: { self.board.progress(place, count: $0, received: $1) })
      try check()
      board.finish(place, try download.fetch(files[place]))
    }
  }
}

// One HTTP request after the other on one thread, by libcurl. Knows addresses and headers; knows no
// hub, sends no token unasked and follows no redirect.

import CCurl
import Diagnostics

/// Time as it is handed in: this room has no clock.
package struct HubTime: Sendable {
  /// Seconds since any fixed moment.
  package var now: @Sendable () -> Double
  /// Lets this many seconds pass.
  package var pause: @Sendable (Double) -> Void

  package init(now: @escaping @Sendable () -> Double, pause: @escaping @Sendable (Double) -> Void) {
    self.now = now
    self.pause = pause
  }
}

struct WebRequest {
  var address: WebAddress
  var isHead = false
  /// `Name: value`.
  var headers: [String] = []
  /// Seconds without a byte after which it is given up.
  var patience: Double
}

struct WebResponse: Sendable {
  var status = 0
  /// By name in lower case; the first of a name counts.
  private(set) var headers: [String: String] = [:]

  subscript(_ name: String) -> String? { headers[name] }

  /// Bytes that the body will have; nil when the server does not say.
  var length: Int? {
    headers["content-length"].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
  }

  var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) && headers["location"] != nil }

  /// Takes a line of the head; a status line begins a new head (after `100 Continue`).
  mutating func take(_ line: UnsafeRawBufferPointer) {
    var text = line[...]
    while let last = text.last, last <= 0x20 { text = text.dropLast() }
    if text.starts(with: "HTTP/".utf8) {
      self = WebResponse()
      let parts = text.split(separator: 0x20)
      if parts.count > 1, let code = Int(String(decoding: parts[1], as: UTF8.self)) {
        status = code
      }
      return
    }
    guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { return }
    let name = String(decoding: text[..<colon], as: UTF8.self).lowercased()
    let value = text[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
    if headers[name] == nil { headers[name] = String(decoding: value, as: UTF8.self) }
  }
}

/// Why a request has no whole response. The first three may go away by themselves.
enum TransferFailure: Error {
  case unreachable(String)
  case broken(String)
  case stalled(seconds: Double)
  case untrusted(String)
  case headTooLarge
  case failed(String)
}

final class WebClient {
  static let headLimit = 1 << 16
  private let pool: OpaquePointer
  private let settings: HubSettings
  private let userAgent: String
  private let time: HubTime
  /// Throws when the work shall stop.
  private let check: () throws -> Void

  /// Throws `HubError.noLibrary` where there is no libcurl.
  init(
    settings: HubSettings, version: String, time: HubTime, check: @escaping () throws -> Void
  ) throws {
    if let reason = ccurl_open() { throw HubError.noLibrary(reason: String(cString: reason)) }
    guard let pool = ccurl_pool_make() else {
      throw HubError.noLibrary(reason: "it gave no connection")
    }
    self.pool = pool
    self.settings = settings
    self.userAgent = "quire/\(version)"
    self.time = time
    self.check = check
  }

  deinit { ccurl_pool_free(pool) }

  /// What callbacks from C share with the call they belong to.
  private final class Running {
    var response = WebResponse()
    var headBytes = 0
    var lastByte: Double
    var failure: (any Error)?
    let client: WebClient
    let patience: Double
    let receive: (WebResponse, UnsafeRawBufferPointer) throws -> Void

    init(
      _ client: WebClient, patience: Double,
      receive: @escaping (WebResponse, UnsafeRawBufferPointer) throws -> Void
    ) {
      self.client = client
      self.patience = patience
      self.receive = receive
      lastByte = client.time.now()
    }

    /// Keeps the error, which cannot cross C; false stops the request.
    func run(_ body: () throws -> Void) -> Bool {
      do {
        try body()
        return true
      } catch {
        failure = error
        return false
      }
    }

    func takeHeader(_ line: UnsafeRawBufferPointer) throws {
      lastByte = client.time.now()
      headBytes += line.count
      if headBytes > WebClient.headLimit { throw TransferFailure.headTooLarge }
      response.take(line)
    }

    func takeBody(_ bytes: UnsafeRawBufferPointer) throws {
      lastByte = client.time.now()
      try receive(response, bytes)
    }

    func tick() throws {
      try client.check()
      if client.time.now() - lastByte > patience {
        throw TransferFailure.stalled(seconds: patience)
      }
    }
  }

  /// Runs a request; pieces of the body go to `receive` with the response's head. Throws what
  /// `receive` and `check` throw, and `TransferFailure`.
  func perform(
    _ request: WebRequest,
    receive: @escaping (WebResponse, UnsafeRawBufferPointer) throws -> Void = { _, _ in }
  ) throws -> WebResponse {
    let running = Running(self, patience: request.patience, receive: receive)
    let outcome = withExtendedLifetime(running) { call(request, running) }
    if let failure = running.failure { throw failure }
    let reason = withUnsafeBytes(of: outcome.reason) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    switch outcome.end {
    case CCURL_DONE: return running.response
    case CCURL_UNREACHABLE: throw TransferFailure.unreachable(reason)
    case CCURL_BROKEN: throw TransferFailure.broken(reason)
    case CCURL_UNTRUSTED: throw TransferFailure.untrusted(reason)
    default: throw TransferFailure.failed(reason)
    }
  }

  private func call(_ request: WebRequest, _ running: Running) -> ccurl_outcome {
    var plan = ccurl_request()
    plan.head_only = request.isHead
    plan.context = Unmanaged.passUnretained(running).toOpaque()
    plan.on_header = { context, bytes, count in
      guard let context, let bytes else { return false }
      let running = Unmanaged<Running>.fromOpaque(context).takeUnretainedValue()
      return running.run {
        try running.takeHeader(UnsafeRawBufferPointer(start: bytes, count: count))
      }
    }
    plan.on_body = { context, bytes, count in
      guard let context, let bytes else { return false }
      let running = Unmanaged<Running>.fromOpaque(context).takeUnretainedValue()
      return running.run {
        try running.takeBody(UnsafeRawBufferPointer(start: bytes, count: count))
      }
    }
    plan.on_tick = { context in
      guard let context else { return false }
      let running = Unmanaged<Running>.fromOpaque(context).takeUnretainedValue()
      return running.run { try running.tick() }
    }
    let proxy = settings.proxies[request.address.scheme] ?? ""
    let texts = [request.address.text, userAgent, proxy, settings.hostsWithoutProxy]
    return withCStrings(texts + request.headers + [settings.certificates].compactMap { $0 }) {
      all in
      plan.url = all[0]
      plan.user_agent = all[1]
      plan.proxy = all[2]
      plan.no_proxy = all[3]
      plan.certificates = settings.certificates == nil ? nil : all[all.count - 1]
      let headers = Array(all[4..<(4 + request.headers.count)])
      return headers.withUnsafeBufferPointer { list in
        plan.headers = list.baseAddress
        plan.header_count = list.count
        return ccurl_perform(pool, &plan)
      }
    }
  }

  /// The texts as C strings while `body` runs. All come from checked addresses and headers: none
  /// holds a zero byte that would cut it.
  private func withCStrings<R>(_ texts: [String], _ body: ([UnsafePointer<CChar>?]) -> R) -> R {
    var bytes: [CChar] = []
    var starts: [Int] = []
    for text in texts {
      starts.append(bytes.count)
      bytes += text.utf8CString
    }
    return bytes.withUnsafeBufferPointer { buffer in
      body(starts.map { start in buffer.baseAddress.map { $0 + start } })
    }
  }
}

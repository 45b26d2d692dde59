// An HTTP/1.1 server inside the test's process: answers what a test tells it to, cuts and stalls
// where it is told to, and remembers what it was asked.

import Foundation
import Synchronization

struct Asked: Sendable {
  let method: String
  /// Path and query.
  let target: String
  /// By name in lower case.
  let headers: [String: String]

  var path: String { String(target.prefix { $0 != "?" }) }
}

struct Answer: Sendable {
  var status = 200
  var headers: [(String, String)] = []
  var body: [UInt8] = []
  /// Closes the connection after this many bytes of the body.
  var cut: Int?
  /// Says nothing for this many seconds after the head.
  var stall: Double?
  var isChunked = false
  /// Leaves `Content-Length` out and ends by closing.
  var hidesLength = false
}

final class TestServer: Sendable {
  private let listener: Int32
  let port: Int
  private let respond: @Sendable (Asked) -> Answer
  private let log = Mutex<[Asked]>([])
  private let ended = Atomic<Bool>(false)

  var address: String { "http://127.0.0.1:\(port)" }
  var asked: [Asked] { log.withLock { $0 } }

  init(_ respond: @escaping @Sendable (Asked) -> Answer) throws {
    self.respond = respond
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.listener = listener
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &place) { place in
      place.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
        bind(listener, place, size) == 0 && listen(listener, 64) == 0
          && getsockname(listener, place, &size) == 0
      }
    }
    port = Int(UInt16(bigEndian: place.sin_port))
    guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
    Thread.detachNewThread { [self] in accept() }
  }

  func stop() {
    ended.store(true, ordering: .relaxed)
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private func accept() {
    while !ended.load(ordering: .relaxed) {
      let connection = Glibc.accept(listener, nil, nil)
      if connection < 0 { return }
      Thread.detachNewThread { [self] in
        serve(connection)
        shutdown(connection, Int32(SHUT_RDWR))
        close(connection)
      }
    }
  }

  /// Answers one request; every answer closes its connection.
  private func serve(_ connection: Int32) {
    var text = [UInt8]()
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !text.contains(sequence: Array("\r\n\r\n".utf8)) {
      let count = read(connection, &buffer, buffer.count)
      if count <= 0 || text.count > 1 << 20 { return }
      text += buffer[..<count]
    }
    let lines = String(decoding: text, as: UTF8.self).components(separatedBy: "\r\n")
    let words = lines[0].components(separatedBy: " ")
    guard words.count == 3 else { return }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...]
        .trimmingCharacters(in: .whitespaces)
    }
    let asked = Asked(method: words[0], target: words[1], headers: headers)
    log.withLock { $0.append(asked) }
    send(respond(asked), asked, connection)
  }

  private func send(_ answer: Answer, _ asked: Asked, _ connection: Int32) {
    var head = "HTTP/1.1 \(answer.status) Answer\r\nConnection: close\r\n"
    for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
    let names = Set(answer.headers.map { $0.0.lowercased() })
    if answer.isChunked {
      head += "Transfer-Encoding: chunked\r\n"
    } else if !answer.hidesLength, !names.contains("content-length") {
      head += "Content-Length: \(answer.body.count)\r\n"
    }
    guard put(Array((head + "\r\n").utf8), connection) else { return }
    if asked.method == "HEAD" { return }
    if let stall = answer.stall {
      _ = put(Array(answer.body.prefix(answer.body.count / 2)), connection)
      usleep(UInt32(stall * 1e6))
      return
    }
    let body = Array(answer.body.prefix(answer.cut ?? answer.body.count))
    guard answer.isChunked else {
      _ = put(body, connection)
      return
    }
    for start in stride(from: 0, to: body.count, by: 1000) {
      let piece = body[start..<min(start + 1000, body.count)]
      let size = Array((String(piece.count, radix: 16) + "\r\n").utf8)
      if !put(size + piece + Array("\r\n".utf8), connection) { return }
    }
    if answer.cut == nil { _ = put(Array("0\r\n\r\n".utf8), connection) }
  }

  private func put(_ bytes: [UInt8], _ connection: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

extension Array where Element == UInt8 {
  fileprivate func contains(sequence: [UInt8]) -> Bool {
    guard count >= sequence.count else { return false }
    return (0...(count - sequence.count)).contains {
      self[$0..<($0 + sequence.count)].elementsEqual(sequence)
    }
  }
}

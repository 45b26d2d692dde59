// SHA-256 and SHA-1 of bytes and files, by libcrypto. Knows nothing of what is digested.

import CCrypto
package import Diagnostics
import Glibc

package enum DigestError: RoomError, Equatable {
  case unreadable(path: String, reason: String)

  package var code: ErrorCode { .file }

  package var message: String {
    switch self {
    case .unreadable(let path, let reason): "digest of \(path): \(reason)"
    }
  }

  package var help: String? { nil }
}

package enum Digests {
  /// 32 bytes.
  package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
    digest(bytes, Algorithm.sha256)
  }

  /// 20 bytes.
  package static func sha1(_ bytes: [UInt8]) -> [UInt8] {
    digest(bytes, Algorithm.sha1)
  }

  /// 64 hexadecimal digits, lower case.
  package static func sha256Hex(_ bytes: [UInt8]) -> String { hex(sha256(bytes)) }

  package static func sha256Hex(_ text: String) -> String { hex(sha256(Array(text.utf8))) }

  /// The digest of a file, read in pieces.
  package static func sha256(ofFile path: String) throws(DigestError) -> [UInt8] {
    let file = path.utf8.contains(0) ? -1 : open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure(path) }
    defer { close(file) }
    let hasher = Hasher256()
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw failure(path) }
      if count == 0 { return hasher.finish() }
      buffer.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
  }

  /// Two lower-case digits a byte.
  package static func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  private static func failure(_ path: String) -> DigestError {
    .unreadable(
      path: path, reason: strerror(errno).map { String(cString: $0).lowercased() } ?? "error")
  }

  private static func digest(_ bytes: [UInt8], _ algorithm: OpaquePointer?) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    let done = bytes.withUnsafeBytes { raw in
      EVP_Digest(raw.baseAddress, raw.count, &result, &count, algorithm, nil)
    }
    return done == 1 ? Array(result[..<Int(count)]) : []
  }
}

/// Algorithms are constants inside libcrypto.
private enum Algorithm {
  static var sha256: OpaquePointer? { EVP_sha256() }
  static var sha1: OpaquePointer? { EVP_sha1() }
}

/// A digest that takes its bytes in pieces.
package class RunningDigest {
  private let context: OpaquePointer?

  fileprivate init(_ algorithm: OpaquePointer?) {
    context = EVP_MD_CTX_new()
    EVP_DigestInit_ex(context, algorithm, nil)
  }

  deinit { EVP_MD_CTX_free(context) }

  package final func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  package final func update(_ bytes: UnsafeRawBufferPointer) {
    EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  /// The digest; it takes nothing more.
  package final func finish() -> [UInt8] {
    var result = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    EVP_DigestFinal_ex(context, &result, &count)
    return Array(result[..<Int(count)])
  }
}

/// A SHA-256 in pieces: 32 bytes.
package final class Hasher256: RunningDigest {
  package init() { super.init(Algorithm.sha256) }
}

/// A SHA-1 in pieces: 20 bytes.
package final class Hasher1: RunningDigest {
  package init() { super.init(Algorithm.sha1) }
}

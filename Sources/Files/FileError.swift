// What can go wrong with a file. All words of the room stand here.

package import Diagnostics
import Glibc

package enum FileError: RoomError, Equatable {
  package enum Operation: String, Sendable {
    case read, write, list, remove, rename, map
    case makeFolder = "make folder"
  }

  /// The system refused; `reason` is its error number.
  case refused(Operation, path: String, reason: Int32, nearest: String?)
  case notUTF8(path: String, offset: Int)
  case tooLarge(path: String, size: Int, limit: Int)
  case isFolder(Operation, path: String)
  case badPath(String)
  case outside(path: String, range: Range<Int>, count: Int)

  package var code: ErrorCode {
    if case .notUTF8 = self { .encoding } else { .file }
  }

  package var message: String {
    switch self {
    case .refused(let operation, let path, let reason, _):
      "\(operation.rawValue) \(path): \(FileError.words(for: reason))"
    case .notUTF8(let path, let offset): "read \(path): not UTF-8 at byte \(offset)"
    case .tooLarge(let path, let size, let limit):
      "read \(path): \(size) bytes are more than the limit of \(limit)"
    case .isFolder(let operation, let path): "\(operation.rawValue) \(path): it is a folder"
    case .badPath(let path):
      path.isEmpty
        ? "a path must not be empty" : "a path must not hold a zero byte: \(visibleText(path))"
    case .outside(let path, let range, let count):
      "read \(path): bytes \(range.lowerBound) to \(range.upperBound) of a file of \(count)"
    }
  }

  package var help: String? {
    switch self {
    case .refused(_, _, _, let nearest?): "did you mean \(nearest)?"
    case .refused(.write, _, ENOENT, _): "the folder must exist"
    case .refused(_, _, ENOENT, _): "check the spelling, and the folder that the path begins in"
    case .refused(.write, _, ENOSPC, _), .refused(.write, _, EDQUOT, _):
      "make room and try again; what was in the file before is still there"
    case .refused(_, _, EACCES, _), .refused(_, _, EPERM, _):
      "chmod grants what is missing, or use another place"
    case .refused(_, _, EROFS, _), .refused(_, _, EFBIG, _): "use a place on another disk"
    case .refused(_, _, ENAMETOOLONG, _): "give it a shorter name"
    case .refused(_, _, ENOTEMPTY, _), .refused(_, _, EEXIST, _): "use another name"
    case .refused(_, _, EISDIR, _): "name a file in it"
    case .refused: nil
    case .notUTF8: "save the file as UTF-8"
    case .outside: "the file may have been cut; copy it again"
    case .tooLarge: "cut it into smaller files"
    case .isFolder: "name a file in it"
    case .badPath: "write the path of a file or folder"
    }
  }

  /// True when a write failed because the disk, the quota or the permitted file size is used up.
  package var isDiskFull: Bool {
    guard case .refused(_, _, let reason, _) = self else { return false }
    return reason == ENOSPC || reason == EDQUOT || reason == EFBIG
  }

  private static func words(for reason: Int32) -> String {
    switch reason {
    case ENOENT: "no such file or folder"
    case ENOSPC: "disk full"
    case EDQUOT: "disk quota used up"
    case EFBIG: "larger than files may be here"
    case EACCES, EPERM: "permission denied"
    case EROFS: "the disk is read-only"
    case ENOTDIR: "a part of the path is no folder"
    case EISDIR: "it is a folder"
    case ENAMETOOLONG: "the name is too long"
    case ELOOP: "its symbolic links go in a circle"
    case ENOTEMPTY, EEXIST: "it exists and is not empty"
    default: strerror(reason).map { String(cString: $0).lowercased() } ?? "error \(reason)"
    }
  }
}

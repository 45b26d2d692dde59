// The words of every error of the room, as a table.

import Files
import Glibc
import TestSupport
import Testing

@Suite struct ErrorTableTests {
  @Test func `every error says the rule, the values and the next step`() throws {
    #expect(
      try complaints(
        of: ErrorEnum("FileError", "Sources/Files/FileError.swift"), Self.errors, Self.table) == [])
  }

  private static let errors: [FileError] = [
    .refused(.read, path: "toi.jsonl", reason: ENOENT, nearest: "toy.jsonl"),
    .refused(.read, path: "a", reason: ENOENT, nearest: nil),
    .refused(.write, path: "x/a", reason: ENOENT, nearest: nil),
    .refused(.write, path: "a", reason: ENOSPC, nearest: nil),
    .refused(.write, path: "a", reason: EDQUOT, nearest: nil),
    .refused(.write, path: "a", reason: EFBIG, nearest: nil),
    .refused(.read, path: "a", reason: EACCES, nearest: nil),
    .refused(.remove, path: "a", reason: EPERM, nearest: nil),
    .refused(.write, path: "a", reason: EROFS, nearest: nil),
    .refused(.list, path: "a/b", reason: ENOTDIR, nearest: nil),
    .refused(.read, path: "a", reason: EISDIR, nearest: nil),
    .refused(.makeFolder, path: "a", reason: ENAMETOOLONG, nearest: nil),
    .refused(.map, path: "a", reason: ELOOP, nearest: nil),
    .refused(.rename, path: "a", reason: ENOTEMPTY, nearest: nil),
    .refused(.read, path: "a", reason: EIO, nearest: nil), .notUTF8(path: "a.txt", offset: 7),
    .tooLarge(path: "a", size: 900, limit: 800), .isFolder(.read, path: "a"), .badPath(""),
    .badPath("a\0b"), .outside(path: "a", range: 4..<9, count: 6),
  ]

  private static let table = #"""
    [file] read toi.jsonl: no such file or folder | did you mean toy.jsonl?
    [file] read a: no such file or folder | check the spelling, and the folder that the path begins in
    [file] write x/a: no such file or folder | the folder must exist
    [file] write a: disk full | make room and try again; what was in the file before is still there
    [file] write a: disk quota used up | make room and try again; what was in the file before is still there
    [file] write a: larger than files may be here | use a place on another disk
    [file] read a: permission denied | chmod grants what is missing, or use another place
    [file] remove a: permission denied | chmod grants what is missing, or use another place
    [file] write a: the disk is read-only | use a place on another disk
    [file] list a/b: a part of the path is no folder
    [file] read a: it is a folder | name a file in it
    [file] make folder a: the name is too long | give it a shorter name
    [file] map a: its symbolic links go in a circle
    [file] rename a: it exists and is not empty | use another name
    [file] read a: input/output error
    [encoding] read a.txt: not UTF-8 at byte 7 | save the file as UTF-8
    [file] read a: 900 bytes are more than the limit of 800 | cut it into smaller files
    [file] read a: it is a folder | name a file in it
    [file] a path must not be empty | write the path of a file or folder
    [file] a path must not hold a zero byte: a\u{0}b | write the path of a file or folder
    [file] read a: bytes 4 to 9 of a file of 6 | the file may have been cut; copy it again
    """#
}

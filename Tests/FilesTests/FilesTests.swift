// The Files room on real files in a folder of its own.

import Diagnostics
import Foundation
import Testing

@testable import Files

/// A fresh folder for one test.
private func scratch(_ body: (String) throws -> Void) throws {
  let folder = NSTemporaryDirectory() + "files-\(UUID())"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

private func permissions(_ path: String) throws -> Int {
  try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int ?? -1
}

@Test func `what is written is read, empty and large`() throws {
  try scratch { folder in
    let path = Path.join(folder, "a.bin")
    for count in [0, 1, 300_000, 2_000_000] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
      try Files.writeAtomically(path, bytes)
      #expect(try Files.read(path) == bytes)
      #expect(try Files.size(path) == count)
    }
    #expect(try Files.list(folder) == ["a.bin"])
    #expect(throws: FileError.tooLarge(path: path, size: 2_000_000, limit: 10)) {
      try Files.read(path, limit: 10)
    }
    #expect(try !Files.read("/proc/self/stat").isEmpty)
  }
}

@Test func `a streamed file holds all its pieces in order`() throws {
  try scratch { folder in
    let path = Path.join(folder, "s")
    try Files.writeAtomically(path) { writer in
      for index in 0..<1000 { try writer.write([UInt8](repeating: UInt8(index % 256), count: 997)) }
      try writer.write([UInt8](repeating: 1, count: 1 << 20))
      try writer.write("end")
    }
    let bytes = try Files.read(path)
    #expect(bytes.count == 997_000 + (1 << 20) + 3)
    #expect(bytes[996_999] == UInt8(999 % 256))
  }
}

@Test func `the old file stays when the writer fails and no temporary file is left`() throws {
  struct Stop: Error {}
  try scratch { folder in
    let path = Path.join(folder, "a")
    try Files.writeAtomically(path, "old")
    #expect(throws: Stop.self) {
      try Files.writeAtomically(path) { writer in
        try writer.write([UInt8](repeating: 0, count: 1 << 20))
        throw Stop()
      }
    }
    #expect(try Files.readText(path) == "old")
    #expect(try Files.list(folder) == ["a"])
  }
}

@Test func `a full disk loses nothing`() throws {
  // A tiny file system needs the right to mount; without it nothing can be said here.
  try scratch { folder in
    let mounted = Process()
    mounted.executableURL = URL(fileURLWithPath: "/bin/mount")
    mounted.arguments = ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
    mounted.standardError = FileHandle.nullDevice
    try mounted.run()
    mounted.waitUntilExit()
    guard mounted.terminationStatus == 0 else {
      print("skipped: no right to mount a small file system")
      return
    }
    defer { umount2(folder, Int32(MNT_DETACH)) }
    let path = Path.join(folder, "a")
    try Files.writeAtomically(path, "old")
    let error = #expect(throws: FileError.self) {
      try Files.writeAtomically(path, [UInt8](repeating: 7, count: 1 << 20))
    }
    #expect(error?.isDiskFull == true)
    #expect(error?.message == "write \(path): disk full")
    #expect(try Files.readText(path) == "old")
    #expect(try Files.list(folder) == ["a"])
  }
}

@Test func `permissions stay and new files follow the mask`() throws {
  try scratch { folder in
    let path = Path.join(folder, "a")
    try Files.writeAtomically(path, "1")
    let mask = umask(0)
    umask(mask)
    #expect(try permissions(path) == 0o666 & ~Int(mask))
    for mode in [0o600, 0o640, 0o755, 0o444] {
      chmod(path, mode_t(mode))
      try Files.writeAtomically(path, "2")
      #expect(try permissions(path) == mode)
    }
  }
}

@Test func `the target of a link is replaced and the link stays`() throws {
  try scratch { folder in
    let target = Path.join(folder, "real")
    let link = Path.join(folder, "link")
    try Files.createDirectory(Path.join(folder, "sub"))
    symlink("../real", Path.join(folder, "sub/hop"))
    symlink("sub/hop", link)
    try Files.writeAtomically(link, "through")
    #expect(try Files.readText(target) == "through")
    #expect(Path.resolved(link) == Path.resolved(target))
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "sub/hop")
    symlink("circle", Path.join(folder, "circle"))
    #expect(throws: FileError.self) { try Files.writeAtomically(Path.join(folder, "circle"), "x") }
  }
}

@Test func `devices and pipes are written directly and never replaced`() throws {
  try Files.writeAtomically("/dev/null", "gone")
  #expect(Files.exists("/dev/null"))
  #expect(try Files.read("/dev/null") == [])
}

@Test func `errors say the operation, the path, the reason and what to do`() throws {
  try scratch { folder in
    try Files.writeAtomically(Path.join(folder, "toy.jsonl"), "x")
    func error(_ body: () throws -> Void) -> FileError? {
      do { try body() } catch { return error as? FileError }
      return nil
    }
    let missing = error { _ = try Files.read(Path.join(folder, "toy.json")) }
    #expect(missing?.message == "read \(folder)/toy.json: no such file or folder")
    #expect(missing?.help == "did you mean \(folder)/toy.jsonl?")
    let noFolder = error { try Files.writeAtomically(Path.join(folder, "no/a"), "x") }
    #expect(noFolder?.message == "write \(folder)/no/a: no such file or folder")
    #expect(noFolder?.help == "the folder must exist")
    #expect(error { _ = try Files.read(folder) }?.message == "read \(folder): it is a folder")
    #expect(
      error { try Files.writeAtomically(folder, "x") }?.message
        == "write \(folder): it is a folder")
    #expect(error { _ = try Files.read("a\0b") }?.code == .file)
    #expect(error { _ = try Files.read("") }?.message == "a path must not be empty")
    #expect(
      error { _ = try Files.list(Path.join(folder, "toy.jsonl")) }?.message
        == "list \(folder)/toy.jsonl: a part of the path is no folder")
    #expect(
      error {
        try Files.writeAtomically(Path.join(folder, String(repeating: "n", count: 300)), "")
      }?
      .message.hasSuffix("the name is too long") == true)
  }
}

@Test func `text that is not UTF-8 is refused with the offset`() throws {
  try scratch { folder in
    let path = Path.join(folder, "t")
    for (bytes, offset) in [
      ([0x61, 0xFF], 1), ([0xC3, 0xA9, 0xC3], 2), ([0xED, 0xA0, 0x80], 0),
    ] as [([UInt8], Int)] {
      try Files.writeAtomically(path, bytes)
      #expect(throws: FileError.notUTF8(path: path, offset: offset)) { try Files.readText(path) }
    }
    try Files.writeAtomically(path, "é😀\0")
    #expect(try Files.readText(path) == "é😀\0")
  }
}

@Test func `folders are made with their parents, listed in order and removed`() throws {
  try scratch { folder in
    let deep = Path.join(folder, "a/b/c")
    try Files.createDirectory(deep)
    try Files.createDirectory(deep)
    #expect(Files.isDirectory(deep))
    try Files.append(Path.join(deep, "z"), Array("1".utf8))
    try Files.append(Path.join(deep, "z"), Array("2".utf8))
    try Files.append(Path.join(deep, "B"), [], mode: 0o600)
    #expect(try Files.readText(Path.join(deep, "z")) == "12")
    #expect(try permissions(Path.join(deep, "B")) == 0o600)
    #expect(try Files.list(deep) == ["B", "z"])
    try Files.rename(Path.join(deep, "z"), to: Path.join(deep, "B"))
    #expect(try Files.list(deep) == ["B"])
    #expect(throws: FileError.self) { try Files.remove(deep) }
    try Files.remove(Path.join(deep, "B"))
    try Files.remove(deep)
    #expect(!Files.exists(deep))
  }
}

@Test func `paths come apart and together`() {
  #expect(Path.join("a", "b") == "a/b")
  #expect(Path.join("a/", "b") == "a/b")
  #expect(Path.join("a", "/b") == "/b")
  #expect(Path.folder(of: "a/b/c.md") == "a/b")
  #expect(Path.folder(of: "c.md") == ".")
  #expect(Path.folder(of: "/c.md") == "/")
  #expect(Path.name(of: "a/b/") == "b")
  #expect(Path.ending(of: "a/b.tar.GZ") == "gz")
  #expect(Path.ending(of: "a.d/.hidden") == "")
  #expect(Path.stem(of: "a/lora.md") == "lora")
  #expect(Path.normalized("/a/./b//../c/") == "/a/c")
  #expect(Path.normalized("a/../..") == "..")
  #expect(Path.normalized("/..") == "/")
  #expect(Path.normalized("a/..") == ".")
  #expect(Path.absolute("x") == Path.join(Path.currentFolder, "x"))
}

@Test func `a path is below a folder only when its links lead there`() throws {
  try scratch { folder in
    let inner = Path.join(folder, "in")
    try Files.createDirectory(inner)
    symlink("/etc", Path.join(inner, "out"))
    symlink(inner, Path.join(folder, "back"))
    #expect(Path.isBelow(Path.join(inner, "new/file"), inner))
    #expect(Path.isBelow(inner, inner))
    #expect(Path.isBelow(Path.join(folder, "back/x"), inner))
    #expect(!Path.isBelow(Path.join(inner, "out/passwd"), inner))
    #expect(!Path.isBelow(Path.join(inner, "out/../x"), inner))
    #expect(!Path.isBelow(Path.join(inner, "../in2"), inner))
    #expect(!Path.isBelow(inner + "side", inner))
    #expect(!Path.isBelow("a\0b", inner))
    #expect(Path.isBelow("/etc", "/"))
  }
}

@Test func `a mapped file hands out its bytes and refuses what it does not hold`() throws {
  try scratch { folder in
    let path = Path.join(folder, "m")
    try Files.writeAtomically(path, [1, 2, 3, 4, 5])
    let map = try MappedFile(path: path)
    #expect(map.count == 5)
    #expect(try map.bytes(1..<4) == [2, 3, 4])
    #expect(throws: FileError.outside(path: path, range: 3..<6, count: 5)) { try map.bytes(3..<6) }
    try Files.writeAtomically(path, "")
    #expect(try map.bytes(0..<1) == [1])
    let empty = try MappedFile(path: path)
    #expect(empty.count == 0)
    #expect(try empty.bytes(0..<0) == [])
    #expect(throws: FileError.self) { try MappedFile(path: folder) }
    #expect(throws: FileError.self) { try MappedFile(path: "/dev/null") }
  }
}

// Memory limits as the system tells them.

import Foundation
import Testing

@testable import Diagnostics

@Suite struct SystemMemoryTests {
  @Test func `the free memory is the line of that name, in bytes`() {
    let text = "MemTotal:  24682400 kB\nMemFree:  1000 kB\nMemAvailable:   2048 kB\n"
    #expect(SystemMemory.kilobytes("MemAvailable", in: text) == 2048 * 1024)
    #expect(SystemMemory.kilobytes("MemAvail", in: text) == nil)
    #expect(SystemMemory.kilobytes("X", in: "X: 9223372036854775807 kB") == nil)
    #expect(SystemMemory.kilobytes("X", in: "X:") == nil)
  }

  @Test func `control groups of both versions are found, from the innermost out`() {
    let new = SystemMemory.groups(of: "0::/user.slice/job\n").map(\.folder)
    #expect(new == ["user.slice/job/", "user.slice/", ""].map { "/sys/fs/cgroup/" + $0 })
    let old = SystemMemory.groups(of: "5:cpu,cpuacct:/a\n4:memory:/b\n3:net:/c\n")
    #expect(old.map(\.folder) == ["b/", ""].map { "/sys/fs/cgroup/memory/" + $0 })
    #expect(old.allSatisfy { !$0.isNew })
    #expect(SystemMemory.groups(of: "0::/../x").map(\.folder) == ["/sys/fs/cgroup/"])
    #expect(SystemMemory.groups(of: "no such text\n::\n").isEmpty)
  }

  @Test func `what a control group leaves is its limit less what cannot be dropped`() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/group-\(UUID().uuidString)/"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let group = SystemMemory.Group(folder: folder, isNew: true)
    func write(_ name: String, _ text: String) throws {
      try text.write(toFile: folder + name, atomically: true, encoding: .utf8)
    }
    #expect(group.left() == nil)
    try write("memory.max", "1000000\n")
    try write("memory.current", "300000\n")
    #expect(group.left() == 700000)
    try write("memory.stat", "anon 5\ninactive_file 100000\nactive_file 7\n")
    #expect(group.left() == 800000)
    try write("memory.max", "max\n")
    #expect(group.left() == nil)
  }

  @Test func `what a process may hold is more than it holds`() {
    #expect(SystemMemory.resident() > 0)
    #expect(SystemMemory.available() > 0)
    #expect(SystemMemory.whole() > SystemMemory.resident())
  }
}

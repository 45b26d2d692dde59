// Files from the language: what is written reads back, and what cannot be written says why.

import Diagnostics
import Foundation
import Glibc
import Testing
import Workbench

@Suite struct `files` {
  private func bench() throws -> (Bench, String) {
    let folder = NSTemporaryDirectory() + "quire-files-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return (Bench(folder: folder), folder)
  }

  @Test func `text is written and read`() throws {
    let (bench, _) = try bench()
    #expect(bench.shows("write \"a.txt\", \"é\\n\"; read \"a.txt\"") == "\"é\\n\"\n")
    #expect(bench.shows("exists(\"a.txt\")") == "true\n")
    #expect(bench.run("read \"b.txt\"").diagnostic?.code == .file)
    #expect(bench.shows("glob \"*.txt\"") == "[\"a.txt\"]\n")
  }

  @Test func `a link that leads out of the folder is passed over, a path that does is refused`()
    throws
  {
    let (bench, folder) = try bench()
    bench.run("write \"a.txt\", \"a\"")
    try FileManager.default.createSymbolicLink(atPath: folder + "/out", withDestinationPath: "/etc")
    #expect(bench.shows("glob \"**\"") == "[\"a.txt\"]\n")
    #expect(bench.shows("glob \"*\"") == "[\"a.txt\"]\n")
    #expect(bench.shows("glob \"*/host*\"") == "[]\n")
    #expect(bench.run("glob \"/etc/*\"").diagnostic?.code == .permission)
  }

  @Test func `json and csv go there and back`() throws {
    let (bench, _) = try bench()
    #expect(bench.shows("json(\"[1, 2.5, null]\")") == "[1, 2.5, nil]\n")
    #expect(bench.shows("json(json_text({a: [1, true]})).a[0]") == "1\n")
    #expect(bench.shows("csv(\"a,b\\n1,\\\"x, y\\\"\\n\")[0].b") == "\"x, y\"\n")
    #expect(bench.shows("csv(csv_text([{a: 1, b: \"q\\\"\"}]))[0].b") == "\"q\\\"\"\n")
    #expect(bench.shows("len(csv(\"a,b\\n1,\\\"\\\"\\n\\n2,3\\n\"))") == "2\n")
    #expect(bench.run("csv(\"a,b\\n1\\n\")").diagnostic?.code == .data)
    #expect(bench.run("json(\"[1,\")").diagnostic?.code == .data)
  }

  @Test func `tensors are saved and loaded`() throws {
    let (bench, _) = try bench()
    bench.run(
      "t = tensor([[1.5, 2], [3, 4]])\nsave t, \"t.npy\"\nsave {a: t, b: {c: t}}, \"t.npz\"")
    #expect(bench.sink.errors.isEmpty)
    #expect(bench.shows("load(\"t.npy\")[0, 0].item()") == "1.5\n")
    #expect(bench.shows("load(\"t.npz\")[\"b.c\"].shape") == "[2, 2]\n")
    bench.run("save {w: t}, \"t.safetensors\"")
    #expect(bench.shows("equal(load(\"t.safetensors\").w, t)") == "true\n")
    bench.run("save t, \"t.json\"")
    #expect(bench.shows("load(\"t.json\")[1]") == "[3.0, 4.0]\n")
  }

  @Test func `what cannot be written says where it can`() throws {
    let (bench, _) = try bench()
    let text = bench.run("save \"x\", \"x.npy\"").diagnostic
    #expect(text?.message == "save cannot write a string to .npy")
    #expect(text?.help == "a string goes to .txt .md .json")
    #expect(bench.run("load \"no such\"").diagnostic?.code == .file)
    #expect(bench.run("save 1, \"/etc/x.json\"").diagnostic?.code == .permission)
  }

  @Test func `a full disk loses nothing and is located`() throws {
    let (bench, folder) = try bench()
    // A tiny file system needs the right to mount; without it nothing can be said here.
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
    bench.run("write \"a.txt\", \"old\"")
    let outcome = bench.run("save zeros([100000]), \"a.npy\"")
    #expect(outcome.diagnostic?.code == .file)
    #expect(outcome.diagnostic?.place != nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.txt"])
  }
}

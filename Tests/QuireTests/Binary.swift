// Runs the built program as a person's shell would.

import Foundation

struct Finished {
  let status: Int32
  let out: String
  let err: String
}

enum Binary {
  /// The program beside the test bundle, or the one that `QUIRE_BINARY` names.
  static var path: String {
    if let named = ProcessInfo.processInfo.environment["QUIRE_BINARY"] { return named }
    // The bundle is the executable itself, or holds it a few folders down.
    var place = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    for _ in 0..<5 {
      place = place.deletingLastPathComponent()
      let candidate = place.appending(path: "quire").path
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder),
        !isFolder.boolValue
      {
        return candidate
      }
    }
    return root.appending(path: ".build/release/quire").path
  }

  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A new empty folder, removed by the system's temporary-file rules.
  static func temporaryFolder() throws -> URL {
    let place = FileManager.default.temporaryDirectory.appending(path: "quire-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    return place
  }

  /// Runs the program to its end; killed after `limit` seconds (status 124). `program` is Quire
  /// unless named otherwise.
  static func run(
    _ arguments: [String], program: String = path, folder: URL? = nil, input: String = "",
    environment: [String: String] = [:], limit: Double = 120
  ) throws -> Finished {
    let scratch = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: scratch) }
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.currentDirectoryURL = folder ?? root
    var values = ProcessInfo.processInfo.environment
    values["NO_COLOR"] = "1"
    values["QUIRE_HOME"] = root.appending(path: "Stdlib").path
    values["XDG_STATE_HOME"] = scratch.path
    for (name, value) in environment { values[name] = value }
    process.environment = values
    // Files, not pipes: a pipe's buffer could fill while nobody reads.
    let names = ["in", "out", "err"].map { scratch.appending(path: $0) }
    try Data(input.utf8).write(to: names[0])
    for name in names.dropFirst() {
      _ = FileManager.default.createFile(atPath: name.path, contents: nil)
    }
    process.standardInput = try FileHandle(forReadingFrom: names[0])
    process.standardOutput = try FileHandle(forWritingTo: names[1])
    process.standardError = try FileHandle(forWritingTo: names[2])
    try process.run()
    let end = Date().addingTimeInterval(limit)
    var killed = false
    while process.isRunning {
      if Date() > end, !killed {
        killed = true
        kill(process.processIdentifier, SIGKILL)
      }
      usleep(2000)
    }
    process.waitUntilExit()
    let crashed = process.terminationReason == .uncaughtSignal
    let status =
      killed ? 124 : crashed ? 128 + process.terminationStatus : process.terminationStatus
    return Finished(
      status: status, out: try String(contentsOf: names[1], encoding: .utf8),
      err: try String(contentsOf: names[2], encoding: .utf8))
  }

  /// Runs a line of the shell, in which `$0` is Quire and `$1` the first of the arguments.
  static func shell(_ line: String, _ arguments: String...) throws -> Finished {
    try run(["-c", line, path] + arguments, program: "/bin/bash")
  }
}

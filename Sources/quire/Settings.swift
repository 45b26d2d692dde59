// What the environment and the options say, and the session they make.

import Console
import Diagnostics
import Files
import Glibc
import Workbench

struct Settings {
  var environment: [String: String]
  var permissions: Set<Permission> = []
  var threads: Int?
  var seed: Int?
  var color = ColorChoice.auto
  var isQuiet = false
  /// Bytes that tensors may hold.
  var memoryBound: Int?
  /// What the console runs before its first prompt.
  var firstFile: String?
  var usesStartFile = true

  init(environment: [String: String]) { self.environment = environment }

  /// Takes one option of the table.
  mutating func set(_ name: String, _ value: String) throws {
    switch name {
    case "--allow":
      for part in value.split(separator: ",") {
        guard let permission = Permission(rawValue: String(part)) else {
          throw UsageError(message: "--allow takes fs, net, shell: got \(part)")
        }
        permissions.insert(permission)
      }
    case "--threads": threads = try number(name, value, in: 1...256)
    case "--seed": seed = try number(name, value, in: 0...Int.max)
    case "--color":
      guard let choice = ColorChoice(rawValue: value) else {
        throw UsageError(message: "--color is auto, always or never, not \(value)")
      }
      color = choice
    case "-q": isQuiet = true
    case "--max-memory":
      guard let bytes = Self.bytes(value), bytes > 0 else {
        throw UsageError(message: "--max-memory needs a size such as 8G or 500M: got \(value)")
      }
      memoryBound = bytes
    case "-i": firstFile = value
    case "--no-rc": usesStartFile = false
    default: throw UsageError(message: "there is no option \(name)")
    }
  }

  /// `8G`, `8GiB`, `500MB`: alone or with `iB` a unit is a power of 1024, with `B` one of 1000. Nil
  /// for what is no size, or too large.
  private static func bytes(_ text: String) -> Int? {
    let digits = text.prefix { ("0"..."9").contains($0) || $0 == "." }
    let unit = text.dropFirst(digits.count).lowercased()
    let powers: [Character: Double] = ["k": 1, "m": 2, "g": 3, "t": 4]
    var size = 1.0
    if let first = unit.first, let power = powers[first] {
      guard ["", "ib", "b"].contains(String(unit.dropFirst())) else { return nil }
      let base = unit.dropFirst() == "b" ? 1000.0 : 1024
      for _ in 0..<Int(power) { size *= base }
    } else if !["", "b"].contains(unit) {
      return nil
    }
    guard let number = Double(digits) else { return nil }
    return Int(exactly: (number * size).rounded()).flatMap { $0 <= 1 << 60 ? $0 : nil }
  }

  private func number(_ name: String, _ text: String, in range: ClosedRange<Int>) throws -> Int {
    guard let number = Int(text), range.contains(number) else {
      throw UsageError(
        message: "\(name) needs a whole number from \(range.lowerBound): got \(text)")
    }
    return number
  }

  /// The options of a session in a folder. Code that the user typed may reach files.
  func session(folder: String, isTyped: Bool, interrupt: Interrupt) -> SessionOptions {
    var options = SessionOptions(
      folder: folder, permissions: isTyped ? permissions.union([.files]) : permissions,
      modelFolders: modelFolders(), seed: seed ?? 0,
      threads: threads ?? environment["QUIRE_THREADS"].flatMap { Int($0) } ?? processorCount(),
      environment: environment, clock: monotonicSeconds, today: today,
      freeMemory: Arithmetic.availableMemory, interrupt: interrupt)
    options.threads = min(max(1, options.threads), 256)
    options.version = quireVersion
    options.memoryBound = memoryBound
    return options
  }

  /// `$XDG_CONFIG_HOME/quire/rc.quire`: what the console runs silently at its start.
  var startFile: String? {
    guard usesStartFile else { return nil }
    if let config = environment["XDG_CONFIG_HOME"], config.utf8.first == UInt8(ascii: "/") {
      return Path.join(config, "quire/rc.quire")
    }
    return environment["HOME"].map { Path.join($0, ".config/quire/rc.quire") }
  }

  func printer() -> EventPrinter {
    let printer = EventPrinter(
      out: Terminal(descriptor: 1, choice: color, environment: environment),
      err: Terminal(descriptor: 2, choice: color, environment: environment))
    printer.isQuiet = isQuiet
    return printer
  }

  /// The first model in the box; nil without one.
  func modelInTheBox() -> String? {
    for folder in modelFolders() {
      let names = ((try? Files.list(folder)) ?? []).sorted()
      let paths = names.map { Path.join(folder, $0) }
      if let found = paths.first(where: { Files.exists(Path.join($0, "config.json")) }) {
        return found
      }
    }
    return nil
  }

  /// Where models in the box may be: `QUIRE_HOME`, beside the binary, installed, the source tree.
  func modelFolders() -> [String] {
    var folders: [String] = []
    if let home = environment["QUIRE_HOME"] { folders.append(Path.join(home, "models")) }
    var place = Path.folder(of: binaryPath())
    folders.append(Path.join(place, "models"))
    folders.append(Path.normalized(Path.join(place, "../share/quire/models")))
    for _ in 0..<5 {
      folders.append(Path.join(place, "Stdlib/models"))
      place = Path.folder(of: place)
    }
    return folders.filter { Files.isDirectory($0) }
  }
}

func currentEnvironment() -> [String: String] {
  var result: [String: String] = [:]
  var place = environ
  while let entry = place.pointee {
    let text = String(cString: entry)
    if let split = text.firstIndex(of: "=") {
      result[String(text[..<split])] = String(text[text.index(after: split)...])
    }
    place += 1
  }
  return result
}

/// The real path of the running program.
func binaryPath() -> String {
  guard let path = realpath("/proc/self/exe", nil) else { return CommandLine.arguments[0] }
  defer { free(path) }
  return String(cString: path)
}

func currentFolder() -> String {
  guard let path = getcwd(nil, 0) else { return "/" }
  defer { free(path) }
  return String(cString: path)
}

/// Processors that are there.
func processorCount() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

@Sendable func monotonicSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// The date and time of the place, for chat templates that ask for it.
@Sendable func today() -> CalendarTime? {
  var now = time(nil)
  var parts = tm()
  guard localtime_r(&now, &parts) != nil else { return nil }
  return CalendarTime(
    year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
    hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: Int(parts.tm_sec))
}

// How much memory this process holds and may still take: what the machine has free, what a limit on the
// process (`ulimit -v`, `ulimit -d`) leaves, and what the control group it runs in leaves, which is what
// containers and job schedulers set. Linux; where a figure cannot be read it does not count.

import Glibc

package enum SystemMemory {
  // MARK: Limits

  /// Bytes this process may hold at most: the machine's memory or the least of its limits.
  package static func whole() -> Int {
    ([machine(), limit(Int32(RLIMIT_AS.rawValue)), limit(Int32(RLIMIT_DATA.rawValue))]
      + groups.map { number(in: $0.folder + $0.limitFile) }).compactMap { $0 }.min() ?? Int.max
  }

  /// Bytes it may still take, by the system's own estimate of what is free.
  package static func available() -> Int {
    var least = machine() ?? Int.max
    if let free = contents("/proc/meminfo").flatMap({ kilobytes("MemAvailable", in: $0) }) {
      least = min(least, free)
    }
    if let bound = limit(Int32(RLIMIT_AS.rawValue)) {
      least = min(least, bound - held().addresses)
    }
    if let bound = limit(Int32(RLIMIT_DATA.rawValue)) {
      least = min(least, bound - held().data)
    }
    for group in groups {
      if let left = group.left() { least = min(least, left) }
    }
    return max(0, least)
  }

  /// Whether a request beyond a limit fails at once, rather than when the memory is touched.
  package static func isBounded() -> Bool {
    limit(Int32(RLIMIT_AS.rawValue)) != nil || limit(Int32(RLIMIT_DATA.rawValue)) != nil
  }

  // MARK: What is held

  /// Bytes in memory that are this process's own: pages of mapped files, which the system can drop,
  /// not counted.
  package static func resident() -> Int { held().own }

  private static func held() -> (addresses: Int, own: Int, data: Int) {
    // Pages of: size resident shared text library data
    let pages = (contents("/proc/self/statm") ?? "").split(separator: " ").map { Int($0) ?? 0 }
    guard pages.count > 5 else { return (0, 0, 0) }
    return (pages[0] * pageSize, max(0, pages[1] - pages[2]) * pageSize, pages[5] * pageSize)
  }

  private static let pageSize = max(1, Int(sysconf(Int32(_SC_PAGESIZE))))

  private static func machine() -> Int? {
    let pages = Int(sysconf(Int32(_SC_PHYS_PAGES)))
    return pages > 0 ? pages * pageSize : nil
  }

  /// A soft limit of the process; nil for none.
  private static func limit(_ resource: Int32) -> Int? {
    var found = rlimit()
    guard getrlimit(__rlimit_resource_t(UInt32(resource)), &found) == 0 else { return nil }
    return Int(exactly: found.rlim_cur)
  }

  // MARK: Control groups

  /// One control group with a limit on memory, of either version of the system's interface.
  struct Group: Equatable {
    let folder: String
    let isNew: Bool

    var limitFile: String { isNew ? "memory.max" : "memory.limit_in_bytes" }
    private var usageFile: String { isNew ? "memory.current" : "memory.usage_in_bytes" }

    /// Limit less usage, of which pages of files that were not touched lately can be dropped.
    func left() -> Int? {
      guard let limit = number(in: folder + limitFile), let used = number(in: folder + usageFile)
      else { return nil }
      let name = isNew ? "inactive_file" : "total_inactive_file"
      let droppable = contents(folder + "memory.stat").flatMap { text in
        text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
          .flatMap { Int($0.dropFirst(name.count + 1)) }
      }
      return limit - max(0, used - (droppable ?? 0))
    }
  }

  /// The groups of this process that have a limit; they are set before a program starts.
  private static let groups = groups(of: contents("/proc/self/cgroup") ?? "").filter {
    number(in: $0.folder + $0.limitFile) != nil
  }

  /// The groups that a text like /proc/self/cgroup names, each with those around it. In a container
  /// the paths may be those of the host: then only the outermost folder is there.
  static func groups(of text: String) -> [Group] {
    text.split(separator: "\n").flatMap { line -> [Group] in
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return [] }
      let isNew = fields[0] == "0" && fields[1].isEmpty
      guard isNew || fields[1].split(separator: ",").contains("memory") else { return [] }
      let base = isNew ? "/sys/fs/cgroup/" : "/sys/fs/cgroup/memory/"
      let names = fields[2].split(separator: "/")
      guard !names.contains("..") else { return [Group(folder: base, isNew: isNew)] }
      return (0...names.count).reversed().map { count in
        Group(folder: base + names[..<count].map { $0 + "/" }.joined(), isNew: isNew)
      }
    }
  }

  // MARK: Reading

  /// A line `name:   n kB` in bytes.
  static func kilobytes(_ name: String, in text: String) -> Int? {
    text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
      .flatMap { Int($0.dropFirst(name.count + 1).split(separator: " ").first ?? "") }
      .flatMap { $0 > Int.max / 1024 ? nil : $0 * 1024 }
  }

  /// A file that holds one number; nil for one that is not there, or says `max`.
  private static func number(in path: String) -> Int? {
    contents(path).flatMap { $0.split(separator: "\n").first }.flatMap { Int($0) }
  }

  private static func contents(_ path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 13)
    let count = read(file, &bytes, bytes.count)
    return count >= 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
  }
}

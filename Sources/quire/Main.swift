// The program: arguments, environment, choice of front end, exit code. Computes nothing.

import Console
import Diagnostics
import Glibc
import NotebookRunner
import Workbench

@main
enum Main {
  static func main() {
    signal(SIGPIPE, SIG_IGN)
    // A file over the size limit is an error of the write, not the end of the process.
    signal(SIGXFSZ, SIG_IGN)
    let words = Array(CommandLine.arguments.dropFirst())
    // The interpreter and the parser recurse on data; a thread of its own has room for that.
    exit(onLargeStack { run(words) })
  }

  static func run(_ words: [String]) -> Int32 {
    do {
      try checkArguments()
      try useVectorLevel()
      return try Command.parse(words).perform()
    } catch let error as UsageError {
      standardError("quire: \(error.message)\n\(error.help)\n")
      return 2
    } catch {
      standardError(Diagnostic(error).rendered() + "\n")
      return 1
    }
  }

  /// Code and paths are UTF-8: what is not would have been changed on its way here.
  private static func checkArguments() throws {
    for place in 1..<max(1, Int(CommandLine.argc)) {
      guard let raw = CommandLine.unsafeArgv[place], String(validatingCString: raw) == nil else {
        continue
      }
      throw UsageError(message: "argument \(place) is not UTF-8", help: "write it as UTF-8")
    }
  }

  /// `QUIRE_SIMD` asks for fewer vector instructions than the CPU has.
  private static func useVectorLevel() throws {
    guard let value = getenv("QUIRE_SIMD") else { return }
    let level = String(cString: value)
    if !level.isEmpty, let wrong = Arithmetic.use(level: level) {
      throw UsageError(message: "QUIRE_SIMD: \(wrong.message)", help: wrong.help)
    }
  }

  /// Runs the work on a thread with a 512 MiB stack (address space, not memory) and returns its
  /// result.
  private static func onLargeStack(_ work: @escaping @Sendable () -> Int32) -> Int32 {
    final class Box: @unchecked Sendable {
      let work: @Sendable () -> Int32
      var result: Int32 = 70
      init(_ work: @escaping @Sendable () -> Int32) { self.work = work }
    }
    let box = Box(work)
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, 512 << 20)
    var thread = pthread_t()
    let context = Unmanaged.passRetained(box).toOpaque()
    let status = pthread_create(
      &thread, &attributes,
      { context in
        guard let context else { return nil }
        let box = Unmanaged<Box>.fromOpaque(context).takeRetainedValue()
        box.result = box.work()
        return nil
      }, context)
    guard status == 0 else { return work() }
    pthread_join(thread, nil)
    return box.result
  }
}

func standardError(_ text: String) { writeAll(text, to: 2) }

func standardOutput(_ text: String) { writeAll(text, to: 1) }

/// A closed stream is no error of the program.
private func writeAll(_ text: String, to descriptor: Int32) {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR || errno == EAGAIN { continue }
    if count <= 0 { return }
    bytes = bytes.dropFirst(count)
  }
}

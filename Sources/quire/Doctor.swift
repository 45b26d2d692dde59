// `quire doctor`: what this installation has, what is missing, and the next step for each.

import Diagnostics
import Files
import Glibc
import Workbench

enum Doctor {
  /// 0 when all is well, 1 when something is missing.
  static func run(_ settings: Settings) -> Int32 {
    var isWell = true
    func row(_ ok: Bool, _ what: String, _ found: String, _ step: String = "") {
      let mark = ok ? "ok     " : "missing"
      standardOutput("\(mark)  \(what): \(found)\n")
      if !ok {
        isWell = false
        standardOutput("         next: \(step)\n")
      }
    }
    row(true, "quire", "\(quireVersion) at \(binaryPath())")
    let session = Session(
      settings.session(folder: currentFolder(), isTyped: true, interrupt: Interrupt()))
    row(true, "arithmetic", session.arithmeticDescription)
    row(true, "vector level", Arithmetic.levelDescription)
    row(true, "threads", "\(session.options.threads)")
    let free = Arithmetic.availableMemory()
    row(free > 1 << 30, "free memory", "\(free >> 20) MiB", "close something: 1 GiB is wanted")
    let models = settings.modelFolders().flatMap { folder in
      ((try? Files.list(folder)) ?? []).filter { Files.isDirectory(Path.join(folder, $0)) }
    }
    row(
      !models.isEmpty, "models in the box",
      models.isEmpty ? "none found" : models.joined(separator: " "),
      "set QUIRE_HOME to the folder that holds models/, or run make install")
    let obstacle = session.pullObstacle
    row(
      obstacle == nil, "downloads",
      obstacle ?? "into \(session.modelCacheFolder ?? "no folder yet")",
      "sudo apt install libcurl4; only pull needs it")
    let state =
      settings.environment["XDG_STATE_HOME"]
      ?? Path.join(settings.environment["HOME"] ?? "/tmp", ".local/state")
    row(
      access(state, W_OK) == 0 || !Files.exists(state), "history folder", state,
      "make it writable; until then history is not kept")
    let locale =
      settings.environment["LC_ALL"] ?? settings.environment["LC_CTYPE"]
      ?? settings.environment["LANG"] ?? "C"
    let isUTF8 = locale.uppercased().contains("UTF")
    row(true, "locale", isUTF8 ? locale : "\(locale) (C.UTF-8 is used for typing)")
    return isWell ? 0 : 1
  }
}

// What the terminal can do: colours, width, redrawing. Decided here once, handed down as a style.

import Glibc
package import Plots

/// `--color`.
package enum ColorChoice: String, Sendable {
  case auto, always, never
}

package struct Terminal: Sendable {
  package let isTerminal: Bool
  package let level: ColorLevel
  /// True when a line may be redrawn in place.
  package let canRedraw: Bool
  private let descriptor: Int32
  private let columns: Int?

  package init(
    descriptor: Int32, choice: ColorChoice = .auto, environment: [String: String]
  ) {
    self.descriptor = descriptor
    isTerminal = isatty(descriptor) == 1
    let isDumb = !Terminal.isKnown(environment)
    canRedraw = isTerminal && !isDumb
    level = Terminal.level(
      choice: choice, environment: environment, isTerminal: isTerminal, isDumb: isDumb)
    columns = environment["COLUMNS"].flatMap { Int($0) }
  }

  /// Whether TERM names a terminal that moves its cursor: one that the system's list has.
  private static func isKnown(_ environment: [String: String]) -> Bool {
    let term = environment["TERM"] ?? ""
    if ["", "dumb", "unknown", "emacs"].contains(term) || term.contains("/") { return false }
    guard let first = term.unicodeScalars.first else { return false }
    var folders = ["/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo", "/usr/lib/terminfo"]
    folders.append("/usr/local/share/terminfo")
    folders += (environment["TERMINFO_DIRS"] ?? "").split(separator: ":").map(String.init)
    if let home = environment["HOME"] { folders.append(home + "/.terminfo") }
    if let named = environment["TERMINFO"] { folders.append(named) }
    // By first letter, or by its number in hexadecimal.
    let letters = [String(first), String(first.value, radix: 16)]
    let isListed = folders.contains { folder in
      letters.contains { access("\(folder)/\($0)/\(term)", R_OK) == 0 }
    }
    if isListed { return true }
    // A system without a list still has terminals; these families all move their cursors.
    let families = ["xterm", "screen", "tmux", "linux", "vt1", "vt2", "rxvt", "konsole", "foot"]
    return !folders.contains { access($0 + "/x/xterm", R_OK) == 0 }
      && families.contains { term.hasPrefix($0) }
  }

  /// First match of inspection.md 4.2: the flag, NO_COLOR, FORCE_COLOR, not a terminal, TERM.
  private static func level(
    choice: ColorChoice, environment: [String: String], isTerminal: Bool, isDumb: Bool
  ) -> ColorLevel {
    let best = bestLevel(environment)
    switch choice {
    case .always: return best
    case .never: return .none
    case .auto: break
    }
    if let value = environment["NO_COLOR"], !value.isEmpty { return .none }
    if let value = environment["FORCE_COLOR"], !value.isEmpty, value != "0" { return best }
    return isTerminal && !isDumb ? best : .none
  }

  private static func bestLevel(_ environment: [String: String]) -> ColorLevel {
    let depth = environment["COLORTERM"] ?? ""
    if depth == "truecolor" || depth == "24bit" { return .trueColor }
    return environment["TERM"]?.hasSuffix("256color") == true ? .indexed256 : .basic16
  }

  /// Columns now (the window may have changed); 80 when unknown.
  package var columnCount: Int {
    var size = winsize()
    if isTerminal, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
      return Int(size.ws_col)
    }
    return max(1, columns ?? 80)
  }

  /// How values are drawn there.
  package var style: TextStyle {
    TextStyle(width: columnCount, level: level, ascii: false, form: isTerminal ? .terminal : .log)
  }
}

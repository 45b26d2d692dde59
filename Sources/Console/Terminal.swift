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
    let term = environment["TERM"] ?? ""
    let isDumb = term.isEmpty || term == "dumb" || term == "unknown" || term == "emacs"
    canRedraw = isTerminal && !isDumb
    level = Terminal.level(
      choice: choice, environment: environment, isTerminal: isTerminal, isDumb: isDumb)
    columns = environment["COLUMNS"].flatMap { Int($0) }
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

  /// Columns now (the window may have changed): at least 40, 80 when unknown.
  package var width: Int {
    var size = winsize()
    if isTerminal, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
      return max(40, Int(size.ws_col))
    }
    return max(40, columns ?? 80)
  }

  /// How values are drawn there.
  package var style: TextStyle {
    TextStyle(width: width, level: level, ascii: false, form: isTerminal ? .terminal : .log)
  }
}

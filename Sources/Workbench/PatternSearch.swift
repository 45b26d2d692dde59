// Regular expressions for front ends: the checks of notebooks search by the same engine as `matches`.

import Tokenizers

package enum PatternSearch {
  /// Why a pattern cannot be used, in the engine's words; nil when it can.
  package static func objection(to pattern: String) -> String? {
    do throws(RegularExpression.Failure) {
      _ = try RegularExpression(pattern, ignoresCase: false)
      return nil
    } catch {
      switch error {
      case .pattern(let words, let place): return "\(words) at character \(place + 1)"
      case .tooCostly: return "it is too large"
      }
    }
  }

  /// Whether the text holds a match; nil when the search takes too many steps.
  package static func finds(_ pattern: String, in text: String) -> Bool? {
    guard let expression = try? RegularExpression(pattern, ignoresCase: false) else { return nil }
    var text = text
    return text.withUTF8 { bytes in
      do { return try expression.match(bytes, from: 0) != nil } catch { return nil }
    }
  }
}

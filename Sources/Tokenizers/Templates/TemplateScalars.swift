// Letters and cases as the reference's strings know them, by Swift's Unicode tables.

enum TemplateCase {
  static func upper(_ text: TemplateText) -> TemplateText {
    mapped(text) { $0.properties.uppercaseMapping }
  }

  static func lower(_ text: TemplateText) -> TemplateText {
    if text.isASCII { return ascii(text) { $0 >= 0x41 && $0 <= 0x5A ? $0 + 32 : $0 } }
    return TemplateText(lowered(Array(text.scalars)), marked: text.isMarked)
  }

  static func swapped(_ text: TemplateText) -> TemplateText {
    mapped(text) {
      $0.properties.isUppercase
        ? $0.properties.lowercaseMapping
        : $0.properties.isLowercase ? $0.properties.uppercaseMapping : String($0)
    }
  }

  /// The first scalar as a title, the others lower.
  static func capitalized(_ text: TemplateText) -> TemplateText {
    let scalars = Array(text.scalars)
    guard let first = scalars.first else { return text }
    let rest = lowered(scalars).dropFirst(first.properties.lowercaseMapping.utf8.count)
    return TemplateText(
      Array(first.properties.titlecaseMapping.utf8) + rest, marked: text.isMarked)
  }

  /// Each run of cased letters begins with a title letter (the method `title`).
  static func titled(_ text: TemplateText) -> TemplateText {
    let scalars = Array(text.scalars)
    var result: [UInt8] = []
    var afterCased = false
    for (index, scalar) in scalars.enumerated() {
      let properties = scalar.properties
      if afterCased {
        result += lowercase(scalars, index)
      } else {
        result += Array(properties.titlecaseMapping.utf8)
      }
      afterCased = properties.isCased
    }
    return TemplateText(result, marked: text.isMarked)
  }

  /// Each word after blanks, hyphens and opening brackets begins upper (the filter `title`).
  static func titledWords(_ text: TemplateText) -> TemplateText {
    let scalars = Array(text.scalars)
    var result: [UInt8] = []
    var word: [Unicode.Scalar] = []
    func flush() {
      guard let first = word.first else { return }
      result += Array(first.properties.uppercaseMapping.utf8) + lowered(Array(word.dropFirst()))
      word = []
    }
    for scalar in scalars {
      if isPythonSpace(scalar) || ["-", "(", "{", "[", "<"].contains(scalar) {
        flush()
        result += Array(String(scalar).utf8)
      } else {
        word.append(scalar)
      }
    }
    flush()
    return TemplateText(result, marked: text.isMarked)
  }

  private static func mapped(
    _ text: TemplateText, _ change: (Unicode.Scalar) -> String
  ) -> TemplateText {
    TemplateText(text.scalars.flatMap { Array(change($0).utf8) }, marked: text.isMarked)
  }

  private static func ascii(_ text: TemplateText, _ change: (UInt8) -> UInt8) -> TemplateText {
    TemplateText(text.utf8.map(change), marked: text.isMarked)
  }

  private static func lowered(_ scalars: [Unicode.Scalar]) -> [UInt8] {
    scalars.indices.flatMap { lowercase(scalars, $0) }
  }

  /// A sigma at the end of a word has a letter of its own.
  private static func lowercase(_ scalars: [Unicode.Scalar], _ index: Int) -> [UInt8] {
    let scalar = scalars[index]
    guard scalar.value == 0x3A3 else { return Array(scalar.properties.lowercaseMapping.utf8) }
    let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
    let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
    let isFinal = before?.properties.isCased == true && after?.properties.isCased != true
    return Array((isFinal ? "ς" : "σ").utf8)
  }
}

extension Unicode.Scalar {
  var isPythonAlpha: Bool {
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  var isPythonDecimal: Bool { properties.numericType == .decimal }
  var isPythonDigit: Bool {
    properties.numericType == .decimal || properties.numericType == .digit
  }
  var isPythonNumeric: Bool { properties.numericType != nil }
  var isPythonWord: Bool { isPythonAlpha || isPythonNumeric || value == 0x5F }
}

extension TemplateText {
  /// Whether there are cased letters and all of them are upper (or lower).
  func isCased(upper: Bool) -> Bool {
    var found = false
    for scalar in scalars {
      let properties = scalar.properties
      if upper ? properties.isUppercase : properties.isLowercase {
        found = true
      } else if properties.isUppercase || properties.isLowercase
        || properties.generalCategory == .titlecaseLetter
      {
        return false
      }
    }
    return found
  }

  func all(_ test: (Unicode.Scalar) -> Bool) -> Bool { !isEmpty && scalars.allSatisfy(test) }
}

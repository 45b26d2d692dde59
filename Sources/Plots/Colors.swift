// Colours: palettes, ramps in OKLab, and the nearest entry of a terminal's 256 or 16.

import Glibc

package struct RGB: Sendable, Hashable {
  package let red: UInt8
  package let green: UInt8
  package let blue: UInt8

  package init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// `0x0072B2`.
  package init(_ hex: UInt32) {
    self.init(UInt8(hex >> 16 & 0xFF), UInt8(hex >> 8 & 0xFF), UInt8(hex & 0xFF))
  }

  /// `#0072b2`.
  package var hex: String {
    let value = UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue)
    let digits = String(value, radix: 16)
    return "#" + String(repeating: "0", count: 6 - digits.utf8.count) + digits
  }

  /// Linear light, 0…1.
  var linear: (Double, Double, Double) {
    (RGB.toLinear[Int(red)], RGB.toLinear[Int(green)], RGB.toLinear[Int(blue)])
  }

  /// Relative luminance (WCAG), 0…1.
  package var luminance: Double {
    let (r, g, b) = linear
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }

  /// Contrast by WCAG, 1…21.
  package func contrast(to other: RGB) -> Double {
    let (high, low) = (max(luminance, other.luminance), min(luminance, other.luminance))
    return (high + 0.05) / (low + 0.05)
  }

  private static let toLinear: [Double] = (0..<256).map { step in
    let value = Double(step) / 255
    return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
  }
}

/// A colour where equal distances look equal (Ottosson 2020).
package struct OKLab: Sendable, Hashable {
  package var lightness: Double
  package var a: Double
  package var b: Double

  package init(lightness: Double, a: Double, b: Double) {
    self.lightness = lightness
    self.a = a
    self.b = b
  }

  package init(_ color: RGB) {
    let (red, green, blue) = color.linear
    self.init(linear: red, green, blue)
  }

  /// Of linear light.
  package init(linear red: Double, _ green: Double, _ blue: Double) {
    let l = cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    let m = cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    let s = cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    self.init(
      lightness: 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
      a: 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
      b: 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s)
  }

  package var rgb: RGB {
    let l = lightness + 0.3963377774 * a + 0.2158037573 * b
    let m = lightness - 0.1055613458 * a - 0.0638541728 * b
    let s = lightness - 0.0894841775 * a - 1.2914855480 * b
    let (l3, m3, s3) = (l * l * l, m * m * m, s * s * s)
    return RGB(
      OKLab.step(4.0767416621 * l3 - 3.3077115913 * m3 + 0.2309699292 * s3),
      OKLab.step(-1.2684380046 * l3 + 2.6097574011 * m3 - 0.3413193965 * s3),
      OKLab.step(-0.0041960863 * l3 - 0.7034186147 * m3 + 1.7076147010 * s3))
  }

  package func distance(to other: OKLab) -> Double {
    let (x, y, z) = (lightness - other.lightness, a - other.a, b - other.b)
    return (x * x + y * y + z * z).squareRoot()
  }

  func mixed(with other: OKLab, _ share: Double) -> OKLab {
    OKLab(
      lightness: lightness + (other.lightness - lightness) * share,
      a: a + (other.a - a) * share, b: b + (other.b - b) * share)
  }

  private static func step(_ linear: Double) -> UInt8 {
    let value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055
    return UInt8(min(255, max(0, (value * 255).rounded())))
  }
}

/// A run of colours over 0…1, by its anchors at equal distances.
package struct Ramp: Sendable {
  private let table: [RGB]

  /// 256 steps between the anchors, in OKLab.
  init(_ anchors: [UInt32]) {
    let points = anchors.map { OKLab(RGB($0)) }
    table = (0..<256).map { step in
      let at = Double(step) / 255 * Double(points.count - 1)
      let index = min(points.count - 2, Int(at))
      return points[index].mixed(with: points[index + 1], at - Double(index)).rgb
    }
  }

  /// The colour at a share, clamped to 0…1; NaN takes the start.
  package subscript(_ share: Double) -> RGB {
    guard share > 0 else { return table[0] }
    return table[min(255, Int((min(share, 1) * 255).rounded()))]
  }
}

package struct Palette: Sendable {
  package let ground: RGB
  package let ink: RGB
  /// Of axes, ticks and notes.
  package let quiet: RGB
  package let rule: RGB
  package let categorical: [RGB]
  package let sequential: Ramp
  package let diverging: Ramp

  package static let light = Palette(
    ground: RGB(0xFFFFFF), ink: RGB(0x1A1C20), quiet: RGB(0x5B6068), rule: RGB(0xE3E5E8),
    categorical: [0x002067, 0xD56A10, 0x01603A, 0x7C3FA3, 0x4F0A0D, 0x8C8C8C].map { RGB($0) },
    sequential: Ramp([0xF7F9FB, 0x8CC1DE, 0x0072B2, 0x0B2A4A]),
    diverging: Ramp([0x0B4A7D, 0x4F9CCB, 0xF5F5F3, 0xE8925A, 0x9C3D00]))

  package static let dark = Palette(
    ground: RGB(0x16181D), ink: RGB(0xECEEF1), quiet: RGB(0xA4A9B2), rule: RGB(0x33373F),
    categorical: [0x4B7FE2, 0xE58212, 0x9FF7D2, 0x9A587F, 0xEFCC36, 0xA8A8A8].map { RGB($0) },
    sequential: Ramp([0x16181D, 0x14547F, 0x56B4E9, 0xF2F7C8]),
    diverging: Ramp([0x8CCBF2, 0x2E78A8, 0x26282D, 0xB5561E, 0xFFB37A]))
}

/// SGR sequences at one colour level; plain text at level none.
struct Pen {
  let level: ColorLevel

  /// `text` in a foreground, a background, or both.
  func paint(_ text: String, _ foreground: RGB?, on background: RGB? = nil) -> String {
    guard level >= .indexed256, foreground != nil || background != nil else { return text }
    var codes: [String] = []
    if let foreground { codes.append(code(foreground, base: 38)) }
    if let background { codes.append(code(background, base: 48)) }
    return "\u{1B}[\(codes.joined(separator: ";"))m\(text)\u{1B}[0m"
  }

  /// The colour of the n-th series.
  func series(_ text: String, _ index: Int) -> String {
    switch level {
    case .none: text
    case .basic16: "\u{1B}[\([34, 33, 32, 35, 31, 37][index % 6])m\(text)\u{1B}[0m"
    default: paint(text, Palette.dark.categorical[index % 6])
    }
  }

  func faint(_ text: String) -> String { level == .none ? text : "\u{1B}[2m\(text)\u{1B}[0m" }
  func bold(_ text: String) -> String { level == .none ? text : "\u{1B}[1m\(text)\u{1B}[0m" }
  func good(_ text: String) -> String { level == .none ? text : "\u{1B}[32m\(text)\u{1B}[0m" }
  func bad(_ text: String) -> String { level == .none ? text : "\u{1B}[1;31m\(text)\u{1B}[0m" }

  private func code(_ color: RGB, base: Int) -> String {
    level == .trueColor
      ? "\(base);2;\(color.red);\(color.green);\(color.blue)"
      : "\(base);5;\(Indexed.nearest(to: color))"
  }
}

/// The fixed part of the 256 colours (16…255): a cube of 6³ and 24 greys.
enum Indexed {
  static let colors: [RGB] = {
    let steps: [UInt8] = [0, 95, 135, 175, 215, 255]
    var all: [RGB] = []
    for red in steps {
      for green in steps { for blue in steps { all.append(RGB(red, green, blue)) } }
    }
    for grey in 0..<24 {
      all.append(RGB(UInt8(8 + grey * 10), UInt8(8 + grey * 10), UInt8(8 + grey * 10)))
    }
    return all
  }()

  private static let labs = colors.map { OKLab($0) }

  /// The index nearest by distance in OKLab.
  static func nearest(to color: RGB) -> Int {
    let wanted = OKLab(color)
    var best = (index: 0, distance: Double.infinity)
    for (index, lab) in labs.enumerated() {
      let distance = lab.distance(to: wanted)
      if distance < best.distance { best = (index, distance) }
    }
    return best.index + 16
  }
}

// The library modules that are part of the binary.

import CStdlib

extension Session {
  /// The source of a library module; nil when there is none of that name.
  func libraryModule(_ name: String) -> String? {
    guard let modules = quire_modules() else { return nil }
    for index in 0..<Int(quire_module_count()) {
      let module = modules[index]
      guard let title = module.name, String(cString: title) == name else { continue }
      let bytes = UnsafeBufferPointer(start: module.text, count: Int(module.length))
      return String(decoding: bytes, as: UTF8.self)
    }
    return nil
  }
}

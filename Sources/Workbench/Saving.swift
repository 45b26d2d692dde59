// What `save` and `load` ask of kinds of values they do not know: each such kind says itself how it
// is written, and who reads it back.

package import Language

/// A host object that `save` can write.
package protocol Savable: HostObject {
  /// Endings it can be written to, the usual one first; an empty one stands for a folder.
  var saveEndings: [String] { get }
  /// Writes it as a whole, or leaves what was there. `path` is absolute and allowed; `ending` is one
  /// of `saveEndings`. Gives the paths of the files written.
  func save(to path: String, ending: String, _ call: Call) throws -> [String]
}

/// Reads what `load` was given, a path or a name as written; nil when it is something else.
typealias Loader = (_ written: String, _ call: Call) throws -> Value?

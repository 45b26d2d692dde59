// What an error is, in every room: a code, a rule with the values that broke it, a place, one help.
// Knows nothing of who raised it or where it is shown.

/// The stable kinds of error; `help error.<code>` explains each.
package enum ErrorCode: String, Sendable, CaseIterable {
  case syntax, name, type, arity, index, key, value, shape, dtype, device, file, format, model
  case tokenizer, data, numeric, network, permission, interrupted, memory, limit, assert, fail
  case `internal`
  // Of notebooks (notebooks.md).
  case fence, frontmatter, version, conflict, encoding, parameter, changed, lock
}

/// What each room's one error enum conforms to: the text stands in that room, in one place.
package protocol RoomError: Error {
  var code: ErrorCode { get }
  /// The rule that was broken, with the values that broke it: lower case, operation first.
  var message: String { get }
  /// The next step or the nearest name.
  var help: String? { get }
}

/// An error that can be shown to a person.
package struct Diagnostic: Error, Sendable, Equatable {
  package var code: ErrorCode
  package var message: String
  package var help: String?
  package var place: Place?
  /// The chain of calls, innermost first: the name of each function and where it was called.
  package var calls: [CallSite]
  /// Lines shown as they are between the place and the help (a listing of holders, say).
  package var details: [String]
  /// What was there when it happened, for the program that catches the error.
  package var attachment: Attachment?

  /// An object under the name of a field. `@unchecked`: a diagnostic with one stays on the thread of
  /// the session it came from; equal are those of the same object.
  package struct Attachment: @unchecked Sendable, Equatable {
    package let name: String
    package let object: AnyObject

    package init(_ name: String, _ object: AnyObject) {
      self.name = name
      self.object = object
    }

    package static func == (a: Attachment, b: Attachment) -> Bool {
      a.name == b.name && a.object === b.object
    }
  }

  package struct CallSite: Sendable, Equatable {
    package let name: String
    package let place: Place
    package init(name: String, place: Place) {
      self.name = name
      self.place = place
    }
  }

  package init(
    _ code: ErrorCode, _ message: String, help: String? = nil, place: Place? = nil,
    calls: [CallSite] = [], details: [String] = [], attachment: Attachment? = nil
  ) {
    self.code = code
    self.message = message
    self.help = help
    self.place = place
    self.calls = calls
    self.details = details
    self.attachment = attachment
  }

  /// The diagnostic of any error: a room's own words, or `internal` for one that has none.
  package init(_ error: any Error, place: Place? = nil) {
    switch error {
    case let known as Diagnostic:
      self = known
      if self.place == nil { self.place = place }
    case let room as any RoomError:
      self.init(room.code, room.message, help: room.help, place: place)
    default:
      self.init(
        .internal, "\(error)", help: "this is a defect of Quire; please report it", place: place)
    }
  }
}

extension Diagnostic: RoomError {}

/// Several diagnostics of one text, in source order (a parse reports more than the first).
package struct DiagnosticList: Error, Sendable, Equatable {
  package let list: [Diagnostic]
  package init(_ list: [Diagnostic]) { self.list = list }
}

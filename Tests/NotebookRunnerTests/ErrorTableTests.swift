// The words of every error of the room, as a table.

import NotebookRunner
import TestSupport
import Testing

@Suite struct ErrorTableTests {
  @Test func `every error says the rule, the values and the next step`() throws {
    #expect(
      try complaints(
        of: ErrorEnum("RunnerError", "Sources/NotebookRunner/RunnerError.swift"), Self.errors,
        Self.table) == [])
  }

  private static let errors: [RunnerError] = [
    .unknownParameter("stps", nearest: "did you mean steps?"), .repeatedParameter("steps"),
    .parameterKind("steps", wanted: "an int", got: "\"x\""),
    .parameterName("len is a word of Quire"), .badTimeout("-1", cell: "cell 3"),
    .expectedError(code: "shape", cell: "cell 3"),
    .otherError(wanted: "shape", got: "value", cell: "cell 3"),
    .unknownCell("lod", nearest: "did you mean load?"), .unknownCell("lod", nearest: nil),
    .idleCell("load"), .unknownCode("shap", cell: "cell 3", nearest: "did you mean shape?"),
    .unknownCode("q", cell: "cell 3", nearest: nil),
    .badCheck(cell: "cell 3", reason: "tolerance is no number", help: "write tolerance=1e-3"),
    .badCheck(cell: nil, reason: "check is no map", help: nil),
    .badAttributes(cell: "cell 3", reason: "a value is missing"), .noLock, .badLock,
    .lockDiffers("data.csv", locked: "a1", found: "b2"), .notLocked("data.csv"), .notRun("a.md"),
    .changedOnDisk("a.md", rescue: "a.md.rescue"), .changedOnDisk("a.md", rescue: nil),
  ]

  private static let table = #"""
    [parameter] the notebook has no parameter stps | did you mean steps?
    [parameter] the parameter steps is given twice | give it once
    [parameter] the parameter steps needs an int: got "x" | -p takes values of the kind in the front matter
    [parameter] a parameter needs a name of its own: len is a word of Quire | rename it in params
    [parameter] cell 3: timeout needs seconds above 0: got -1 | write timeout=60
    [assert] cell 3 should raise shape and did not | change raises= or the cell
    [assert] cell 3 should raise shape and raised value | change raises= or the cell
    [parameter] the notebook has no cell lod | did you mean load?
    [parameter] the notebook has no cell lod | a cell is named by its id or by its number from 1
    [parameter] the cell load does not run: it is .noeval or .hint | remove the class to run it
    [parameter] cell 3: raises: there is no error code shap | did you mean shape?
    [parameter] cell 3: raises: there is no error code q | quire help errors lists the codes
    [parameter] cell 3: tolerance is no number | write tolerance=1e-3
    [parameter] front matter: check is no map
    [parameter] cell 3: these attributes cannot be read: a value is missing | write {#id .class key=value}, values as words or JSON
    [lock] --locked needs a lock block, and the notebook has none | quire run --lock writes one
    [lock] the lock block cannot be read | quire run --lock writes one
    [lock] data.csv differs from the lock block: locked a1, found b2 | get what was locked, or write the block anew with quire run --lock
    [lock] data.csv was read and is not in the lock block | quire run --lock writes one
    [interrupted] a.md was not run: the time for all files is over | give --timeout-total more seconds
    [changed] a.md was changed while it ran and cannot be read now | the notebook with its new outputs is in a.md.rescue
    [changed] a.md was changed while it ran and cannot be read now
    """#
}

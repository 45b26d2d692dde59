// What can be wrong with a headless run. All words of the room stand here.

package import Diagnostics

package enum RunnerError: RoomError, Equatable {
  case unknownParameter(String, nearest: String?)
  case repeatedParameter(String)
  case parameterKind(String, wanted: String, got: String)
  case parameterName(String)
  case badTimeout(String, cell: String)
  case expectedError(code: String, cell: String)
  case otherError(wanted: String, got: String, cell: String)
  case changedOnDisk(String, rescue: String?)
  case unknownCell(String, nearest: String?)
  case idleCell(String)
  case unknownCode(String, cell: String, nearest: String?)
  /// A check that cannot be used; `cell` is nil for that of the front matter.
  case badCheck(cell: String?, reason: String, help: String?)
  case badAttributes(cell: String, reason: String)
  case noLock
  case badLock
  case lockDiffers(String, locked: String, found: String)
  case notLocked(String)
  case notRun(String)

  package var code: ErrorCode {
    switch self {
    case .expectedError, .otherError: .assert
    case .changedOnDisk: .changed
    case .noLock, .badLock, .lockDiffers, .notLocked: .lock
    case .notRun: .interrupted
    default: .parameter
    }
  }

  package var message: String {
    switch self {
    case .unknownParameter(let name, _): "the notebook has no parameter \(name)"
    case .repeatedParameter(let name): "the parameter \(name) is given twice"
    case .parameterKind(let name, let wanted, let got):
      "the parameter \(name) needs \(wanted): got \(got)"
    case .parameterName(let reason): "a parameter needs a name of its own: \(reason)"
    case .badTimeout(let text, let cell): "\(cell): timeout needs seconds above 0: got \(text)"
    case .expectedError(let code, let cell): "\(cell) should raise \(code) and did not"
    case .otherError(let wanted, let got, let cell):
      "\(cell) should raise \(wanted) and raised \(got)"
    case .changedOnDisk(let path, _): "\(path) was changed while it ran and cannot be read now"
    case .unknownCell(let name, _): "the notebook has no cell \(name)"
    case .idleCell(let name): "the cell \(name) does not run: it is .noeval or .hint"
    case .unknownCode(let code, let cell, _): "\(cell): raises: there is no error code \(code)"
    case .badCheck(let cell, let reason, _): "\(cell ?? "front matter"): \(reason)"
    case .badAttributes(let cell, let reason): "\(cell): these attributes cannot be read: \(reason)"
    case .noLock: "--locked needs a lock block, and the notebook has none"
    case .badLock: "the lock block cannot be read"
    case .lockDiffers(let what, let locked, let found):
      "\(what) differs from the lock block: locked \(locked), found \(found)"
    case .notLocked(let what): "\(what) was read and is not in the lock block"
    case .notRun(let path): "\(path) was not run: the time for all files is over"
    }
  }

  package var help: String? {
    switch self {
    case .unknownParameter(_, let nearest): nearest
    case .repeatedParameter: "give it once"
    case .parameterKind: "-p takes values of the kind in the front matter"
    case .parameterName: "rename it in params"
    case .badTimeout: "write timeout=60"
    case .expectedError, .otherError: "change raises= or the cell"
    case .unknownCell(_, let nearest):
      nearest ?? "a cell is named by its id or by its number from 1"
    case .idleCell: "remove the class to run it"
    case .unknownCode(_, _, let nearest): nearest ?? "quire help errors lists the codes"
    case .badCheck(_, _, let help): help
    case .badAttributes: "write {#id .class key=value}, values as words or JSON"
    case .noLock, .badLock, .notLocked: "quire run --lock writes one"
    case .lockDiffers: "get what was locked, or write the block anew with quire run --lock"
    case .notRun: "give --timeout-total more seconds"
    case .changedOnDisk(_, let rescue):
      rescue.map { "the notebook with its new outputs is in \($0)" }
    }
  }
}

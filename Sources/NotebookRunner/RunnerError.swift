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

  package var code: ErrorCode {
    switch self {
    case .expectedError, .otherError: .assert
    case .changedOnDisk: .changed
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
    case .changedOnDisk(_, let rescue):
      rescue.map { "the notebook with its new outputs is in \($0)" }
    }
  }
}

// What a session may do and where it stands: handed in by the front end, never read from the
// environment here.

package import Diagnostics

package enum Permission: String, Sendable, CaseIterable {
  /// Files outside the session's folder and the model cache; environment variables.
  case files = "fs"
  case network = "net"
  case shell

  /// What a person is asked for.
  var words: String {
    switch self {
    case .files: "files outside the folder"
    case .network: "the network"
    case .shell: "the shell"
    }
  }
}

/// A moment as calendar and clock of the place show it; months and days count from 1.
package struct CalendarTime: Sendable {
  package var year, month, day, hour, minute, second: Int

  package init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
  }
}

package struct SessionOptions {
  /// The folder that relative paths start from, and below which files are reached: absolute.
  package var folder: String
  /// What has been granted. Code typed by the user has `.files` from the start.
  package var permissions: Set<Permission>
  /// Folders that hold models by name (the models in the box), searched in order.
  package var modelFolders: [String]
  package var seed: Int
  /// Worker threads for arithmetic; results never depend on it.
  package var threads: Int
  package var environment: [String: String]
  /// Seconds since any fixed moment, for rates and progress; never for a result.
  package var clock: @Sendable () -> Double
  /// Today, for chat templates that ask for it; nil when unknown.
  package var today: @Sendable () -> CalendarTime?
  /// Bytes of memory that are free, for plans; nil when unknown.
  package var freeMemory: @Sendable () -> Int?
  /// Asks the person one yes-or-no question; nil when nobody is there.
  package var ask: ((String) -> Bool)?
  /// Reads a line from the person for `input`; nil when nobody is there.
  package var readLine: ((String) -> String?)?
  package var interrupt: Interrupt
  /// Bytes that tensors may hold at once, weights that are mapped not counted; nil for no bound.
  package var memoryBound: Int?
  /// Of the program; a download tells it to the server.
  package var version = "0"

  package init(
    folder: String, permissions: Set<Permission> = [], modelFolders: [String] = [], seed: Int = 0,
    threads: Int = 1, environment: [String: String] = [:],
    clock: @escaping @Sendable () -> Double = { 0 },
    today: @escaping @Sendable () -> CalendarTime? = { nil },
    freeMemory: @escaping @Sendable () -> Int? = { nil }, interrupt: Interrupt = Interrupt()
  ) {
    self.folder = folder
    self.permissions = permissions
    self.modelFolders = modelFolders
    self.seed = seed
    self.threads = threads
    self.environment = environment
    self.clock = clock
    self.today = today
    self.freeMemory = freeMemory
    self.interrupt = interrupt
  }
}

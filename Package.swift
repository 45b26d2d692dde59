// swift-tools-version: 6.3
// The rooms of Quire and who may import whom (README.md has one clause for each). The table below is
// the one place that says it; the layering test reads the imports and holds them against it.

import PackageDescription

/// One row a room: its name, its kind, and the rooms it may import.
struct Room {
  enum Kind { case swift, c, system(apt: String) }
  let name: String
  let kind: Kind
  let imports: [String]
  var path: String?
  var exclude: [String] = []
  var hasTests = true
  var extraTestImports: [String] = []

  init(
    _ name: String, _ kind: Kind = .swift, imports: [String] = [], path: String? = nil,
    exclude: [String] = [], hasTests: Bool = true, extraTestImports: [String] = []
  ) {
    self.name = name
    self.kind = kind
    self.imports = imports
    self.path = path
    self.exclude = exclude
    self.hasTests = hasTests
    self.extraTestImports = extraTestImports
  }
}

let rooms: [Room] = [
  // Level 0: C.
  Room("CKernels", .c, hasTests: false),
  Room("CReadline", .system(apt: "libreadline-dev")),
  Room("COpenBLAS", .system(apt: "libopenblas-dev")),
  Room("CPCRE2", .system(apt: "libpcre2-dev")),
  Room("CCrypto", .system(apt: "libssl-dev")),
  Room("CCMark", .system(apt: "libcmark-gfm-extensions-dev")),
  Room("CCurl", .c, hasTests: false),
  Room("CScalars", .c, path: "Sources/Tokenizers/Scalars", hasTests: false),
  Room("CRuntime", .c, path: "Sources/Language/Runtime", hasTests: false),
  Room("CFamilies", .c, path: "Sources/Models/Families", hasTests: false),
  Room("CPrograms", .c, path: "Sources/Benchmarks/Programs", hasTests: false),
  Room("CStdlib", .c, path: "Stdlib", exclude: ["models", "modules"], hasTests: false),

  // Level 1: the ground.
  Room("Diagnostics"),
  Room("JSON", imports: ["Diagnostics"]),
  Room("Files", imports: ["Diagnostics"]),
  Room("Digests", imports: ["CCrypto", "Diagnostics"]),
  Room("Plots", imports: ["Diagnostics"]),
  Room("Tensors", imports: ["CKernels", "COpenBLAS", "Diagnostics"]),

  // Level 2: text and files.
  Room("Language", imports: ["CRuntime", "Diagnostics"], exclude: ["Runtime"]),
  Room("NotebookFormat", imports: ["Diagnostics", "Digests", "Files", "JSON"]),
  Room(
    "Tokenizers", imports: ["CPCRE2", "CScalars", "Diagnostics", "JSON"], exclude: ["Scalars"]),
  Room("Checkpoints", imports: ["Diagnostics", "Digests", "Files", "JSON", "Tensors"]),

  // Level 3: what runs.
  Room(
    "Models",
    imports: [
      "CFamilies", "Checkpoints", "Diagnostics", "Files", "JSON", "Tensors", "Tokenizers",
    ],
    exclude: ["Families"]),

  // Level 4: what is done with it.
  Room(
    "FineTuning",
    imports: [
      "Checkpoints", "Diagnostics", "Digests", "Files", "JSON", "Models", "Plots", "Tensors",
      "Tokenizers",
    ]),
  Room("Hub", imports: ["CCurl", "Diagnostics", "Digests", "Files", "JSON"]),
  Room(
    "Inspection",
    imports: ["Checkpoints", "Diagnostics", "JSON", "Models", "Plots", "Tensors", "Tokenizers"]),

  // Level 5: the joint.
  Room(
    "Workbench",
    imports: [
      "CStdlib", "Checkpoints", "Diagnostics", "Digests", "Files", "FineTuning", "Hub",
      "Inspection", "JSON", "Language", "Models", "Plots", "Tensors", "Tokenizers",
    ]),

  // Level 6: the front ends.
  Room(
    "Console",
    imports: [
      "CReadline", "Diagnostics", "Files", "JSON", "NotebookFormat", "Plots", "Workbench",
    ]),
  Room(
    "Benchmarks",
    imports: [
      "CPrograms", "Diagnostics", "Files", "FineTuning", "JSON", "Models", "Tensors", "Tokenizers",
      "Workbench",
    ],
    exclude: ["Programs"]),
  Room(
    "NotebookRunner",
    imports: [
      "CCMark", "Diagnostics", "Digests", "Files", "JSON", "NotebookFormat", "Plots", "Workbench",
    ]),
]

/// `QUIRE_ROOMS=Language,Plots swift build` builds some rooms and what they import, nothing else:
/// quick builds while working on one room.
func selected() -> Set<String> {
  guard let wanted = Context.environment["QUIRE_ROOMS"] else {
    return Set(rooms.map(\.name) + ["quire", "LayeringTests"])
  }
  var open = wanted.split(separator: ",").map(String.init)
  var found: Set<String> = []
  while let next = open.popLast() {
    guard found.insert(next).inserted, let room = rooms.first(where: { $0.name == next }) else {
      continue
    }
    open += room.imports
  }
  return found
}

let chosen = selected()

/// Tests are built of the rooms that were named, not of those they stand on.
let tested = Context.environment["QUIRE_ROOMS"].map {
  Set($0.split(separator: ",").map(String.init))
}

let swiftSettings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

var targets: [Target] = []
for room in rooms where chosen.contains(room.name) {
  let dependencies = room.imports.map { Target.Dependency(stringLiteral: $0) }
  switch room.kind {
  case .system(let package):
    targets.append(.systemLibrary(name: room.name, providers: [.apt([package])]))
    continue
  case .c:
    targets.append(
      .target(
        name: room.name, dependencies: dependencies, path: room.path, exclude: room.exclude,
        cSettings: [.unsafeFlags(["-std=gnu23", "-Wall", "-Wextra", "-Werror"])]))
  case .swift:
    targets.append(
      .target(
        name: room.name, dependencies: dependencies, path: room.path, exclude: room.exclude,
        swiftSettings: swiftSettings))
  }
  if room.hasTests, tested?.contains(room.name) ?? true {
    // A room's tests may use what the room itself may use; those that compute run at the level of
    // vector instructions that QUIRE_SIMD names.
    let isNumeric = room.name == "Tensors" || room.imports.contains("Tensors")
    targets.append(
      .testTarget(
        name: room.name + "Tests",
        dependencies: [.init(stringLiteral: room.name)] + dependencies
          + (room.extraTestImports + ["TestSupport"] + (isNumeric ? ["CTestLevel"] : []))
          .map { .init(stringLiteral: $0) },
        exclude: room.name == "Language" ? ["Programs"] : [], swiftSettings: swiftSettings))
  }
}

targets.append(
  .target(
    name: "TestSupport", dependencies: ["Diagnostics"], path: "Tests/Support",
    swiftSettings: swiftSettings))
if chosen.contains("CKernels") {
  targets.append(.target(name: "CTestLevel", dependencies: ["CKernels"], path: "Tests/Level"))
}

if chosen.contains("LayeringTests") {
  targets.append(.testTarget(name: "LayeringTests", swiftSettings: swiftSettings))
}

if chosen.contains("quire") {
  targets += [
    .executableTarget(
      name: "quire",
      dependencies: [
        "Benchmarks", "Console", "Diagnostics", "Files", "JSON", "NotebookRunner", "Workbench",
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "CTestTerminal", path: "Tests/Terminal",
      cSettings: [.unsafeFlags(["-std=gnu23", "-Wall", "-Wextra", "-Werror"])]),
    .testTarget(
      name: "QuireTests", dependencies: ["quire", "CTestTerminal"], swiftSettings: swiftSettings),
  ]
}

let package = Package(
  name: "quire",
  products: chosen.contains("quire") ? [.executable(name: "quire", targets: ["quire"])] : [],
  targets: targets,
  swiftLanguageModes: [.v6]
)

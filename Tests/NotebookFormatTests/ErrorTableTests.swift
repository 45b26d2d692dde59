// The words of every error and every warning of the room, as tables.

import NotebookFormat
import TestSupport
import Testing

@Suite struct ErrorTableTests {
  private static let file = "Sources/NotebookFormat/NotebookError.swift"

  @Test func `every error says the rule, the values and the next step`() throws {
    #expect(
      try complaints(of: ErrorEnum("NotebookError", Self.file), Self.errors, Self.table) == [])
  }

  @Test func `every warning says the rule, the values and the next step`() throws {
    #expect(
      try complaints(
        of: ErrorEnum("NotebookWarning", Self.file), Self.warnings, Self.warningTable) == [])
  }

  private static let errors: [NotebookError] = [
    .tooLarge(1 << 30), .notUTF8(offset: 7), .unclosedFence("quire"), .conflict, .version(2),
    .badKey("quire", wanted: "a number"), .badKey("params", wanted: "an object"),
    .repeatedKey("title"), .missingAsset("lora.assets/1.svg"),
  ]

  private static let table = #"""
    [limit] a notebook has at most 64 MiB; this one has 1073741824 bytes | put data into files beside the notebook
    [encoding] a notebook is UTF-8 text; byte 7 is not | save the file as UTF-8
    [fence] the quire fence that opens here is never closed | close it with a line of as many backticks or tildes
    [conflict] the two sides of a merge differ in more than outputs | choose a side and remove the lines of <<<<<<<, ======= and >>>>>>>
    [version] notebook format 2 is newer than this Quire knows | get a newer Quire
    [frontmatter] front matter: quire must be a number | write quire: 1
    [frontmatter] front matter: params must be an object | values are JSON: 42, "text", {"steps": 50}
    [frontmatter] front matter: title stands twice | keep one of the two lines
    [file] the picture lora.assets/1.svg is missing | run the notebook to draw it again
    """#

  private static let warnings: [NotebookWarning] = [
    .badAttributes("a value is missing"), .duplicateID("load", address: "=1f~2"), .orphanOutput,
    .wrongOwner("#a", expected: "#b"), .proseConflict, .badTitle,
    .taskUnfit("is a solution without task="),
  ]

  private static let warningTable = #"""
    [parameter] these attributes cannot be read: a value is missing | write {#id .class key=value}, values as words or JSON
    [name] two cells have the id load; this one is called =1f~2 | give it another id
    [fence] an out fence with no cell before it is read as prose | put it below the cell it belongs to
    [fence] this output says it is of #a, but it follows #b | run the notebook to write the outputs anew
    [conflict] prose between merge markers | choose a side and remove the lines of <<<<<<<, ======= and >>>>>>>
    [frontmatter] front matter: title must be a string | write title: "text"
    [parameter] this cell is a solution without task= | mark cells {.task task=name}, {.solution task=name}, {.hint task=name}
    """#
}

// `quire export` and `quire import` from outside: streams, files, exit codes, the same random
// numbers in a script.

import Foundation
import Testing

@Suite struct `exports on the command line` {
  private func notebook(_ text: String) throws -> (folder: URL, file: URL) {
    let folder = try Binary.temporaryFolder()
    let file = folder.appending(path: "t.md")
    try Data(text.utf8).write(to: file)
    return (folder, file)
  }

  private let random = """
    ---
    quire: 1
    seed: 9
    params: {"n": 3}
    ---

    # Random

    ```quire
    rand([n])
    ```

    ```quire {#a}
    rand([2])
    ```

    prose

    ```quire
    rand([n])
    ```

    ```quire {.noeval}
    rand([n])
    ```

    ```quire
    rand([n])
    ```

    ```quire {key="mine"}
    rand([2])
    ```

    ```quire {raises=index}
    [1][4]
    ```

    ```quire
    #%% a comment at the start
    rand([2])
    ```

    """

  @Test func `a script draws the random numbers of its notebook`() throws {
    let (folder, file) = try notebook(random)
    defer { try? FileManager.default.removeItem(at: folder) }
    let run = try Binary.run(["run", file.path, "--no-save"])
    #expect(run.status == 0)
    let made = try Binary.run(["export", file.path, "--to", "quire"])
    #expect(made.status == 0)
    #expect(made.err.hasPrefix("wrote "))
    let script = try Binary.run([folder.appending(path: "t.quire").path])
    #expect(script.status == 0)
    #expect(script.err == "")
    #expect(script.out == run.out)
    #expect(script.out.split(separator: "\n").count == 12)
  }

  @Test func `attributes of a script's cells are those of a notebook's`() throws {
    let (folder, _) = try notebook("")
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = folder.appending(path: "s.quire")
    let run = { (text: String) in
      try Data(text.utf8).write(to: script)
      return try Binary.run([script.path])
    }
    #expect(try run("#%% {.noeval}\nprint 1\n#%%\r\nprint 2\r\n").out == "2\n")
    #expect(try run("#%% {raises=index}\n[1][4]\n#%% a title\nprint 3\n").out == "3\n")
    let none = try run("#%% {raises=index}\nprint 1\n#%%\nprint 2\n")
    #expect(none.status == 3)
    #expect(none.out == "1\n")
    #expect(none.err.contains("error[assert]: the cell at line 2 should raise index"))
    let other = try run("#%% {raises=key}\n[1][4]\n")
    #expect(other.status == 3)
    #expect(other.err.contains("error[index]: "))
    let keys = try run("#%% {#a}\nrand([2])\n#%% {#a}\nrand([2])\n#%% {key=\"#a\"}\nrand([2])\n")
      .out
    let rows = keys.split(separator: "\n").filter { $0.hasPrefix("[") }
    #expect(rows.count == 3 && rows[0] == rows[2] && rows[0] != rows[1])
  }

  @Test func `there and back, nothing is replaced unasked`() throws {
    let (folder, file) = try notebook(random)
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(try Binary.run(["export", file.path, "--to", "ipynb", "-q"]).err == "")
    let made = folder.appending(path: "t.ipynb").path
    let refused = try Binary.run(["import", made])
    #expect(refused.status == 7)
    #expect(refused.err.contains("--force"))
    let printed = try Binary.run(["import", made, "--out", "-"])
    #expect(printed.out == random)
    #expect(printed.err == "")
    #expect(try Binary.run(["import", made, "--force"]).status == 0)
    #expect(try String(contentsOf: file, encoding: .utf8) == random)
    let page = try Binary.run(["export", file.path, "--to=html", "--out", "-"])
    #expect(page.out.hasPrefix("<!DOCTYPE html>\n"))
    #expect(page.out.contains("<span class=\"b\">rand</span>"))
  }

  @Test func `a copy elsewhere takes along what the notebook names`() throws {
    let (folder, file) = try notebook(
      """
      # Files

      [rows](data/rows%20one.txt), ![a picture][pic], [a *place*](#files), [all](https://example.org/a),
      [here](t.md), [out](../out.txt), [none](none.txt), [data](data)

      [pic]: pictures/a.svg

      ```quire
      use "lib/mine.quire"
      print mine.twice(len(read("data/cells.txt"))), "no such file.txt", "../out.txt"
      plot [1, 2]
      ```

      """)
    defer { try? FileManager.default.removeItem(at: folder) }
    let elsewhere = folder.appending(path: "elsewhere")
    for (name, text) in [
      ("data/rows one.txt", "rows"), ("data/cells.txt", "cells"), ("pictures/a.svg", "<svg/>"),
      ("lib/mine.quire", "fn twice(x) = x * 2\n"),
    ] {
      let place = folder.appending(path: name)
      try FileManager.default.createDirectory(
        at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: place)
    }
    let inner = elsewhere.appending(path: "deep")
    try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
    #expect(try Binary.run(["run", "-q", file.path]).status == 0)
    let copy = inner.appending(path: "copy.md")
    let made = try Binary.run(["export", file.path, "--to", "md", "--out", copy.path])
    #expect(made.status == 0)
    #expect(made.err.contains(", 1 file in copy.assets, 4 files that it names"))
    for line in [
      "../out.txt was not copied: it is not below the notebook's folder",
      "none.txt was not copied: there is no such file", "data was not copied: it is a folder",
      "t.md was not copied: it is the notebook itself",
    ] {
      #expect(made.err.components(separatedBy: line).count == 2, "\(line)")
    }
    #expect(!made.err.contains("no such file.txt"))
    let run = try Binary.run(["test", copy.path])
    #expect(run.status == 0, "\(run.out)\(run.err)")
    #expect(
      try String(contentsOf: inner.appending(path: "data/rows one.txt"), encoding: .utf8) == "rows")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: elsewhere.path) == ["deep"])
    // Somebody's own file is not replaced unasked.
    try Data("mine".utf8).write(to: inner.appending(path: "data/cells.txt"))
    try FileManager.default.removeItem(at: copy)
    let again = try Binary.run(["export", file.path, "--to", "md", "--out", copy.path])
    #expect(again.err.contains("data/cells.txt was not copied: another file of that name is there"))
    #expect(
      try String(contentsOf: inner.appending(path: "data/cells.txt"), encoding: .utf8) == "mine")
    let forced = try Binary.run(["export", file.path, "--to", "md", "--out", copy.path, "--force"])
    #expect(forced.err.contains(", 1 file that it names"))
    #expect(
      try String(contentsOf: inner.appending(path: "data/cells.txt"), encoding: .utf8) == "cells")
    // Beside the notebook the paths lead to the same files.
    let beside = try Binary.run(["export", file.path, "--to", "md", "--plain"])
    #expect(beside.status == 0 && !beside.err.contains("copied"))
  }

  @Test func `mistakes on the command line are exit code 2 and say what is wanted`() throws {
    let (folder, file) = try notebook("```quire {.solution task=a}\n1\n```\n")
    defer { try? FileManager.default.removeItem(at: folder) }
    for (words, hint) in [
      (["export", file.path], "--to html, ipynb, md or quire"),
      (["export", "--to", "html"], "one notebook"),
      (["export", file.path, "--to", "htm"], "did you mean html?"),
      (["export", file.path, "--to", "md"], "--out"),
      (["export", file.path, "--to", "html", "--plain"], "--to md"),
      (["export", file.path, "--to", "md", "--edition", "student"], "no .task"),
      (["import"], "one Jupyter notebook"), (["exprot", "x"], "one file at a time"),
      (["export", folder.path + "/none.md", "--to", "html"], "no such file"),
    ] {
      let done = try Binary.run(words)
      #expect(done.status == 2, "\(words)")
      #expect(done.err.contains(hint), "\(words): \(done.err)")
      #expect(done.out == "")
    }
  }
}

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

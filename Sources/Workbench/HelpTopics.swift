// What the words of the language itself mean, and what each error code does: for `help`.

import Diagnostics

/// The lines for a word of the language, `help for`, at most so many columns wide. Lines that are
/// indented are a paragraph, which is broken anew; the others are forms, and stay lines.
func languageTopic(_ word: String, columns: Int) -> [String]? {
  let topic = topicOfWord[word] ?? word
  guard let text = languageTopics[topic] else { return nil }
  var lines: [String] = []
  var paragraph = ""
  func finish() {
    if !paragraph.isEmpty { lines += foldedText("  " + paragraph, hanging: 2, columns: columns) }
    paragraph = ""
  }
  for line in text.split(separator: "\n") {
    if line.first == " " {
      paragraph += (paragraph.isEmpty ? "" : " ") + line.drop { $0 == " " }
    } else {
      finish()
      lines += foldedText(String(line), hanging: 4, columns: columns)
    }
  }
  finish()
  return lines + (topic == "errors" ? errorCodeLines(columns: columns) : [])
}

/// Every code with what it says.
private func errorCodeLines(columns: Int) -> [String] {
  let width = ErrorCode.allCases.map(\.rawValue.count).max() ?? 0
  return ErrorCode.allCases.flatMap { code in
    let padding = String(repeating: " ", count: width - code.rawValue.count)
    return foldedText(
      "  \(code.rawValue)\(padding)  \(errorMeaning(code))", hanging: width + 4,
      columns: columns)
  }
}

/// Words that another topic explains.
private let topicOfWord: [String: String] = [
  "else": "if", "true": "values", "false": "values", "nil": "values", "bool": "values",
  "catch": "try", "break": "while", "continue": "while", "return": "fn", "function": "lambdas",
  "not": "and", "or": "and", "string": "strings", "pipeline": "pipelines", "|>": "pipelines",
  "=>": "lambdas", "lambda": "lambdas", "..": "ranges", "..=": "ranges", "in": "for",
  "command": "commands", "label": "labels", "list": "lists", "error": "errors",
  "+": "operators", "-": "operators", "*": "operators", "/": "operators", "//": "operators",
  "%": "operators", "^": "operators", "@": "operators", "==": "operators", "!=": "operators",
  "<": "operators", "<=": "operators", ">": "operators", ">=": "operators", "+=": "operators",
]

let languageTopics: [String: String] = [
  "fn": """
  fn name(a, b: 1) { … }   or   fn name(a) = expression
    Makes a function. A parameter with a colon has a default and is given by label.
    Its value is that of its last line, or what return gives. A function reads the variables
    around it and never assigns them: it returns the new value.
  """,
  "for": """
  for x in xs { … }   for k, v in map { … }   [x * 2 for x in xs if x > 0]
    Goes over a list, range, string, map (its keys, or pairs), a tensor's first axis, rows.
    x in xs alone asks whether xs has x: an element, a key, a part of a string.
  """,
  "while": """
  while condition { … }
    The condition is a bool. break leaves the loop, continue begins its next turn.
  """,
  "if": """
  if condition { … } else if other { … } else { … }
    An expression: its value is that of the branch taken, nil when there is none. The condition
    is a bool: write x != 0, len(xs) > 0, x != nil.
  """,
  "try": """
  try { … } catch e { … }
    Catches all errors but interrupts: e.message, e.kind, e.help, e.where. fail "text" raises,
    fail e raises again. An expression: its value is that of the part that ended it. When
    generation stopped halfway, e.reply is what was there, as prompt gives it.
  """,
  "and": """
  a and b   a or b   not a
    On bools alone. b is asked only when a does not decide. or gives no default: write
    get(m, key, 0), or if x == nil { 0 } else { x }.
  """,
  "use": """
  use stats            the module, as stats.median
  use stats: median    the names themselves
  use "lib/my.quire"   a file beside the notebook, as my
    A module runs once, in its own scope; names that begin with _ stay inside. help stats lists
    what a module brings, view stats.median shows how it is written.
  """,
  "commands": """
  prompt m, "Hello", max: 20     is     prompt(m, "Hello", max: 20)
    A name, a blank and an argument make a call without parentheses, up to the end of the phrase.
    Inside an expression it stands in parentheses: 1 + (max 2, 3).
  """,
  "labels": """
  f(x, size: 2)
    Parameters without a default are given by place or by label; those with one by label, in any
    order. |> gives the first: x |> f(size: 2).
  """,
  "strings": """
  "text \\(expression)"   \"\"\" … \"\"\" for several lines   r"raw"
    Counted and indexed by grapheme; .bytes and .scalars for the rest. Escapes: \\n \\t \\r \\0
    \\\\ \\" \\u{1F600}. Braces mean nothing.
  """,
  "lists": """
  [1, 2]   xs[0]   xs[-1]   xs[1..3]   xs + ys   xs * 3   [x * 2 for x in xs]
    A list is a value: b = a; b[0] = 1 leaves a alone. append(xs, x) gives a new list:
    write xs = append(xs, x).
  """,
  "maps": """
  {a: 1, "two words": 2, 3: "x"}   m.a   m["a"]   get(m, "a", 0)   "a" in m
    Keys are strings or ints, in the order they came. m.a = 1 sets a key, for k, v in m goes
    over the pairs, remove(m, "a") gives a map without one.
  """,
  "values": """
  nil   true false   42   3.14   "text"   [1, 2]   {a: 1}   0..10   x => x
    kind(x) names the kind. Nothing converts by itself but ints to floats in arithmetic:
    str(x), int(s), float(s), bool(s), list(xs) convert and say why they cannot.
  """,
  "operators": """
  + - * / // % ^ @   == != < <= > >=   in, not in   and or not   .. ..=   |>   =>
    / on ints gives a float, // rounds down, ^ is the power, @ multiplies matrices.
    Comparison does not chain: a < b and b < c.
  """,
  "pipelines": """
  x |> f(a)     is     f(x, a)
    x |> f is f(x); x |> (v => v + 1) calls any function. A line may begin with |>.
  """,
  "lambdas": """
  x => x + 1     (a, b) => a * b     x => { … }     x => ({key: x})
    A function without a name. It sees the variables around it.
  """,
  "ranges": """
  0..10 ends before 10; 0..=10 includes it; range(0, 10, by: 2) steps.
    xs[1..3] takes a part, xs[..2] the first two, xs[-2..] the last two.
  """,
  "errors": """
  error[shape]: matmul needs inner extents to agree: [2, 3] @ [4, 5]
    The code in brackets, the rule that was broken, the place, the calls that led there, and what
    to do next. help error.shape says more of a code; try { … } catch e { … } catches. The codes:
  """,
]

/// `help error.shape`.
func errorTopic(_ code: String, columns: Int) -> [String]? {
  guard let known = ErrorCode(rawValue: code) else { return nil }
  return foldedText("error[\(code)]: \(errorMeaning(known))", hanging: 2, columns: columns)
    + foldedText("  \(errorAdvice(known))", hanging: 2, columns: columns)
}

/// What a code says, as part of a sentence.
func errorMeaning(_ code: ErrorCode) -> String {
  switch code {
  case .syntax: "the text is not a program; the caret stands where reading stopped"
  case .name: "a name is not known here, or is read before it has a value"
  case .type: "a value is of a kind that the operation does not take"
  case .arity: "a call has too many, too few, unknown or repeated arguments"
  case .index: "a list, string or tensor has no such index"
  case .key: "a map, a model or an object has no such key"
  case .value: "an argument is of the right kind but outside what is allowed"
  case .shape: "shapes do not agree"
  case .dtype: "the operation does not take this dtype"
  case .device: "a device is not there or cannot do this"
  case .file: "a file cannot be read or written; the message says the system's reason"
  case .format: "a file is damaged, or not of the format it claims; the place is given"
  case .model: "a model cannot be built, or has no such layer or tensor"
  case .tokenizer: "a tokenizer part is not supported, or text cannot be encoded"
  case .data: "rows of a data set cannot be used for this"
  case .numeric: "a number is not finite, or an operation has no value"
  case .network: "a download failed or is not allowed"
  case .permission: "the notebook may not do this; --allow grants it"
  case .interrupted: "stopped on request (Ctrl-C, a time limit); it cannot be caught"
  case .memory: "not enough memory; the message says how much was wanted"
  case .limit: "a limit of Quire was reached (call depth, context, size)"
  case .assert: "an assertion of the program is false"
  case .fail: "the program raised it with fail"
  case .internal: "a defect of Quire; please report it"
  case .fence: "a fence of the notebook is not closed"
  case .frontmatter: "a line of the front matter is not `key: JSON` or has a bad value"
  case .version: "the notebook needs a newer Quire"
  case .conflict: "the notebook holds unresolved version-control conflicts"
  case .encoding: "the file is not UTF-8"
  case .parameter: "a parameter or an option has an unknown name or a bad value"
  case .changed: "the file changed on disk"
  case .lock: "a digest differs from the lock block"
  }
}

/// The next step for a code.
private func errorAdvice(_ code: ErrorCode) -> String {
  switch code {
  case .syntax: "Read the help line, then what stands left of the caret; help lists the forms."
  case .name: "Check the spelling; vars lists the variables, help the words."
  case .type: "kind(x) names a value's kind; str, int, float, bool and list convert."
  case .arity: "The usage line shows the parameters; those with a default are given by label."
  case .index: "Indices run from 0 to len(x) - 1, or from -1 down to -len(x)."
  case .key: "keys(m) lists a map's keys; get(m, key, 0) reads one that may be missing."
  case .value: "The message gives the range and what came instead."
  case .shape: "x.shape gives the extents; reshape, transpose and x.T change them."
  case .dtype: "x.dtype names it; cast(x, \"f32\") converts."
  case .device: "quire doctor says what there is."
  case .file: "Paths go from the notebook's folder; glob \"*\" lists it."
  case .format: "Fetch the file again, or look at it with another tool at the place given."
  case .model: "layers m lists the layers; verify m checks the whole model."
  case .tokenizer: "m.tokenizer says what it is; tokens(text, model: m) shows how it cuts."
  case .data: "preview shows rows as a model sees them; dataset takes skip: true."
  case .numeric: "Look for a division by zero, a logarithm of 0, or a rate that is too high."
  case .network: "pull goes on where it was stopped; load reads the cache without a network."
  case .permission: "Start quire with --allow fs, net or shell, or answer the question."
  case .interrupted: "What had completed is kept; training goes on with resume."
  case .memory: "vars shows what is held; reset name gives it back; take smaller pieces."
  case .limit: "Use a loop in place of a recursion, or fewer tokens."
  case .assert: "The message is the second argument of assert."
  case .fail: "The text and the help line come from the program."
  case .internal: "Please report it with the cell that made it."
  case .fence: "Close the fence with as many backticks as it opened with."
  case .frontmatter: "One line is key: value, with the value in JSON."
  case .version: "Take the newest Quire; the notebook is opened read-only."
  case .conflict: "Take one side of each conflict, or merge them, and save."
  case .encoding: "Save the file as UTF-8."
  case .parameter: "The front matter's params: names the parameters and their values."
  case .changed: "Open the notebook again, or save under another name."
  case .lock: "Check where the file came from; the lock block holds the digest of the one meant."
  }
}

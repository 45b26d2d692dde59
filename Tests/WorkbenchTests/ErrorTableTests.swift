// The words of every error of the room, as a table.

import Language
import TestSupport
import Testing

@testable import Workbench

@Suite struct ErrorTableTests {
  @Test func `every error says the rule, the values and the next step`() throws {
    #expect(
      try complaints(
        of: ErrorEnum("WorkbenchError", "Sources/Workbench/WorkbenchError.swift"), Self.errors,
        Self.table) == [])
  }

  private static let errors: [WorkbenchError] = [
    // Labels and values.
    .choice(label: "kv", got: "f33", known: ["auto", "f32", "f16"]),
    .choice(label: "by", got: "ü\u{1B}", known: ["sum", "token"]),
    .choice(label: "accept", got: "x", known: ["no stop"]),
    .overflowOfPrompt(got: "truncate"),
    .byteCount(label: "cache", got: "much", range: 1...1000), .date("today"), .runName("a/b"),
    .path(""), .path("a\0b"), .separator("; "), .samplerStage(got: "7"), .choiceOfNone,
    .weights(wanted: 2, got: 3, total: 1.5), .checkStep(2), .noToken(id: 9, vocabulary: 5),
    .gradientOfGradient, .replyOfPrompt, .systemLater, .shardOfFile,
    .noPicture(what: "a result of scores"),
    .cannotSave(kind: "int", ending: "csv", endings: [".json"]),
    .cannotSave(kind: "function", ending: "", endings: []),
    .pattern("\"a(b\"", reason: "missing closing parenthesis", before: "\"a(b\""),
    .pattern("\")\"", reason: "unmatched closing parenthesis", before: ""),
    .patternTooCostly("\"(a+)+\""),
    // Kinds.
    .assignedIndex(kind: "list"), .tensorIndex(kind: "int"), .tensorElement(kind: "string"),
    .intsWanted(word: "cross_entropy", label: "targets", dtype: "f32"),
    .traceIndex(kind: "int"), .traceIndex(kind: nil), .datasetIndex(kind: "string"),
    .datasetIndex(kind: nil), .plotted(word: "histogram", kind: "map"),
    .tokenIDs(word: "decode", label: "ids", kind: "nil"),
    .savedTensors(ending: "npz", name: "a.0", kind: "int"), .noJSON(kind: "function"),
    .deepJSON(64),
    .csvRows(row: 3, kind: "int"), .noSource(name: nil, kind: "int"),
    .noSource(name: "xs", kind: "list"), .gradientArgument(kind: "int"),
    .gradientArgument(kind: "i64 tensor"),
    .gradientResult(kind: "list"), .noAdapter(run: "first"),
    // Numbers of things.
    .plottedCount(3), .noGradientArgument, .constantResult,
    .noMessage(usage: "chat(model, message)"),
    .heatmapShape([2, 3, 4]),
    // Names.
    .noVariable("lss", near: "did you mean loss?"), .noVariable("q", near: nil),
    .noTopic("promt", near: "did you mean prompt?"), .noTopic("x y", near: nil),
    .noFunction("twcie", near: "did you mean twice?", modules: []),
    .noFunction("q", near: nil, modules: ["stats", "text"]),
    // Files.
    .csvName("id"), .csvFields(line: 3, count: 2, wanted: 4), .csvQuote(line: 7),
    .jsonLine(file: "a.jsonl", line: 2, reason: "json: the text ends"), .noHome,
    .unknownEnding("a.xyz", known: ["csv", "json"]),
    .noModel("quil", near: "did you mean quill?", known: ["quill"]),
    .noModel("x", near: nil, known: ["quill", "ink"]), .noModel("x", near: nil, known: []),
    .notCached("org/quil", near: "did you mean org/quill?", pull: "pull \"org/quil\""),
    .notCached("org/x", near: nil, pull: "pull \"org/x\""),
    // Permissions.
    .outsideFolder(.reading, path: "/etc/hosts"), .outsideFolder(.writing, path: "../x"),
    .permission("net", what: "pull"), .environment("HOME"), .silent,
  ]

  private static let table = #"""
    [value] kv must be "auto", "f32" or "f16": got "f33" | did you mean f32?
    [value] by must be "sum" or "token": got "ü\u{1b}" | as in by: "sum"
    [value] accept must be "no stop": got "x" | as in accept: "no stop"
    [value] overflow must be "error" here: got "truncate" | chat leaves out whole turns with overflow: "drop_oldest"
    [value] cache must be bytes in 1..1000: got "much" | as in cache: "5 GB"
    [value] date must be year-month-day: got "today" | as in date: "2026-01-31"
    [value] name must be a plain name: got "a/b" | use letters, digits, - and _, as in name: "first"
    [value] a path must not be empty | write the path of a file or folder, as in "data/rows.csv"
    [value] a path must not hold a zero byte: a\u{0}b | write the path of a file or folder, as in "data/rows.csv"
    [value] csv needs a separator of one ASCII character: got "; " | as in separator: ";"
    [value] sampler must be a list of stages: got 7 | use sampling: temperature, top_k; then sampler: [temperature(0.7), top_k(40)]
    [value] choice needs a list that is not empty | give a list with at least one element
    [value] choice needs 2 weights from 0, not all 0: got 3 that add up to 1.5 | give one weight for each element
    [value] gradcheck needs a step between 0 and 1: got 2.0 | 1e-5 suits most functions
    [value] decode needs ids of tokens: 9 is none | ids go from 0 to 4
    [value] grad of a gradient is not there yet | constant(x) makes x a constant
    [value] chat goes on from a reply of chat: this one is of a plain prompt | chat m, "Hello" begins a conversation
    [value] system belongs to the first call of a conversation | begin a new one with chat m, …, system: …
    [value] shard cuts the weights of a folder: a .gguf file is written whole | save to a path without an ending
    [value] a result of scores has no picture | save it to .json or .txt
    [value] save cannot write an int to .csv | an int goes to .json
    [value] save cannot write a function to a path without an ending | str(x) makes text of anything, which goes to .txt
    [value] the pattern "a(b" cannot be read: missing closing parenthesis | reading stopped after "a(b"
    [value] the pattern ")" cannot be read: unmatched closing parenthesis | a backslash before a character takes it as it stands, as in r"\("
    [limit] the pattern "(a+)+" takes too many steps on this text | nested repeats, as in (a+)+, try every way to cut the text
    [type] elements of a tensor are assigned by ints and slices, not by a list | where(mask, a, b) chooses element by element
    [type] a tensor is indexed by ints, slices, lists of ints and masks, not by an int | as in t[0], t[1..3], t[[0, 2]] or t[t > 0]
    [type] tensor needs numbers or lists of numbers, not a string | as in tensor([[1, 2], [3, 4]])
    [type] cross_entropy needs ints for targets, not a tensor of f32 | cast(x, "i64") cuts the fractions off
    [type] a trace is indexed by the name of a site, not by an int | as in t["L0.resid_post @ -1"]
    [type] a trace is indexed by the name of a site, not by a slice or several | as in t["L0.resid_post @ -1"]
    [type] a dataset is indexed by one int, not by a string | as in d[0], or d[-1] for the last row
    [type] a dataset is indexed by one int, not by a slice or several | as in d[0], or d[-1] for the last row
    [type] histogram needs numbers, not a map | give a list of numbers, a tensor or a range
    [type] decode needs ints in ids, not nil | tokens m, "text" lists the ids of a text
    [type] save needs tensors for .npz: a.0 is an int | tensor(x) makes one of a number or a list
    [type] json has no form for a function | str(x) makes text of anything
    [limit] json text holds values nested at most 64 deep | nest the values less deep, or give parts a file of their own
    [type] csv needs rows that are all maps or all lists: row 3 is an int | make each row a map, or each a list
    [type] view shows the source of functions, not of an int | write view f
    [type] view shows the source of functions: xs is a list | write print xs to see it
    [type] grad needs f32 or f64 tensors in the first argument, not an int | tensor(3.0) makes a tensor of a number
    [type] grad needs f32 or f64 tensors in the first argument, not an i64 tensor | write the numbers as floats, as in tensor([1.0, 2.0]), or cast(x, "f32")
    [type] grad needs a function with a scalar tensor as result, not a list | end it with sum() or mean()
    [type] run first trained all weights and has no adapter | give a run of method: "lora", or use the run's model itself
    [arity] plot needs ys, or xs and ys: got 3 values | plot [a, b] draws two series
    [arity] grad needs the function's first argument | as in grad(f)(x)
    [value] grad needs a result that depends on the first argument | item(), list(), argmax and comparisons pass no gradient on: keep tensors to the end
    [arity] chat needs message | usage: chat(model, message)
    [shape] heatmap needs two axes: got shape [2, 3, 4] | index the others away, as in t[0]
    [name] there is no variable lss | did you mean loss?
    [name] there is no variable q | vars lists the variables
    [name] help knows nothing about promt | did you mean prompt?
    [name] help knows nothing about x y | help alone lists all words
    [name] view finds no function twcie | did you mean twice?
    [name] view finds no function q | modules of the library: stats, text
    [data] csv names must be unique: 'id' stands twice in the first line | header: false gives rows as lists
    [data] csv line 3 has 2 fields, the first line 4 | fields with a separator inside stand in double quotes
    [data] csv line 7 opens a quote that nothing closes | close it, or write "" for a quote inside a field
    [data] a.jsonl line 2: json: the text ends | each line of a .jsonl file holds one JSON value
    [file] the cache of models needs a home folder: HOME is not set | set HF_HUB_CACHE to a folder for downloaded models
    [file] load knows no file that ends like a.xyz | data: csv json; models: a folder or a .gguf file
    [file] load finds no path and no model of the name quil | did you mean quill?
    [file] load finds no path and no model of the name x | models: quill, ink
    [file] load finds no path and no model of the name x | give the path of a folder or file, or org/name of a model that pull downloaded
    [file] load finds no path, no model in the box and no cached model org/quil | did you mean org/quill?
    [file] load finds no path, no model in the box and no cached model org/x | pull "org/x" downloads it
    [permission] a notebook may not read outside its folder: /etc/hosts | grant it for this run with --allow fs
    [permission] a notebook may not write outside its folder: ../x | grant it for this run with --allow fs
    [permission] pull needs the permission net | grant it for this run with --allow net
    [permission] env shows a notebook only names that begin with QUIRE_: got HOME | grant it for this run with --allow fs
    [internal] a cell failed without an error | this is a defect of Quire; please report it
    """#
}

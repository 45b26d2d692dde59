// The words of every error, and that this room handles bytes.

import Diagnostics
import Foundation
import TestSupport
import Testing

@testable import Tokenizers

@Suite struct ErrorTextTests {
  @Test func `every error says the rule, the values and the next step`() throws {
    #expect(
      try complaints(
        of: ErrorEnum("TokenizerError", "Sources/Tokenizers/TokenizerError.swift"), Self.errors,
        Self.table) == [])
  }

  @Test func `every problem of a chat template has its words`() throws {
    let place = Place(SourceText(name: "chat.jinja", text: "{{ x }}"), SourceRange(3, 4))
    #expect(
      try complaints(
        of: ErrorEnum("TemplateProblem", "Sources/Tokenizers/Templates/TemplateError.swift"),
        Self.problems, Self.problemTable
      ) { TemplateError($0, place: place) } == [])
  }

  /// Canonical equivalence and grapheme clusters would change tokens.
  @Test func `no key or comparison in this room goes by characters`() throws {
    let folder = repositoryFolder.appendingPathComponent("Sources/Tokenizers")
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".swift") }
    #expect(files.count > 10)
    for file in files {
      let text = try String(decoding: bytes(of: folder.appendingPathComponent(file)), as: UTF8.self)
      for word in [
        " Character", "(Character", "[Character", "<Character", "[String:", "[String :",
        "Set<String>", "Dictionary<String",
      ] {
        #expect(!text.contains(word), "\(file) uses \(word)")
      }
    }
  }

  private static let errors: [TokenizerError] = [
    .json(file: "tokenizer.json", "x"), .missing(pointer: "/model"),
    .wrongKind(pointer: "/model", wanted: "an object", got: "null"),
    .unknownPart(pointer: "/decoder/type", name: "CTC", supported: ["A", "B"]),
    .unknownField(pointer: "/x"), .unsupportedValue(pointer: "/a", value: "7", help: "h"),
    .tooManyTokens(5_000_000), .idOutOfRange(token: "a", id: -1),
    .repeatedID(id: 3, first: "a", second: "b"), .repeatedToken(token: "a", first: 1, second: 2),
    .emptyToken(pointer: "/p"),
    .addedTokenClash(pointer: "/added_tokens/0", token: "x", id: 1, other: "that is 'b'"),
    .badMerge(index: 2, text: "ab"), .mergeOutsideVocabulary(index: 2, token: "c"),
    .tokenOutsideVocabulary(pointer: "/p", token: "c"),
    .pattern(pointer: "/pre_tokenizer/pattern", part: "(?~", column: 14, help: "h"),
    .patternTooCostly(byte: 9), .unknownVocabularyModel(file: "a.gguf", "t5"),
    .unknownSplit(file: "a.gguf", "xyz"), .unknownSplit(file: "a.gguf", nil),
    .table(file: "a.gguf", "x"), .noUnknown(token: "[UNK]"), .tooLong(bytes: 5),
  ]

  private static let table = #"""
    [data] tokenizer.json: x | copy the file again: it is damaged or of another version
    [tokenizer] tokenizer.json needs /model | copy the file again: it is damaged or of another version
    [tokenizer] tokenizer.json /model must be an object, not null | copy the file again: it is damaged or of another version
    [tokenizer] tokenizer.json /decoder/type 'CTC' is not supported | supported: A B
    [tokenizer] tokenizer.json /x is an unknown setting | use another tokenizer.json; passing over the setting would change tokens
    [tokenizer] tokenizer.json /a must be supported: got 7 | h
    [tokenizer] a vocabulary must have at most 4194304 tokens: got 5000000 | copy the file again: it is damaged or of another version
    [tokenizer] token ids must be from 0 to 4194303: 'a' has -1 | copy the file again: it is damaged or of another version
    [tokenizer] token ids must differ: 'a' and 'b' both have 3 | copy the file again: it is damaged or of another version
    [tokenizer] a token must stand once: 'a' has the ids 1 and 2 | copy the file again: it is damaged or of another version
    [tokenizer] tokenizer.json /p must not be empty | copy the file again: it is damaged or of another version
    [tokenizer] tokenizer.json /added_tokens/0 gives 'x' the id 1, but that is 'b' | copy the file again: it is damaged or of another version
    [tokenizer] merge 2 must be two tokens with a space: got 'ab' | copy the file again: it is damaged or of another version
    [tokenizer] merge 2 needs 'c', which is not in the vocabulary | copy the file again: it is damaged or of another version
    [tokenizer] tokenizer.json /p needs 'c', which is not in the vocabulary | copy the file again: it is damaged or of another version
    [tokenizer] tokenizer.json /pre_tokenizer/pattern: '(?~' at column 14 is not supported | h
    [limit] the split pattern takes too many steps at byte 9 | encode the text in smaller parts
    [tokenizer] a.gguf has a tokenizer of kind 't5', which is not supported | supported: llama gpt2 gemma4 bert t5
    [tokenizer] a.gguf: gguf pre-tokenizer 'xyz' is unknown, and guessing would change tokens | tokenizer: "path/to/tokenizer.json"
    [tokenizer] a.gguf names no gguf pre-tokenizer, and guessing would change tokens | tokenizer: "path/to/tokenizer.json"
    [tokenizer] a.gguf: x | copy the file again: it is damaged or of another version
    [tokenizer] a text that no token stands for needs '[UNK]', which is not in the vocabulary | copy the file again: it is damaged or of another version
    [limit] encode takes at most 1 GiB of text: got 5 bytes | encode it in parts
    """#

  private static let problems: [TemplateProblem] = [
    // The text of the template.
    .sourceTooLong(bytes: 300_000), .unclosed("'{{'"), .unexpectedCharacter("§"),
    .unexpectedBracket(")", expected: nil), .unexpectedBracket(")", expected: "]"),
    .badEscape("\\x"), .badNumber("1e999"), .unexpected("'%}'", wanted: nil),
    .unexpected("'%}'", wanted: "a name"), .unknownTag("fro", open: nil, near: "did you mean for?"),
    .unknownTag("endif", open: "'for'", near: nil), .unsupportedTag("include"), .missingEnd("for"),
    .unknownFilter("uper", near: "did you mean upper?"), .unknownFilter("q", near: nil),
    .unknownTest("definde", near: "did you mean defined?"), .unknownTest("q", near: nil),
    .chainedTest, .badCallArguments, .cannotAssign("a number"), .defaultBeforePlain, .notACall,
    .outsideLoop("break"), .callerNeedsDefault,
    // Running it.
    .undefined("'mesages' is undefined", near: "did you mean messages?"),
    .unsafe(attribute: "append", of: "a list"), .noAttributes(operation: "1.x"),
    .operands("+", "a string", "an int"), .operands("-", "a list", "an int"),
    .operand("-", "a string"), .uncomparable("a string", "an int"), .notIterable("an int"),
    .notSized("an int"), .notCallable("an int"), .notReversible("an int"), .notANamespace,
    .unhashable("a list"), .unpack(wanted: 2, got: 3), .arguments(of: "range", "needs 1 to 3"),
    .argument(of: "join", wanted: "a string", got: "an int"), .notJSON("a macro"),
    .divisionByZero, .overflow, .format("the format %q is unknown"), .notFound("no item 'x'"),
    .raised("roles must alternate"),
    // Limits.
    .tooManyNodes, .tooNested, .tooManyCalls, .tooManySteps, .tooLong("the text"),
    .rangeTooLong(900_000),
  ]

  private static let problemTable = #"""
    [limit] chat.jinja:1:4: a chat template must have at most 262144 bytes: got 300000
    [tokenizer] chat.jinja:1:4: '{{' must be closed
    [tokenizer] chat.jinja:1:4: a tag cannot hold '§' here
    [tokenizer] chat.jinja:1:4: ')' closes nothing
    [tokenizer] chat.jinja:1:4: ')' cannot close here: ']' is awaited
    [tokenizer] chat.jinja:1:4: '\x' is no escape of a string
    [tokenizer] chat.jinja:1:4: '1e999' is no number of 64 bits
    [tokenizer] chat.jinja:1:4: an expression cannot begin with '%}'
    [tokenizer] chat.jinja:1:4: a name is awaited, not '%}'
    [tokenizer] chat.jinja:1:4: unknown tag 'fro' | did you mean for?
    [tokenizer] chat.jinja:1:4: tag 'endif' cannot stand here: 'for' is open
    [tokenizer] chat.jinja:1:4: tag 'include' is not supported in chat templates | supported: for if set macro call filter with generation break continue raw
    [tokenizer] chat.jinja:1:4: 'for' must be closed before the template ends
    [tokenizer] chat.jinja:1:4: unknown filter 'uper' | did you mean upper?
    [tokenizer] chat.jinja:1:4: unknown filter 'q' | known: abs attr batch capitalize center count d default dictsort e escape first float forceescape format groupby indent int items join last length list lower map max min reject rejectattr replace reverse round safe select selectattr slice sort string sum title tojson trim truncate unique upper wordcount
    [tokenizer] chat.jinja:1:4: unknown test 'definde' | did you mean defined?
    [tokenizer] chat.jinja:1:4: unknown test 'q' | known: defined undefined none string number integer float boolean true false mapping sequence iterable callable eq equalto ne lt lessthan le gt greaterthan ge in == != < <= > >= odd even divisibleby lower upper sameas filter test escaped
    [tokenizer] chat.jinja:1:4: 'is' cannot follow another 'is' test
    [tokenizer] chat.jinja:1:4: arguments must come in order: plain, named, *list, **map
    [tokenizer] chat.jinja:1:4: set and for need a name: cannot assign to a number
    [tokenizer] chat.jinja:1:4: a parameter without default cannot follow one with a default
    [tokenizer] chat.jinja:1:4: call needs a macro with parentheses
    [tokenizer] chat.jinja:1:4: 'break' must stand inside a loop
    [tokenizer] chat.jinja:1:4: the parameter 'caller' must have a default
    [tokenizer] chat.jinja:1:4: 'mesages' is undefined | did you mean messages?
    [tokenizer] chat.jinja:1:4: access to attribute 'append' of a list is not allowed | lists and maps cannot be changed; a namespace can
    [tokenizer] chat.jinja:1:4: 1.x
    [tokenizer] chat.jinja:1:4: '+' cannot take a string and an int | '~' joins anything to text
    [tokenizer] chat.jinja:1:4: '-' cannot take a list and an int
    [tokenizer] chat.jinja:1:4: '-' cannot take a string
    [tokenizer] chat.jinja:1:4: a string and an int have no order
    [tokenizer] chat.jinja:1:4: a loop or filter needs a sequence: got an int
    [tokenizer] chat.jinja:1:4: an int has no length
    [tokenizer] chat.jinja:1:4: an int cannot be called
    [tokenizer] chat.jinja:1:4: an int cannot be reversed
    [tokenizer] chat.jinja:1:4: attributes can be set on a namespace only
    [tokenizer] chat.jinja:1:4: a list cannot be a key
    [tokenizer] chat.jinja:1:4: cannot unpack 3 values into 2 names
    [tokenizer] chat.jinja:1:4: range needs 1 to 3
    [tokenizer] chat.jinja:1:4: join needs a string: got an int
    [tokenizer] chat.jinja:1:4: tojson cannot write a macro
    [tokenizer] chat.jinja:1:4: cannot divide by zero
    [tokenizer] chat.jinja:1:4: integers must fit in 64 bits
    [tokenizer] chat.jinja:1:4: the format %q is unknown
    [tokenizer] chat.jinja:1:4: no item 'x'
    [tokenizer] chat.jinja:1:4: roles must alternate | the chat template itself refuses these messages
    [limit] chat.jinja:1:4: a template must have at most 50000 parts
    [limit] chat.jinja:1:4: a template must nest at most 100 deep
    [limit] chat.jinja:1:4: macros must call each other at most 100 deep
    [limit] chat.jinja:1:4: a template must end within 2000000 steps
    [limit] chat.jinja:1:4: the text of a template must have at most 16 MiB
    [limit] chat.jinja:1:4: range gives at most 100000 numbers: asked for 900000
    """#
}

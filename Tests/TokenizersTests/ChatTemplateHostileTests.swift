// Chat templates made to do harm: each is a typed error or a plain text, soon and in little memory.

import Diagnostics
import Foundation
import JSON
import Testing

@testable import Tokenizers

struct Endless: Sendable {
  let source: String
  let wanted: TemplateProblem
  init(_ source: String, _ wanted: TemplateProblem) {
    self.source = source
    self.wanted = wanted
  }
}

private let endless: [Endless] = [
  Endless("{{ range(10**9) | list }}", .rangeTooLong(1_000_000_000)),
  Endless(
    "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
    .tooManySteps
  ),
  Endless("{{ 'a' * 10**9 }}", .tooLong("a value")),
  Endless("{{ [1] * 10**9 }}", .tooLong("a list")),
  Endless("{{ 'a'.ljust(10**9) }}", .tooLong("a value")),
  Endless("{{ 'ab' | center(10**12) }}", .tooLong("a value")),
  Endless("{{ ['a'] | tojson(indent=10**12) }}", .tooLong("a value")),
  Endless("{{ '%1000000000s' | format('x') }}", .tooLong("a value")),
  Endless("{{ '%*d' | format(1000000000, 5) }}", .tooLong("a value")),
  Endless("{{ '{:>1000000000}'.format('x') }}", .tooLong("a value")),
  Endless("{{ '%.1000000000f' % 1.5 }}", .format("a float is written with at most 2000 digits")),
  Endless("{{ 'a' | indent(10**9) }}", .tooLong("a value")),
  Endless(
    "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(100) %}"
      + "{% set ns.x = ns.x ~ ns.x %}{% endfor %}", .tooLong("a value")
  ),
  Endless(
    "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}"
      + "{% endfor %}", .tooLong("a list")
  ),
  Endless(
    "{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}"
      + "{% endfor %}", .tooNested
  ),
  Endless(
    "{% set ns = namespace(x=1) %}{% for i in range(9999) %}{% set ns.x = joiner(ns.x) %}"
      + "{% endfor %}", .tooNested
  ),
  Endless("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", .tooManyCalls),
  Endless(
    "{% macro m() %}{{ caller is defined }}{% call m() %}{% endcall %}{% endmacro %}{{ m() }}",
    .tooManyCalls),
  Endless(
    "{% for i in range(100000) %}{{ 'aaaaaaaaaa' * 100 }}{% endfor %}", .tooLong("the output")),
  Endless(
    "{% set a = 'ab' * 8000000 %}{% for i in range(99999) %}{{ a | length }}{% endfor %}",
    .tooManySteps
  ),
  Endless("{% set a = 'a' * 8000000 %}{{ a.find('a' * 4000000 ~ 'b') }}", .tooManySteps),
  Endless(
    "{% set ns = namespace(x=[]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}"
      + "{% endfor %}{% set y = ns.x %}{{ ns.x == [y[0], y[1]] }}{{ y | string }}",
    .tooLong("a value")
  ),
  Endless("{{ 9223372036854775807 + 1 }}", .overflow),
  Endless("{{ 2 ** 64 }}", .overflow),
  Endless("{{ (-9223372036854775807 - 1) // -1 }}", .overflow),
  Endless("{{ (-9223372036854775807 - 1) | abs }}", .overflow),
]

@Suite struct ChatTemplateHostileTests {
  private let messages: JSON = [
    ["role": "user", "content": "{{ 7*7 }} <|im_start|>system"],
    ["role": "assistant", "content": "é🌍"],
  ]

  private func text(_ source: String) throws -> String {
    try ChatTemplate(source: source).render(messages: messages).text
  }

  private func refusal(_ source: String) -> TemplateProblem? {
    do {
      _ = try ChatTemplate(source: source).render(messages: messages)
      return nil
    } catch { return error.problem }
  }

  @Test(
    .timeLimit(.minutes(1)),
    arguments: endless)
  func `a limit ends what would not end`(item: Endless) {
    #expect(refusal(item.source) == item.wanted)
  }

  @Test func `source, parts and nesting have limits`() {
    #expect(refusal(String(repeating: "a", count: 300_000)) == .sourceTooLong(bytes: 300_000))
    #expect(refusal("{{ " + String(repeating: "(", count: 10_000)) == .unclosed("'('"))
    for (open, close) in [("(", ")"), ("[", "]"), ("{1:", "}"), ("x[", "]"), ("f(", ")")] {
      let deep =
        String(repeating: open, count: 10_000) + "1" + String(repeating: close, count: 10_000)
      #expect(refusal("{{ \(deep) }}") == .tooNested, "\(open)")
    }
    for sign in ["not ", "- ", "x if x else ", "x | f(", "x is odd("] {
      #expect(
        refusal("{{ \(String(repeating: sign, count: 5000)) x }}")?.kind != .run, "\(sign)")
    }
    #expect(refusal("{{ 1\(String(repeating: " + 1", count: 20_000)) }}") == .tooNested)
    #expect(refusal("{{ x\(String(repeating: ".a", count: 20_000)) }}") == .tooNested)
    #expect(refusal(String(repeating: "{% if x %}", count: 5000)) == .tooNested)
    #expect(refusal(String(repeating: "{{ x }}", count: 30_000)) == .tooManyNodes)
    #expect(refusal("{{ 1\(String(repeating: " ~ 1", count: 20_000)) }}") == nil)
  }

  @Test func `nothing of the machine can be reached`() throws {
    #expect(
      refusal("{{ ''.__class__.__mro__ }}") == .unsafe(attribute: "__class__", of: "a string"))
    #expect(try text("{{ '{0.__class__}'.format('x') }}") == "")
    #expect(refusal("{{ [].append(1) }}") == .unsafe(attribute: "append", of: "a list"))
    #expect(refusal("{{ {}.update({}) }}") == .unsafe(attribute: "update", of: "a map"))
    #expect(refusal("{% for a %}{% endfor %}")?.kind == .syntax)
    for tag in ["include", "import", "from", "extends", "block"] {
      #expect(refusal("{% \(tag) 'x' %}") == .unsupportedTag(tag))
    }
  }

  @Test func `messages are text and never template`() throws {
    #expect(try text("{{ messages[0].content }}") == "{{ 7*7 }} <|im_start|>system")
  }

  @Test func `a namespace that holds itself is let go`() throws {
    #expect(
      try text("{% set ns = namespace() %}{% set ns.me = ns %}{% set ns.l = [ns] %}{{ ns }}")
        == "<Namespace {'me': <Namespace>, 'l': ...}>")
    weak var namespace: TemplateNamespace?
    do {
      let program = try TemplateParser.parse(
        SourceText(
          name: "t",
          text:
            "{% set ns = namespace() %}{% set ns.me = ns %}{% macro m() %}{{ ns }}{% endmacro %}"))
      let machine = TemplateMachine(program, variables: [:], date: nil)
      try machine.run()
      let name = program.names.firstIndex(of: "ns") ?? 0
      if case .namespace(let found) = machine.lookUp(name) { namespace = found }
    }
    #expect(namespace == nil)
    // A long chain is freed without a deep stack.
    #expect(
      try text(
        "{% set ns = namespace(x=1) %}{% for i in range(50000) %}"
          + "{% set ns.x = namespace(x=ns.x) %}{% endfor %}ok") == "ok")
    #expect(
      try text(
        "{% set ns = namespace(m=1) %}{% for i in range(50000) %}{% set old = ns.m %}"
          + "{% macro m() %}{{ old }}{% endmacro %}{% set ns.m = m %}{% endfor %}ok") == "ok")
  }

  @Test func `input is marked through everything that keeps its place`() throws {
    func marked(_ source: String) throws -> [String] {
      let chat = try ChatTemplate(source: source).render(
        messages: [["role": "user", "content": " a<b>c "]],
        specialTokens: [("bos_token", "<s>")], vars: ["v": "V"])
      return chat.inputRanges.map { String(decoding: chat.utf8[$0], as: UTF8.self) }
    }
    let content = "messages[0].content"
    #expect(try marked("{{ bos_token }}x{{ \(content) }}y{{ v }}") == [" a<b>c ", "V"])
    #expect(try marked("{{ '<' ~ \(content) | trim ~ '>' }}") == ["a<b>c"])
    #expect(try marked("{{ '[' + \(content)[1:3] + ']' }}") == ["a<"])
    #expect(try marked("{{ \(content).replace('<b>', '|').strip() }}") == ["a", "c"])
    #expect(try marked("{{ \(content).split('<')[1] ~ '.' }}") == ["b>c "])
    #expect(try marked("{{ ['x', \(content), 'y'] | join('-') }}") == [" a<b>c "])
    #expect(try marked("{% for c in \(content) %}{{ c ~ '.' }}{% endfor %}").count == 7)
    #expect(try marked("{{ \(content) | upper }}!") == [" A<B>C "])
    #expect(try marked("{{ [\(content)] | tojson }}!") == ["[\" a<b>c \"]"])
    #expect(try marked("{{ '%s!' | format(\(content)) }}?") == [" a<b>c !"])
    #expect(try marked("{{ '{}!'.format(v) }}?") == ["V!"])
    #expect(try marked("{% set t %}<{{ v }}>{% endset %}{{ t }}") == ["V"])
    #expect(try marked("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(v) | trim }}") == ["V"])
    #expect(try marked("{{ v == 'V' }}{{ messages | length }}") == [])
  }

  @Test func `a date is said only if it was handed in`() throws {
    let template = try ChatTemplate(source: "{{ strftime_now('%d %b %Y') }}")
    #expect(throws: TemplateError.self) { try template.render(messages: []) }
    let chat = try template.render(
      messages: [], date: TemplateDate(year: 2024, month: 2, day: 29))
    #expect(chat.text == "29 Feb 2024" && chat.usedDate)
    #expect(try !ChatTemplate(source: "x").render(messages: []).usedDate)
  }

  @Test func `errors name the place, the line and the nearest name`() throws {
    func error(_ source: String) -> TemplateError? {
      do {
        _ = try ChatTemplate(source: source).render(messages: messages)
        return nil
      } catch { return error }
    }
    #expect(error("a\n{{ x | uper }}")?.message == "chat_template.jinja:2:8: unknown filter 'uper'")
    #expect(error("{{ x | uper }}")?.help?.hasPrefix("did you mean upper") == true)
    #expect(error("{{ x is definde }}")?.help == "did you mean defined or undefined?")
    #expect(error("{% fro x in y %}{% endfor %}")?.help?.contains("for") == true)
    #expect(
      error("{{ mesages[0] }}")?.message == "chat_template.jinja:1:11: 'mesages' is undefined")
    #expect(error("{{ mesages[0] }}")?.help == "did you mean messages?")
    #expect(error("{{ messages[0].contnt.x }}")?.help == "did you mean content?")
    let stack = error(
      "{% macro a() %}{{ q.x }}{% endmacro %}\n{% macro b() %}{{ a() }}{% endmacro %}\n{{ b() }}")
    #expect(stack?.calls.map(\.name) == ["a", "b"])
    #expect(
      stack?.diagnostic.rendered() == """
        error[tokenizer]: 'q' is undefined
          --> chat_template.jinja:1:20
         1 | {% macro a() %}{{ q.x }}{% endmacro %}
           |                    ^^
          in a, called at chat_template.jinja:2:19
          in b, called at chat_template.jinja:3:4
        """)
    let raised = error("{{ raise_exception('no system role') }}")
    #expect(raised?.kind == .raised && raised?.problem.message == "no system role")
    #expect(error("{{ 'a' * 10**9 }}")?.code == .limit)
  }

  @Test(.timeLimit(.minutes(1)))
  func `a conversation of a hundred messages is rendered at once`() throws {
    let source = String(
      decoding: try bytes(of: templateFolder.appendingPathComponent("chatml-tools.jinja")),
      as: UTF8.self)
    var list: [JSON] = []
    for index in 0..<50 {
      list.append([
        "role": "user",
        "content": JSON("question \(index) " + String(repeating: "word ", count: 60)),
      ])
      list.append([
        "role": "assistant",
        "content": JSON("answer \(index) " + String(repeating: "text ", count: 100)),
      ])
    }
    let clock = ContinuousClock()
    var template = try ChatTemplate(source: source)
    let parsing = try clock.measure { template = try ChatTemplate(source: source) }
    var text = ""
    let rendering = try clock.measure { text = try template.render(messages: .array(list)).text }
    print("100 messages: \(rendering); parsing: \(parsing)")
    #expect(text.contains("question 49 word") && text.contains("answer 49 text"))
  }
}

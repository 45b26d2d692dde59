// The JSON room: what is read, kept, refused and written.

import TestSupport
import Testing

@testable import JSON

private func failure(_ text: String, _ limits: JSONLimits = JSONLimits()) -> JSONError? {
  failure(Array(text.utf8), limits)
}

private func failure(_ bytes: [UInt8], _ limits: JSONLimits = JSONLimits()) -> JSONError? {
  do throws(JSONError) {
    _ = try JSON.parse(bytes, limits: limits)
    return nil
  } catch {
    return error
  }
}

@Test func `every kind of value is read`() throws {
  let value = try JSON.parse(
    #" {"a": [1, -2.5e3, true, false, null], "b": {"c": "x\n\u00e9\ud83d\ude00/\/"}} "#)
  #expect(
    value["a"]?.array == [
      1, .number(JSONNumber(form: .literal(Array("-2.5e3".utf8)))), true, false, nil,
    ])
  #expect(value["a"]?[1]?.double == -2500)
  #expect(value["b"]?["c"]?.text == "x\né😀//")
  #expect(value["z"] == nil)
  #expect(value["a"]?[9] == nil)
}

@Test func `a compact text is written back byte for byte`() throws {
  let text =
    #"{"z":1,"a":[],"n":-0,"big":123456789012345678901234567890,"e":1E+05,"k":{},"s":"é\"\\"}"#
  #expect(try JSON.parse(text).writtenText() == text)
}

@Test func `keys are told apart by bytes and found in any size of object`() throws {
  let composed = "\u{E9}"
  let decomposed = "e\u{301}"
  let small = try JSON.parse(#"{"\#(composed)": 1, "\#(decomposed)": 2}"#)
  #expect(small[composed] == 1)
  #expect(small[decomposed] == 2)
  #expect(small.object?.duplicateKeys == [])
  let large = JSON.object(JSONObject((0..<1000).map { ("k\($0)", JSON($0)) }))
  #expect(large["k999"] == 999)
  #expect(large["k1000"] == nil)
}

@Test func `repeated keys are kept, named, and the last wins`() throws {
  for extra in ["", (0..<20).map { #","x\#($0)":0"# }.joined()] {
    let value = try JSON.parse(#"{"a":1,"b":2,"a":3\#(extra)}"#)
    #expect(value["a"] == 3)
    #expect(value.object?.duplicateKeys == ["a"])
    #expect(value.object?.keys.prefix(3) == ["a", "b", "a"])
  }
}

@Test func `an object changes in place and keeps its order`() {
  var object: JSONObject = ["a": 1, "b": 2]
  object["a"] = 5
  for index in 0..<20 { object["k\(index)"] = JSON(index) }
  object["b"] = nil
  #expect(object.keys.first == "a")
  #expect(object["a"] == 5)
  #expect(object["b"] == nil)
  #expect(object["k19"] == 19)
  #expect(object.count == 21)
}

@Test func `integers are exact and only integer literals are ints`() throws {
  #expect(try JSON.parse("9223372036854775807").int == .max)
  #expect(try JSON.parse("-9223372036854775808").int == .min)
  #expect(try JSON.parse("9223372036854775808").int == nil)
  #expect(try JSON.parse("3.0").int == nil)
  #expect(try JSON.parse("1e2").int == nil)
  #expect(try JSON.parse("9007199254740993").int == 9_007_199_254_740_993)
  #expect(try JSON.parse("-0").double == 0)
  #expect(try JSON.parse("1e999").double == .infinity)
}

@Test func `doubles are written in the shortest form that reads back`() throws {
  let values: [Double] = [
    0.1, 1, -2.5, 1e300, .leastNonzeroMagnitude, 1 / 3, 123_456_789.125, 1e16, 1e-5,
  ]
  for value in values {
    #expect(try JSON.parse(JSON(value).written()).double == value)
  }
  #expect(JSON(0.1).writtenText() == "0.1")
  #expect(JSON(Double.nan).writtenText() == "null")
  #expect(throws: JSONError(.notFinite("nan"))) { try JSON.finite(.nan) }
}

@Test func `pretty and sorted forms`() throws {
  let value: JSON = ["b": [1, [:], []], "a": ["z": nil, "y": "t"]]
  #expect(value.writtenText(sortedKeys: true) == #"{"a":{"y":"t","z":null},"b":[1,{},[]]}"#)
  #expect(
    value.writtenText(pretty: true)
      == "{\n  \"b\": [\n    1,\n    {},\n    []\n  ],\n  \"a\": {\n    \"z\": null,\n    \"y\": \"t\"\n  }\n}"
  )
  let controls = JSON("\u{1}\u{1F}\u{7F}\u{8}\u{C}\r\t")
  #expect(controls.writtenText() == "\"\\u0001\\u001f\u{7F}\\b\\f\\r\\t\"")
  #expect(try JSON.parse(controls.written()) == controls)
}

@Test(arguments: [
  ("", "json: the text ends inside a value (line 1, column 1, byte 0)"),
  ("[1,\n 2", "json: the text ends inside an array (line 2, column 3, byte 6)"),
  ("{\"é\": x}", "json: expected a value, found x (line 1, column 7, byte 7)"),
  ("[1,]", "json: expected a value, found ] (line 1, column 4, byte 3)"),
  ("{\"a\":1,}", "json: expected a key in double quotes, found } (line 1, column 8, byte 7)"),
  ("{a:1}", "json: expected a key in double quotes, found a (line 1, column 2, byte 1)"),
  ("{\"a\" 1}", "json: expected ':', found 1 (line 1, column 6, byte 5)"),
  ("[1 2]", "json: expected ',' or ']', found 2 (line 1, column 4, byte 3)"),
  ("1 2", "json: the value has ended, but 2 follows (line 1, column 3, byte 2)"),
  (
    "01",
    "json: a number is digits with an optional sign, fraction and exponent (line 1, column 1, byte 0)"
  ),
  (
    "-",
    "json: a number is digits with an optional sign, fraction and exponent (line 1, column 1, byte 0)"
  ),
  (
    "1.",
    "json: a number is digits with an optional sign, fraction and exponent (line 1, column 1, byte 0)"
  ),
  (
    "1e+",
    "json: a number is digits with an optional sign, fraction and exponent (line 1, column 1, byte 0)"
  ),
  ("NaN", "json: expected a value, found N (line 1, column 1, byte 0)"),
  (
    "-Infinity",
    "json: a number is digits with an optional sign, fraction and exponent (line 1, column 1, byte 0)"
  ),
  ("\"\\x\"", "json: \\x is no escape (line 1, column 2, byte 1)"),
  ("\"\\u12g4\"", "json: \\u12g4 is no escape (line 1, column 2, byte 1)"),
  ("\"\\ud800\"", "json: half of a surrogate pair stands alone (line 1, column 2, byte 1)"),
  ("\"\\ud800\\u0041\"", "json: half of a surrogate pair stands alone (line 1, column 2, byte 1)"),
  ("\"\\udc00\"", "json: half of a surrogate pair stands alone (line 1, column 2, byte 1)"),
  ("\"a\nb\"", "json: control character 10 inside a string (line 1, column 3, byte 2)"),
  ("\"abc", "json: the text ends inside a string (line 1, column 1, byte 0)"),
  ("\u{FEFF}1", "json: the text starts with a byte order mark (line 1, column 1, byte 0)"),
  ("tru", "json: expected a value, found t (line 1, column 1, byte 0)"),
  ("'a'", "json: expected a value, found ' (line 1, column 1, byte 0)"),
])
func `a broken text is refused with the rule and the place`(text: String, message: String) {
  #expect(failure(text)?.message == message)
}

@Test func `bytes that are not UTF-8 are refused wherever they stand`() {
  let bad: [[UInt8]] = [
    [0x80], [0xC0, 0x80], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
    [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0xFF], [0xF0, 0x9F, 0x98],
  ]
  for bytes in bad {
    #expect(failure([0x22] + bytes + [0x22])?.rule == .notUTF8)
    #expect(failure([0x22] + bytes) != nil)
  }
  #expect(failure([0x22, 0xF0, 0x9F, 0x98, 0x80, 0x22]) == nil)
}

@Test func `depth and size are limited`() {
  let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
  #expect(failure(deep) == nil)
  #expect(failure("[" + deep + "]")?.rule == .tooDeep(64))
  #expect(failure(String(repeating: "[{\"a\":", count: 1_000_000))?.rule == .tooDeep(64))
  #expect(failure("[1, 2]", JSONLimits(bytes: 5))?.rule == .tooLarge(6, limit: 5))
  let limit = JSONLimits(depth: 1_000_000)
  #expect(failure(String(repeating: "[", count: 1_000_000), limit)?.rule == .tooDeep(1000))
}

@Test func `cut texts give an error and never trap`() {
  let text = Array(#"{"a":[1,-2.5e-3,"x\u00e9\ud83d\ude00",null],"é":{"b":[true,false,{}]}}"#.utf8)
  for length in 0..<text.count { #expect(failure(Array(text[..<length])) != nil) }
}

@Suite struct JSONFuzzTests {
  @Test func `mutated texts give a value that is written and read again, or an error`() throws {
    let text = Array(
      #"{"a":[1,-2.5e-3,"x\u00e9\ud83d\ude00",null],"é":{"b":[true,false,{}]}}"#.utf8)
    try fuzz("json", rounds: 20_000) { numbers in
      let bytes = mutated(text, &numbers)
      guard let value = try? JSON.parse(bytes) else { return }
      if try JSON.parse(value.written()) != value {
        Issue.record("not the same again: \(String(decoding: bytes, as: UTF8.self))")
      }
    }
  }
}

@Test(.timeLimit(.minutes(1)))
func `a vocabulary of ten megabytes is read in linear time`() throws {
  var text = #"{"model":{"vocab":{"#
  for id in 0..<200_000 { text += "\(id == 0 ? "" : ",")\n      \"token\(id)é\": \(id)" }
  text += #"},"merges":["#
  for id in 0..<250_000 { text += "\(id == 0 ? "" : ",")\n      \"ab\(id) cd\"" }
  text += "]}}"
  let bytes = Array(text.utf8)
  let clock = ContinuousClock()
  var value = JSON.null
  let time = try clock.measure { value = try JSON.parse(bytes) }
  #expect(value["model"]?["vocab"]?["token199999é"] == 199_999)
  print("json: \(bytes.count) bytes in \(time)")
}

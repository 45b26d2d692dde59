// Schemas and regexes for the tests of constraints, those that hold and those that are refused, and
// vocabularies to sample from.

import JSON
import TestSupport

enum ConstraintCases {
  /// Schemas by hand; `random` adds to them.
  static let schemas: [String] =
    [
      ##"{"type":"null"}"##, ##"{"type":"boolean"}"##, ##"{"type":"integer"}"##,
      ##"{"type":"number"}"##,
      ##"{"type":"string"}"##, ##"{"type":"string","maxLength":0}"##,
      ##"{"type":"string","minLength":3,"maxLength":3}"##, ##"{"type":"string","minLength":12}"##,
      ##"{"type":"string","maxLength":5}"##, ##"{"type":"string","pattern":"^[a-z]+$"}"##,
      ##"{"type":"string","pattern":"^[A-Z][a-z]{2,7}( [A-Z][a-z]+)?$"}"##,
      ##"{"type":"string","pattern":"b","maxLength":4}"##,
      ##"{"type":"string","pattern":"^(ab|cde)*$","minLength":4,"maxLength":7}"##,
      ##"{"type":"string","pattern":"^.{2}$"}"##,
      ##"{"type":"string","pattern":"^[^a-z\"\\\\]{1,4}$"}"##,
      ##"{"type":"string","pattern":"^\\d{4}-\\d{2}-\\d{2}$"}"##,
      ##"{"type":"string","pattern":"^[\\x00-\\x1f]{1,3}$"}"##,
      ##"{"type":"string","pattern":"^[😀-😎]{2}$"}"##,
      ##"{"type":"string","pattern":"é$","maxLength":3}"##,
      ##"{"type":"string","pattern":"^(a|bb){3}$","minLength":5}"##,
      ##"{"minLength":2,"maxLength":6}"##, ##"{"pattern":"^x+$","minLength":3}"##,
      ##"{"type":"integer","minimum":0,"maximum":9}"##,
      ##"{"type":"integer","minimum":-5,"maximum":5}"##,
      ##"{"type":"integer","minimum":17,"maximum":1234}"##, ##"{"type":"integer","maximum":-88}"##,
      ##"{"type":"integer","minimum":99999}"##, ##"{"type":"integer","minimum":7,"maximum":7}"##,
      ##"{"type":"integer","minimum":-100,"maximum":-99}"##, ##"{"type":"integer","maximum":0}"##,
      ##"{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807}"##,
      ##"{"type":"integer","minimum":1.0,"maximum":3.0}"##,
      ##"{"type":["integer","null"],"minimum":3,"maximum":40}"##,
      ##"{"type":["string","boolean"]}"##,
      ##"{"type":["number","integer","null"]}"##,
      ##"{"enum":["red","green","blue"]}"##, ##"{"enum":[1,2.5,"x",null,true,[1,2],{"a":1}]}"##,
      ##"{"enum":["a","b",3],"type":"string"}"##, ##"{"enum":["ab","abc","abcd"],"minLength":3}"##,
      ##"{"const":"yes"}"##, ##"{"const":{"k":[1,{"z":null}]}}"##,
      ##"{"const":"quote \" and \\ é \n"}"##,
      ##"{"const":3,"type":"integer"}"##, ##"{"const":[]}"##, ##"{}"##, "true",
      ##"{"type":"array"}"##, ##"{"type":"array","items":{"type":"integer"},"maxItems":4}"##,
      ##"{"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":3}"##,
      ##"{"type":"array","items":{"enum":["a","b"]},"minItems":5}"##,
      ##"{"type":"array","items":{"type":"string","maxLength":3},"maxItems":0}"##,
      ##"{"type":"array","prefixItems":[{"type":"integer"},{"type":"boolean"}]}"##,
      ##"{"type":"array","prefixItems":[{"type":"null"},{"const":1}],"minItems":2}"##,
      ##"{"type":"array","prefixItems":[{"const":"a"}],"items":{"type":"integer"},"minItems":3,"maxItems":4}"##,
      ##"{"type":"array","prefixItems":[{"const":"a"}],"items":false}"##,
      ##"{"items":{"type":"array","items":{"type":"integer","minimum":0,"maximum":3},"maxItems":3},"maxItems":3}"##,
      ##"{"type":"object"}"##, ##"{"type":"object","properties":{}}"##,
      ##"{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}"##,
      ##"{"type":"object","properties":{"a":{"type":"integer"}}}"##,
      ##"{"type":"object","properties":{"name":{"type":"string","maxLength":8},"age":{"type":"integer","minimum":0,"maximum":150},"tags":{"type":"array","items":{"enum":["x","y"]},"maxItems":3}},"required":["name","age"],"additionalProperties":false}"##,
      ##"{"type":"object","properties":{"a":{"const":1},"b":{"const":2},"c":{"const":3},"d":{"const":4}}}"##,
      ##"{"type":"object","properties":{"a":{"const":1},"b":{"const":2},"c":{"const":3}},"required":["b"]}"##,
      ##"{"type":"object","properties":{"ab":{"const":1},"abc":{"const":2},"a":{"const":3}}}"##,
      ##"{"type":"object","properties":{"quo\"te":{"type":"null"},"new\nline":{"type":"null"},"é/~":{"type":"null"}},"required":["quo\"te"]}"##,
      ##"{"properties":{"x":{"properties":{"y":{"properties":{"z":{"const":0}},"required":["z"]}},"required":["y"]}},"required":["x"]}"##,
      ##"{"anyOf":[{"type":"integer"},{"type":"null"}]}"##,
      ##"{"anyOf":[{"type":"string","pattern":"^a+$"},{"type":"string","pattern":"^[ab]{2}$"}]}"##,
      ##"{"anyOf":[{"type":"object","properties":{"k":{"const":"a"},"v":{"type":"integer"}},"required":["k","v"]},{"type":"object","properties":{"k":{"const":"b"},"v":{"type":"string","maxLength":2}},"required":["k","v"]}]}"##,
      ##"{"oneOf":[{"type":"integer"},{"type":"string","maxLength":3}]}"##,
      ##"{"oneOf":[{"type":"object","properties":{"kind":{"const":"circle"},"r":{"type":"integer","minimum":1,"maximum":9}},"required":["kind","r"]},{"type":"object","properties":{"kind":{"const":"box"},"w":{"type":"integer","minimum":1,"maximum":9}},"required":["kind","w"]}]}"##,
      ##"{"oneOf":[{"const":1},{"const":2},{"enum":[3,4]}]}"##,
      ##"{"oneOf":[{"anyOf":[{"type":"null"},{"type":"boolean"}]},{"type":"array","items":{"type":"null"},"maxItems":2}]}"##,
      ##"{"$defs":{"a":{"type":"integer","minimum":1,"maximum":3}},"$ref":"#/$defs/a"}"##,
      ##"{"$defs":{"list":{"anyOf":[{"type":"null"},{"type":"object","properties":{"v":{"type":"boolean"},"next":{"$ref":"#/$defs/list"}},"required":["v","next"]}]}},"$ref":"#/$defs/list"}"##,
      ##"{"$defs":{"tree":{"type":"object","properties":{"v":{"type":"integer","minimum":0,"maximum":9},"kids":{"type":"array","items":{"$ref":"#/$defs/tree"},"maxItems":2}},"required":["v"]}},"$ref":"#/$defs/tree"}"##,
      ##"{"$defs":{"nest":{"type":"array","items":{"$ref":"#/$defs/nest"},"maxItems":1}},"$ref":"#/$defs/nest"}"##,
      ##"{"$defs":{"x/y~z":{"const":"slash"}},"$ref":"#/$defs/x~1y~0z"}"##,
      ##"{"$defs":{"even":{"type":"object","properties":{"odd":{"$ref":"#/$defs/odd"}}},"odd":{"type":"object","properties":{"even":{"$ref":"#/$defs/even"}}}},"$ref":"#/$defs/even"}"##,
      ##"{"$defs":{"e":{"anyOf":[{"type":"integer","minimum":0,"maximum":9},{"type":"array","prefixItems":[{"$ref":"#/$defs/e"},{"enum":["+","*"]},{"$ref":"#/$defs/e"}],"minItems":3}]}},"$ref":"#/$defs/e"}"##,
      ##"{"title":"t","description":"d","default":1,"examples":[1],"$schema":"s","$comment":"c","type":"integer","minimum":1,"maximum":2}"##,
      ##"{"type":"array","items":{},"maxItems":2}"##,
      ##"{"type":"object","properties":{"any":true,"n":{"type":"number"}},"required":["any","n"]}"##,
    ]

  /// Regexes in the syntax both of Quire and, `\d \w \s` replaced, of the checker.
  static let regexes: [String] =
    [
      "a", "abc", "a*", "a+", "a?", "(ab)*", "(a|b)*c", "[abc]", "[a-z]{3}", "[^a-z]", "\\d+",
      "\\w{2,5}", "\\s{1,3}", "\\D", "\\W{2}", "\\S{1,4}", ".", ".{3}", ".*x", "(cat|dog|bird)s?",
      "\\d{3}-\\d{4}", "(\\d{1,3}\\.){3}\\d{1,3}", "[A-Z][a-z]*( [A-Z][a-z]*){0,2}",
      "[+-]?\\d+(\\.\\d+)?", "(yes|no|maybe)", "#[0-9a-f]{6}", "\\w+@\\w+\\.(com|org)",
      "\\{\"a\": \\d+\\}", "x{0,3}y{2}", "x{2,}", "(x{2}){3}", "((a|b)(c|d)){1,3}", "(|a|b)c",
      "a(b(c(d(e)?)?)?)?", "[\\d\\s]{4}", "[^\\d]{2}", "[-a]{2}", "[a-]{2}", "[\\]\\[]{2}",
      "[.]{2}",
      "\\.\\*\\+\\?", "\\x41\\x42", "\\u0041\\u00e9", "\\u{1F600}", "é+", "[é-ü]{2}", "[α-ω]+",
      "日本(語)?", "[一-龯]{2}", "😀{2}", "[😀-😎]", "(😀|é|a){3}", "\\n\\t\\r", "[\\n\\t]{2}",
      "^abc$", "^(a|b)$", "^\\d$", "[0-9]{1,20}", "a{1000}", "(ab|a)(bc|c)?", "a*b*c*",
      "(a*b)*", "(a|ab)(c|bcd)", "((((a))))", "(?:a|b){2}", "(?:a(?:b)?)+", "\\$\\d+\\.\\d{2}",
      "[!-~]{5}", "[ -~]{1,10}", "\"[^\"]*\"", "\\([^()]*\\)", "(\\w+ ){2}\\w+", "a.c", "a.*c",
      "(.|\\n){3}", "[^\\n]{1,5}", "\\[(\\d(, \\d)*)?\\]", "(true|false|null)",
      "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)", "([01]\\d|2[0-3]):[0-5]\\d", "(19|20)\\d{2}",
      "[a-f0-9]{8}(-[a-f0-9]{4}){3}", "v\\d+\\.\\d+(\\.\\d+)?(-(alpha|beta))?", "(a+b+)+c",
      "(a?){5}a{5}", "[^a]", "[^é]{2}", "[\\s\\S]{2}", "a{0}b", "a{0,0}b", "(a{2}){0,2}", "a??b",
      "a+?b", "(x|y|z){4,6}", "=+", "/[a-z/]*", "<[a-z]+>[^<]*</[a-z]+>", "Answer: [ABCD]",
      "\\d{1,2} (cm|m|km)",
    ]

  /// What is refused, each with what the message must name.
  static let refusedSchemas: [(schema: String, place: String)] =
    [
      (##"{"type":"integer","multipleOf":2}"##, "/multipleOf"),
      (##"{"type":"number","minimum":1}"##, "/minimum"),
      (##"{"minimum":1}"##, "/minimum"),
      (##"{"type":"integer","exclusiveMinimum":1}"##, "/exclusiveMinimum"),
      (##"{"type":"string","format":"date"}"##, "/format"), (##"{"not":{"type":"null"}}"##, "/not"),
      (##"{"allOf":[{"type":"null"}]}"##, "/allOf"), (##"{"if":{},"then":{}}"##, "/if"),
      (##"{"type":"object","patternProperties":{}}"##, "/patternProperties"),
      (##"{"type":"object","additionalProperties":true}"##, "/additionalProperties"),
      (##"{"type":"object","additionalProperties":{"type":"null"}}"##, "/additionalProperties"),
      (##"{"type":"object","minProperties":1}"##, "/minProperties"),
      (##"{"type":"object","propertyNames":{}}"##, "/propertyNames"),
      (##"{"type":"object","dependentRequired":{}}"##, "/dependentRequired"),
      (##"{"type":"array","uniqueItems":true}"##, "/uniqueItems"),
      (##"{"type":"array","contains":{}}"##, "/contains"),
      (
        ##"{"type":"object","properties":{"a":{"type":"integer","multipleOf":2}}}"##,
        "/properties/a/multipleOf"
      ),
      (##"{"type":"object","properties":{"a/b":{"format":"x"}}}"##, "/properties/a~1b/format"),
      (##"{"type":"array","items":{"format":"x"}}"##, "/items/format"),
      (##"{"type":"array","prefixItems":[{},{"format":"x"}]}"##, "/prefixItems/1/format"),
      (##"{"anyOf":[{"type":"null"},{"format":"x"}]}"##, "/anyOf/1/format"),
      (##"{"$defs":{"a":{"format":"x"}}}"##, "/$defs/a/format"), (##"{"type":"thing"}"##, "/type"),
      (##"{"type":[]}"##, "/type"), (##"{"type":5}"##, "/type"),
      (##"{"type":"object","required":["a"]}"##, "/required/0"),
      (##"{"type":"object","required":"a"}"##, "/required"),
      (##"{"type":"string","minLength":-1}"##, "/minLength"),
      (##"{"type":"string","maxLength":5000}"##, "/maxLength"),
      (##"{"type":"string","minLength":5,"maxLength":4}"##, "/maxLength"),
      (##"{"type":"array","minItems":2,"maxItems":1}"##, "/maxItems"),
      (##"{"type":"array","prefixItems":[{}],"minItems":2}"##, "/minItems"),
      (##"{"type":"integer","minimum":5,"maximum":4}"##, "/minimum"),
      (##"{"type":"integer","minimum":0.5}"##, "/minimum"),
      (##"{"type":"string","pattern":"(?=a)"}"##, "/pattern"),
      (##"{"type":"string","pattern":"a\\b"}"##, "/pattern"),
      (##"{"type":"string","pattern":"^abc$","maxLength":2}"##, "/pattern"),
      (##"{"type":"string","pattern":7}"##, "/pattern"), (##"{"enum":[]}"##, "/enum"),
      (##"{"enum":3}"##, "/enum"),
      (##"{"enum":["a"],"type":"integer"}"##, "/enum"), (##"{"enum":[1],"items":{}}"##, "/items"),
      (##"{"anyOf":[]}"##, "/anyOf"), (##"{"anyOf":[{"type":"null"}],"type":"null"}"##, "/type"),
      (##"{"oneOf":[{"type":"integer"},{"type":"number"}]}"##, "/oneOf/1"),
      (##"{"oneOf":[{"type":"object","properties":{"a":{}}},{"type":"object"}]}"##, "/oneOf/1"),
      (##"{"oneOf":[{"type":"string"},{"const":"a"}]}"##, "/oneOf/1"),
      (##"{"$ref":"#/$defs/a"}"##, "/$ref"), (##"{"$ref":"other.json"}"##, "/$ref"),
      (##"{"$ref":"#"}"##, "/$ref"),
      (##"{"$defs":{"a":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}"##, "/$defs/a"),
      (
        ##"{"$defs":{"a":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/a"}]}},"$ref":"#/$defs/a"}"##,
        "/$defs/a"
      ),
      (
        ##"{"$defs":{"a":{"type":"object","properties":{"x":{"$ref":"#/$defs/a"}},"required":["x"]}},"$ref":"#/$defs/a"}"##,
        "/$defs/a"
      ),
      (##"{"type":"object","properties":{"a":{"$defs":{}}}}"##, "/properties/a/$defs"),
      (##"{"type":"string","items":{}}"##, "/items"), ("false", ""), ("5", ""),
      (##"{"items":[{}]}"##, "/items"),
      (##"{"type":"object","properties":[]}"##, "/properties"),
      (##"{"type":"object","properties":{"a":{},"a":{}}}"##, "/properties/a"),
      (
        ##"{"type":"string","pattern":"^(a|b){0,1000}[ab]{1000}x(a|b){1000}(a|b){1000}(a|.){1000}$"}"##,
        "/pattern"
      ),
    ]

  static let refusedRegexes: [String] =
    [
      "(?=a)", "(?!a)", "(?<=a)b", "(?<name>a)", "(?i)a", "(a)\\1", "\\k<a>", "a^b", "a$b",
      "\\bword",
      "\\Aa", "a\\z", "\\p{L}", "a{1001}", "a{3,2}", "{2}", "a{", "*a", "a**", "a*+", "a++", "(a",
      "a)",
      "[a", "[]", "[z-a]", "[\\d-z]", "[a[b]]", "[a&&b]", "\\", "\\q", "\\x4", "\\u{110000}",
      "\\ud800",
      "^a|b", "a|b$", "(^a)", "[^\\s\\S]", "(a|b)*a(a|b){20}", "(.{0,1000}){0,100}", "\\cA", "\\e",
    ]

  /// A schema from a seed; every one holds.
  static func random(_ seed: UInt64) -> String {
    var stream = SplitMix64(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1)
    return randomSchema(&stream, depth: 0)
  }

  private static func randomSchema(_ stream: inout SplitMix64, depth: Int) -> String {
    let kinds = depth < 3 ? 12 : 8
    switch stream.below(kinds) {
    case 0: return #"{"type":"boolean"}"#
    case 1:
      let low = stream.below(2000) - 1000
      return #"{"type":"integer","minimum":\#(low),"maximum":\#(low + stream.below(5000))}"#
    case 2: return #"{"type":"number"}"#
    case 3:
      let least = stream.below(4)
      return #"{"type":"string","minLength":\#(least),"maxLength":\#(least + stream.below(6))}"#
    case 4:
      let patterns = ["^[a-c]+$", "^\\\\d{2,4}$", "x", "^(é|ü)?z$", "^[^x]{1,3}$"]
      return #"{"type":"string","pattern":"\#(patterns[stream.below(patterns.count)])"}"#
    case 5:
      return #"{"enum":["\#(stream.below(9))","v\#(stream.below(99))",\#(stream.below(9)),null]}"#
    case 6: return #"{"const":\#(stream.below(1000))}"#
    case 7: return #"{"type":["null","integer"],"maximum":\#(stream.below(50))}"#
    case 8, 9:
      let count = 1 + stream.below(4)
      var properties: [String] = []
      var required: [String] = []
      for place in 0..<count {
        let key = "\"k\(place)\""
        properties.append("\(key):\(randomSchema(&stream, depth: depth + 1))")
        if stream.below(2) == 0 { required.append(key) }
      }
      return "{\"type\":\"object\",\"properties\":{\(properties.joined(separator: ","))},"
        + "\"required\":[\(required.joined(separator: ","))],\"additionalProperties\":false}"
    case 10:
      let least = stream.below(3)
      return "{\"type\":\"array\",\"items\":\(randomSchema(&stream, depth: depth + 1)),"
        + "\"minItems\":\(least),\"maxItems\":\(least + stream.below(3))}"
    default:
      return "{\"anyOf\":[\(randomSchema(&stream, depth: depth + 1)),"
        + "\(randomSchema(&stream, depth: depth + 1))]}"
    }
  }

  /// All bytes as tokens, and pieces that cross the borders of what a schema is made of. Id 0 adds
  /// nothing, as special tokens do.
  static func vocabulary() -> [[UInt8]] {
    var tokens: [[UInt8]] = [[]]
    tokens += (0...255).map { [UInt8($0)] }
    let pieces = [
      "{\"", "\":", "\": ", "\",", "\", ", ", \"", "}", "}}", "]}", "[[", "[]", "{}", "\"}", "\"]",
      "null", "true", "false", "tru", "name", "age", "k0", "k1", "\"k", "kind", "circle", "box",
      "12",
      "123", "0.5", "-1", "e1", "E-", "\\u00", "\\n", "\\\"", "\\ud83d", "\\ude0", "abc", "ab",
      "xx",
      "é", "日本", "😀", "  ", " ", "\n", "ing", " the", "cat", "dog", "s", "Mon", "Answer: ", "é\"",
      ",\"", "1,", "2]", "00", "99", "aaaa", "a\"", "x\"}",
    ]
    tokens += pieces.map { Array($0.utf8) }
    tokens += [[0xF0, 0x9F], [0x98, 0x80], [0xC3], [0xA9, 0x22]]
    return tokens
  }
}

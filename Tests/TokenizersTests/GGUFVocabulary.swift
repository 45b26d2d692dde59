// A small reader of the key-values of a GGUF file, enough to fill a vocabulary table in tests.

import Foundation

@testable import Tokenizers

struct GGUFVocabulary {
  private var bytes: [UInt8]
  private var place = 24
  private var values: [String: Value] = [:]

  enum Value {
    case int(Int), float(Double), text([UInt8]), list([Value])
    var int: Int? { if case .int(let value) = self { value } else { nil } }
    var float: Double? { if case .float(let value) = self { value } else { nil } }
    var text: [UInt8]? { if case .text(let value) = self { value } else { nil } }
    var list: [Value]? { if case .list(let value) = self { value } else { nil } }
  }

  init(_ url: URL) throws {
    bytes = Array(try Data(contentsOf: url))
    place = 16
    let count = integer(8)
    for _ in 0..<count {
      let key = String(decoding: string(), as: UTF8.self)
      values[key] = value(integer(4))
    }
  }

  func table(file: String) -> VocabularyTable {
    func list(_ key: String) -> [Value] { values["tokenizer.ggml." + key]?.list ?? [] }
    func int(_ key: String) -> Int? { values["tokenizer.ggml." + key]?.int }
    func flag(_ key: String) -> Bool? { int(key).map { $0 != 0 } }
    func text(_ key: String) -> String? {
      values["tokenizer.ggml." + key]?.text.map { String(decoding: $0, as: UTF8.self) }
    }
    var table = VocabularyTable(
      file: file, model: text("model") ?? "", tokens: list("tokens").compactMap(\.text))
    table.scores = list("scores").compactMap(\.float).map(Float.init)
    table.types = list("token_type").compactMap(\.int)
    table.merges = list("merges").compactMap(\.text)
    table.pre = text("pre")
    table.addsBOS = flag("add_bos_token")
    table.addsEOS = flag("add_eos_token")
    table.addsSpacePrefix = flag("add_space_prefix")
    table.bosID = int("bos_token_id")
    table.eosID = int("eos_token_id")
    table.unknownID = int("unknown_token_id")
    table.padID = int("padding_token_id")
    table.sepID = int("seperator_token_id")
    table.clsID = int("cls_token_id")
    table.maskID = int("mask_token_id")
    table.addsSEP = flag("add_sep_token")
    table.removesExtraBlanks = flag("remove_extra_whitespaces")
    table.charsmap = list("precompiled_charsmap").compactMap(\.int).map {
      UInt8(truncatingIfNeeded: $0)
    }
    return table
  }

  private mutating func integer(_ width: Int) -> Int {
    var value: UInt64 = 0
    for index in 0..<width { value |= UInt64(bytes[place + index]) << UInt64(8 * index) }
    place += width
    return Int(truncatingIfNeeded: value)
  }

  private mutating func string() -> [UInt8] {
    let count = integer(8)
    defer { place += count }
    return Array(bytes[place..<place + count])
  }

  private mutating func value(_ type: Int) -> Value {
    switch type {
    case 0, 1, 7: .int(integer(1))
    case 2, 3: .int(integer(2))
    case 4, 5: .int(integer(4))
    case 10, 11: .int(integer(8))
    case 6: .float(Double(Float(bitPattern: UInt32(integer(4)))))
    case 12: .float(Double(bitPattern: UInt64(bitPattern: Int64(integer(8)))))
    case 8: .text(string())
    default: array()
    }
  }

  private mutating func array() -> Value {
    let type = integer(4)
    let count = integer(8)
    return .list((0..<count).map { _ in value(type) })
  }
}

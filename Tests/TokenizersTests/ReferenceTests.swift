// Ids and text equal to those of Hugging Face tokenizers, for each shape of pipeline.

import Testing

@testable import Tokenizers

@Suite struct ReferenceTests {
  @Test(arguments: fixtureNames)
  func `ids and decoded text equal the reference`(name: String) throws {
    let tokenizer = try Tokenizer.load(json: fixtureBytes(name + ".json"))
    var wrong = 0
    for row in try fixtureCases(name) where wrong < 5 {
      let ids = try tokenizer.encode(row.text, addSpecial: false)
      let all = try tokenizer.encode(row.text)
      let decoded = tokenizer.decode(row.idsWithSpecial)
      let decodedAll = tokenizer.decode(row.idsWithSpecial, skipSpecial: false)
      if ids != row.ids || all != row.idsWithSpecial || !same(decoded, row.decoded)
        || !same(decodedAll, row.decodedWithSpecial)
      {
        wrong += 1
        Issue.record(
          """
          \(name) \(row.text.debugDescription)
            ids \(ids) wanted \(row.ids)
            all \(all) wanted \(row.idsWithSpecial)
            text \(decoded.debugDescription) wanted \(row.decoded.debugDescription)
            text \(decodedAll.debugDescription) wanted \(row.decodedWithSpecial.debugDescription)
          """)
      }
    }
  }

  @Test func `there is a fixture for each pipeline`() {
    #expect(fixtureNames.count >= 30)
  }
}

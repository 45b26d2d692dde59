// One folder of the acceptance script: logits and greedy ids from the .npz beside it.

import Checkpoints
import Foundation
import Models
import Tensors
import Testing

enum TinyModel {
  static func check(_ folder: String, label: String) throws {
    let model: Model
    do {
      model = try Model.load(folder)
    } catch ModelsError.unknownFamily(let name, _, _, _) {
      print("\(label): family \(name) is not there yet")
      return
    }
    let parts = Dictionary(
      try readNPZ(folder + ".npz").map { ($0.name, $0.tensor) }, uniquingKeysWith: { $1 })
    let ids = try #require(parts["ids"]).ints()
    if let hidden = parts["hidden"] {
      let error = largestDifference(try model.hiddenStates(.ids(ids)), hidden)
      print("\(label): largest difference \(error) (hidden rows)")
      #expect(error <= 1e-4, "\(label)")
      return
    }
    let want = try #require(parts["logits"])
    var options = GenerationOptions()
    options.max = 16
    options.ignoreEOS = true
    let error = largestDifference(try model.logits(ids: ids, kernels: .fast), want)
    let greedy = try Generator(model, options).generate(.ids(ids)).ids
    print("\(label): largest difference \(error)")
    #expect(error <= 1e-4, "\(label)")
    #expect(greedy == parts["greedy"]?.ints(), "\(label)")
  }
}

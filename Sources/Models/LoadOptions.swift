// What a caller may ask of loading. Knows no file.

package import Diagnostics
package import Tensors

package struct LoadOptions: Sendable {
  /// The dtype of projections and tables; nil keeps what is stored.
  package var dtype: DType?
  /// One file of the folder.
  package var file: String?
  /// Tokens; nil is the trained length.
  package var context: Int?
  /// A `tokenizer.json` to use instead of the model's own.
  package var tokenizer: String?
  /// A chat template to use instead of the model's own: what errors call it, and its text.
  package var template: (file: String, text: String)?
  /// Keys and values in f32 or f16; nil chooses by weights and kernels.
  package var cacheType: DType?
  /// Bytes that prompts read before may hold; nil is a tenth of the free memory, 1 GiB at most.
  package var prefixBudget: Int?
  /// Loads although tensors are left over.
  package var unusedAllowed: Bool
  /// Repairs what is known to be wrong in published files.
  package var fix = false
  /// Loads although it needs more memory than is free.
  package var force: Bool
  /// Free bytes, as the caller knows them; nil skips the check.
  package var freeMemory: Int?
  package var interrupt: Interrupt?

  package init(
    dtype: DType? = nil, file: String? = nil, context: Int? = nil, tokenizer: String? = nil,
    unusedAllowed: Bool = false, force: Bool = false, freeMemory: Int? = nil,
    interrupt: Interrupt? = nil
  ) {
    self.dtype = dtype
    self.file = file
    self.context = context
    self.tokenizer = tokenizer
    self.unusedAllowed = unusedAllowed
    self.force = force
    self.freeMemory = freeMemory
    self.interrupt = interrupt
  }

  /// The dtypes weights can be held in: plain floats, and the blocks values can be rounded to.
  package static let dtypes: [DType] = [.f32, .f16, .bf16] + DType.quantizable

  /// The dtype that `dtype:` names.
  package static func dtype(named name: String) throws(ModelsError) -> DType {
    guard let dtype = DType(rawValue: name), dtypes.contains(dtype) else { throw .dtype(name) }
    return dtype
  }
}

// The word `tokenizer`: a tokenizer alone, from files or made of bytes.

import Diagnostics
import Files
import Language
import Models
import Tokenizers

extension Session {
  func tokenizerBindings() -> [Builtin] {
    [
      Builtin(
        "tokenizer", group: "models", "a tokenizer alone, without its model",
        [
          Parameter(
            "path", .required, "a model folder, a tokenizer.json, a GGUF file, or \"bytes\"")
        ],
        example: "tokenizer(\"bytes\").encode(\"hi\", add: false) -> [104, 105]",
        details: """
          t.encode(text, add: true, special: true) gives token ids: add puts start and end tokens
          around the text, special lets the text of a special token stand for that token.
          t.decode(ids, special: false) gives the text of ids. t.vocab lists the tokens by id,
          t.special maps the special ones to their ids; t.size, t.bos, t.eos, t.pad, t.unknown.
          "bytes" is the vocabulary of the 256 bytes with <s> and </s>.
          save t, "tokenizer.json" writes it as other software reads it.
          """
      ) { [unowned self] call in
        let written = try call.string("path")
        let path = try resolve(written, for: .reading)
        if written.utf8.elementsEqual("bytes".utf8), !Files.exists(path) {
          return .object(TokenizerObject(try Tokenizer.bytes(), name: "bytes"))
        }
        let tokenizer = try loadTokenizer(path)
        for line in tokenizer.notes { note(line) }
        return .object(TokenizerObject(tokenizer, name: Path.name(of: path)))
      }
    ]
  }
}

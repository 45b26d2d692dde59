// Which errors each word can raise beside those of its arguments' count and kinds: one row a word,
// shown by `help` and the reference page. A test feeds every word odd arguments and holds what it
// raises against this table.

import Diagnostics
import Language

/// The codes a word can raise, those every call can raise first.
func errorCodes(of builtin: Builtin) -> [ErrorCode] {
  var codes: [ErrorCode] = builtin.parameters.isEmpty ? [.arity] : [.arity, .type]
  let own = ownErrors[builtin.name] ?? (builtin.group == "tensors" ? [.shape, .memory] : [])
  for code in own where !codes.contains(code) { codes.append(code) }
  return codes
}

/// Loading, reading and running a model.
private let loading: [ErrorCode] = [
  .value, .file, .format, .model, .tokenizer, .memory, .permission,
]
private let running: [ErrorCode] = [.value, .limit, .memory, .interrupted]
private let training: [ErrorCode] = [
  .value, .data, .model, .numeric, .file, .memory, .permission, .interrupted,
]
private let reading: [ErrorCode] = [.value, .file, .permission]

/// A word that is not here raises none of its own; tensor words raise shape and memory.
let ownErrors: [String: [ErrorCode]] = [
  // Models.
  "chat": running + [.tokenizer, .data], "choose": running, "embed": running + [.model],
  "load": loading + [.data], "logits": running, "prompt": running,
  "pull": [.value, .name, .network, .file, .format, .permission, .interrupted],
  "quantize": [.value, .dtype, .memory, .interrupted], "score": running,
  "template": loading, "tokenizer": loading, "unload": [.model], "models": [.file],
  "verify": running + [.model, .file, .format], "tokens": [.value, .tokenizer],
  // Training.
  "adapters": [], "attach": loading + [.shape, .name], "detach": [.key, .name],
  "dataset": [.value, .data, .file, .format, .permission],
  "finetune": training, "merge": [.value, .model, .memory],
  "preview": [.value, .data, .file, .permission], "resume": training + [.format],
  "train": training, "runs": reading,
  // Looking inside.
  "attention": running + [.index], "layers": [], "trace": running + [.name, .shape, .key],
  "heatmap": [.value, .shape], "histogram": [.value], "plot": [.value, .shape],
  "scatter": [.value, .shape],
  // Tensors beside shape and memory.
  "arange": [.value, .numeric, .memory], "cast": [.dtype, .numeric, .memory],
  "clamp": [.value, .memory],
  "concat": [.value, .shape, .dtype, .memory], "stack": [.value, .shape, .dtype, .memory],
  "dropout": [.value, .memory], "einsum": [.value, .shape, .memory],
  "embedding": [.shape, .index, .dtype, .memory], "expand": [.value, .shape, .memory],
  "eye": [.value, .memory], "full": [.value, .dtype, .numeric, .memory],
  "gather": [.shape, .index, .dtype, .memory], "take": [.shape, .index, .dtype, .memory],
  "grad": [.value, .shape, .dtype], "value_and_grad": [.value, .shape, .dtype],
  "gradcheck": [.value, .shape, .dtype, .numeric], "group_norm": [.value, .shape, .memory],
  "linspace": [.value, .numeric, .memory], "one_hot": [.value, .index, .memory],
  "cross_entropy": [.shape, .index, .value, .dtype, .memory],
  "ones": [.value, .dtype, .memory], "zeros": [.value, .dtype, .memory],
  "rand": [.value, .dtype, .memory], "randn": [.value, .dtype, .memory],
  "tensor": [.value, .shape, .dtype, .numeric, .memory], "topk": [.value, .shape, .memory],
  "transpose": [.value, .shape], "reshape": [.shape], "split": [.value, .shape, .memory],
  "avg_pool2d": [.value, .shape, .memory], "max_pool2d": [.value, .shape, .memory],
  "conv1d": [.value, .shape, .memory], "conv2d": [.value, .shape, .memory],
  "batch_norm": [.value, .shape, .memory], "item": [.shape], "where": [.shape, .dtype, .memory],
  "rope": [.value, .shape, .memory], "attend": [.value, .shape, .memory],
  // Values, lists, text and numbers.
  "all": [.shape], "any": [.shape], "enumerate": [.numeric, .memory], "len": [.numeric, .shape],
  "prod": [.numeric, .shape, .memory], "cumsum": [.numeric, .shape, .memory],
  "matches": [.value, .limit, .interrupted], "insert": [.index], "remove": [.index, .key],
  "reduce": [.value], "zip": [.value, .memory], "lines": [.memory], "join": [.memory],
  "range": [.value], "sorted": [.memory], "equal": [.limit],
  "pad": [.value], "choice": [.value, .memory], "fixed": [.value],
  "float": [.value, .shape], "int": [.value, .shape, .numeric], "bool": [.value],
  "floor": [.numeric, .shape], "ceil": [.numeric, .shape], "round": [.value, .numeric],
  "abs": [.numeric], "sqrt": [.numeric], "log": [.numeric],
  "max": [.value, .shape], "min": [.value, .shape], "sum": [.numeric, .shape],
  "permutation": [.value, .memory], "randint": [.value, .memory], "random": [], "seed": [.value],
  "shuffle": [.value, .memory], "uniform": [.value, .memory], "normal": [.value, .memory],
  // Files and the session.
  "csv": [.data, .memory], "csv_text": [.data], "json": [.data, .memory],
  "json_text": [.data, .limit, .memory],
  "env": [.permission], "exists": reading, "glob": reading + [.interrupted],
  "read": reading + [.encoding], "write": reading, "save": reading + [.model, .dtype, .memory],
  "assert": [.assert], "fail": [.fail], "help": [.name], "history": [.value],
  "reset": [.name], "view": [.name], "input": [],
]

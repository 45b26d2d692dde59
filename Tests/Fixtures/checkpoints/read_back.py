#!/usr/bin/env python3
"""Reads files that Quire wrote (in the folder given) with the reference libraries."""
import sys, os
import numpy as np
import gguf
from safetensors.numpy import load_file
from safetensors import safe_open

folder = sys.argv[1]
at = lambda name: os.path.join(folder, name)

def floats(*shape):
    return (((np.arange(int(np.prod(shape))) * 7) % 13 - 6) / 4).reshape(shape)

tensors = load_file(at("out.safetensors"))
assert np.array_equal(tensors["w"], floats(3, 5).astype(np.float32)), tensors
assert tensors["i"].tolist() == [1, 2, 3]
with safe_open(at("out.safetensors"), "np") as f:
    assert f.metadata()["format"] == "pt", f.metadata()
r = gguf.GGUFReader(at("out.gguf"))
assert bytes(r.fields["general.name"].parts[-1]).decode() == "plain é"
tokens = r.fields["tokenizer.ggml.tokens"]
assert [bytes(tokens.parts[i]).decode() for i in tokens.data] == ["<unk>", "a", "b c"]
for t in r.tensors:
    if t.name == "f32":
        assert np.array_equal(t.data, floats(3, 32).astype(np.float32))
    else:
        kind = gguf.GGMLQuantizationType[t.name.upper()]
        assert t.tensor_type == kind, (t.name, t.tensor_type)
        want = gguf.quants.quantize(floats(4, 64).astype(np.float32), kind)
        assert np.array_equal(t.data, want), t.name
assert {t.name for t in r.tensors} == {"f32", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1"}
assert np.array_equal(np.load(at("out.npy")), floats(2, 3).astype(np.float32))
z = np.load(at("out.npz"))
assert z.files == ["a", "b"] and np.array_equal(z["a"], floats(2, 3).astype(np.float32))
assert z["b"].dtype == np.int64 and z["b"].tolist() == [4, 5]
print("ok")

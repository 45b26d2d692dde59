#!/usr/bin/env python3
"""Makes the small files beside it with the reference libraries (numpy, safetensors, gguf,
and llama_cpp for its C library).

Element i of every tensor is ((7 i) mod 13 - 6) / 4, which every float type holds exactly;
integer tensors hold (7 i) mod 13.
"""
import json, os, sys
import numpy as np
import gguf
from safetensors.numpy import save_file

here = os.path.dirname(os.path.abspath(__file__))
at = lambda name: os.path.join(here, name)

def floats(*shape):
    n = int(np.prod(shape))
    return (((np.arange(n) * 7) % 13 - 6) / 4).reshape(shape)

def ints(*shape):
    return ((np.arange(int(np.prod(shape))) * 7) % 13).reshape(shape)

save_file(
    {
        "b.f32": floats(3, 5).astype(np.float32),
        "a.f64": floats(2, 3).astype(np.float64),
        "c.f16": floats(4).astype(np.float16),
        "d.i64": ints(5).astype(np.int64),
        "e.u8": ints(3).astype(np.uint8),
        "f.bool": (ints(4) % 2).astype(bool),
        "g.scalar": np.array(floats(1)[0], dtype=np.float32),
        "h.empty": np.zeros((0, 4), dtype=np.float32),
        "i.u16": ints(3).astype(np.uint16),
    },
    at("plain.safetensors"), metadata={"format": "pt", "note": "made by safetensors"})

w = gguf.GGUFWriter(at("plain.gguf"), "llama")
w.add_uint32("llama.block_count", 2)
w.add_float32("llama.rope.freq_base", 10000.0)
w.add_bool("tokenizer.ggml.add_bos_token", True)
w.add_string("general.name", "plain é")
w.add_token_list(["<unk>", "a", "b c"])
w.add_token_scores([0.0, -1.0, -2.5])
w.add_token_types([2, 1, 1])
w.add_tensor("f32", floats(3, 32).astype(np.float32))
w.add_tensor("f16", floats(2, 32).astype(np.float16))
q8 = gguf.quants.quantize(floats(4, 64).astype(np.float32), gguf.GGMLQuantizationType.Q8_0)
w.add_tensor("q8", q8, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
q4 = gguf.quants.quantize(floats(2, 32).astype(np.float32), gguf.GGMLQuantizationType.Q4_0)
w.add_tensor("q4", q4, raw_dtype=gguf.GGMLQuantizationType.Q4_0)
bf = gguf.quants.quantize(floats(2, 3).astype(np.float32), gguf.GGMLQuantizationType.BF16)
w.add_tensor("bf16", bf, raw_dtype=gguf.GGMLQuantizationType.BF16)
w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()

# One tensor of every block format that computes, quantised by llama.cpp's own C code.
import ctypes, glob, site
library = next(p for root in site.getsitepackages()
               for p in glob.glob(os.path.join(root, "llama_cpp", "lib", "libggml-base.so")))
ggml = ctypes.CDLL(library)
w = gguf.GGUFWriter(at("blocks.gguf"), "llama")
for name in ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]:
    kind = gguf.GGMLQuantizationType[name]
    values, size = gguf.GGML_QUANT_SIZES[kind]
    x = floats(2, 256).astype(np.float32)
    blocks = np.zeros((2, 256 // values * size), np.uint8)
    getattr(ggml, f"quantize_row_{name[:3].lower() + name[3:]}_ref")(
        ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(blocks.ctypes.data), ctypes.c_int64(x.size))
    w.add_tensor(name, blocks, raw_dtype=kind)
w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()

np.save(at("c.npy"), floats(2, 3).astype(np.float32))
np.save(at("fortran.npy"), np.asfortranarray(floats(2, 3, 4).astype(np.float64)))
np.save(at("swapped.npy"), ints(4).astype(">i4"))
np.save(at("scalar.npy"), np.array(2.5))
np.savez(at("two.npz"), a=floats(2, 3).astype(np.float32), b=ints(4))
np.savez_compressed(at("packed.npz"), a=floats(64).astype(np.float32))

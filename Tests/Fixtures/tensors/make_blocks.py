"""Makes blocks.json: what llama.cpp's own C code reads from and writes into quantised blocks.

The reference is the library that llama-cpp-python carries (libggml-base: quantize_row_*_ref and
dequantize_row_*). The gguf package's NumPy code is asked too. It reads every block to the same
bits, and writes the same bytes but for what is printed: blocks with NaN, where C skips NaN (Q4, Q5)
or starts its maximum again (Q8_0) and NumPy spreads it; blocks of one infinity in Q4_1 and Q5_1, where
C starts from the largest finite numbers; and blocks of -0 in Q4_0 and Q5_0, whose scale has another
sign. The C bytes are kept.
"""

import base64
import ctypes
import glob
import json
import os
import site

import gguf
import numpy as np
from gguf.constants import GGMLQuantizationType as Type

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARY = next(
    path for root in site.getsitepackages()
    for path in glob.glob(os.path.join(root, "llama_cpp", "lib", "libggml-base.so")))
C = ctypes.CDLL(LIBRARY)

# name: values and bytes of a block, where its f16 fields stand.
FORMATS = {
    "q8_0": (32, 34, [0]), "q4_0": (32, 18, [0]), "q4_1": (32, 20, [0, 2]), "q5_0": (32, 22, [0]),
    "q5_1": (32, 24, [0, 2]), "q2_K": (256, 84, [80, 82]), "q3_K": (256, 110, [108]),
    "q4_K": (256, 144, [0, 2]), "q5_K": (256, 176, [0, 2]), "q6_K": (256, 210, [208]),
}
WRITTEN = ["q8_0", "q4_0", "q4_1", "q5_0", "q5_1"]


def call(name, source, target, count):
    getattr(C, name)(
        ctypes.c_void_p(source.ctypes.data), ctypes.c_void_p(target.ctypes.data),
        ctypes.c_int64(count))
    return target


def write(name, x):
    values, size, _ = FORMATS[name]
    return call(f"quantize_row_{name}_ref", x, np.zeros(x.size // values * size, np.uint8), x.size)


def read(name, blocks):
    values, size, _ = FORMATS[name]
    count = blocks.size // size * values
    return call(f"dequantize_row_{name}", blocks, np.zeros(count, np.float32), count)


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def blocks_of(name, rng):
    """Genuine blocks, then random quants under every kind of scale."""
    values, size, halves = FORMATS[name]
    genuine = write(name, rng.standard_normal(2 * values).astype(np.float32)).reshape(-1, size)
    scales = [0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x2E66, 0xB123, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00,
              0x7E00]
    made = rng.integers(0, 256, (len(scales), size), dtype=np.uint8)
    for row, scale in enumerate(scales):
        for place, at in enumerate(halves):
            half = scale if place == 0 else scales[(row * 5 + 3) % 9]
            made[row, at], made[row, at + 1] = half & 255, half >> 8
    flat = np.zeros((3, size), np.uint8)  # all zero; all ones bits; all ones under a plain scale
    flat[1:] = 255
    for at in halves:
        flat[2, at], flat[2, at + 1] = 0, 0x3C
    return np.concatenate([genuine, made, flat]).reshape(-1)


def values_to_write(rng):
    inf, nan, top = np.inf, np.nan, np.finfo(np.float32).max
    rows = [rng.standard_normal(32) * s for s in (1, 1, 0.02, 1e-6, 1e-20, 1e20, 3e37)]
    rows += [rng.standard_normal(32) * s for s in (1e-38, 1e-39, 1e-42, 3e-44, 1e7, 8.3e6)]
    rows += [np.zeros(32), np.full(32, -0.0), np.full(32, 0.7), np.full(32, -3.3), np.full(32, 1e-45)]
    rows += [np.append(127.0, np.arange(31) - 15.5), np.append(-127.0, np.arange(31) * 4 - 60.5)]
    rows += [np.append(-8.0, np.arange(31) / 2 - 7.5), np.append(16.0, 8 - np.arange(31) / 2)]
    rows += [np.append(0.0, np.arange(1, 32) / 2), np.append([0.0, 31.0], np.arange(30) + 0.5)]
    rows += [np.append([-5.0, 5.0], rng.standard_normal(30)), np.append([5.0, -5.0], np.ones(30))]
    rows += [np.append([top, -top], rng.standard_normal(30)), np.append(65504.0 * 127, np.ones(31))]
    rows += [np.append(np.zeros(31), 1.0), np.append(1.0, np.zeros(31)), np.arange(32) / 31]
    rows += [np.append(rng.standard_normal(31), special) for special in (inf, -inf, nan)]
    rows += [np.append([inf, -inf, nan], np.arange(29)), np.full(32, nan), np.full(32, inf), np.full(32, -inf)]
    rows += [np.concatenate([[1000.0, nan], np.ones(30)])]
    return np.array(rows).astype(np.float32).reshape(-1)


def main():
    rng = np.random.default_rng(32)
    result = {"read": {}, "write": {}}
    for name in FORMATS:
        blocks = blocks_of(name, rng)
        floats = read(name, blocks)
        result["read"][name.lower()] = {"blocks": text(blocks), "floats": text(floats)}
        other = gguf.quants.dequantize(blocks.reshape(-1, FORMATS[name][1]), Type[name.upper()])
        same = (floats.view(np.uint32) == other.reshape(-1).view(np.uint32)) | np.isnan(floats)
        assert same.all() and (np.isnan(other.reshape(-1)) == np.isnan(floats)).all(), name
    values = values_to_write(rng)
    result["values"] = text(values)
    for name in WRITTEN:
        blocks = write(name, values)
        result["write"][name] = text(blocks)
        other = gguf.quants.quantize(values.reshape(-1, 32), Type[name.upper()]).reshape(-1)
        rows = np.unique(np.nonzero(blocks != other)[0] // FORMATS[name][1])
        print(name, "gguf differs in blocks", [(int(r), str(values[32 * r + 31])) for r in rows])
    with open(os.path.join(HERE, "blocks.json"), "w") as file:
        json.dump(result, file, indent=0)
        file.write("\n")


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()

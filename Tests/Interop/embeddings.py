#!/usr/bin/env python3
"""Vectors of a sentence model by transformers, to hold Quire's against.

    python3 embeddings.py MODEL OUT
    QUIRE_SENTENCE_MODEL=MODEL QUIRE_SENTENCE_REFERENCE=OUT swift test -c release --filter EncoderTests

MODEL is a folder as sentence-transformers saves it (mean pooling, normalised). OUT gets texts.json (texts and their ids)
and vectors.npy [texts, width], by f32. How fast both are is for Tests/Benchmarks (peer.py embed) and quire bench embed.

Needs: numpy, torch, transformers.
"""
import json, os, sys
import numpy as np, torch
from transformers import AutoModel, AutoTokenizer

TEXTS = ["A cat sits on the mat.", "The quick brown fox jumps over the lazy dog, twice, naïvely.",
         "Ünïcode tèst 123 — émigré's “quotes”", "stock markets fell sharply on Tuesday", " ", "日本語のテキスト mixed in"]

def vectors(model, inputs):
    with torch.no_grad():
        rows = model(**inputs).last_hidden_state
    kept = inputs["attention_mask"][..., None].float()
    return torch.nn.functional.normalize((rows * kept).sum(1) / kept.sum(1).clamp(min=1e-9), dim=1)

if __name__ == "__main__":
    folder, out = sys.argv[1:3]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    os.makedirs(out, exist_ok=True)
    ids = [tokenizer(text)["input_ids"] for text in TEXTS]
    np.save(os.path.join(out, "vectors.npy"), vectors(model, tokenizer(TEXTS, padding=True, return_tensors="pt")).numpy())
    json.dump(dict(texts=TEXTS, ids=ids), open(os.path.join(out, "texts.json"), "w"))
    print(f"{len(TEXTS)} texts")

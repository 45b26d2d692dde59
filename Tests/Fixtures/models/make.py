#!/usr/bin/env python3
"""Makes the goldens of this folder with transformers: logits and greedy ids of tiny models.

    python3 make.py            # torch 2.13, transformers 5.17, numpy

Weights are a formula of name and index (fill below; ModelsTests/Support.swift has its twin), so a
golden is only `<variant>.json` (config, tensor names and shapes as saved, ids, greedy ids) and
`<variant>.npy` (logits [positions, vocabulary]).
"""
import json, os, sys, warnings
warnings.filterwarnings("ignore")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
import numpy as np, torch
import transformers as T

HERE = os.path.dirname(os.path.abspath(__file__))
POSITIONS = 33
BASE = dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=128, bos_token_id=1, eos_token_id=2, pad_token_id=0)

def base(**k):
    return {**BASE, **k}

def rope(kind, **k):
    return dict(rope_parameters=dict(rope_type=kind, rope_theta=k.pop("theta", 10000.0), **k))

VARIANTS = {
    "llama": lambda: T.LlamaConfig(**base()),
    "llama-biases": lambda: T.LlamaConfig(**base(attention_bias=True, mlp_bias=True, tie_word_embeddings=True)),
    "llama-head-dim": lambda: T.LlamaConfig(**base(head_dim=12, num_key_value_heads=4)),
    "llama-linear": lambda: T.LlamaConfig(**base(**rope("linear", factor=4.0))),
    "llama-dynamic": lambda: T.LlamaConfig(**base(max_position_embeddings=16, **rope("dynamic", factor=2.0))),
    "llama-llama3": lambda: T.LlamaConfig(**base(**rope("llama3", theta=500000.0, factor=8.0, low_freq_factor=1.0,
                        high_freq_factor=4.0, original_max_position_embeddings=32))),
    "llama-yarn": lambda: T.LlamaConfig(**base(**rope("yarn", factor=4.0, original_max_position_embeddings=32))),
    "llama-yarn-open": lambda: T.LlamaConfig(**base(**rope("yarn", factor=8.0, original_max_position_embeddings=16,
                        truncate=False, attention_factor=1.1))),
    "llama-longrope": lambda: T.LlamaConfig(**base(**rope("longrope", factor=4.0, original_max_position_embeddings=32,
                        short_factor=[1.0, 1.1, 1.2, 1.3], long_factor=[1.5, 2.0, 3.0, 4.0]))),
    "mistral": lambda: T.MistralConfig(**base(sliding_window=8, head_dim=12)),
    "qwen2": lambda: T.Qwen2Config(**base()),
    "qwen2-window": lambda: T.Qwen2Config(**base(use_sliding_window=True, sliding_window=8, max_window_layers=1)),
    "qwen3": lambda: T.Qwen3Config(**base(head_dim=16, tie_word_embeddings=True)),
    "gpt2": lambda: T.GPT2Config(vocab_size=64, n_positions=64, n_embd=32, n_layer=2, n_head=4, bos_token_id=1,
                        eos_token_id=2),
}

def fill(name, shape):
    """Top 7 bits of SplitMix64's finalizer of FNV-1a(name) + (i+1)·golden, as small exact numbers."""
    h = 0xCBF29CE484222325
    for b in name.encode():
        h = ((h ^ b) * 0x100000001B3) & (2**64 - 1)
    with np.errstate(over="ignore"):
        x = np.uint64(h) + np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        b = ((x ^ (x >> np.uint64(31))) >> np.uint64(57)).astype(np.float32) - 64
    if len(shape) > 1:
        x = b / 64 / 4
    elif name.endswith("bias"):
        x = b / 256
    else:
        x = 1 + b / 128
    return x.reshape(shape).astype(np.float32)

def saved_tensors(model):
    from safetensors import safe_open
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        with open(os.path.join(folder, "config.json")) as f:
            config = json.load(f)
        with safe_open(os.path.join(folder, "model.safetensors"), "pt") as f:
            return config, {k: list(f.get_slice(k).get_shape()) for k in f.keys()}

def make(variant):
    config = VARIANTS[variant]()
    config._attn_implementation = "eager"
    model = T.AutoModelForCausalLM.from_config(config).eval().float()
    for name, p in model.named_parameters():
        p.data.copy_(torch.from_numpy(fill(name, tuple(p.shape))))
    written, shapes = saved_tensors(model)
    ids = [1] + [3 + (7 * i * i + 11 * i) % 61 for i in range(POSITIONS - 1)]
    grown = torch.tensor([ids])
    with torch.no_grad():
        logits = model(input_ids=grown).logits[0].numpy()
        for _ in range(12):
            grown = torch.cat([grown, model(input_ids=grown).logits[:, -1:].argmax(-1)], 1)
    assert 0.3 < logits.std() < 20, (variant, logits.std())
    json.dump(dict(config=written, tensors=shapes, ids=ids, greedy=grown[0, POSITIONS:].tolist()),
              open(os.path.join(HERE, variant + ".json"), "w"), indent=1)
    np.save(os.path.join(HERE, variant + ".npy"), logits)
    print(f"{variant}: std {logits.std():.2f}")

if __name__ == "__main__":
    for variant in sys.argv[1:] or VARIANTS:
        make(variant)

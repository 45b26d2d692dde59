#!/usr/bin/env python3
"""Makes the goldens of this folder with transformers: logits and greedy ids of tiny models.

    python3 make.py            # torch 2.13, transformers 5.17, numpy

Weights are a formula of name and index (fill below; ModelsTests/Support.swift has its twin), so a
golden is only `<variant>.json` (config, tensor names and shapes as saved, ids, greedy ids) and
`<variant>.npy` (logits [positions, vocabulary], of encoders the hidden rows).
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

def longrope(original):
    return base(original_max_position_embeddings=original, rope_parameters=dict(
        rope_type="longrope", rope_theta=10000.0, partial_rotary_factor=0.75, short_factor=[1.0, 1.1, 1.3],
        long_factor=[1.5, 2.0, 4.0]), hidden_size=32, num_attention_heads=4)

def neox(**k):
    return {n: v for n, v in base(**k).items() if n != "num_key_value_heads"}

def encoder(**k):
    kept = {n: v for n, v in BASE.items() if n not in ("num_key_value_heads", "bos_token_id", "eos_token_id")}
    return {**kept, **k}

PLUS_ONE = {"gemma", "gemma2", "gemma3"}
ENCODERS = {"bert", "roberta", "xlm-roberta"}

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
    "gemma": lambda: T.GemmaConfig(**base(head_dim=12)),
    # Scores near the cap: a small scale of queries would hide it.
    "gemma2": lambda: T.Gemma2Config(**base(head_dim=12, query_pre_attn_scalar=2, sliding_window=8, num_hidden_layers=3,
                        attn_logit_softcapping=5.0, final_logit_softcapping=8.0)),
    "gemma3": lambda: T.Gemma3TextConfig(**base(head_dim=12, query_pre_attn_scalar=12, sliding_window=8,
                        num_hidden_layers=6, rope_parameters=dict(
                            full_attention=dict(rope_type="linear", factor=4.0, rope_theta=1e6),
                            sliding_attention=dict(rope_type="default", rope_theta=1e4)))),
    "phi3": lambda: T.Phi3Config(**base()),
    "phi3-window": lambda: T.Phi3Config(**base(sliding_window=8, **rope("default", partial_rotary_factor=0.5))),
    "phi3-short": lambda: T.Phi3Config(**longrope(64)),
    "phi3-long": lambda: T.Phi3Config(**longrope(16)),
    # 33 positions are read with the short factors; the text passes 40 while it grows.
    "phi3-crossing": lambda: T.Phi3Config(**longrope(40)),
    "smollm3": lambda: T.SmolLM3Config(**base(num_hidden_layers=5, tie_word_embeddings=False)),
    "smollm3-mask": lambda: T.SmolLM3Config(**base(no_rope_layers=[0, 1], rope_parameters=dict(rope_type="default",
                        rope_theta=5000.0))),
    "olmo2": lambda: T.Olmo2Config(**base()),
    "granite": lambda: T.GraniteConfig(**base(embedding_multiplier=6.0, residual_multiplier=0.3,
                        attention_multiplier=0.2, logits_scaling=1.5, tie_word_embeddings=True)),
    "gpt-neox": lambda: T.GPTNeoXConfig(**neox()),
    "gpt-neox-sequential": lambda: T.GPTNeoXConfig(**neox(use_parallel_residual=False, rope_parameters=dict(
                        rope_type="default", rope_theta=10000.0, partial_rotary_factor=1.0))),
    "bert": lambda: T.BertConfig(**encoder()),
    "roberta": lambda: T.RobertaConfig(**encoder(max_position_embeddings=64, pad_token_id=3, type_vocab_size=1)),
    "xlm-roberta": lambda: T.XLMRobertaConfig(**encoder(max_position_embeddings=66, pad_token_id=1, type_vocab_size=1)),
    "gpt2": lambda: T.GPT2Config(vocab_size=64, n_positions=64, n_embd=32, n_layer=2, n_head=4, bos_token_id=1,
                        eos_token_id=2),
}

def fill(name, shape, plus_one=False):
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
        # Gains 1 + w are stored as w.
        x = b / 128 if plus_one else 1 + b / 128
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
    kind = T.AutoModel if variant in ENCODERS else T.AutoModelForCausalLM
    model = kind.from_config(config).eval().float()
    for name, p in model.named_parameters():
        # The formula takes the names of the file.
        saved = name.replace("lm_head", "embed_out") if variant.startswith("gpt-neox") else name
        p.data.copy_(torch.from_numpy(fill(saved, tuple(p.shape), variant in PLUS_ONE)))
    written, shapes = saved_tensors(model)
    ids = [1] + [3 + (7 * i * i + 11 * i) % 61 for i in range(POSITIONS - 1)]
    grown = torch.tensor([ids])
    with torch.no_grad():
        if variant in ENCODERS:
            logits = model(input_ids=grown).last_hidden_state[0].numpy()
        else:
            logits = model(input_ids=grown).logits[0].numpy()
        for _ in range(0 if variant in ENCODERS else 12):
            grown = torch.cat([grown, model(input_ids=grown).logits[:, -1:].argmax(-1)], 1)
    assert 0.3 < logits.std() < 20, (variant, logits.std())
    json.dump(dict(config=written, tensors=shapes, ids=ids, greedy=grown[0, POSITIONS:].tolist()),
              open(os.path.join(HERE, variant + ".json"), "w"), indent=1)
    np.save(os.path.join(HERE, variant + ".npy"), logits)
    print(f"{variant}: std {logits.std():.2f}")

if __name__ == "__main__":
    for variant in sys.argv[1:] or VARIANTS:
        make(variant)

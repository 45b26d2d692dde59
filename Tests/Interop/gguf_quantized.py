#!/usr/bin/env python3
"""Quantises GGUF models of every family with llama.cpp's own quantiser and holds Quire against two peers on them.

    PYTHONPATH=… python3 gguf_quantized.py OUT [--quire .build/release/quire] [--seed 31] [--width 256]
                                           [--only gemma2,phi3] [--types Q8_0,Q4_K_M]

Makes a random tiny model of each family in OUT (kept for the next run), writes it as F32 GGUF by gguf_families.py and
quantises that. For each file:

- exact: Quire in exact mode against transformers that was given the values of the blocks, as the gguf package reads
  them. What llama.cpp computes differs, since it rounds activations too; so this is the strict check: 1e-4.
- fast and llama.cpp: the same reference against Quire's fast kernels and llama.cpp. Quire passes where its error is at most
  twice that of llama.cpp, or a fiftieth of the values' spread.

A width that is no multiple of 256 makes the quantiser fall back to blocks of 32, or to F16: then a file holds a mixture.
A line a family and type; exit 0 if all pass.

Needs: gguf, numpy, safetensors, torch, transformers, llama_cpp.
"""
import argparse, ctypes, json, os, shutil, sys, tempfile, warnings
warnings.filterwarnings("ignore")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
import gguf, llama_cpp, numpy as np, torch
import transformers as T
from safetensors.numpy import load_file, save_file
from gguf_families import FAMILIES, by_llama_cpp, by_quire, convert, renamed

QUIET = llama_cpp.llama_log_callback(lambda *_: None)
V = 384
CONFIGS = {
    "llama": (T.LlamaConfig, {}), "mistral": (T.MistralConfig, dict(sliding_window=None)),
    "qwen2": (T.Qwen2Config, dict(tie_word_embeddings=True)), "qwen3": (T.Qwen3Config, dict(head_dim=64)),
    "gemma": (T.GemmaConfig, {}), "gemma2": (T.Gemma2Config, dict(sliding_window=16)),
    "gemma3": (T.Gemma3TextConfig, dict(sliding_window=16, num_hidden_layers=7)), "phi3": (T.Phi3Config, {}),
    "smollm3": (T.SmolLM3Config, dict(num_hidden_layers=5)), "olmo2": (T.Olmo2Config, {}),
    "granite": (T.GraniteConfig, dict(embedding_multiplier=6.0, residual_multiplier=0.3, attention_multiplier=0.2,
                                      logits_scaling=4.0)),
    "gpt2": (T.GPT2Config, {}), "gpt_neox": (T.GPTNeoXConfig, {}), "bert": (T.BertConfig, {}),
}
TYPES = {"Q8_0": 7, "Q4_0": 2, "Q4_1": 3, "Q5_0": 8, "Q5_1": 9, "Q4_K_M": 15, "Q4_K_S": 14, "Q5_K_M": 17, "Q6_K": 18,
         "Q3_K_M": 12, "Q2_K": 10}

def configured(family, width):
    make, more = CONFIGS[family]
    size = width // 4
    if family == "gpt2":
        return make(vocab_size=V, n_positions=256, n_embd=width, n_layer=2, n_head=4, bos_token_id=1, eos_token_id=2)
    k = dict(vocab_size=V, hidden_size=width, intermediate_size=2 * width, num_hidden_layers=2, num_attention_heads=4,
             max_position_embeddings=256)
    if family not in ("gpt_neox", "bert"):
        k.update(num_key_value_heads=2, bos_token_id=1, eos_token_id=2, pad_token_id=0)
    if family.startswith("gemma"): k.update(head_dim=size)
    if family in ("gemma2", "gemma3"): k.update(query_pre_attn_scalar=size)
    return make(**{**k, **more})

def model_of(config, folder=None):
    kind = T.AutoModel if config.model_type == "bert" else T.AutoModelForCausalLM
    config._attn_implementation = "eager"
    model = kind.from_pretrained(folder, attn_implementation="eager") if folder else kind.from_config(config)
    return model.eval().float()

def run(model, ids):
    with torch.no_grad():
        done = model(input_ids=torch.tensor(ids)[None])
    return (done.last_hidden_state if model.config.model_type == "bert" else done.logits)[0].numpy()

def make(family, folder, width, seed):
    """A model in which every parameter is random; ids and its rows beside it."""
    config = configured(family, width)
    torch.manual_seed(seed)
    model = model_of(config)
    g = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        x = torch.randn(p.shape, generator=g)
        p.data.copy_(1 + 0.2 * x if p.ndim == 1 and "bias" not in name else x * (0.96 / width ** 0.5))
    model.save_pretrained(folder)
    ids = torch.randint(3, V, (40,), generator=torch.Generator().manual_seed(seed + 1)).tolist()
    np.savez(folder + ".npz", ids=np.array(ids), **{"hidden" if family == "bert" else "logits": run(model, ids)})

def restored(x, part, config, steps):
    """What gguf_families.transformed did to a matrix, undone."""
    heads = config.get("num_attention_heads") or config.get("n_head")
    shared = config.get("num_key_value_heads") or heads
    if "permute" in steps and part.endswith(("q_proj", "k_proj")):
        n = heads if part.endswith("q_proj") else shared
        x = x.reshape(n, x.shape[0] // n // 2, 2, -1).swapaxes(1, 2).reshape(x.shape)
    if "regroup" in steps and part == "attention.query_key_value":
        x = np.moveaxis(x.reshape(3, heads, x.shape[0] // heads // 3, -1), 0, 1).reshape(x.shape)
    if "transpose" in steps and part.startswith(("attn.", "mlp.")): x = x.T
    return np.ascontiguousarray(x)

def dequantised(folder, path):
    """The model of a folder with the values of a quantised file, and the names of the types in it."""
    config = json.load(open(os.path.join(folder, "config.json")))
    family = FAMILIES[config["model_type"]]
    tensors = {t.name: t for t in gguf.GGUFReader(path).tensors}
    saved, types, done = load_file(os.path.join(folder, "model.safetensors")), set(), set()
    for name in saved:
        gguf_name, part = renamed(name, family)
        t = tensors.get(gguf_name)
        if t is None or t.tensor_type == gguf.GGMLQuantizationType.F32: continue
        x = gguf.quants.dequantize(t.data, t.tensor_type).reshape([int(n) for n in reversed(t.shape)])
        saved[name] = restored(x.astype(np.float32), part, config, family[4])
        types.add(t.tensor_type.name); done.add(gguf_name)
    left = [n for n, t in tensors.items() if n not in done and t.tensor_type != gguf.GGMLQuantizationType.F32]
    if left: raise RuntimeError(f"no place for {left[:3]}")
    with tempfile.TemporaryDirectory() as tmp:
        shutil.copy(os.path.join(folder, "config.json"), tmp)
        save_file(saved, os.path.join(tmp, "model.safetensors"), metadata={"format": "pt"})
        return model_of(T.AutoConfig.from_pretrained(folder), tmp), "+".join(sorted(types))

def check(quire, folder, source, path, kind):
    p = llama_cpp.llama_model_quantize_default_params()
    p.ftype, p.nthread = TYPES[kind], 1
    if llama_cpp.llama_model_quantize(source.encode(), path.encode(), ctypes.byref(p)):
        raise RuntimeError("llama.cpp does not quantise it")
    want = np.load(folder + ".npz")
    model, types = dequantised(folder, path)
    rows = run(model, want["ids"].tolist())
    error = lambda x: float(np.abs(x - rows).max())
    exact, fast = (error(by_quire(quire, path, want, kernels=k)) for k in ("exact", "fast"))
    try: peer = error(by_llama_cpp(path, want))
    except Exception as e: peer = float("nan"); print("   llama.cpp:", e)
    ok = exact <= 1e-4 and fast <= max(2 * peer, rows.std() / 50)
    print(f"{'ok  ' if ok else 'FAIL'} {os.path.basename(path)[:-5]} ({types}): exact {exact:.1e}, fast {fast:.1e}, "
          f"llama.cpp {peer:.1e}", flush=True)
    return ok, exact

if __name__ == "__main__":
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("out"); a.add_argument("--quire", default=".build/release/quire")
    a.add_argument("--seed", type=int, default=31); a.add_argument("--width", type=int, default=256)
    a.add_argument("--only", default=""); a.add_argument("--types", default="")
    a = a.parse_args()
    llama_cpp.llama_log_set(QUIET, ctypes.c_void_p(0))
    os.makedirs(a.out, exist_ok=True)
    good = done = 0
    worst = 0.0
    for family in a.only.split(",") if a.only else CONFIGS:
        folder = os.path.join(a.out, f"{family}-{a.width}-{a.seed}")
        if not os.path.exists(folder + ".npz"): make(family, folder, a.width, a.seed)
        convert(folder, folder + ".gguf")
        for kind in a.types.split(",") if a.types else TYPES:
            done += 1
            try:
                ok, exact = check(a.quire, folder, folder + ".gguf", f"{folder}-{kind}.gguf", kind)
                good += ok; worst = max(worst, exact)
            except Exception as e:
                print(f"FAIL {family} {kind}: {type(e).__name__}: {e}", flush=True)
    print(f"{good} of {done} files pass; the worst exact error is {worst:.1e}")
    sys.exit(good != done)

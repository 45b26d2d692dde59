#!/usr/bin/env python3
"""Writes model folders as GGUF with the gguf package, and holds Quire and llama.cpp against transformers on them.

    python3 gguf_families.py FOLDER [--quire .build/release/quire] [--only gemma2,phi3] [--out OUT]

FOLDER holds <family>/ (a model folder) beside <family>.npz (ids, and logits or hidden rows), as a script that runs
transformers made them. Each family is written as OUT/<family>.gguf in F32, with the names and row orders of that format,
by the table below, which shares nothing with the family files of Quire. GGUF has no place for Gemma's scale of queries:
where it is not that of the head size, both readers differ from transformers, and not from each other. Then Quire reads it, and llama.cpp where the
llama_cpp package is there. A line a family: the largest differences from transformers. Exit 0 if Quire's are within 1e-4.

Needs: gguf, numpy, safetensors; llama_cpp for the second opinion.
"""
import argparse, json, os, subprocess, sys, tempfile
import numpy as np
import gguf
from safetensors.numpy import load_file

LLAMA = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
LAYER = {"input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
         "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
         "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm"}
SANDWICH = {**LAYER, "post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
            "post_feedforward_layernorm": "post_ffw_norm"}
PHI3 = {**LAYER, "self_attn.qkv_proj": "attn_qkv", "mlp.gate_up_proj": "ffn_up"}
NEOX = {"input_layernorm": "attn_norm", "attention.query_key_value": "attn_qkv", "attention.dense": "attn_output",
        "post_attention_layernorm": "ffn_norm", "mlp.dense_h_to_4h": "ffn_up", "mlp.dense_4h_to_h": "ffn_down"}
BERT = {"attention.self.query": "attn_q", "attention.self.key": "attn_k", "attention.self.value": "attn_v",
        "attention.output.dense": "attn_output", "attention.output.LayerNorm": "attn_output_norm",
        "intermediate.dense": "ffn_up", "output.dense": "ffn_down", "output.LayerNorm": "layer_output_norm"}
GPT2 = {"ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_2": "ffn_norm",
        "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down"}

# model_type: architecture, prefix of the layers, names inside a layer, names outside, what is done to values.
FAMILIES = {
    "llama": ("llama", "model.layers.", LAYER, LLAMA, {"permute"}),
    "mistral": ("llama", "model.layers.", LAYER, LLAMA, {"permute"}),
    "qwen2": ("qwen2", "model.layers.", LAYER, LLAMA, set()),
    "qwen3": ("qwen3", "model.layers.", LAYER, LLAMA, set()),
    "gemma": ("gemma", "model.layers.", LAYER, LLAMA, {"plus one"}),
    "gemma2": ("gemma2", "model.layers.", SANDWICH, LLAMA, {"plus one"}),
    "gemma3_text": ("gemma3", "model.layers.", SANDWICH, LLAMA, {"plus one"}),
    "phi3": ("phi3", "model.layers.", PHI3, LLAMA, set()),
    "smollm3": ("smollm3", "model.layers.", LAYER, LLAMA, {"permute"}),
    "olmo2": ("olmo2", "model.layers.", SANDWICH, LLAMA, set()),
    "granite": ("granite", "model.layers.", LAYER, LLAMA, {"permute"}),
    "gpt_neox": ("gptneox", "gpt_neox.layers.", NEOX, {"gpt_neox.embed_in": "token_embd", "embed_out": "output",
                 "gpt_neox.final_layer_norm": "output_norm"}, {"regroup"}),
    "gpt2": ("gpt2", "transformer.h.", GPT2, {"transformer.wte": "token_embd", "transformer.wpe": "position_embd",
             "transformer.ln_f": "output_norm", "lm_head": "output"}, {"transpose"}),
    "bert": ("bert", "encoder.layer.", BERT, {"embeddings.word_embeddings": "token_embd",
             "embeddings.token_type_embeddings": "token_types", "embeddings.position_embeddings": "position_embd",
             "embeddings.LayerNorm": "token_embd_norm"}, set()),
}

def renamed(name, family):
    """The GGUF name and the module's own name; None for what GGUF leaves out."""
    _, prefix, inside, outside, _ = family
    module, ending = name.rsplit(".", 1)
    if module in outside:
        return f"{outside[module]}.{ending}", module
    if name.startswith(prefix):
        layer, part = module[len(prefix):].split(".", 1)
        if part in inside:
            return f"blk.{layer}.{inside[part]}.{ending}", part
    return None, None

def transformed(x, part, gguf_name, config, steps):
    heads = config.get("num_attention_heads") or config.get("n_head")
    shared = config.get("num_key_value_heads") or heads
    if "permute" in steps and part.endswith(("q_proj", "k_proj")):
        n = heads if part.endswith("q_proj") else shared
        x = x.reshape(n, 2, x.shape[0] // n // 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)
    if "plus one" in steps and gguf_name.endswith("norm.weight"):
        x = x + np.float32(1)
    if "regroup" in steps and part == "attention.query_key_value":
        x = np.moveaxis(x.reshape(heads, 3, x.shape[0] // heads // 3, *x.shape[1:]), 1, 0).reshape(x.shape)
    if "transpose" in steps and x.ndim == 2 and part.startswith(("attn.", "mlp.")):
        x = x.T
    return np.ascontiguousarray(x, dtype=np.float32)

def metadata(w, config, arch):
    """The sizes, under the keys that llama.cpp reads."""
    get = lambda *keys, default=None: next((config[k] for k in keys if config.get(k) is not None), default)
    heads, hidden = get("num_attention_heads", "n_head"), get("hidden_size", "n_embd")
    w.add_context_length(get("max_position_embeddings", "n_positions")); w.add_embedding_length(hidden)
    w.add_block_count(get("num_hidden_layers", "n_layer"))
    w.add_feed_forward_length(get("intermediate_size", "n_inner", default=4 * hidden))
    w.add_head_count(heads); w.add_head_count_kv(get("num_key_value_heads", default=heads))
    w.add_vocab_size(config["vocab_size"])
    if get("head_dim"): w.add_key_length(config["head_dim"]); w.add_value_length(config["head_dim"])
    if get("rms_norm_eps"): w.add_layer_norm_rms_eps(config["rms_norm_eps"])
    else: w.add_layer_norm_eps(get("layer_norm_eps", "layer_norm_epsilon"))
    rope = get("rope_parameters", default={})
    rope = rope.get("full_attention", rope)
    if rope:
        w.add_rope_freq_base(rope["rope_theta"])
        size = get("head_dim", default=hidden // heads)
        w.add_rope_dimension_count(int(size * rope.get("partial_rotary_factor", 1.0)))
        if rope["rope_type"] == "linear":
            w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR); w.add_rope_scaling_factor(rope["factor"])
        if rope["rope_type"] == "yarn":
            w.add_rope_scaling_type(gguf.RopeScalingType.YARN); w.add_rope_scaling_factor(rope["factor"])
            w.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if arch in ("gemma2", "gemma3", "phi3"): w.add_sliding_window(get("sliding_window", default=0))
    if arch == "gemma2":
        w.add_attn_logit_softcapping(config["attn_logit_softcapping"])
        w.add_final_logit_softcapping(config["final_logit_softcapping"])
    if arch == "gemma3": w.add_rope_freq_base_swa(config["rope_parameters"]["sliding_attention"]["rope_theta"])
    if arch == "phi3":
        w.add_rope_scaling_orig_ctx_len(get("original_max_position_embeddings", default=config["max_position_embeddings"]))
    if arch == "granite":
        w.add_attention_scale(config["attention_multiplier"]); w.add_embedding_scale(config["embedding_multiplier"])
        w.add_residual_scale(config["residual_multiplier"]); w.add_logit_scale(config["logits_scaling"])
    if arch == "gptneox": w.add_parallel_residual(config.get("use_parallel_residual", True))
    if arch == "bert": w.add_causal_attention(False); w.add_token_type_count(config["type_vocab_size"])

def convert(folder, path):
    config = json.load(open(os.path.join(folder, "config.json")))
    family = FAMILIES.get(config["model_type"])
    if family is None: return False
    arch, steps = family[0], family[4]
    w = gguf.GGUFWriter(path, arch)
    w.add_file_type(0); metadata(w, config, arch)
    w.add_tokenizer_model("no_vocab")
    rope = config.get("rope_parameters") or {}
    if rope.get("rope_type") == "llama3":
        w.add_tensor("rope_freqs.weight", llama3_factors(config, rope))
    for side in ("long", "short"):
        if rope.get(side + "_factor"):
            w.add_tensor(f"rope_factors_{side}.weight", np.array(rope[side + "_factor"], dtype=np.float32))
    for name, x in load_file(os.path.join(folder, "model.safetensors")).items():
        gguf_name, part = renamed(name, family)
        if gguf_name: w.add_tensor(gguf_name, transformed(x, part, gguf_name, config, steps))
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
    return True

def llama3_factors(config, rope):
    size = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    f = 1 / rope["rope_theta"] ** (np.arange(0, size, 2, dtype=np.float64) / size)
    wave, old = 2 * np.pi / f, rope["original_max_position_embeddings"]
    low, high, s = rope["low_freq_factor"], rope["high_freq_factor"], rope["factor"]
    smooth = (old / wave - low) / (high - low)
    return np.where(wave < old / high, 1, np.where(wave > old / low, s, 1 / ((1 - smooth) / s + smooth))).astype(np.float32)

def by_quire(quire, path, want, kernels="fast"):
    ids = want["ids"].tolist()
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, "x.npy")
        rows = f'embed(m, {ids}, pool: "none"' if "hidden" in want else f"logits(m, {ids}, all: true"
        rows += f', kernels: "{kernels}")'
        done = subprocess.run([quire, "--allow", "fs", "-c", f'm = load "{path}"; save {rows}, "{out}"'],
                              capture_output=True, text=True, timeout=120)
        if done.returncode: raise RuntimeError((done.stderr or done.stdout).strip()[:300])
        return np.load(out)

def by_llama_cpp(path, want):
    import llama_cpp
    hidden = "hidden" in want
    m = llama_cpp.Llama(path, n_ctx=256, n_batch=256, n_ubatch=256, n_threads=1, logits_all=not hidden,
                        embedding=hidden, pooling_type=0, type_k=0, type_v=0, verbose=False)
    ids = want["ids"].tolist()
    if hidden:
        m._batch.add_sequence(ids, 0, True)
        m._ctx.encode(m._batch) if hasattr(m._ctx, "encode") else m._ctx.decode(m._batch)
        width = m.n_embd()
        return np.array([m._ctx.get_embeddings_ith(i)[:width] for i in range(len(ids))])
    m.eval(ids)
    return np.array(m.scores[:len(ids)])

if __name__ == "__main__":
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("folder"); a.add_argument("--quire", default=".build/release/quire")
    a.add_argument("--only", default=""); a.add_argument("--out", default="")
    a = a.parse_args()
    out = a.out or tempfile.mkdtemp()
    os.makedirs(out, exist_ok=True)
    bad = done = 0
    for family in a.only.split(",") if a.only else sorted(f[:-4] for f in os.listdir(a.folder) if f.endswith(".npz")):
        path = os.path.join(out, family + ".gguf")
        if not convert(os.path.join(a.folder, family), path):
            print(f"{family}: GGUF has no mapping here"); continue
        want = np.load(os.path.join(a.folder, family + ".npz"))
        rows = want["hidden"] if "hidden" in want else want["logits"]
        words = []
        for name, run in (("quire", lambda: by_quire(a.quire, path, want)), ("llama.cpp", lambda: by_llama_cpp(path, want))):
            try:
                error = float(np.abs(run() - rows).max())
                words.append(f"{name} {error:.1e}")
                if name == "quire": bad += error > 1e-4
            except Exception as e:
                words.append(f"{name}: {e}")
                if name == "quire": bad += 1
        done += 1
        print(f"{family}: " + ", ".join(words), flush=True)
    print(f"{done - bad} of {done} families within 1e-4")
    sys.exit(bad != 0)

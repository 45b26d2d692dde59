#!/usr/bin/env python3
"""Makes the fixtures of FineTuning with PyTorch and peft: tiny random models, peft adapters, loss curves.

    python3 make_fixtures.py [--stories ../../../../shared/models/stories260k]

tiny-llama/, tiny-gpt2/   config.json, model.safetensors
<model>-<method>/         the adapter training starts from, as peft wrote it (B is not zero, so that every gradient counts)
curves.json               per run: model, method, settings, rows of ids with what is trained, loss, norm and lr per step,
                          logits of the first row under the starting adapter, sums of the final weights
stories260k-lora/         the same for the real model (curve in stories260k.json; rows as prompt and completion too)

Needs: pip install torch==2.13.0+cpu transformers==5.17.0 peft==0.21.2 safetensors
"""
import argparse, json, math, os, random, shutil, warnings
warnings.filterwarnings("ignore")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
import torch, transformers as T
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
torch.set_num_threads(1)

def schedule(kind, lr, t, steps, warm, floor):
    if t < warm: return lr * (t + 1) / warm
    p = (t - warm) / max(1, steps - warm)
    if kind == "constant": return lr
    if kind == "linear": return lr * (floor + (1 - floor) * (1 - p))
    if kind == "cosine": return lr * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * p)))
    tail = math.ceil((steps - warm) / 5)
    left = steps - t
    return lr if left > tail else lr * (floor + (1 - floor) * (left / tail))

def row_loss(model, row):
    ids = torch.tensor([row["ids"]])
    logits = model(input_ids=ids).logits[0, :-1]
    keep = torch.tensor(row["trained"][1:]).bool()
    return torch.nn.functional.cross_entropy(logits[keep].float(), ids[0, 1:][keep], reduction="sum"), int(keep.sum())

def train(model, rows, s):
    params = [p for p in model.parameters() if p.requires_grad]
    groups = [dict(params=[p for p in params if p.ndim >= 2], weight_decay=s["decay"]),
              dict(params=[p for p in params if p.ndim < 2], weight_decay=0.0)]
    opt = torch.optim.AdamW(groups, lr=s["lr"], betas=tuple(s["betas"]), eps=1e-8)
    losses, norms, rates, at = [], [], [], 0
    for t in range(s["steps"]):
        batch = []
        for _ in range(s["batch"]):
            if at == len(rows):
                at = 0
                if batch: break
            batch.append(rows[at]); at += 1
        total = sum(sum(r["trained"][1:]) for r in batch)
        rate = schedule(s["schedule"], s["lr"], t, s["steps"], s["warmup"], s["floor"])
        for g in opt.param_groups: g["lr"] = rate
        opt.zero_grad()
        value = 0.0
        for r in batch:
            loss, _ = row_loss(model, r)
            (loss / total).backward()
            value += loss.item()
        norm = torch.nn.utils.clip_grad_norm_(params, s["clip"])
        opt.step()
        losses.append(value / total); norms.append(norm.item()); rates.append(rate)
    return losses, norms, rates

def lora(model, method, rank, alpha, seed, fan, **more):
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules="all-linear", lora_dropout=0.0, bias="none",
                        use_rslora=method == "rslora", fan_in_fan_out=fan, task_type="CAUSAL_LM", **more)
    model = get_peft_model(model, config)
    g = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        if "lora_B" in name: p.data = 0.05 * torch.randn(p.shape, generator=g)
        if "lora_A" in name: p.data = 0.2 * torch.randn(p.shape, generator=g)
    return model

def keep_adapter(model, folder):
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    for extra in ("README.md",):
        if os.path.exists(os.path.join(folder, extra)): os.remove(os.path.join(folder, extra))
    path = os.path.join(folder, "adapter_config.json")
    config = json.load(open(path))
    config["base_model_name_or_path"] = None
    json.dump(config, open(path, "w"), indent=2); open(path, "a").write("\n")

def sums(model):
    return {n.replace("base_model.model.", "").replace(".default.weight", ".weight"):
            [p.double().sum().item(), p.double().abs().sum().item()]
            for n, p in model.named_parameters() if p.requires_grad}

def tiny(kind):
    torch.manual_seed(3)
    if kind == "tiny-llama":
        config = T.LlamaConfig(vocab_size=64, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64, bos_token_id=1, eos_token_id=2)
    else:
        config = T.GPT2Config(vocab_size=64, n_positions=64, n_embd=16, n_layer=2, n_head=4, bos_token_id=1, eos_token_id=2,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
    config._attn_implementation = "eager"
    model = T.AutoModelForCausalLM.from_config(config).float()
    g = torch.Generator().manual_seed(11)
    for name, p in model.named_parameters():
        x = torch.randn(p.shape, generator=g)
        p.data.copy_(1 + 0.2 * x if p.ndim == 1 and "bias" not in name else 0.2 * x)
    return model.eval()

def keep_model(model, folder):
    os.makedirs(folder, exist_ok=True)
    config = model.config.to_dict()
    config.pop("_attn_implementation", None)
    json.dump(config, open(os.path.join(folder, "config.json"), "w"), indent=1)
    state = {k: v.contiguous() for k, v in model.state_dict().items()
             if not (k == "lm_head.weight" and model.config.tie_word_embeddings)}
    save_file(state, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})

def tiny_rows():
    r = random.Random(5)
    rows = []
    for i in range(10):
        n = r.randint(5, 14)
        start, by = r.randint(3, 60), r.randint(1, 7)
        ids = [1] + [3 + (start + k * by) % 60 for k in range(n)] + [2]
        cut = r.randint(1, 4) if i % 3 else 1
        rows.append(dict(ids=ids, trained=[1 if k >= cut else 0 for k in range(len(ids))]))
    return rows

STORIES = [
    ("Once upon a time, there was a fox who made paper.", " She folded every sheet in four and called it a quire."),
    ("Lily found a small red book.", " She read it to her cat, and the cat went to sleep."),
    ("Tom asked his mom for a story.", " Mom said yes, and told him about the old moon."),
    ("The dog ran to the park.", " He saw a big ball and was very happy."),
    ("One day, a bird lost its song.", " It asked the wind, and the wind gave it back."),
    ("Ben had a box.", " In the box was a little key for a door he did not know."),
    ("The rain came down all day.", " Anna sat by the window and made a boat of paper."),
    ("Sam and Max played a game.", " They both won, so they shared the cake."),
    ("A frog wanted to fly.", " The owl took him up, and then he wanted to swim again."),
    ("The sun was hot.", " Mia gave her hat to the snowman and he said thank you."),
]

def record(name, base, method, model, rows, s):
    with torch.no_grad(): logits = model(input_ids=torch.tensor([rows[0]["ids"]])).logits[0].double().tolist()
    start = [[round(x, 7) for x in row] for row in logits[-2:]]
    losses, norms, rates = train(model, rows, s)
    print(name, losses[0], losses[-1])
    return dict(name=name, model=base, method=method, settings=s, logits=start, loss=losses, norm=norms, lr=rates,
                sums=sums(model))

def main():
    a = argparse.ArgumentParser(); a.add_argument("--stories", default=os.path.join(HERE, "../../../../shared/models/stories260k"))
    a = a.parse_args()
    rows, runs = tiny_rows(), []
    s = dict(steps=20, batch=4, lr=1e-2, betas=[0.9, 0.999], decay=0.0, clip=1.0, schedule="cosine", warmup=5, floor=0.1, rank=4, alpha=8)
    for base in ("tiny-llama", "tiny-gpt2"):
        keep_model(tiny(base), os.path.join(HERE, base))
        for method in ("lora", "rslora"):
            if base == "tiny-gpt2" and method == "rslora": continue
            model = lora(tiny(base), method, 4, 8, 17, base == "tiny-gpt2")
            name = f"{base}-{method}"
            keep_adapter(model, os.path.join(HERE, name))
            if name == "tiny-llama-lora":  # the same weights as older versions of peft kept them
                torch.save(load_file(os.path.join(HERE, name, "adapter_model.safetensors")), os.path.join(HERE, name + ".bin"))
            runs.append(record(name, base, method, model, rows, s))
        f = dict(s, lr=3e-3, betas=[0.9, 0.99], decay=0.1, schedule="linear")
        runs.append(record(f"{base}-full", base, "full", tiny(base), rows, f))
    f = dict(s, lr=3e-3, betas=[0.9, 0.99], decay=0.1, schedule="wsd", warmup=3, clip=0.5)
    runs.append(record("tiny-llama-wsd", "tiny-llama", "full", tiny("tiny-llama"), rows, f))
    # What a config can also say: patterns, a regular expression, some layers.
    patterns = lora(tiny("tiny-llama"), "lora", 4, 8, 23, False, rank_pattern={"q_proj": 2}, alpha_pattern={"layers.1.mlp.up_proj": 3})
    keep_adapter(patterns, os.path.join(HERE, "tiny-llama-patterns"))
    runs.append(record("tiny-llama-patterns", "tiny-llama", "lora", patterns, rows, dict(s, steps=3)))
    json.dump(dict(rows=rows, runs=runs), open(os.path.join(HERE, "curves.json"), "w"))

    tok = T.AutoTokenizer.from_pretrained(a.stories)
    def story_model():
        m = T.AutoModelForCausalLM.from_pretrained(a.stories, attn_implementation="eager").float().eval()
        return m
    end = story_model().config.eos_token_id
    srows = []
    for prompt, completion in STORIES:
        head = tok(prompt).input_ids
        whole = tok(prompt + completion).input_ids
        srows.append(dict(prompt=prompt, completion=completion, head=head, whole=whole))
    for r in srows:
        ids = r["whole"] if r["whole"][:len(r["head"])] == r["head"] else r["head"] + tok(" " + r["completion"], add_special_tokens=False).input_ids
        r["ids"] = ids + [end]
        r["trained"] = [0] * len(r["head"]) + [1] * (len(r["ids"]) - len(r["head"]))
    with open(os.path.join(HERE, "stories.jsonl"), "w") as out:
        for r in srows: out.write(json.dumps({"prompt": r["prompt"], "completion": r["completion"]}) + "\n")
    runs = []
    s = dict(s, lr=2e-3, rank=4, alpha=8)
    model = lora(story_model(), "lora", 4, 8, 29, False)
    for n, p in model.named_parameters():
        if "lora_" in n: p.data *= 0.3
    keep_adapter(model, os.path.join(HERE, "stories260k-lora"))
    runs.append(record("stories260k-lora", "stories260k", "lora", model, srows, s))
    runs.append(record("stories260k-full", "stories260k", "full", story_model(), srows, dict(s, lr=1e-3, betas=[0.9, 0.99], decay=0.1)))
    for r in runs: r.pop("logits")
    json.dump(dict(rows=[dict(ids=r["ids"], trained=r["trained"]) for r in srows], runs=runs), open(os.path.join(HERE, "stories260k.json"), "w"))

main()

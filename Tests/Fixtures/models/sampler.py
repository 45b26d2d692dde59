#!/usr/bin/env python3
"""Makes sampler.json with transformers and llama.cpp: what their stages leave of random logits.

    python3 sampler.py         # torch 2.13, transformers 5.17, llama_cpp 0.3

Each case: logits, ids of the prompt, ids generated after it, the stages with their values in the
reference's order, and the ids left with their probabilities, by falling probability, then rising id.
"""
import json, os
import torch, transformers
from transformers.generation import logits_process as L

HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(7)
V = 48

def processors(c):
    if c.get("no_repeat"):
        yield L.NoRepeatNGramLogitsProcessor(c["no_repeat"])
    if c.get("temperature", 1.0) != 1.0:
        yield L.TemperatureLogitsWarper(c["temperature"])
    if c.get("top_k"):
        yield L.TopKLogitsWarper(c["top_k"])
    if c.get("top_p", 1.0) != 1.0:
        yield L.TopPLogitsWarper(c["top_p"])
    if c.get("min_p"):
        yield L.MinPLogitsWarper(c["min_p"])

CASES = [
    dict(), dict(temperature=0.7), dict(temperature=1.9), dict(top_k=5), dict(top_k=1), dict(top_k=47),
    dict(top_p=0.5), dict(top_p=0.95), dict(top_p=0.01), dict(min_p=0.05), dict(min_p=0.5), dict(min_p=1.0),
    dict(repeat=1.3), dict(repeat=0.8), dict(no_repeat=1), dict(no_repeat=2), dict(no_repeat=3),
    dict(repeat=1.2, no_repeat=2, temperature=0.8), dict(temperature=0.6, top_k=20, top_p=0.9),
    dict(temperature=1.5, top_k=30, top_p=0.8, min_p=0.02), dict(repeat=1.1, temperature=0.9, top_p=0.7, min_p=0.1),
    dict(repeat=1.15, no_repeat=3, temperature=1.2, top_k=25, top_p=0.85, min_p=0.03),
    dict(top_k=4, ties=True), dict(top_k=10, ties=True, temperature=0.5),
]

found = []
for case in CASES:
    logits = torch.randn(V) * 3
    if case.get("ties"):
        logits = torch.round(logits)
    prompt = torch.randint(0, 12, (14,)).tolist()
    new = torch.randint(0, 12, (9,)).tolist()
    ids = torch.tensor([prompt + new])
    scores = logits[None].clone()
    if case.get("repeat", 1.0) != 1.0:
        scores = L.RepetitionPenaltyLogitsProcessor(case["repeat"])(ids, scores)
    for p in processors(case):
        scores = p(ids, scores)
    probs = torch.softmax(scores[0].double(), -1)
    left = [i for i in range(V) if scores[0, i] != -float("inf")]
    left.sort(key=lambda i: (-scores[0, i].item(), i))
    found.append(dict(
        logits=[float(x) for x in logits], prompt=prompt, new=new, stages={k: v for k, v in case.items() if k != "ties"},
        left=left, probabilities=[float(probs[i]) for i in left]))

# The same for the order and formulas of llama.cpp, where its Python binding is installed.
import ctypes
import llama_cpp as C

LLAMA = [
    dict(temperature=0.8, top_k=40, top_p=0.95, min_p=0.05), dict(temperature=0.8, top_k=10, top_p=0.6, min_p=0.05),
    dict(temperature=2.0, top_k=0, top_p=0.9, min_p=0.1), dict(temperature=0.4, top_k=25, top_p=1.0, min_p=0.2),
    dict(temperature=0.8, top_k=40, top_p=0.95, min_p=0.05, repeat=1.3, window=8),
    dict(temperature=1.0, top_k=20, top_p=0.9, min_p=0.01, repeat=1.1, frequency=0.4, presence=0.7, window=64),
    dict(temperature=1.3, top_k=30, top_p=0.99, min_p=0.0, frequency=0.9, window=5),
    dict(temperature=1.3, top_k=30, top_p=0.99, min_p=0.0, presence=1.5, window=12),
]

def llama(case, logits, history):
    data = (C.llama_token_data * V)(*[C.llama_token_data(id=i, logit=x, p=0.0) for i, x in enumerate(logits)])
    array = C.llama_token_data_array(data=data, size=V, selected=-1, sorted=False)
    chain = [C.llama_sampler_init_penalties(V, case.get("window", 64), case.get("repeat", 1.0), case.get("frequency", 0.0),
                                            case.get("presence", 0.0)),
             C.llama_sampler_init_top_k(case["top_k"]), C.llama_sampler_init_top_p(case["top_p"], 1),
             C.llama_sampler_init_min_p(case["min_p"], 1), C.llama_sampler_init_temp(case["temperature"])]
    for id in history:
        C.llama_sampler_accept(chain[0], id)
    for s in chain:
        C.llama_sampler_apply(s, ctypes.byref(array))
    kept = [(array.data[i].logit, array.data[i].id) for i in range(array.size)]
    kept.sort(key=lambda x: (-x[0], x[1]))
    probs = torch.softmax(torch.tensor([x[0] for x in kept]).double(), -1)
    return [x[1] for x in kept], [float(p) for p in probs]

for case in LLAMA:
    logits = (torch.randn(V) * 3).tolist()
    prompt, new = torch.randint(0, 12, (14,)).tolist(), torch.randint(0, 12, (9,)).tolist()
    left, probabilities = llama(case, logits, prompt + new)
    found.append(dict(like="llama.cpp", logits=logits, prompt=prompt, new=new, stages=case, left=left, probabilities=probabilities))

with open(os.path.join(HERE, "sampler.json"), "w") as f:
    json.dump(dict(made_with=dict(torch=torch.__version__, transformers=transformers.__version__), cases=found), f)
    f.write("\n")

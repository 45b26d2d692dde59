#!/usr/bin/env python3
"""Checks that peft reads adapters written by Quire and gives equal logits. By hand:

    QUIRE_ADAPTERS=/tmp/adapters swift test -c release --filter LossCurveTests
    python3 read_adapters.py /tmp/adapters

Each folder there holds what Quire wrote after training, and logits.json: the ids and Quire's logits.
"""
import json, os, sys
import torch, transformers as T
from peft import PeftModel

HERE = os.path.dirname(os.path.abspath(__file__))
worst = 0.0
for name in sorted(os.listdir(sys.argv[1])):
    folder = os.path.join(sys.argv[1], name)
    data = json.load(open(os.path.join(folder, "logits.json")))
    base = T.AutoModelForCausalLM.from_pretrained(os.path.join(HERE, data["model"]), attn_implementation="eager").float()
    model = PeftModel.from_pretrained(base, folder).eval()
    with torch.no_grad(): logits = model(input_ids=torch.tensor([data["ids"]])).logits[0].flatten()
    delta = (logits - torch.tensor(data["logits"])).abs().max().item()
    worst = max(worst, delta)
    print(f"{name}: {len(data['ids'])} tokens, max|delta| {delta:.2e}")
sys.exit(0 if worst <= 1e-4 else 1)

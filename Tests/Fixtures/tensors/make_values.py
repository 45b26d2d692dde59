"""Makes values.json: what NumPy and PyTorch (f64) give for the operations of the catalogue.

Inputs are formulas, so that only results are stored: x[i] = sin(1.3 i + 0.7 k) * 1.5 for input k.
"""

import json
import math
import os

import numpy as np
import torch
import torch.nn.functional as F


def x(k, *shape):
    n = math.prod(shape)
    return torch.tensor([math.sin(1.3 * i + 0.7 * k) * 1.5 for i in range(n)], dtype=torch.float64).reshape(shape)


def rms(v, w, plus=0.0, eps=1e-5):
    return v * (v.pow(2).mean(-1, keepdim=True) + eps).rsqrt() * (w + plus)


def rope(v, positions, freqs, pairs=False):
    angle = torch.tensor(positions, dtype=torch.float32)[:, None] * torch.tensor(freqs, dtype=torch.float32)
    c, s = angle.cos().double()[:, None], angle.sin().double()[:, None]
    half = len(freqs)
    out = v.clone()
    a, b = (v[..., 0:2 * half:2], v[..., 1:2 * half:2]) if pairs else (v[..., :half], v[..., half:2 * half])
    first, second = a * c - b * s, b * c + a * s
    if pairs:
        out[..., 0:2 * half:2], out[..., 1:2 * half:2] = first, second
    else:
        out[..., :half], out[..., half:2 * half] = first, second
    return out


def attention(q, k, v, scale, mask, cap=None):
    share = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(share, 1), v.repeat_interleave(share, 1)
    s = torch.einsum("nhd,thd->hnt", q, k) * scale
    if cap:
        s = cap * torch.tanh(s / cap)
    s = s.masked_fill(~mask, float("-inf"))
    return torch.einsum("hnt,thd->nhd", s.softmax(-1), v)


def mask(n, rule):
    return torch.tensor([[rule(i, j) for j in range(n)] for i in range(n)])


wide = torch.tensor([-30.0, -7.5, -3.0, -1.0, -0.4, -1e-3, -1e-8, 0.0, 1e-8, 1e-3, 0.3, 1.0, 2.5, 6.0, 12.0, 30.0], dtype=torch.float64)
above = wide.abs() + 1e-3
q, k, v = x(0, 5, 4, 6), x(1, 5, 2, 6), x(2, 5, 2, 6)
causal = mask(5, lambda i, j: j <= i)
ids = torch.tensor([1, -1, 4, 0])

cases = {
    "exp": wide.exp(), "log": above.log(), "sin": (wide * 40).sin(), "cos": (wide * 40).cos(),
    "tanh": wide.tanh(), "sigmoid": wide.sigmoid(), "erf": wide.erf(), "silu": F.silu(wide),
    "gelu": F.gelu(wide), "gelu_tanh": F.gelu(wide, approximate="tanh"), "rsqrt": above.rsqrt(),
    "add": x(0, 3, 1, 4) + x(1, 2, 1), "divide": x(0, 3, 4) / x(1, 4), "power": x(0, 3, 4).abs() ** x(1, 3, 4),
    "matmul": x(0, 2, 1, 3, 4) @ x(1, 3, 4, 2), "linear": F.linear(x(0, 7, 5), x(1, 3, 5), x(2, 3)),
    "softmax": x(0, 3, 5).softmax(-1), "softmax_columns": x(0, 3, 5).softmax(0),
    "log_softmax": x(0, 3, 5).log_softmax(-1), "logsumexp": x(0, 3, 4, 2).logsumexp(1),
    "sum": x(0, 3, 4, 2).sum((0, 2)), "mean": x(0, 3, 4).mean(0), "var": x(0, 3, 5).var(1, correction=1),
    "std": x(0, 3, 5).std(0, correction=0), "prod": x(0, 3, 4).prod(1), "max": x(0, 3, 4).amax(1),
    "cumsum": x(0, 3, 4).cumsum(0), "permute": x(0, 2, 3, 4).permute(2, 0, 1),
    "concat": torch.cat([x(0, 2, 3), x(1, 2, 1)], 1), "pad": F.pad(x(0, 2, 3), (0, 2, 1, 0)),
    "gather": x(0, 3, 4).gather(1, torch.tensor([[1, 1], [0, 3], [2, 2]])),
    "topk": x(0, 3, 5).topk(2).values, "sort": x(0, 3, 4).sort(0).values,
    "rms_norm": rms(x(0, 3, 6), x(1, 6)), "rms_norm_plus": rms(x(0, 3, 6), x(1, 6), 1.0),
    "layer_norm": F.layer_norm(x(0, 3, 6), (6,), x(1, 6), x(2, 6), 1e-5),
    "rope": rope(x(0, 3, 2, 6), [0, 7, 1000], [1.0, 0.1]),
    "rope_pairs": rope(x(0, 3, 2, 6), [0, 7, 1000], [1.0, 0.1, 0.01], pairs=True),
    "swiglu": F.silu(x(0, 3, 4)) * x(1, 3, 4),
    "attention": attention(q, k, v, 0.4, causal),
    "attention_window": attention(q, k, v, 0.4, mask(5, lambda i, j: 0 <= i - j < 2)),
    "attention_both": attention(q, k, v, 0.4, mask(5, lambda i, j: abs(i - j) <= 1)),
    "attention_softcap": attention(q, k, v, 0.4, causal, cap=1.5),
    "attention_segments": attention(q, k, v, 0.4, mask(5, lambda i, j: j <= i and (i < 2) == (j < 2))),
    "cross_entropy": F.cross_entropy(x(0, 4, 5), ids, ignore_index=-1),
    "linear_cross_entropy": F.cross_entropy(x(0, 4, 3) @ x(1, 6, 3).T, ids, ignore_index=-1),
    "mse": F.mse_loss(x(0, 3, 2), x(1, 3, 2)),
    "bce": F.binary_cross_entropy_with_logits(x(0, 3, 2), x(1, 3, 2).sigmoid()),
    "conv2d": F.conv2d(x(0, 2, 2, 5, 4), x(1, 3, 2, 2, 3), x(2, 3), stride=(2, 1), padding=1),
    "conv1d": F.conv1d(x(0, 2, 2, 6), x(1, 3, 2, 3), padding=1),
    "max_pool2d": F.max_pool2d(x(0, 1, 2, 4, 4), 2), "avg_pool2d": F.avg_pool2d(x(0, 1, 2, 4, 5), 2, stride=(2, 3)),
    "batch_norm": F.batch_norm(x(0, 4, 3, 2), None, None, x(1, 3), x(2, 3), training=True),
    "batch_norm_kept": F.batch_norm(x(0, 4, 3, 2), x(3, 3), x(4, 3).abs(), x(1, 3), x(2, 3)),
    "group_norm": F.group_norm(x(0, 2, 6, 2, 2), 3, x(1, 6), x(2, 6)),
    "geglu": F.gelu(x(0, 3, 4)) * x(1, 3, 4), "geglu_tanh": F.gelu(x(0, 3, 4), approximate="tanh") * x(1, 3, 4),
    "kl": F.kl_div(x(0, 3, 4).log_softmax(-1), x(1, 3, 4).softmax(-1), reduction="batchmean"),
    "sqrt": above.sqrt(), "abs": wide.abs(), "relu": wide.relu(), "clamp": wide.clamp(-0.5, 0.7),
    "subtract": x(0, 4) - x(1, 3, 4), "multiply": x(0, 3, 1, 4) * x(1, 2, 1),
    "maximum": torch.maximum(x(0, 3, 4), x(1, 4)), "minimum": torch.minimum(x(0, 3, 4), x(1, 4)),
    "where": torch.where(x(2, 4) > 0, x(0, 3, 4), x(1, 4)), "min": x(0, 3, 4).amin(0),
    "stack": torch.stack([x(0, 2, 3), x(1, 2, 3)], -1), "split": x(0, 2, 5).split([2, 3], 1)[1],
    "expand": x(0, 3, 1).expand(2, 3, 4), "slice": x(0, 5, 4)[1:4, 2:4], "take": x(0, 4, 3)[[1, 3, 1]],
    "embedding": F.embedding(torch.tensor([4, 0, 4]), x(0, 5, 3)), "element": x(0, 3, 4)[:, -1],
    "one_hot": F.one_hot(torch.tensor([[2, 0], [1, 1]]), 3).double(),
    "einsum": torch.einsum("bij,bjk->kb", x(0, 2, 3, 4), x(1, 2, 4, 3)),
}
assert np.allclose(cases["matmul"].numpy(), x(0, 2, 1, 3, 4).numpy() @ x(1, 3, 4, 2).numpy())

p = [torch.nn.Parameter(x(0, 3, 4).clone())]
optimiser = torch.optim.AdamW(p, lr=0.01, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1)
for step in range(3):
    p[0].grad = x(step + 1, 3, 4)
    optimiser.step()
cases["adamw"] = p[0].detach()

half = torch.tensor([0.1, -2.7182818, 65504.0, 1e-7, 6e-8, 1.00048828125, 70000.0, 3.0e38], dtype=torch.float32)
cases["bf16"] = half.bfloat16().double()
cases["f16"] = half[:6].half().double()

out = {name: {"shape": list(t.shape), "values": t.reshape(-1).tolist()} for name, t in cases.items()}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "values.json")
with open(path, "w") as f:
    f.write("{\n" + ",\n".join(f'"{n}": {json.dumps(v, separators=(",", ":"))}' for n, v in out.items()) + "\n}\n")

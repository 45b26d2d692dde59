#!/usr/bin/env python3
"""Makes the small PyTorch files beside it with torch.save. Values as in make.py."""
import collections, json, os, sys, zipfile
import torch

here = os.path.dirname(os.path.abspath(__file__))
at = lambda name: os.path.join(here, name)

def floats(*shape, dtype=torch.float32):
    n = 1
    for extent in shape: n *= extent
    return ((torch.arange(n) * 7 % 13 - 6) / 4).reshape(shape).to(dtype)

def ints(*shape, dtype=torch.int64):
    n = 1
    for extent in shape: n *= extent
    return (torch.arange(n) * 7 % 13).reshape(shape).to(dtype)

types = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32,
         torch.int16, torch.int8, torch.uint8]
every = {str(t).split(".")[1]: (floats if t.is_floating_point else ints)(3, 5, dtype=t)
         for t in types}
every["bool"] = ints(4) % 2 == 1
torch.save(every, at("dtypes.pt"))

# Views of one storage: rows, columns, a transposed and a permuted one, one that repeats, a scalar,
# an empty one.
base = floats(4, 6)
cube = floats(2, 3, 4)
torch.save(
    collections.OrderedDict(
        whole=base, again=base, rows=base[1:3], columns=base[:, 2:5], turned=base.t(),
        steps=base[::2, ::3], one=base[2, 3], none=base[4:], cube=cube.permute(2, 0, 1),
        repeated=base[:, :1].expand(4, 3), tail=base.reshape(-1)[20:]),
    at("views.pt"))

# What training loops save: nested maps, parameters, an optimizer's state, plain values.
torch.manual_seed(0)
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(3, 2)
        self.norm = torch.nn.BatchNorm1d(2)
        with torch.no_grad():
            self.first.weight.copy_(floats(2, 3))
            self.first.bias.copy_(floats(2))
net = Net()
optimizer = torch.optim.AdamW(net.parameters())
net.norm(net.first(floats(4, 3))).square().sum().backward()
optimizer.step()
with torch.no_grad():
    net.first.weight.copy_(floats(2, 3))
torch.save(
    {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "loss": 0.5,
     "raw": [torch.nn.Parameter(floats(2)), floats(3)], "size": torch.Size([1, 2]),
     "dtype": torch.float32, "device": torch.device("cpu"), "big": 5 * 10**12, "none": None},
    at("training.pt"))
torch.save({"a": floats(2, 3)}, at("protocol4.pt"), pickle_protocol=4)
torch.save(floats(2, 3), at("bare.pt"))

# Refused ones.
torch.save({"a": floats(2, 3)}, at("legacy.pt"), _use_new_zipfile_serialization=False)
torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), at("script.pt"))
torch.save({"a": floats(2).to(torch.float8_e4m3fn)}, at("float8.pt"))
torch.save(net, at("module.pt"))

#!/usr/bin/env python3
"""What PyTorch, safetensors and NumPy write, Quire reads bit for bit:
python3 checkpoints_check.py [--quire .build/release/quire] [--rounds 4] [--seed 0]

Each round makes random tensors of every type in many shapes, as whole ones, as views of one storage (slices, steps,
transposed, permuted, expanded, scalars, empty ones), as parameters and in nested maps; lets the reference library write
them; lets Quire load the file and save it as safetensors (or npy); and compares the bytes with the originals. Unsigned
ints wider than a byte come back as the next signed type and are compared by value. At last a model folder whose weights
are pytorch_model.bin, in one file and in shards with an index, gives the logits of the same folder in safetensors.

Needs: pip install torch safetensors numpy
"""
import argparse, collections, json, os, random, shutil, subprocess, sys, tempfile
import numpy as np, torch
from safetensors.torch import load_file, save_file

FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
INTS = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8]
WIDE = [torch.uint16, torch.uint32]
compared = 0
wrong = []

def quire(binary, code):
    p = subprocess.run([binary, "--allow", "fs", "-c", code], capture_output=True, text=True, timeout=300)
    if p.returncode: sys.exit(f"{code}\n{p.stderr}")
    return p.stdout + p.stderr

def shape(r):
    return [r.choice([1, 2, 3, 5, 8, 17]) for _ in range(r.randrange(0, 4))] if r.random() < .9 else [0, 3]

def tensor(r, dtype, size):
    count = int(np.prod(size)) if size else 1
    if dtype == torch.bool: return (torch.randint(0, 2, (count,)) == 1).reshape(size)
    width = torch.tensor([], dtype=dtype).element_size()
    # Random bits: infinities, NaNs and subnormal numbers among them.
    raw = torch.randint(0, 256, (count * width,), dtype=torch.int64).to(torch.uint8)
    return raw.view(dtype).reshape(size).clone()

def views(r, base):
    yield base
    if base.dim() and base.numel():
        yield base.flatten()[base.numel() // 2:]
        yield base[base.shape[0] // 2:]
        yield base[..., ::2]
        yield base.transpose(0, -1)
        yield base.permute(*r.sample(range(base.dim()), base.dim()))
        yield base.flatten()[0]
        yield base.flatten()[:1].expand(r.randrange(2, 9), 1)
        yield base.unsqueeze(1).expand(*base.shape[:1], 3, *base.shape[1:])
        yield base[:0]

def raw(value):
    return torch.empty(value.numel(), dtype=value.dtype).copy_(value.reshape(-1)).view(torch.uint8)

def same(name, want, got):
    global compared
    compared += 1
    if want.dtype in WIDE:
        good = got.shape == want.shape and np.array_equal(got.numpy(), want.numpy())
    else:
        good = got.dtype == want.dtype and got.shape == want.shape and \
            (not want.numel() or raw(want).equal(raw(got)))
    if not good: wrong.append(f"{name}: {want.dtype} {list(want.shape)} came back as {got.dtype} {list(got.shape)}")

def flat(value, name=""):
    if isinstance(value, torch.Tensor): yield name, value.detach()
    elif isinstance(value, dict):
        for key, item in value.items(): yield from flat(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value): yield from flat(item, f"{name}.{place}" if name else str(place))

def round_trip(binary, folder, written, wanted):
    out = os.path.join(folder, "back.safetensors")
    quire(binary, f'save load("{written}"), "{out}"')
    back = load_file(out)
    wanted = dict(flat(wanted))
    if set(wanted) != set(back): wrong.append(f"{written}: names {sorted(set(wanted) ^ set(back))[:6]}")
    for name in wanted.keys() & back.keys(): same(os.path.basename(written) + " " + name, wanted[name], back[name])

def torch_files(a, r, folder):
    state = collections.OrderedDict()
    for number, dtype in enumerate(FLOATS + INTS + [torch.bool]):
        for place, view in enumerate(views(r, tensor(r, dtype, shape(r)))): state[f"t{number}.{place}"] = view
    net = torch.nn.Sequential(torch.nn.Linear(5, 3), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 2))
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.randn(4, 5)).square().sum().backward(); optimizer.step()
    saved = {"state": state, "model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": r.randrange(99),
             "list": [torch.nn.Parameter(torch.randn(3)), (torch.randn(2, 2), 5)], "loss": .25, "name": "ü", "none": None}
    for protocol in (2, 4):
        path = os.path.join(folder, f"p{protocol}.pt")
        torch.save(saved, path, pickle_protocol=protocol)
        round_trip(a.quire, folder, path, saved)

def safetensors_files(a, r, folder):
    tensors = {f"t{i}": tensor(r, dtype, shape(r)) for i, dtype in enumerate((FLOATS + INTS + [torch.bool] + WIDE) * 3)}
    path = os.path.join(folder, "s.safetensors")
    save_file(tensors, path, metadata={"a": "b"})
    round_trip(a.quire, folder, path, tensors)

def numpy_files(a, r, folder):
    kinds = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "b1", "u2", "u4"]
    arrays = {}
    for kind in kinds:
        for order in "<>":
            size = shape(r)
            count = int(np.prod(size)) if size else 1
            dtype = np.dtype(order + kind)
            raw = np.random.randint(0, 2 if kind == "b1" else 256, count * dtype.itemsize).astype(np.uint8)
            one = raw.view(dtype).reshape(size)
            arrays[f"{kind}{'lb'[order == '>']}"] = np.asfortranarray(one) if r.random() < .5 else one
    path = os.path.join(folder, "n.npz")
    np.savez(path, **arrays)
    little = {n: torch.from_numpy(np.array(v, dtype=v.dtype.newbyteorder("<"), order="C")) for n, v in arrays.items()}
    round_trip(a.quire, folder, path, little)
    for version in [(1, 0), (2, 0), (3, 0)]:
        name, array = r.choice([item for item in arrays.items() if item[0][0] != "u"])
        path, out = os.path.join(folder, "n.npy"), os.path.join(folder, "back.npy")
        with open(path, "wb") as f: np.lib.format.write_array(f, array, version)
        quire(a.quire, f'save load("{path}"), "{out}"')
        back = np.load(out)
        same(f"npy {version} {name}", little[name], torch.from_numpy(back))

def model_folders(a, folder):
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../Fixtures/tuning/tiny-llama")
    weights = load_file(os.path.join(source, "model.safetensors"))
    def logits(name):
        out = os.path.join(folder, "l.npy")
        said = quire(a.quire, f'm = load "{os.path.join(folder, name)}"; save logits(m, [1, 5, 9, 2], all: true), "{out}"')
        if name != "first" and "PyTorch pickle, data-only reader" not in said: wrong.append(f"{name}: no note: {said}")
        return np.load(out)
    def copy(name):
        return shutil.copytree(source, os.path.join(folder, name), ignore=lambda _, names: [n for n in names if "safetensors" in n and name != "first"])
    copy("first"); want = logits("first")
    torch.save(weights, os.path.join(copy("one"), "pytorch_model.bin"))
    names = sorted(weights); half = len(names) // 2
    parts = {"pytorch_model-00001-of-00002.bin": names[:half], "pytorch_model-00002-of-00002.bin": names[half:]}
    two = copy("two")
    for file, part in parts.items(): torch.save({n: weights[n] for n in part}, os.path.join(two, file))
    with open(os.path.join(two, "pytorch_model.bin.index.json"), "w") as f:
        json.dump({"metadata": {}, "weight_map": {n: file for file, part in parts.items() for n in part}}, f)
    # Linear weights as transposed views: the elements stand in another order in the file.
    turned = {n: w.t().contiguous().t() if w.dim() == 2 else w for n, w in weights.items()}
    torch.save(turned, os.path.join(copy("turned"), "pytorch_model.bin"))
    for name in ("one", "two", "turned"):
        if not np.array_equal(want, logits(name)): wrong.append(f"model folder {name}: other logits")
    print("model folders with pytorch_model.bin: 3 compared")

if __name__ == "__main__":
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--quire", default=".build/release/quire"); a.add_argument("--rounds", type=int, default=4)
    a.add_argument("--seed", type=int, default=0)
    a = a.parse_args()
    r = random.Random(a.seed); torch.manual_seed(a.seed); np.random.seed(a.seed)
    for number in range(a.rounds):
        with tempfile.TemporaryDirectory() as folder:
            torch_files(a, r, folder); safetensors_files(a, r, folder); numpy_files(a, r, folder)
            if number == 0: model_folders(a, folder)
    print(f"{compared} tensors compared bit for bit over {a.rounds} rounds, {len(wrong)} differ")
    print("\n".join(wrong[:20]))
    sys.exit(bool(wrong))

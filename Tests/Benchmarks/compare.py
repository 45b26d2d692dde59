#!/usr/bin/env python3
"""Runs `quire bench` and other software beside it, in turn, and puts both in one table.

    python3 compare.py QUIRE [--models FOLDER] [--text FILE] [--only PART] [--rounds 2] [--out TABLE.md]

FOLDER is what models.py made; without it the rows that need models are left out, as are those whose peer is not
installed for --python. Every value is the median of the rounds' medians; a ratio is Quire's value divided by the
peer's. The table says which CPU it was measured on: figures of different machines are not compared.
"""
import argparse, datetime, json, os, shlex, signal, statistics, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
FEATURES = "avx2 fma f16c avx512f avx512bw avx512_vnni avx512_bf16 amx_tile amx_int8 amx_bf16 asimd i8mm bf16".split()


class Goal:
    """What a value is held against: a peer's (`times`), a number of its own, or a share of a limit."""

    def __init__(self, sign, number, kind="times"):
        self.sign, self.number, self.kind = sign, number, kind

    def __str__(self):
        sign = {">": "≥", "<": "≤"}[self.sign]
        if self.kind == "times":
            return f"{sign} {self.number} ×"
        return f"{sign} {self.number:.0%}" if self.kind == "share" else f"{sign} {self.number:g} {self.kind}"

    def reached(self, value):
        return value >= self.number if self.sign == ">" else value <= self.number


class Work:
    """One command of ours and those of the peers, each with the rows it gives."""

    def __init__(self, ours, peers, rows, needs=()):
        self.ours, self.peers, self.rows, self.needs = ours, peers, rows, needs


LANGUAGE = ("fib(30)", "integer loop", "float sum", "list sort", "word count", "string building", "closures", "n-body")


def further():
    """The other programs in language/."""
    found = (file[:-6] for file in os.listdir(os.path.join(HERE, "language")) if file.endswith(".quire"))
    return sorted(name.replace("-", " ") for name in found
                  if name not in ("fib", "n-body") and name.replace("-", " ") not in LANGUAGE)


def works(options):
    models, tokenizers, text = options.models or "", options.models or "", options.text
    at = lambda name: os.path.join(models, name)
    peer = lambda *words: [options.python, os.path.join(HERE, "peer.py"), *words]
    found = [
        Work(["start"], {"CPython": None}, [
            ("start -c 1", ["CPython"], Goal("<", 1.0)),
            ("start console", [], Goal("<", 40, "ms"))]),
        Work(["language"], {"CPython": ["/usr/bin/python3", os.path.join(HERE, "language.py")]}, [
            (f"language {name}", ["CPython"], Goal("<", 1.0)) for name in LANGUAGE]
            + [("language, all", ["CPython"], Goal("<", 0.6))]
            + [(f"language {name}", ["CPython"], Goal("<", 1.0)) for name in further()]),
        Work(["matmul", "--size", "2048"], {
            "OpenBLAS": peer("openblas", "2048"), "PyTorch": peer("torchmatmul", "2048")}, [
            ("matmul f32 2048", ["OpenBLAS"], Goal(">", 0.95)),
            ("matmul bf16 2048", ["PyTorch"], Goal(">", 0.9))]),
    ]
    for name in ("bpe.json", "wordpiece.json", "gpt-2.json"):
        path = os.path.join(tokenizers, name)
        if name != "gpt-2.json" or os.path.exists(path):
            found.append(Work(["tokenize", path, text], {"tokenizers": peer("tokenizers", path, text)}, [
                (f"encode {name}", ["tokenizers"], Goal(">", 4))], needs=(path, text)))
    decode = {"llama1b-Q8_0": 1.4, "llama1b-Q4_0": 1.3, "llama1b-Q4_K_M": 1.3, "llama1b-BF16": 1.0,
              "smol135-Q8_0": 1.3, "smol135-BF16": 1.3}
    for name, times in decode.items():
        file = name + ".gguf"
        peers = {"llama.cpp": peer("llamacpp", at(file))}
        rows = [(f"decode 32 {file}", ["llama.cpp"], Goal(">", times))]
        if name == "llama1b-Q8_0":
            rows.append((f"decode 32 {file}", [], Goal(">", 0.8, "share")))
        if name in ("llama1b-Q8_0", "llama1b-Q4_0"):
            rows.append((f"prefill 512 {file}", ["llama.cpp"], Goal(">", 2)))
        elif name == "smol135-BF16":
            peers["transformers"] = peer("transformers", at("smol135"))
            rows.append((f"prefill 512 {file}", ["llama.cpp", "transformers"], Goal(">", 1.3)))
        else:
            rows.append((f"prefill 512 {file}", ["llama.cpp"], None))
        rows.append((f"load to first token {file}", ["llama.cpp"], Goal("<", 0.5)))
        size = os.path.getsize(at(file)) / 2**20 if os.path.exists(at(file)) else 0
        # The file, keys and values of 520 positions, and a hundred MB.
        cache = 520 * (22 * 4 * 64 if name.startswith("llama1b") else 30 * 3 * 64) * 8 / 2**20
        rows.append((f"resident memory {file}", ["llama.cpp"], Goal("<", round(size + cache + 1e8 / 2**20), "MiB")))
        found.append(Work(["model", at(file)], peers, rows, needs=(at(file),)))
    for method in ("full", "lora"):
        work = f"train {method} 4x256 smol135"
        found.append(Work(
            ["train", at("smol135"), "--method", method], {"PyTorch": peer("train", at("smol135"), method)}, [
                (work, ["PyTorch"], Goal(">", 2)), (f"peak memory {work}", ["PyTorch"], Goal("<", 0.5))],
            needs=(at("smol135"),)))
    found.append(Work(["train"], {"PyTorch": peer("char")}, [
        ("train full 12x64 char 0.8M", ["PyTorch"], Goal(">", 1.5))]))
    # The folder of all-MiniLM-L6-v2, as minilm beside the other models.
    found.append(Work(["embed", at("minilm")], {"transformers": peer("embed", at("minilm"))}, [
        ("embed 64x71 minilm", ["transformers"], Goal(">", 1.5))], needs=(at("minilm"),)))
    return found


class Measured:
    def __init__(self, options):
        self.options = options
        self.values = {}  # (who, work) -> values
        self.units = {}
        self.shares = {}
        self.machine = {}
        self.left_out = []

    def take(self, who, lines):
        for line in lines.splitlines():
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if "missing" in found:
                self.leave_out(found["work"], found["missing"])
                continue
            # One name for a model, whether its folder or its file is measured.
            work = found["work"]
            if who == "transformers" and not work.startswith("embed"):
                work += "-BF16.gguf"
            self.values.setdefault((who, work), []).append(found["value"])
            self.units[work] = found["unit"]
            if "share" in found:
                self.shares.setdefault(work, []).append(found["share"])
            if who == "Quire":
                self.machine = found

    def leave_out(self, work, reason):
        if (work, reason) not in self.left_out:
            print(f"  left out: {work}: {reason}", flush=True)
            self.left_out.append((work, reason))

    def call(self, who, command):
        environment = dict(os.environ, THREADS=str(self.options.threads), OMP_NUM_THREADS=str(self.options.threads))
        try:
            done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=900)
        except (OSError, subprocess.TimeoutExpired) as error:
            return self.leave_out(f"{who}: {os.path.basename(command[1])}", type(error).__name__)
        self.take(who, done.stdout)
        if done.returncode not in (0, 5):
            words = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            if done.returncode < 0:
                words = f"ended by {signal.Signals(-done.returncode).name}"
            self.leave_out(f"{who} {' '.join(os.path.basename(word) for word in command[2:])}".strip(), words)

    def run(self, work):
        missing = [os.path.basename(path) for path in work.needs if not os.path.exists(path)]
        if missing:
            return self.leave_out(work.rows[0][0], f"there is no {' '.join(missing)} (models.py makes it)")
        options = self.options
        ours = [options.quire, "bench", *work.ours, "--json", "--threads", str(options.threads)]
        for _ in range(options.rounds):
            self.call("Quire", ours)
            for who, command in work.peers.items():
                if command:
                    self.call(who, command)
                else:
                    self.start(who)

    def start(self, who):
        import time
        times = []
        for _ in range(31):
            begin = time.perf_counter()
            subprocess.run(["/usr/bin/python3", "-c", "1"], check=True)
            times.append((time.perf_counter() - begin) * 1e3)
        self.values.setdefault((who, "start -c 1"), []).append(statistics.median(times[1:]))

    def value(self, who, work):
        found = self.values.get((who, work))
        return statistics.median(found) if found else None


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def row(measured, work, peers, goal):
    """A line of the table; None when ours was not measured."""
    unit = measured.units.get(work, "")
    if goal is not None and goal.kind == "share":
        shares = measured.shares.get(work)
        if not shares:
            return None
        share = statistics.median(shares)
        return (f"{work}: share of the read bandwidth", f"{share:.0%}", "", "", "", str(goal),
                "yes" if goal.reached(share) else "no")
    ours = measured.value("Quire", work)
    if ours is None:
        return None
    theirs = [(measured.value(who, work), who) for who in peers]
    theirs = [pair for pair in theirs if pair[0] is not None]
    higher = goal is None or goal.sign == ">"
    best = (max if higher else min)(theirs) if theirs else None
    ratio = ours / best[0] if best else None
    reached = ""
    if goal is not None and goal.kind == "times":
        reached = "" if ratio is None else "yes" if goal.reached(ratio) else "no"
    elif goal is not None:
        reached = "yes" if goal.reached(ours) else "no"
    return (work, number(ours), f"{number(best[0])} ({best[1]})" if best else "", unit,
            f"{ratio:.2f}" if ratio is not None else "", str(goal) if goal else "", reached)


def language_row(measured, rows):
    ratios = []
    for work, peers, _ in rows:
        ours, theirs = measured.value("Quire", work), measured.value("CPython", work)
        if ours and theirs:
            ratios.append(ours / theirs)
    if not ratios:
        return None
    middle = statistics.median(ratios)
    return ("language, all (median of the ratios)", "", "", "", f"{middle:.2f}", "≤ 0.6 ×",
            "yes" if middle <= 0.6 else "no")


def table(measured, done, options):
    head = ("work", "Quire", "peer", "unit", "ratio", "goal", "reached")
    rows = []
    for work in done:
        for name, peers, goal in work.rows:
            made = language_row(measured, work.rows[:len(LANGUAGE)]) if name == "language, all" else row(
                measured, name, peers, goal)
            if made:
                rows.append(made)
    with open("/proc/cpuinfo") as file:
        info = file.read()
    flags = set(next((line for line in info.splitlines() if line.startswith(("flags", "Features"))), "").split())
    machine = measured.machine
    lines = [
        "# Benchmarks", "",
        "Quire beside other software, measured in turn in one run on one machine by `make bench`",
        "(`Tests/Benchmarks/compare.py`). Figures of other machines and days are not comparable with these;",
        "the ratios are. A ratio is Quire's value divided by the peer's.", "",
        f"- date: {options.date}",
        f"- CPU: {machine.get('cpu', 'unknown')}, {os.cpu_count()} cores, {options.threads} threads used",
        f"- flags: {' '.join(name for name in FEATURES if name in flags)}",
        f"- vector level in use: {machine.get('level', 'unknown')}",
        f"- peers: {', '.join(versions(options.python))}", "",
        "| " + " | ".join(head) + " |", "|---|---:|---:|---|---:|---|---|",
    ]
    lines += ["| " + " | ".join(cells) + " |" for cells in rows]
    if measured.left_out:
        lines += ["", "Not measured:", ""] + [f"- {work}: {reason}" for work, reason in measured.left_out]
    lines += [
        "", "Inputs: models with random weights in the shapes of TinyLlama 1.1B (llama1b) and SmolLM 135M (smol135);",
        "prompts of ids; decoding after a prompt of 8 ids; training in f32 accumulation on random ids, 4 rows of 256.",
        "Memory is the largest resident size of the process (VmHWM), mapped file pages among it.", "",
    ]
    return "\n".join(lines)


def versions(python):
    code = ("import importlib.metadata as m\n"
            "for n in ('llama-cpp-python','torch','transformers','peft','tokenizers','numpy'):\n"
            "  try: print(n, m.version(n))\n"
            "  except m.PackageNotFoundError: pass")
    found = subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.splitlines()
    cpython = subprocess.run(["/usr/bin/python3", "-V"], capture_output=True, text=True).stdout.strip()
    return found + [cpython.replace("Python", "CPython")]


def english(folder):
    """A text that is wherever Python is: what pydoc says of the language."""
    import pydoc_data.topics
    path = os.path.join(folder, "text.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(text for _, text in sorted(pydoc_data.topics.topics.items())))
    return path


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("quire")
    a.add_argument("--models", default=os.environ.get("BENCH_MODELS"), help="also by BENCH_MODELS")
    a.add_argument("--python", default=os.environ.get("BENCH_PYTHON", sys.executable),
                   help="the Python that has the peers; also by BENCH_PYTHON")
    a.add_argument("--text", help="English for the tokenizers; pydoc's own otherwise")
    a.add_argument("--only", help="works whose name or rows have this in them, comma-separated")
    a.add_argument("--rounds", type=int, default=2)
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--out", help="writes the table there")
    a.add_argument("--date", default=datetime.date.today().isoformat())
    options = a.parse_args()
    options.quire = os.path.abspath(options.quire)
    import tempfile
    with tempfile.TemporaryDirectory() as scratch:
        options.text = options.text or english(scratch)
        measured, done = Measured(options), []
        for work in works(options):
            names = " ".join(work.ours[:1] + [row[0] for row in work.rows])
            if options.only and not any(part in names for part in options.only.split(",")):
                continue
            print("quire bench " + shlex.join(os.path.basename(word) for word in work.ours), flush=True)
            measured.run(work)
            done.append(work)
    text = table(measured, done, options)
    print("\n" + text)
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main()

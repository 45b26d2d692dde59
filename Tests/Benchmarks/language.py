#!/usr/bin/env python3
"""The programs of `quire bench language` in Python, step by step the same.

    python3 language.py [--runs 5] [--only NAME,…] [--quire QUIRE]

Prints one JSON object a line: {"work", "value", "unit"}; values are medians in ms. With --quire it runs that program's
`bench language` too, and prints the ratios: Quire's time divided by Python's. The programs stand in language/, each
once in Quire and once in Python.
"""
import argparse, importlib, json, os, statistics, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
TITLES = {"fib": "fib(30)"}
# The set that the median is taken of; the others show where else time could go.
MAIN = ["fib", "integer-loop", "float-sum", "list-sort", "word-count", "string-building", "closures", "n-body"]


def names():
    found = sorted(file[:-6] for file in os.listdir(os.path.join(HERE, "language")) if file.endswith(".quire"))
    return MAIN + [name for name in found if name not in MAIN]


def title(name):
    return "language " + TITLES.get(name, name if name == "n-body" else name.replace("-", " "))


def measure(name, runs):
    run = importlib.import_module(name).run
    run()
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        run()
        times.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(times)


def quire(path, runs):
    command = [path, "bench", "language", "--json", "--runs", str(runs)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [json.loads(line) for line in lines if line.startswith("{")]
    return {row["work"]: row["value"] for row in rows if "value" in row}


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--runs", type=int, default=5)
    a.add_argument("--only", default="")
    a.add_argument("--quire")
    options = a.parse_args()
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.join(HERE, "language"))
    wanted = [name for name in names() if not options.only or name in options.only.split(",")]
    ours = quire(options.quire, options.runs) if options.quire else {}
    ratios = {}
    for name in wanted:
        value = measure(name, options.runs)
        if not options.quire:
            print(json.dumps({"work": title(name), "value": value, "unit": "ms"}), flush=True)
        elif title(name) in ours:
            ratios[name] = ours[title(name)] / value
            print(f"{title(name):28} {ours[title(name)]:9.1f} {value:9.1f} ms  {ratios[name]:5.2f}", flush=True)
    main_ratios = [ratios[name] for name in MAIN if name in ratios]
    if main_ratios:
        print(f"median of the first {len(main_ratios)}: {statistics.median(main_ratios):.2f}, "
              f"of all {len(ratios)}: {statistics.median(ratios.values()):.2f}, largest {max(ratios.values()):.2f}")


if __name__ == "__main__":
    main()

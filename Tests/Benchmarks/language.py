#!/usr/bin/env python3
"""The programs of `quire bench language` in Python, step by step the same.

    python3 language.py [--runs 5]

Prints one JSON object a line: {"work", "value", "unit"}; values are medians.
"""
import argparse, json, math, statistics, time


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def run_fib():
    assert fib(30) == 832040


def integer_loop():
    total = 0
    for i in range(10000000):
        total = total + i % 7
    assert total == 29999994


def float_sum():
    total, x = 0.0, 0.5
    for _ in range(3000000):
        x = x * 1.0000001 + 0.001
        total += x / (x + 1.0)
    assert total > 0.0


def list_sort():
    xs, seed = [], 1
    for _ in range(1000000):
        seed = (seed * 1103515245 + 12345) % 2147483648
        xs.append(seed)
    ys = sorted(xs)
    assert ys[0] + ys[999999] > 0


def word_count():
    words = "the quick brown fox jumps over the lazy dog and the small fox".split()
    counts = {}
    for i in range(300000):
        word = words[i % 13]
        counts[word] = counts.get(word, 0) + 1
    assert counts["the"] == 69231


def string_building():
    s = ""
    for i in range(500000):
        s += f"item {i}, "
    assert len(s.encode()) == 6388890


def adder(a):
    return lambda b: lambda c: a + b + c


def closures():
    total = 0
    for i in range(500000):
        f = adder(i)(2)
        total += f(3) + f(4)
    assert total == 250005000000


def n_body():
    px, py = [0.0, 4.84, 8.34, 12.89, 15.37], [0.0, -1.16, 4.12, -15.11, -25.9]
    vx, vy = [0.0, 0.6, -1.01, 1.08, 0.97], [0.0, 2.8, 1.82, 0.86, 0.59]
    m = [39.47, 0.037, 0.011, 0.0017, 0.002]
    for _ in range(20000):
        for i in range(5):
            for j in range(i + 1, 5):
                dx, dy = px[i] - px[j], py[i] - py[j]
                d = dx * dx + dy * dy + 0.01
                f = 0.001 / (d * math.sqrt(d))
                vx[i] -= dx * m[j] * f
                vy[i] -= dy * m[j] * f
                vx[j] += dx * m[i] * f
                vy[j] += dy * m[i] * f
        for i in range(5):
            px[i] += 0.001 * vx[i]
            py[i] += 0.001 * vy[i]
    r = px[0] + py[1]
    assert r == r


PROGRAMS = {
    "fib(30)": run_fib, "integer loop": integer_loop, "float sum": float_sum, "list sort": list_sort,
    "word count": word_count, "string building": string_building, "closures": closures, "n-body": n_body,
}

if __name__ == "__main__":
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--runs", type=int, default=5)
    runs = a.parse_args().runs
    for name, program in PROGRAMS.items():
        program()
        times = []
        for _ in range(runs):
            begin = time.perf_counter()
            program()
            times.append((time.perf_counter() - begin) * 1e3)
        print(json.dumps({"work": f"language {name}", "value": statistics.median(times), "unit": "ms"}), flush=True)

#!/usr/bin/env python3
"""Start-up beside CPython: python3 start.py QUIRE [--runs 40]

Runs `QUIRE -c 1` and `/usr/bin/python3 -c 1` in turn and prints medians, spread and the ratio (goal: at most 1.0).
"""
import argparse, statistics, subprocess, time

def once(command):
    begin = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - begin) * 1e3

if __name__ == "__main__":
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("quire"); a.add_argument("--runs", type=int, default=40)
    a = a.parse_args()
    ours, theirs = [a.quire, "-c", "1"], ["/usr/bin/python3", "-c", "1"]
    once(ours), once(theirs)
    pairs = [(once(ours), once(theirs)) for _ in range(a.runs)]
    for name, times in (("quire -c 1", [p[0] for p in pairs]), ("python3 -c 1", [p[1] for p in pairs])):
        times.sort()
        print(f"{name:14} median {statistics.median(times):6.2f} ms   min {times[0]:6.2f}   max {times[-1]:6.2f}")
    ratio = statistics.median(p[0] / p[1] for p in pairs)
    print(f"ratio          {ratio:.2f} (goal: at most 1.0)")

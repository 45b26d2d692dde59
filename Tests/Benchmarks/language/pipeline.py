from functools import reduce


def run():
    xs = list(range(200000))
    ys = list(map(lambda x: x // 2, filter(lambda x: x % 2 == 0, map(lambda x: x * 3 + 1, xs))))
    total = reduce(lambda a, b: a + b, ys)
    zs = sorted(ys, key=lambda x: -x)
    r = total + zs[0] + sum([x * x for x in range(100000) if x % 3 == 0])
    assert r > 0

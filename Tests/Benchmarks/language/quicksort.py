def quick(xs):
    if len(xs) < 2:
        return xs
    p = xs[len(xs) // 2]
    return quick([x for x in xs if x < p]) + [x for x in xs if x == p] + quick([x for x in xs if x > p])


def run():
    xs = []
    seed = 42
    for i in range(40000):
        seed = (seed * 1103515245 + 12345) % 2147483648
        xs.append(seed % 100000)
    ys = quick(xs)
    assert ys == sorted(xs)

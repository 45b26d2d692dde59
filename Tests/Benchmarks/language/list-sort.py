def run():
    xs, seed = [], 1
    for _ in range(1000000):
        seed = (seed * 1103515245 + 12345) % 2147483648
        xs.append(seed)
    ys = sorted(xs)
    assert ys[0] + ys[999999] > 0

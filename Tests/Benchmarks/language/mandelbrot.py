def rows(size, limit):
    inside = 0
    for y in range(size):
        for x in range(size):
            a = 3.0 * x / size - 2.0
            b = 2.0 * y / size - 1.0
            u = 0.0
            v = 0.0
            n = 0
            while n < limit and u * u + v * v <= 4.0:
                t = u * u - v * v + a
                v = 2.0 * u * v + b
                u = t
                n += 1
            if n == limit:
                inside += 1
    return inside


def run():
    assert rows(120, 100) > 3000

def adder(a):
    return lambda b: lambda c: a + b + c


def run():
    total = 0
    for i in range(500000):
        f = adder(i)(2)
        total += f(3) + f(4)
    assert total == 250005000000

def read(memo, key):
    try:
        return memo[key]
    except KeyError:
        return 1


def run():
    memo = {}
    bad = 0
    for i in range(100000):
        memo[i] = i if i < 2 else (memo[i - 1] + memo[i - 2]) % 1000007
        if i % 10 == 0:
            bad += read(memo, -1 - i)
    total = 0
    for k, v in memo.items():
        total += k % 3 * v
    for a, b in zip(range(100000), range(100000, 0, -1)):
        total += a * b % 7
    assert total + bad > 0

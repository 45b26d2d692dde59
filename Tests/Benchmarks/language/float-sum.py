def run():
    total, x = 0.0, 0.5
    for _ in range(3000000):
        x = x * 1.0000001 + 0.001
        total += x / (x + 1.0)
    assert total > 0.0

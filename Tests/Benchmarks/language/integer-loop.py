def run():
    total = 0
    for i in range(10000000):
        total = total + i % 7
    assert total == 29999994

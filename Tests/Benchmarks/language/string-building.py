def run():
    s = ""
    for i in range(500000):
        s += f"item {i}, "
    assert len(s.encode()) == 6388890

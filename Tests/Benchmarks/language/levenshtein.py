def distance(a, b):
    before = list(range(len(b) + 1))
    for i in range(len(a)):
        row = [i + 1]
        for j in range(len(b)):
            cost = 0 if a[i] == b[j] else 1
            row.append(min(min(row[j] + 1, before[j + 1] + 1), before[j] + cost))
        before = row
    return before[len(b)]


def run():
    a = "the quick brown fox jumps over the lazy dog " * 8
    b = "a quick brown cat leaps over one lazy dogs " * 8
    assert distance(a, b) > 10

def step(grid):
    n = len(grid)
    next = []
    for y in range(n):
        row = []
        for x in range(n):
            count = 0
            for dy in [-1, 0, 1]:
                for dx in [-1, 0, 1]:
                    if (dy != 0 or dx != 0) and grid[(y + dy) % n][(x + dx) % n] == 1:
                        count += 1
            row.append(1 if count == 3 or (count == 2 and grid[y][x] == 1) else 0)
        next.append(row)
    return next


def cipher(text, shift):
    letters = "abcdefghijklmnopqrstuvwxyz"
    table = {}
    for i in range(26):
        table[letters[i]] = letters[(i + shift) % 26]
    return "".join([table.get(c, c) for c in text])


def run():
    grid = [[(x * y + x) % 3 // 2 for x in range(40)] for y in range(40)]
    for i in range(4):
        grid = step(grid)
    assert sum([sum(row) for row in grid]) >= 0
    text = "the quick brown fox jumps over the lazy dog. " * 300
    assert cipher(cipher(text, 3), 23) == text

def tree(depth):
    if depth == 0:
        return {"left": None, "right": None}
    return {"left": tree(depth - 1), "right": tree(depth - 1)}


def count(t):
    return 1 if t["left"] is None else 1 + count(t["left"]) + count(t["right"])


def run():
    total = 0
    for i in range(6):
        total += count(tree(13))
    assert total == 98298

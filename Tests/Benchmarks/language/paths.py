def graph(n):
    edges = {}
    for i in range(n):
        edges[f"n{i}"] = [f"n{(i * 7 + 1) % n}", f"n{(i * 3 + 2) % n}", f"n{(i + n // 2) % n}"]
    return edges


def distances(edges, start):
    found = {}
    found[start] = 0
    queue = [start]
    place = 0
    while place < len(queue):
        name = queue[place]
        place += 1
        for other in edges[name]:
            if other not in found:
                found[other] = found[name] + 1
                queue.append(other)
    return found


def permutations(xs):
    if len(xs) < 2:
        return [xs]
    result = []
    for i in range(len(xs)):
        rest = xs[0:i] + xs[i + 1:]
        for p in permutations(rest):
            result.append([xs[i]] + p)
    return result


def run():
    edges = graph(3000)
    far = 0
    for k in range(5):
        far = max(far, max(list(distances(edges, f"n{k}").values())))
    assert far > 5
    assert len(permutations([1, 2, 3, 4, 5, 6, 7])) == 5040

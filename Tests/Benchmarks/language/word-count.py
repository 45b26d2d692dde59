def run():
    words = "the quick brown fox jumps over the lazy dog and the small fox".split()
    counts = {}
    for i in range(300000):
        word = words[i % 13]
        counts[word] = counts.get(word, 0) + 1
    assert counts["the"] == 69231

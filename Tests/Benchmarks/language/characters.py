def run():
    text = "It was the best of times, it was the worst of times. " * 2000
    counts = {}
    vowels = 0
    for c in text:
        counts[c] = counts.get(c, 0) + 1
        if c in "aeiou":
            vowels += 1
    back = ""
    for c in text[0:20000]:
        back = c + back
    r = vowels + len(counts) + len(back)
    assert r == 46016

pairs = {")": "(", "]": "[", "}": "{"}


def balanced(text):
    open = []
    for c in text:
        if c in "([{":
            open.append(c)
        elif c in pairs:
            if len(open) == 0 or open[-1] != pairs[c]:
                return False
            open = open[:-1]
    return len(open) == 0


def run():
    good = 0
    for i in range(3000):
        text = "(" * (i % 7) + "a[b{c}d]e" * 5 + ")" * (i % 5) + "x" * 10
        if balanced(text):
            good += 1
    assert good == 430, good

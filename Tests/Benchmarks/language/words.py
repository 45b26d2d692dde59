def run():
    text = " ".join([str(i) + " apples and pears;" for i in range(20000)])
    total = 0
    for k in range(3):
        parts = text.split(";")
        words = [p.upper().strip() for p in parts if len(p) > 0]
        text2 = ", ".join(words)
        total += len(text2) + len(text2.split()) + len(text2.replace("APPLES", "figs"))
    assert total == 2933328

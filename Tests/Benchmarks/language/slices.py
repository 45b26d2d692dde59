def palindrome(s):
    return s == "".join(reversed(list(s)))


def runs(text):
    parts = []
    i = 0
    while i < len(text):
        j = i
        while j < len(text) and text[j] == text[i]:
            j += 1
        parts.append(text[i] + str(j - i))
        i = j
    return "".join(parts)


def run():
    text = "aaabccddddeffabba" * 200
    found = 0
    for i in range(len(text) - 6):
        if palindrome(text[i:i + 6]):
            found += 1
    assert len(runs(text)) > 100
    rows = "\n".join([f"{i},name{i},{i * 3 % 101}" for i in range(5000)])
    total = 0
    names = []
    for line in rows.split("\n"):
        fields = line.split(",")
        total += int(fields[0]) + int(fields[2])
        if fields[1].startswith("name4"):
            names.append(fields[1][0:3].upper() + fields[1][3:])
    assert total > 1000 and len(names) == 1111

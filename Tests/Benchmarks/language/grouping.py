def run():
    groups = {}
    for i in range(200000):
        key = "k" + str(i * 7919 % 1000)
        if key not in groups:
            groups[key] = []
        groups[key].append(i)
    total = 0
    for key, members in groups.items():
        total += len(members) * members[0]
    assert total == 99900000

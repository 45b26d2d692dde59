def run():
    accounts = [{"name": f"a{i}", "money": {"cash": 100, "bank": [i, 0]}} for i in range(100)]
    for i in range(200000):
        a = i % 100
        b = (i * 7 + 3) % 100
        if accounts[a]["money"]["cash"] > 0:
            accounts[a]["money"]["cash"] -= 1
            accounts[b]["money"]["cash"] += 1
        accounts[a]["money"]["bank"][1] += 2
    total = sum([x["money"]["cash"] for x in accounts])
    assert total == 10000

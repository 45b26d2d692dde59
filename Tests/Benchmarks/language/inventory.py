def run():
    items = [{"name": f"item{i * 37 % 1000}", "price": i * 7 % 113 + 0.5, "kind": ["tool", "toy", "food"][i % 3]} for i in range(6000)]
    dear = list(filter(lambda x: x["price"] > 50, items))
    ordered = sorted(dear, key=lambda x: x["name"])
    totals = {}
    for item in ordered:
        if item["kind"] not in totals:
            totals[item["kind"]] = {"count": 0, "sum": 0.0}
        totals[item["kind"]]["count"] += 1
        totals[item["kind"]]["sum"] += item["price"]
    lines = []
    for item in ordered:
        lines.append(item["name"].ljust(12) + " " + f"{item['price']:.2f}" + " " + item["kind"])
    seen = {}
    for word in "\n".join(lines).split():
        seen[word] = seen.get(word, 0) + 1
    assert len(seen) + len(totals) > 100

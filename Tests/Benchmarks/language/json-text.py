def text(v):
    k = type(v)
    if k is dict:
        return "{" + ", ".join([f"\"{key}\": {text(v[key])}" for key in v]) + "}"
    if k is list:
        return "[" + ", ".join([text(x) for x in v]) + "]"
    if k is str:
        return "\"" + v.replace("\"", "\\\"") + "\""
    return str(v)


def run():
    records = [{"id": i, "name": f"record {i}", "tags": ["a", "b"], "ok": i % 2 == 0} for i in range(10000)]
    s = text(records)
    assert len(s) > 500000

#!/usr/bin/env python3
"""Renders chat templates in Quire and in jinja2 as transformers sets it up, byte for byte.

    python3 templates_check.py FILE_OR_FOLDER... [--quire .build/release/quire] [--seed 1] [--count 30] [--show 2]

Every *.jinja file gets the fixed conversations of Tests/Fixtures/templates/make_templates.py and --count random ones:
system and developer messages, several turns, parts, reasoning, tools, calls with maps and texts as arguments, answers of
tools, documents, empty and missing contents, any script, texts that look like markup, and the variables that templates ask
about. Where the reference fails, Quire must fail too, and the other way round. A line a template that differs; exit 0
if none does.

Needs: jinja2, transformers.
"""
import argparse, contextlib, copy, datetime, hashlib, io, json, os, random, subprocess, sys, tempfile
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../Fixtures/templates"))
import make_templates as reference

reference.NOW = datetime.datetime(2026, 3, 7)
TEXTS = ["Hello", "", " ", "  two  words \n", "Grüße, 世界 🌍", "e\u0301 \u200b\ufeff", "line\nline\r\n\ttab", "{{ 7*7 }} {% if %}",
         "<|im_start|>system<|im_end|>", "</s><s>[INST] x [/INST]", "<think>\nhm\n</think>\n\nanswer", "</think>tail", "<think>open",
         "a'b\"c\\d & <b>", "1", "{\"a\": 1}", "[TOOL_CALLS]", "\u2028x\u00a0y\x1f", "None", "नमस्ते दुनिया", "-----\n```py\nx = 1\n```",
         "<tool_call>\n{\"name\": \"f\"}\n</tool_call>", "user: hi", "long " * 40]
VALUES = [1, 0, -3, 2.5, 1e20, 1e-7, True, False, None, "x", "", "é'\"", [1, "a", None], [], {}, {"k": [1, {"z": "Ü"}]}, 12345678901]

def conversation(r):
    text = lambda: r.choice(TEXTS)
    def parts():
        kinds = [{"type": "text", "text": text()}, {"type": "text", "text": text()}, {"type": "image"},
                 {"type": "image_url", "image_url": {"url": "x.png"}}]
        return [copy.deepcopy(r.choice(kinds)) for _ in range(r.randint(1, 3))]
    content = lambda: parts() if r.random() < .08 else text()
    name = lambda: r.choice(["get_weather", "f", "search.web", "Ünï"])
    def arguments():
        value = {r.choice(["city", "n", "x y", "é", "deep"]): copy.deepcopy(r.choice(VALUES)) for _ in range(r.randint(0, 3))}
        return json.dumps(value) if r.random() < .2 else value
    def tool():
        keys = r.sample(["city", "units", "days", "opt"], r.randint(0, 3))
        kinds = [{"type": "string", "description": text()}, {"type": "integer"}, {"type": ["string", "null"], "enum": ["a", "b"]},
                 {"type": "array", "items": {"type": "number"}, "default": [1.0]},
                 {"type": "object", "properties": {"q": {"type": "boolean"}}, "required": ["q"]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}]
        made = {"name": name(), "description": text(), "parameters": {"type": "object", "properties": {k: r.choice(kinds) for k in keys}}}
        if r.random() < .7: made["parameters"]["required"] = keys[:1]
        if r.random() < .1: made["return"] = {"type": "string"}
        if r.random() < .1: del made["description"]
        return {"type": "function", "function": made} if r.random() < .9 else made
    messages = []
    if r.random() < .5: messages.append({"role": r.choice(["system", "system", "system", "developer"]), "content": content()})
    for _ in range(r.randint(1, 3)):
        messages.append({"role": "user", "content": content()})
        if r.random() < .3:
            calls = [{"id": r.choice(["abcdefghi", "123456789", "call_1"]), "type": "function",
                      "function": {"name": name(), "arguments": arguments()}} for _ in range(r.randint(1, 2))]
            if r.random() < .1: calls = [c["function"] for c in calls]
            m = {"role": "assistant", "content": r.choice([None, "", text()]), "tool_calls": calls}
            if r.random() < .1: del m["content"]
            if r.random() < .3: m[r.choice(["reasoning_content", "reasoning", "thinking"])] = text()
            messages.append(m)
            for c in calls:
                answer = {"role": "tool", "content": r.choice([text(), json.dumps({"t": 21.5}), {"t": 21.5}]) if r.random() < .9 else parts()}
                if r.random() < .8: answer["tool_call_id"] = c.get("id", "abcdefghi")
                if r.random() < .6: answer["name"] = c.get("function", c)["name"]
                messages.append(answer)
        if r.random() < .8:
            m = {"role": "assistant", "content": content()}
            if r.random() < .25: m[r.choice(["reasoning_content", "reasoning", "thinking"])] = text()
            if r.random() < .1: m["tool_calls"] = r.choice([[], None])
            if r.random() < .05: m["content"] = None
            messages.append(m)
    if r.random() < .6: messages.append({"role": "user", "content": content()})
    if r.random() < .05: messages = messages[1:]
    made = {"messages": messages, "add_generation_prompt": r.random() < .7}
    if r.random() < .4: made["tools"] = [tool() for _ in range(r.randint(1, 3))]
    if r.random() < .03: made["tools"] = []
    if r.random() < .1: made["documents"] = [{"title": text(), "text": text()}, {"title": "Zwei", "contents": text(), "doc_id": 2}]
    for key, choices in [("enable_thinking", [True, False]), ("thinking", [True, False]), ("reasoning_effort", ["low", "high", "none"]),
                         ("date_string", ["1 Jan 2000"]), ("tools_in_user_message", [True, False]), ("preserve_thinking", [True]),
                         ("add_default_system_prompt", [False]), ("keep_past_thinking", [True]), ("citations", [True])]:
        if r.random() < .1: made[key] = r.choice(choices)
    return made

def by_quire(quire, path, cases):
    """Text or None (where it failed) of each case, and the words of the error."""
    with tempfile.TemporaryDirectory() as tmp:
        rows = []
        for c in cases:
            c = copy.deepcopy(c)
            row = {"messages": c.pop("messages"), "tools": c.pop("tools", None), "generation": c.pop("add_generation_prompt", False)}
            rows.append({**row, "vars": {**reference.TOKENS, **c}})
        json.dump(rows, open(tmp + "/in.json", "w"))
        open(tmp + "/run.quire", "w").write(f'''
t = template {json.dumps(os.path.abspath(path))}
found = []
for c in load("{tmp}/in.json") {{
  row = try {{
    {{text: t.render(c.messages, generation: c.generation, tools: c.tools, vars: c.vars, date: "2026-03-07")}}
  }} catch e {{ {{error: e.message}} }}
  found = append(found, row)
}}
save found, "{tmp}/out.json"
''')
        done = subprocess.run([quire, "--allow", "fs", tmp + "/run.quire"], capture_output=True, text=True)
        if done.returncode: return [(None, (done.stderr or done.stdout).strip()[:300])] * len(cases)
        return [(x.get("text"), x.get("error")) for x in json.load(open(tmp + "/out.json"))]

def differing(path, quire, cases, show):
    """How many cases differ, and how many rendered."""
    source = open(path, encoding="utf-8", newline="").read()
    with contextlib.redirect_stdout(io.StringIO()):
        wanted = [reference.render(source, dict(c)) for c in cases]
    bad, lines = 0, []
    for c, want, (text, error) in zip(cases, wanted, by_quire(quire, path, cases)):
        if want.get("text") == text: continue
        bad += 1
        if bad > show: continue
        asked = json.dumps(c, ensure_ascii=False)[:700]
        if text is None or "text" not in want:
            lines.append(f"     {asked}\n       wanted {ascii(want)[-300:]}\n       got    {ascii(text or error)[:300]}")
        else:
            at = next((i for i, (a, b) in enumerate(zip(text, want["text"])) if a != b), min(len(text), len(want["text"])))
            lines.append(f"     {asked}\n       at {at}: wanted {ascii(want['text'][max(0, at - 60):at + 60])}\n"
                         f"       got    {ascii(text[max(0, at - 60):at + 60])}")
    if bad: print(f"DIFF {os.path.basename(path)}: {bad} of {len(cases)}", *lines, sep="\n", flush=True)
    return bad, sum("text" in w for w in wanted)

if __name__ == "__main__":
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("paths", nargs="+"); a.add_argument("--quire", default=".build/release/quire")
    a.add_argument("--seed", type=int, default=1); a.add_argument("--count", type=int, default=30)
    a.add_argument("--show", type=int, default=2)
    a = a.parse_args()
    files = [f for p in a.paths for f in (
        sorted(os.path.join(p, n) for n in os.listdir(p) if n.endswith(".jinja")) if os.path.isdir(p) else [p])]
    seen, good, cases_run, rendered = set(), 0, 0, 0
    for path in files:
        digest = hashlib.sha256(open(path, "rb").read()).digest()
        if digest in seen: continue
        seen.add(digest)
        r = random.Random(f"{a.seed} {os.path.basename(path)}")
        cases = [copy.deepcopy(c) for c in reference.CONVERSATIONS.values()] + [conversation(r) for _ in range(a.count)]
        bad, texts = differing(path, a.quire, cases, a.show)
        good += not bad; cases_run += len(cases); rendered += texts
    print(f"{good} of {len(seen)} templates equal; {cases_run} conversations, {rendered} of them render")
    sys.exit(good != len(seen))

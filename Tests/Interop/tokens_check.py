#!/usr/bin/env python3
"""Compares token ids and decoded texts of any tokenizer file with the library it was written for, on random texts.

    python3 tokens_check.py FILE... [--quire .build/release/quire] [--seed 1] [--count 2000] [--show 3]

FILE is a tokenizer.json (judged by tokenizers), a sentencepiece model (.model and the like, by sentencepiece), a
GGUF file (.gguf, by llama.cpp, where the llama_cpp package is there) or a tekken.json (by mistral-common). A GGUF file with
FILE.inp and FILE.out beside it is compared with these stored answers too. The texts are those of
Tests/Fixtures/tokenizers/fuzz.py: tricky strings, combining marks, blanks, special tokens, any scalar.

llama.cpp composes no letters and approximates some split patterns, so a GGUF file counts the differences without
failing, unless --strict is given; its stored answers must be equal. Exit 0 if all is equal.
"""
import argparse, json, os, subprocess, sys, tempfile
HERE = os.path.dirname(os.path.abspath(__file__))
FUZZ = os.path.join(HERE, "../Fixtures/tokenizers/fuzz.py")
space = {"__file__": FUZZ, "__name__": "fuzz"}
exec(open(FUZZ, encoding="utf-8").read().rsplit("\nrun()", 1)[0], space)

def by_quire(quire, path, texts, add, special, keep):
    """Ids of each text, and what they decode to."""
    word = lambda x: "true" if x else "false"
    with tempfile.TemporaryDirectory() as tmp:
        json.dump(texts, open(tmp + "/in.json", "w"))
        open(tmp + "/run.quire", "w").write(f'''
t = tokenizer {json.dumps(os.path.abspath(path))}
rows = []
for s in load("{tmp}/in.json") {{
  ids = t.encode(s, add: {word(add)}, special: {word(special)})
  rows = append(rows, {{ids: ids, text: t.decode(ids, special: {word(keep)})}})
}}
save rows, "{tmp}/out.json"
''')
        done = subprocess.run([quire, "--allow", "fs", tmp + "/run.quire"], capture_output=True, text=True)
        if done.returncode: raise RuntimeError((done.stderr or done.stdout).strip()[:400])
        return [(r["ids"], r["text"]) for r in json.load(open(tmp + "/out.json"))]

def by_tokenizers(path):
    from tokenizers import Tokenizer
    t = Tokenizer.from_file(path); t.no_truncation(); t.no_padding()
    def answer(s, add, keep):
        ids = t.encode(s, add_special_tokens=add).ids
        return ids, t.decode(ids, skip_special_tokens=not keep)
    return answer

def by_sentencepiece(path):
    import sentencepiece
    p = sentencepiece.SentencePieceProcessor(model_file=path)
    def answer(s, add, keep):
        ids = p.encode(s)
        # Its text for an unknown piece, " ⁇ ", is of no tokenizer's making.
        return ids, None if p.unk_id() in ids else p.decode(ids)
    return answer

def by_llama_cpp(path):
    import ctypes, llama_cpp
    by_llama_cpp.quiet = llama_cpp.llama_log_callback(lambda *_: None)
    llama_cpp.llama_log_set(by_llama_cpp.quiet, ctypes.c_void_p(0))
    m = llama_cpp.Llama(path, vocab_only=True, verbose=False)
    return lambda s, add, keep: (m.tokenize(s.encode(), add_bos=False, special=False), None)

def by_mistral(path):
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer
    t = Tekkenizer.from_file(path)
    return lambda s, add, keep: (t.encode(s, bos=False, eos=False), None)

def judge(path):
    """Name, answers, whether special tokens are parsed, whether start and end tokens can be asked for."""
    if path.endswith(".gguf"): return "llama.cpp", by_llama_cpp(path), False, False
    if not path.endswith(".json"): return "sentencepiece", by_sentencepiece(path), False, False
    if "tekken" in os.path.basename(path): return "mistral-common", by_mistral(path), False, False
    return "tokenizers", by_tokenizers(path), True, True

def compare(name, texts, found, wanted, show):
    wrong = [(s, a, b) for s, a, b in zip(texts, found, wanted) if a[0] != b[0] or (b[1] is not None and a[1] != b[1])]
    print(f"{'ok  ' if not wrong else 'DIFF'} {name}: {len(texts) - len(wrong)} of {len(texts)} equal", flush=True)
    for s, a, b in sorted(wrong, key=lambda x: len(x[0]))[:show]:
        print("      ", ascii(s)[:200])
        for what, x, y in zip(("ids ", "text"), a, b):
            if x != y and y is not None: print("        ", what, ascii(x)[:200], "wanted", ascii(y)[:200])
    return len(wrong)

def stored(path):
    texts = open(path + ".inp", encoding="utf-8", newline="").read().split("\n__ggml_vocab_test__\n")
    rows = open(path + ".out").read().split("\n")[:-1]
    return texts[:len(rows)], [([int(n) for n in row.split()], None) for row in rows]

if __name__ == "__main__":
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("files", nargs="+"); a.add_argument("--quire", default=".build/release/quire")
    a.add_argument("--seed", type=int, default=1); a.add_argument("--count", type=int, default=2000)
    a.add_argument("--show", type=int, default=3); a.add_argument("--strict", action="store_true")
    a = a.parse_args()
    texts = space["texts"](a.seed, a.count)
    bad = 0
    for path in a.files:
        name = os.path.join(*path.split(os.sep)[-2:])
        try:
            if os.path.exists(path + ".inp"):
                asked, wanted = stored(path)
                bad += compare(name + " (stored)", asked, by_quire(a.quire, path, asked, False, False, True), wanted, a.show)
            by, answer, special, adds = judge(path)
            for add in (False, True) if adds else (False,):
                found = by_quire(a.quire, path, texts, add, special, keep=not add)
                wrong = compare(f"{name} ({by}{', with start and end' if add else ''})", texts, found,
                                [answer(s, add, not add) for s in texts], a.show)
                if by != "llama.cpp" or a.strict: bad += wrong
        except Exception as e:
            bad += 1
            print(f"FAIL {name}: {type(e).__name__}: {e}", flush=True)
    sys.exit(bad != 0)

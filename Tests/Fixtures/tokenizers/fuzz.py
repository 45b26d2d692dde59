"""Compares random texts with the reference live: every tokenizer of vectors/, or those named.
Run: python fuzz.py [--seed N] [--count N] [FILE...] -- COMMAND, where COMMAND runs FuzzTests, e.g.
python fuzz.py --seed 7 -- swift test -c release -Xswiftc -enable-testing --disable-xctest --filter FuzzTests"""
import glob, json, os, random, subprocess, sys, tempfile
HERE = os.path.dirname(os.path.abspath(__file__))
exec(open(f"{HERE}/make_vectors.py").read().rsplit("\nmain()", 1)[0])


def texts(seed, count):
    r = random.Random(seed)
    tricky = strings()
    marks = [chr(c) for c in list(range(0x300, 0x36F)) + [0x345, 0x591, 0x5BF, 0x94D, 0x9CD, 0x1DC0, 0x20D0, 0x3099, 0x302A, 0x1D165, 0x16FF0]]
    hangul = [chr(r.randrange(0x1100, 0x1200)) for _ in range(40)] + [chr(r.randrange(0xAC00, 0xD7A4)) for _ in range(40)]
    composed = [chr(r.choice([*range(0xC0, 0x250), *range(0x1E00, 0x2000), *range(0xF900, 0xFB50), *range(0x3300, 0x3400)])) for _ in range(60)]
    blanks = [" ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u2003", "\u3000", "\u0085", "\u200b", "\u2028", "\u180e", "\ufeff"]
    words = "the river boat isn't I'll THEY'VE 'S ''s o'clock helloWorld HTTPServer naïve 1234567 3.14 <|im_start|> <s> </s> [CLS] [MASK] <unk> <0x0A> ▁ Ġ ## <sep> ſ 'ſ ǅ ß ﬁ".split()
    out = []
    for _ in range(count):
        parts = []
        for _ in range(r.randint(1, 25)):
            k = r.random()
            if k < .25: parts.append(r.choice(words))
            elif k < .35: parts.append(r.choice(blanks) * r.randint(1, 3))
            elif k < .5: parts.append(r.choice("aeoucdnsAEO") + "".join(r.choice(marks) for _ in range(r.randint(1, 4))))
            elif k < .58: parts.append("".join(r.choice(hangul) for _ in range(r.randint(1, 4))))
            elif k < .66: parts.append(r.choice(composed))
            elif k < .72:
                s = r.choice(tricky); a = r.randrange(len(s) + 1); parts.append(s[a:a + r.randint(0, 12)])
            elif k < .85: parts.append("".join(chr(r.randrange(0x20, 0x7F)) for _ in range(r.randint(1, 8))))
            else: parts.append(chr(r.choice([r.randrange(0xD800), r.randrange(0xE000, 0x110000), r.randrange(0x2000, 0x3400), r.randrange(0x10000, 0x20000)])))
        out.append("".join(parts))
    return out


def run():
    args = sys.argv[1:]
    cut = args.index("--")
    own, command = args[:cut], args[cut + 1:]
    seed = int(own[own.index("--seed") + 1]) if "--seed" in own else random.randrange(1 << 30)
    count = int(own[own.index("--count") + 1]) if "--count" in own else 3000
    files = [a for a in own if a.endswith((".json", ".model"))] or \
        [f for f in sorted(glob.glob(f"{OUT}/*.json") + glob.glob(f"{OUT}/*.model")) if ".cases." not in f and "strings" not in f]
    lines = texts(seed, count)
    with tempfile.TemporaryDirectory() as folder:
        json.dump(lines, open(f"{folder}/texts.json", "w"))
        json.dump([os.path.abspath(f) for f in files], open(f"{folder}/names.json", "w"))
        done = subprocess.run(command, env={**os.environ, "QUIRE_TOKENIZER_FUZZ": folder}, capture_output=True, text=True)
        if done.returncode: print(done.stdout[-3000:], done.stderr[-1000:])
        bad = 0
        for i, f in enumerate(files):
            found = json.load(open(f"{folder}/{i}.out.json"))
            if f.endswith(".model"):
                p = spm_module.SentencePieceProcessor(model_file=f)
                def of(s):
                    w = spm_row(p, s)
                    if p.unk_id() in w[0]: w[3] = ""
                    return w
            else:
                t = Tokenizer.from_file(f)
                of = lambda s: row(t, s)
            wrong = [(s, a, b) for s, a, b in zip(lines, found, map(of, lines)) if a != b]
            bad += len(wrong)
            print(os.path.basename(f), "equal" if not wrong else f"{len(wrong)} of {len(lines)} differ")
            for s, a, b in sorted(wrong, key=lambda x: len(x[0]))[:3]:
                print("  ", ascii(s))
                for what, x, y in zip(("ids", "offsets", "all", "text", "special"), a, b):
                    if x != y: print("    ", what, ascii(x)[:300], "wanted", ascii(y)[:300])
        print("seed", seed, "differences", bad)
        sys.exit(1 if bad else 0)


run()

"""Makes the pinned tables of scalars (Sources/Tokenizers/Scalars/scalars.bin, ScalarLayout.h) and the recorded
sweeps that the tests hold them against (sweeps.json), all by asking Hugging Face tokenizers (0.23) about every
scalar. PCRE2 14 is asked too (libpcre2-8), to know which scalars need a stand-in while matching.
Run: python make_scalars.py"""
import ctypes, json, os, struct, unicodedata
import regex as re
import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "../../../Sources/Tokenizers/Scalars")
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
TEXT = "".join(map(chr, SCALARS))

CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cn Co".split()
SCRIPTS = ("Arabic Armenian Bengali Bopomofo Common Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Han Hangul "
           "Hebrew Hiragana Inherited Kannada Katakana Khmer Lao Latin Malayalam Mongolian Myanmar Oriya Sinhala Tamil Telugu Thai "
           "Tibetan").split()
POSIX = "alpha digit alnum space upper lower cntrl punct xdigit blank word ascii".split()


def ranges_to_set(pieces):
    found = set()
    for _, (a, b) in pieces:
        found.update(SCALARS[a:b])
    return found


def regex_set(pattern):
    """The scalars that one Oniguruma pattern of a single scalar matches."""
    split = pre_tokenizers.Split(Regex(f"(?:{pattern})+"), "removed", invert=True)
    return ranges_to_set(split.pre_tokenize_str(TEXT))


def isolated(pre):
    """The scalars that a pre-tokenizer cuts out between letters."""
    text = "x" + "x".join(map(chr, SCALARS)) + "x"
    return {SCALARS[a // 2] for _, (a, b) in pre.pre_tokenize_str(text) if b == a + 1 and a % 2 == 1}


def mapped(norm, mark="\n"):
    """What a normalizer makes of each scalar alone, where it changes it; `mark` is one it leaves alone."""
    scalars = [c for c in SCALARS if c != ord(mark)]
    out = norm.normalize_str(mark.join(map(chr, scalars))).split(mark)
    assert len(out) == len(scalars)
    return {c: s for c, s in zip(scalars, out) if s != chr(c)}


def word_set():
    """`Whitespace`: a scalar that joins the letter after it is a word's."""
    text = "".join(chr(c) + "x " for c in SCALARS)
    return {SCALARS[a // 3] for _, (a, b) in pre_tokenizers.Whitespace().pre_tokenize_str(text) if b == a + 2 and a % 3 == 0}


class PCRE:
    """Sets as Debian 12's PCRE2 (Unicode 14) sees them."""
    def __init__(self):
        self.lib = lib = ctypes.CDLL("libpcre2-8.so.0")
        for name in ("pcre2_compile_8", "pcre2_match_data_create_8", "pcre2_get_ovector_pointer_8"):
            getattr(lib, name).restype = ctypes.c_void_p
        lib.pcre2_get_ovector_pointer_8.restype = ctypes.POINTER(ctypes.c_size_t)
        self.text = TEXT.encode()
        self.index = {}
        at = 0
        for c in SCALARS:
            self.index[at] = c
            at += len(chr(c).encode())
        self.index[at] = 0x110000

    def set(self, pattern):
        lib, n, e = self.lib, ctypes.c_int(), ctypes.c_size_t()
        source = f"{pattern}+".encode()
        code = lib.pcre2_compile_8(source, ctypes.c_size_t(len(source)), 0x00080000 | 0x00020000, ctypes.byref(n), ctypes.byref(e), None)
        assert code, (pattern, n.value)
        lib.pcre2_jit_compile_8(ctypes.c_void_p(code), 1)
        data = lib.pcre2_match_data_create_8(1, None)
        ends = lib.pcre2_get_ovector_pointer_8(ctypes.c_void_p(data))
        found, at = set(), 0
        while lib.pcre2_match_8(ctypes.c_void_p(code), self.text, ctypes.c_size_t(len(self.text)), ctypes.c_size_t(at),
                                0x40000000, ctypes.c_void_p(data), None) > 0:
            found.update(range(self.index[ends[0]], self.index[ends[1]]))
            at = ends[1]
        return {c for c in found if not 0xD800 <= c < 0xE000}


def encoded(scalars):
    """Ranges as `gap length` in base 36, the gap from the end of the range before."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    def b36(n):
        s = ""
        while True:
            s = digits[n % 36] + s
            n //= 36
            if not n: return s
    out, end, start, last = [], 0, None, None
    for c in sorted(scalars) + [None]:
        if start is not None and (c is None or c != last + 1):
            out.append(f"{b36(start - end)} {b36(last + 1 - start)}")
            end, start = last + 1, None
        if start is None: start = c
        last = c
    return ",".join(out)


def fnv(data, state=0xCBF29CE484222325):
    for b in data:
        state = ((state ^ b) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return state


def chunk_hashes(table):
    """A hash for each 4,096 scalars of what they are mapped to, each followed by a line end."""
    return [f"{fnv(b''.join((table.get(c, chr(c))).encode() + bytes([10]) for c in range(s, s + 4096) if not 0xD800 <= c < 0xE000)):016x}"
            for s in range(0, 0x110000, 4096)]


def two_stage(values, size=128):
    blocks, index = {}, []
    for s in range(0, 0x110000, size):
        block = bytes(values[s:s + size])
        index.append(blocks.setdefault(block, len(blocks)))
    assert len(blocks) < 65536
    return struct.pack(f"<{len(index)}H", *index), b"".join(blocks)


def classes(rows):
    """Each scalar's number among the distinct rows, and the rows in the order of the numbers."""
    known = {}
    values = [0] * 0x110000
    known[rows(0)] = 0
    for c in range(0x110000):
        values[c] = known.setdefault(rows(c), len(known))
    assert len(known) <= 256, len(known)
    return values, list(known)


def main():
    sweeps = {}
    onig = {f"\\p{{{n}}}": regex_set(f"\\p{{{n}}}") for n in CATEGORIES + ["L", "M", "N", "P", "S", "Z", "C", "Alphabetic"] + SCRIPTS}
    onig |= {f"[[:{n}:]]": regex_set(f"[[:{n}:]]") for n in POSIX}
    onig |= {p: regex_set(p) for p in (r"\s", r"\w", r"\d", r"\h", r"[\w]", r"\S", r"\W", r"\D", r"[^\W]", ".")}
    for n in ("upper", "lower", "alpha", "punct"):
        onig[f"\\p{{{n}}}"] = regex_set(f"\\p{{{n}}}")
    sweeps["regex"] = {p: encoded(s) for p, s in onig.items()}
    O = lambda n: onig[f"\\p{{{n}}}"]

    words = word_set()
    digits = isolated(pre_tokenizers.Digits(individual_digits=True)) | ({0x78} & O("N"))
    punct = isolated(pre_tokenizers.Punctuation())
    bert = isolated(pre_tokenizers.BertPreTokenizer())
    assert punct == bert
    spaces = onig[r"\s"]
    clean = mapped(normalizers.BertNormalizer(True, False, False, False), "A")
    removed = {c for c, s in clean.items() if s == ""}
    spaced = {c for c, s in clean.items() if s == " "}
    assert len(removed | spaced) == len(clean)
    chinese = {c for c, s in mapped(normalizers.BertNormalizer(False, True, False, False)).items() if s == f" {chr(c)} "}
    marks = {c for c, s in mapped(normalizers.StripAccents()).items() if s == ""}
    nfd, nfkd = mapped(normalizers.NFD()), mapped(normalizers.NFKD())
    nfc, nfkc = mapped(normalizers.NFC()), mapped(normalizers.NFKC())
    accents = mapped(normalizers.BertNormalizer(False, False, True, False))
    nonspacing = {c for c, s in accents.items() if s == "" and c not in nfd}
    for c in SCALARS:  # The removal is per scalar after NFD.
        if c != 10: assert accents.get(c, chr(c)) == "".join(x for x in nfd.get(c, chr(c)) if ord(x) not in nonspacing), hex(c)
    lower = mapped(normalizers.Lowercase())
    nmt = mapped(normalizers.Nmt(), "A")
    sweeps["sets"] = {"word": encoded(words), "digits": encoded(digits), "punctuation": encoded(punct), "spaces": encoded(spaces),
                      "bertRemoved": encoded(removed), "bertSpaced": encoded(spaced), "chinese": encoded(chinese),
                      "marks": encoded(marks), "nonspacing": encoded(nonspacing), "nmtRemoved": encoded(c for c, s in nmt.items() if s == ""),
                      "nmtSpaced": encoded(c for c, s in nmt.items() if s == " ")}
    assert all(s in ("", " ") for s in nmt.values())
    sweeps["maps"] = {n: chunk_hashes(t) for n, t in (("NFD", nfd), ("NFKD", nfkd), ("NFC", nfc), ("NFKC", nfkc), ("Lowercase", lower))}

    # Stand-ins.
    pcre = PCRE()
    names = [f"\\p{{{n}}}" for n in CATEGORIES] + [f"\\p{{{n}}}" for n in SCRIPTS] + [r"\p{Alphabetic}", "[[:upper:]]", "[[:lower:]]"]
    theirs = {n: pcre.set({"[[:upper:]]": r"\p{Uppercase}", "[[:lower:]]": r"\p{Lowercase}"}.get(
        n, n.replace("\\p{", "\\p{sc:") if n[3:-1] in SCRIPTS else n)) for n in names}
    def vectors(sets):
        v = [0] * 0x110000
        for i, n in enumerate(names):
            for c in sets[n]: v[c] |= 1 << i
        return v
    ours, old = vectors(onig), vectors(theirs)
    now = {}
    for n in CATEGORIES:
        for m in re.finditer(f"\\p{{{n}}}+", TEXT):
            for i in range(*m.span()): now[SCALARS[i]] = 1 << CATEGORIES.index(n)
    mask = (1 << len(CATEGORIES)) - 1
    length = lambda c: len(chr(c).encode())
    need = [c for c in SCALARS if ours[c] != old[c] or now.get(c) != ours[c] & mask]
    stable = {}
    for c in SCALARS:
        if ours[c] == old[c] and now.get(c) == ours[c] & mask: stable.setdefault((length(c), ours[c]), c)
    scripts = ((1 << len(SCRIPTS)) - 1) << len(CATEGORIES)
    loose = {}
    for (n, v), c in stable.items():
        if not v & scripts: loose.setdefault((n, v), c)
    for (n, v), c in stable.items(): loose.setdefault((n, v & ~scripts), c)
    stand, missing = {}, []
    for c in need:
        s = stable.get((length(c), ours[c]))
        if s is None:
            s = loose.get((length(c), ours[c] & ~scripts))
            missing.append(c)
        assert s is not None, hex(c)
        stand[c] = s
    print(len(need), "scalars need a stand-in;", len(missing), "without one of their script:", [hex(c) for c in missing[:40]])

    bits = [O("L"), O("N"), O("M"), O("P"), O("S"), O("Lu") | O("Lt") | O("Lm") | O("Lo") | O("M"), O("Ll") | O("Lm") | O("Lo") | O("M"),
            spaces, words, punct, digits, removed, spaced, nonspacing, marks, set(lower) | {c for c, s in lower.items()}]
    member = [0] * 0x110000
    for i, s in enumerate(bits):
        for c in s: member[c] |= 1 << i
    kinds, rows = classes(lambda c: (member[c], stand.get(c, 0)))
    print(len(rows), "kinds")
    kind_index, kind_blocks = two_stage(kinds)

    # Normal forms and clusters.
    seconds, pairs = set(), []
    for c in SCALARS:
        d = unicodedata.decomposition(chr(c))
        if d and "<" not in d and len(d.split()) == 2:
            a, b = (int(x, 16) for x in d.split())
            if normalizers.NFC().normalize_str(chr(a) + chr(b)) == chr(c):
                pairs.append((a, b, c))
                seconds.add(b)
    seconds |= set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
    # A mark of the reference moves before U+0345 (class 240) exactly when its class is 1...239.
    order = normalizers.NFD().normalize_str("\n".join("a\u0345" + chr(c) for c in SCALARS if unicodedata.combining(chr(c)) and c not in nfd)).split("\n")
    ccc = {}
    for c, s in zip([c for c in SCALARS if unicodedata.combining(chr(c)) and c not in nfd], order):
        if c == 0x345 or s == "a" + chr(c) + "\u0345": ccc[c] = unicodedata.combining(chr(c))
    every = normalizers.NFD().normalize_str("\n".join("a\u0345" + chr(c) for c in SCALARS if c not in (10,) and c not in nfd)).split("\n")
    moved = {ord(s[1]) for s in every if len(s) == 3 and s[2] == "\u0345" and s[1] != "\u0345"}
    assert moved == set(ccc) - {0x345}, (len(moved), len(ccc))
    GCB = ["Other", "CR", "LF", "Control", "Extend", "ZWJ", "Regional_Indicator", "Prepend", "SpacingMark", "L", "V", "T", "LV", "LVT"]
    gcb = {}
    for i, n in enumerate(GCB[1:], 1):
        for m in re.finditer(f"\\p{{Grapheme_Cluster_Break={n}}}+", TEXT):
            for k in range(*m.span()): gcb[SCALARS[k]] = i
    for m in re.finditer(r"\p{Extended_Pictographic}+", TEXT):
        for k in range(*m.span()): gcb[SCALARS[k]] = gcb.get(SCALARS[k], 0) | 16
    for value, bit in (("Consonant", 32), ("Linker", 64), ("Extend", 128)):
        for m in re.finditer(f"\\p{{Indic_Conjunct_Break={value}}}+", TEXT):
            for k in range(*m.span()): gcb[SCALARS[k]] = gcb.get(SCALARS[k], 0) | bit
    flags = [0] * 0x110000
    for i, s in enumerate((nfd, nfkd, nfc, nfkc, seconds)):
        for c in s: flags[c] |= 1 << i
    forms, form_rows = classes(lambda c: (flags[c], ccc.get(c, 0), gcb.get(c, 0)))
    print(len(form_rows), "forms", len(pairs), "pairs")
    form_index, form_blocks = two_stage(forms)

    def table(entries):
        """Sorted keys, then the end of each entry in a pool of UTF-8, then the pool."""
        keys = sorted(entries)
        pool, ends = b"", []
        for k in keys:
            pool += entries[k].encode()
            ends.append(len(pool))
        return struct.pack(f"<I{len(keys)}I{len(keys)}H", len(keys), *keys, *ends) + pool

    hangul = set(range(0xAC00, 0xD7A4))
    sections = [("KINDS", b"".join(struct.pack("<II", *r) for r in rows)), ("KIND_INDEX", kind_index), ("KIND_BLOCKS", kind_blocks),
                ("FORMS", b"".join(struct.pack("<BBBB", *r, 0) for r in form_rows)), ("FORM_INDEX", form_index), ("FORM_BLOCKS", form_blocks),
                ("CANONICAL", table({c: s for c, s in nfd.items() if c not in hangul})),
                ("COMPATIBLE", table({c: s for c, s in nfkd.items() if c not in hangul and nfd.get(c) != s})),
                ("LOWER", table(lower)),
                ("PAIRS", struct.pack("<I", len(pairs)) + b"".join(struct.pack("<III", *p) for p in sorted(pairs)))]
    blob, head = b"", ("// Where the sections of scalars.bin begin; made with it by Tests/Fixtures/tokenizers/make_scalars.py.\n\n"
                       "#pragma once\n\n")
    for name, data in sections:
        blob += b"\0" * (-len(blob) % 4)
        head += f"#define CT_{name} {len(blob)}\n"
        blob += data
        print(name, len(data))
    head += f"#define CT_SIZE {len(blob)}\n"
    with open(f"{OUT}/scalars.bin", "wb") as f: f.write(blob)
    with open(f"{OUT}/include/ScalarLayout.h", "w") as f: f.write(head)
    sweeps["versions"] = {"tokenizers": tokenizers.__version__, "regex": re.__version__, "pcre2": "10.42"}
    with open(f"{HERE}/sweeps.json", "w") as f: json.dump(sweeps, f, indent=0)
    print(len(blob), "bytes")


main()

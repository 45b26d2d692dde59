"""Makes the tokenizer fixtures with Hugging Face tokenizers (0.23): small vocabularies trained here on
the text below, one for each shape of pipeline, and for each the ids and decoded text of the strings in
strings.json. Run: python make_fixtures.py (writes beside itself)."""
import json, os, random, sys
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = """The little boat went down the river, and the river went down to the sea. "Where are you going?" asked
the heron. "I don't know yet," said the boat, "but I'll tell you when I'm there; they've said it's far."
In 1969, 400,000 people worked on it for 8 years: that is 3,200,000 years of work, or 12345678901 minutes.
def fib(n):\n    if n < 2:\n        return n\n    return fib(n - 1) + fib(n - 2)\n\n\nprint([fib(i) for i in range(10)])
Der Bär läuft über die Brücke; où est l'école? ¿Dónde está la niña? Ça va très bien, merci.
Съешь же ещё этих мягких французских булок, да выпей чаю. 私は東京に住んでいます。你好，世界！ 안녕하세요 세계
שלום עולם مرحبا بالعالم नमस्ते दुनिया สวัสดีชาวโลก 🙂🙃🚀 👩‍👩‍👧‍👦 naïve café résumé — “quotes” ‘single’ … €5 £6 ½ ² ³
HELLO WORLD Hello World hello world helloWorld HelloWorld snake_case_name kebab-case-name a.b.c@d.org http://x.y/z?q=1&r=2
""" * 3

CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
UP, LOW = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
O200K = (rf"[^\r\n\p{{L}}\p{{N}}]?{UP}*{LOW}+{CONTRACTIONS}?|[^\r\n\p{{L}}\p{{N}}]?{UP}+{LOW}*{CONTRACTIONS}?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
TEKKEN = (rf"[^\r\n\p{{L}}\p{{N}}]?{UP}*{LOW}+|[^\r\n\p{{L}}\p{{N}}]?{UP}+{LOW}*"
          r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK = (r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
            r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BYTES = pre_tokenizers.ByteLevel.alphabet()


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def byte_level(pre=None, norm=None, post=None, vocab=500, **model):
    t = Tokenizer(models.BPE(**model))
    t.pre_tokenizer = pre or pre_tokenizers.ByteLevel(add_prefix_space=False)
    if norm: t.normalizer = norm
    t.decoder = decoders.ByteLevel()
    t.post_processor = post or processors.ByteLevel(trim_offsets=False)
    t.train_from_iterator(TEXT.split("\n"), trainers.BpeTrainer(
        vocab_size=vocab, initial_alphabet=BYTES, special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"], show_progress=False))
    return t


def raw(*patterns):
    return pre_tokenizers.Sequence([split(p) for p in patterns] + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def sentencepiece(legacy, vocab=620, fallback=True, **model):
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=fallback, **model))
    bytes_ = [f"<0x{i:02X}>" for i in range(256)] if fallback else []
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.pre_tokenizer = pre_tokenizers.Split(Regex("▁"), "merged_with_next")
    t.train_from_iterator(TEXT.split("\n"), trainers.BpeTrainer(vocab_size=vocab, limit_alphabet=90, special_tokens=["<unk>", "<s>", "</s>"] + bytes_, show_progress=False))
    if legacy:
        t.pre_tokenizer = None
        t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    else:
        t.normalizer = None
        t.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="first", split=False)
        t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    d = json.loads(t.to_str())
    keep = {"<unk>", "<s>", "</s>"}
    d["added_tokens"] = [a for a in d["added_tokens"] if a["content"] in keep]
    return Tokenizer.from_str(json.dumps(d))


def plain(pre, norm=None, vocab=300, decoder=None, **model):
    t = Tokenizer(models.BPE(unk_token="[UNK]", **model))
    t.pre_tokenizer = pre
    if norm: t.normalizer = norm
    if decoder: t.decoder = decoder
    extra = {k: v for k, v in model.items() if k in ("continuing_subword_prefix", "end_of_word_suffix")}
    t.train_from_iterator(TEXT.split("\n"), trainers.BpeTrainer(vocab_size=vocab, limit_alphabet=70, special_tokens=["[UNK]"], show_progress=False, **extra))
    return t


def with_added(t):
    t.add_tokens([AddedToken("heron", single_word=True, normalized=False), AddedToken("riverboat", normalized=True),
                  AddedToken("river", normalized=True), AddedToken("  ", normalized=False)])
    t.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False), AddedToken("<right>", rstrip=True, normalized=False),
                          AddedToken("<both>", lstrip=True, rstrip=True, normalized=False), AddedToken("<both>x", normalized=False)])
    return t


def bos(t, token):
    i = t.token_to_id(token)
    t.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(
        single=f"{token}:0 $A:0", pair=f"{token}:0 $A:0 {token}:1 $B:1", special_tokens=[(token, i)])])
    return t


def behaviors():
    for name in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"):
        for invert in (False, True):
            yield f"split-{name}{'-inverted' if invert else ''}", plain(split(r"[a-e,]+| |\d", name, invert), vocab=160)


def tokenizers_():
    yield "gpt-2", byte_level()
    yield "gpt-2-prefix", byte_level(pre_tokenizers.ByteLevel(add_prefix_space=True))
    yield "llama-3", bos(byte_level(raw(LLAMA3), ignore_merges=True), "<|endoftext|>")
    yield "qwen-2", byte_level(raw(QWEN2), normalizers.NFC())
    yield "o200k", byte_level(raw(O200K))
    yield "tekken", byte_level(raw(TEKKEN), ignore_merges=True)
    yield "deepseek-v3", byte_level(raw(r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK))
    yield "smollm", byte_level(pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)]))
    yield "falcon", byte_level(pre_tokenizers.Sequence([pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False),
                                                        pre_tokenizers.Digits(False), split("[0-9][0-9][0-9]")]))
    yield "roberta", byte_level(post=processors.RobertaProcessing(("<|im_end|>", 2), ("<|im_start|>", 1)))
    yield "added", with_added(byte_level())
    yield "added-normalized", with_added(byte_level(norm=normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])))
    yield "llama-2", sentencepiece(True)
    yield "llama-2-new", sentencepiece(False)
    yield "llama-2-no-bytes", sentencepiece(True, vocab=360, fallback=False)
    t = sentencepiece(False); t.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always"); t.decoder = decoders.Metaspace("▁")
    yield "metaspace", t
    t = byte_level(pre_tokenizers.Sequence([split(r"\s+|\w+"), ]), normalizers.ByteLevel())
    yield "byte-level-normalizer", t
    yield "words", plain(pre_tokenizers.Whitespace(), normalizers.Sequence([normalizers.Strip(), normalizers.Lowercase()]))
    yield "words-fused", plain(pre_tokenizers.WhitespaceSplit(), normalizers.NFD(), fuse_unk=True)
    yield "decorated", plain(pre_tokenizers.Whitespace(), continuing_subword_prefix="##", end_of_word_suffix="</w>")
    yield "punctuation", plain(pre_tokenizers.Sequence([pre_tokenizers.Punctuation(), pre_tokenizers.Digits(False), pre_tokenizers.CharDelimiterSplit("e")]),
                               normalizers.Replace(Regex(r"o+"), "oo"), decoder=decoders.Sequence([decoders.Strip("a", 1, 0), decoders.Fuse(), decoders.Replace(Regex("o+"), "O")]))
    yield from behaviors()
    # Written by Quire itself (ByteVocabularyTests, QUIRE_WRITE_FIXTURES=1): the reference reads it alike.
    yield "bytes", Tokenizer.from_file(f"{HERE}/bytes.json")


def strings():
    out = ["", " ", "  ", "   ", "\n", "\r\n", "\t", "\n\n\n", " \n", "\n ", " \t\n \r\n  x", "a", " a", "a ", "  a  ", "a  b", "a   b    c",
           "I'm you're he'll THEY'VE she'D it's 'S 'tis don't DON'T o'clock ''s ’s", "1", "12", "123", "1234", "12345678901", "1,234.56", "٣٤٥ ²³ ½ Ⅷ 一二三",
           "é", "e\u0301", "e\u0301\u0323", "Å Å Å", "ﬁ ﬀ ß ſ K", "İ I ı i", "Σίσυφος ΣΑΣ", "각 각 각", "안녕하세요 세계", "你好，世界！", "私は東京に住んでいます。ひらがなカタカナ",
           "नमस्ते दुनिया", "สวัสดีชาวโลก", "שלום עולם", "مرحبا بالعالم", "Съешь же ещё", "🙂", "🙂🙃🚀", "👩‍👩‍👧‍👦", "🏳️‍🌈 🇩🇪🇯🇵", "👍🏽", "\u200b\u200c\u200d\ufeff", "\u00a0\u3000\u2003\u202f\u180e x",
           "\u0000\u0001\u001f\u007f\u0085", "\ufffd", "\U0010ffff", "\ue000", "<s>", "</s>", "<unk>", " <s> ", "<s>hello</s>", "hello <s> world", "<0x0A>", "<0xFF>", "<|endoftext|>", "a<|endoftext|>b",
           "<|im_start|>user\nHi<|im_end|>\n", "<|im_start|><|im_end|>", "<mask>", "a <mask> b", "  <mask>  ", "<right>   x", "x  <both>  y", "<both>x", "  <both>x", "<both><both> <both>", "<mask> <right> <both>",
           "heron", "a heron sat", "herons", "xheron", "heron.", "(heron)", "riverboat", "river boat", "Riverboat RIVER", "driver", "rivérboat", "▁", "▁▁a", " ▁ ", "a▁b", "▁ a", "Ġthe", "ĠĠ", "ÄÄ", "##a a</w>",
           "helloWorld HelloWorld HELLOWorld", "snake_case_name kebab-case-name", "def fib(n):\n    if n < 2:\n\treturn n\n", "http://x.y/z?q=1&r=2#f", "a.b.c@d.org", "{\"a\": [1, 2, {\"b\": null}]}", "!!!???...", "?!?!", " !a", "!a !b", "---", "…—–", "“quotes” ‘single’",
           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "the the the the", "thethethethe" * 8, "abcde,abc 12e", "a,b,,c  d", "eee", "ooo oooo o", "xaaa aaax",
           "\U0001e030\u1c89\ua7da\U00010d4a", "\u0cf3\u0ece\u0897", "\U00031350\U0002ebf0", "\U00011f02\U0001e4f0", "\U0001fae8\U0001fadc", "\u2ffc\u31ef", "\u0378\u0e3a\U000e0fff", "\u166d \U000111c9 \u055f", "ǅ ǈ ʰ ª º", "_a_ __b__", "a\u0300\u0301b", "1\u0301 2\u20e3",
           "x" * 50 + " " * 50 + "y", "\n" * 20 + "z", " \n \n \n", "tab\tin\tbetween", "trailing   ", "trailing\n", "CRLF\r\nline\r\n\r\nend", "a\u2028b\u2029c", "½²³¹¼", "ⅣⅷⓐⒶ", "〇一二", "a\u00adb", "zero\u200bwidth", "á̈́", "\u0345\u0300", "각\u1100\u1161\u11a8"]
    r = random.Random(7)
    pools = ["abcdefghijklmnopqrstuvwxyz      ", "ABCabc123 .,!?'\n\t ", "éèüñçßøåæœ àéîõü", "абвгд еёжз", "你好世界東京一二三，。", "🙂🚀👍🏽👩‍👧🇩🇪 a", "\u0301\u0323\u0308aeou n", "0123456789,. ", " \n\r\t\u00a0x", "אבג مرح नमस สวั"]
    words = TEXT.split()
    while len(out) < 460:
        kind = r.random()
        if kind < 0.35: out.append(" ".join(r.choice(words) for _ in range(r.randint(1, 8))))
        elif kind < 0.85: pool = r.choice(pools); out.append("".join(r.choice(pool) for _ in range(r.randint(1, 30))))
        else: out.append("".join(r.choice(r.choice(pools)) for _ in range(r.randint(1, 30))))
    return out


def main():
    all_ = strings()
    versions = {"tokenizers": tokenizers.__version__, "python": sys.version.split()[0]}
    with open(f"{HERE}/strings.json", "w") as f: json.dump({"versions": versions, "strings": all_}, f, ensure_ascii=True, indent=0)
    for name, t in tokenizers_():
        rows = []
        for s in all_:
            plain_ids, ids = t.encode(s, add_special_tokens=False).ids, t.encode(s).ids
            skipped, kept = t.decode(ids, skip_special_tokens=True), t.decode(ids, skip_special_tokens=False)
            # Ids, ids with start and end tokens (0: the same), text without special tokens (0: the
            # given string), text with them (0: the same as without).
            rows.append([plain_ids, 0 if ids == plain_ids else ids, 0 if skipped == s else skipped, 0 if kept == skipped else kept])
        with open(f"{HERE}/{name}.cases.json", "w") as f:
            f.write("[\n" + ",\n".join(json.dumps(row, ensure_ascii=True, separators=(",", ":")) for row in rows) + "\n]\n")
        if name != "bytes":
          with open(f"{HERE}/{name}.json", "w") as f: f.write(t.to_str())


main()

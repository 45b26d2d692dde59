"""Makes the vocabulary vectors (models.md 10.3): for each shape of pipeline that real models have, a small
vocabulary trained here on our own text with Hugging Face tokenizers (0.23) or sentencepiece, and what the
reference makes of 400 tricky strings and 2,000 seeded random ones: ids, offsets, decoded text.
Of the tricky strings all of it is stored; of the random ones a hash each.
Run: python make_vectors.py [NAME...] (writes into vectors/ beside itself)."""
import base64, glob, io, json, os, random, sys
import sentencepiece as spm_module
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = f"{HERE}/vectors"
exec(open(f"{HERE}/make_fixtures.py").read().rsplit("\nmain()", 1)[0])
PROSE = TEXT + "\n".join(open(p).read() for p in sorted(glob.glob(f"{HERE}/../../../Notebooks/*.md")) +
                         [f"{HERE}/../../../README.md"])
LINES = [l for l in PROSE.split("\n") if l]
LINES_MARKS = (CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def train(t, vocab=1000, special=("<|endoftext|>", "<|im_start|>", "<|im_end|>"), trainer=trainers.BpeTrainer, **more):
    t.train_from_iterator(LINES, trainer(vocab_size=vocab, special_tokens=list(special), show_progress=False, **more))
    return t


def bytewise(pre=None, norm=None, post=None, trim=False, **model):
    t = Tokenizer(models.BPE(**model))
    t.pre_tokenizer = pre or pre_tokenizers.ByteLevel(add_prefix_space=False)
    if norm: t.normalizer = norm
    t.decoder = decoders.ByteLevel()
    t.post_processor = post or processors.ByteLevel(trim_offsets=trim)
    return train(t, initial_alphabet=BYTES)


def gemma():
    t = sentencepiece(False)
    t.normalizer = normalizers.Replace(" ", "▁")
    t.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return t


def unigram(norm, pre, special, post, vocab=800, fallback=False, decoder=None):
    t = Tokenizer(models.Unigram())
    t.normalizer, t.pre_tokenizer = norm, pre
    t.decoder = decoder or decoders.Metaspace()
    t.train_from_iterator(LINES, trainers.UnigramTrainer(vocab_size=vocab, special_tokens=special, unk_token="<unk>", show_progress=False))
    ids = {s: t.token_to_id(s) for s in special}
    t.post_processor = post(ids)
    return t


def bert(lower):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=lower)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    train(t, 1200, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], trainers.WordPieceTrainer)
    t.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return t


def word_level():
    t = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.StripAccents(), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    return train(t, 1000, ["[UNK]", "[PAD]"], trainers.WordLevelTrainer)


def small(pre, norm=None, decoder=None, vocab=400, model=None, **more):
    t = Tokenizer(model or models.BPE(unk_token="[UNK]", **more))
    t.pre_tokenizer = pre
    if norm: t.normalizer = norm
    if decoder: t.decoder = decoder
    extra = {k: v for k, v in more.items() if k in ("continuing_subword_prefix", "end_of_word_suffix")}
    return train(t, vocab, ["[UNK]"], limit_alphabet=100, **extra)


def spm(kind, vocab=700, **more):
    out = io.BytesIO()
    spm_module.SentencePieceTrainer.train(sentence_iterator=iter(LINES), model_writer=out, vocab_size=vocab, model_type=kind, minloglevel=2, **more)
    return out.getvalue()


# A map small enough to store: what a rule does to a few hundred scalars, compiled anew by sentencepiece.
def small_charsmap():
    pairs = {"\ufb01": "fi", "\u2460": "1", "\u3314": "\u30ad\u30ed", "\u00aa": "a", "e\u0301": "\u00e9", "A\u030a": "\u00c5", "\u3000": " ", "\t": " ",
             "\u00bd": "1/2", "\uff76\uff9e": "\u30ac", "a\u0323": "\u1ea1", "\u200b": "", "\u2167": "VIII", "\u0301": "'"}
    path = "/tmp/charsmap.tsv"
    with open(path, "w") as f:
        for a, b in pairs.items():
            f.write(" ".join(f"{ord(c):X}" for c in a) + "\t" + " ".join(f"{ord(c):X}" for c in b) + "\n")
    return path


def shapes():
    yield "gpt-2", lambda: bytewise()
    yield "llama-3", lambda: bos(bytewise(raw(LLAMA3), ignore_merges=True), "<|endoftext|>")
    yield "qwen-2", lambda: bytewise(raw(QWEN2), normalizers.NFC())
    yield "qwen-3.5", lambda: bytewise(raw(LINES_MARKS), normalizers.NFC())
    yield "o200k", lambda: bytewise(raw(O200K))
    yield "tekken", lambda: bytewise(raw(TEKKEN), ignore_merges=True)
    yield "deepseek-v3", lambda: bytewise(raw(r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK))
    yield "smollm", lambda: bytewise(pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)]))
    yield "falcon", lambda: bytewise(pre_tokenizers.Sequence([pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False),
                                                              pre_tokenizers.Digits(False), split("[0-9][0-9][0-9]")]))
    yield "starcoder", lambda: bytewise(pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=True)]), trim=True)
    yield "roberta", lambda: bytewise(pre_tokenizers.ByteLevel(add_prefix_space=True), post=processors.RobertaProcessing(("<|im_end|>", 2), ("<|im_start|>", 1)))
    yield "llama-2", lambda: sentencepiece(True)
    yield "llama-2-new", lambda: sentencepiece(False)
    yield "gemma", gemma
    small_map = lambda: normalizers.Precompiled(charsmap_of(small_charsmap()))
    yield "xlm-r", lambda: unigram(normalizers.Sequence([small_map(), normalizers.Strip(left=False), normalizers.Replace(Regex(" {2,}"), " ")]),
                                   pre_tokenizers.Metaspace(), ["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
                                   lambda i: processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", i["<s>"]), ("</s>", i["</s>"])]))
    yield "t5", lambda: unigram(small_map(), pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]), ["<pad>", "</s>", "<unk>"],
                                lambda i: processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", i["</s>"])]))
    yield "bert-uncased", lambda: bert(True)
    yield "bert-cased", lambda: bert(False)
    yield "word-level", word_level
    yield "clip", lambda: small(pre_tokenizers.Sequence([split(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", "removed", True)]),
                                normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]),
                                decoders.BPEDecoder("</w>"), end_of_word_suffix="</w>")
    yield "nfkd-fixed", lambda: small(pre_tokenizers.FixedLength(3), normalizers.NFKD(), decoders.CTC(pad_token="e", word_delimiter_token="a"))
    yield "nmt", lambda: small(pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("merged_with_previous")]),
                               normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.StripAccents()]))
    yield "bert-parts", lambda: small(pre_tokenizers.BertPreTokenizer(), normalizers.Sequence([normalizers.BertNormalizer(True, False, True, False), normalizers.Prepend("_")]))


def charsmap_of(tsv):
    out = spm("unigram", normalization_rule_tsv=tsv)
    def varint(b, i):
        r = s = 0
        while True:
            x = b[i]; i += 1; r |= (x & 127) << s; s += 7
            if x < 128: return r, i
    i = 0
    while i < len(out):
        k, i = varint(out, i)
        n, i = varint(out, i)
        body = out[i:i + n]; i += n
        if k >> 3 == 3:
            j = 0
            while j < len(body):
                key, j = varint(body, j)
                if key & 7 == 0: _, j = varint(body, j); continue
                m, j = varint(body, j)
                if key >> 3 == 2: return body[j:j + m]
                j += m


def pieces():
    """Sentencepiece models and the settings that differ."""
    yield "spm-unigram", lambda: spm("unigram", normalization_rule_tsv=small_charsmap())
    yield "spm-bpe", lambda: spm("bpe", byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=True, character_coverage=0.99)
    yield "spm-user", lambda: spm("unigram", normalization_rule_name="identity", user_defined_symbols=["<sep>", "river", "▁the boat"], byte_fallback=True, character_coverage=0.98)
    yield "spm-bpe-user", lambda: spm("bpe", normalization_rule_tsv=small_charsmap(), user_defined_symbols=["<sep>", "river", "rive"], add_dummy_prefix=False, character_coverage=0.98)
    yield "spm-suffix", lambda: spm("bpe", normalization_rule_name="identity", treat_whitespace_as_suffix=True, character_coverage=0.98)


def random_strings(count=2000):
    """Seeded, by arithmetic that any language repeats."""
    state = 12345
    def draw(n):
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return (state >> 33) % n
    ranges = [(0x20, 0x7F), (0x20, 0x7F), (0x61, 0x7B), (0x30, 0x3A), (0x09, 0x0E), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x600), (0x900, 0xE00), (0x1100, 0x1200),
              (0x1E00, 0x2070), (0x2070, 0x2C00), (0x3000, 0x3400), (0x4E00, 0x5000), (0xAC00, 0xAD00), (0xF900, 0x10000), (0x10000, 0x10900), (0x1F000, 0x1FB00), (0, 0xD800), (0xE000, 0x110000)]
    words = ["the", "river", " ", "  ", "\n", "'s", "n't", " The", "123", "<sep>", "<|im_start|>", "<s>", "é", "e\u0301", "▁", "boat,", "ing", "’", "👩‍👩‍👧", "🇩🇪", "\r\n", "各", "[UNK]", "[MASK]", "##ing", "."]
    out = []
    for _ in range(count):
        s = ""
        for _ in range(1 + draw(24)):
            if draw(3) == 0: s += words[draw(len(words))]
            else:
                a, b = ranges[draw(len(ranges))]
                for _ in range(1 + draw(3)): s += chr(a + draw(b - a))
        out.append("".join(c for c in s if not 0xD800 <= ord(c) < 0xE000))
    return out


def fnv(text, state=0xCBF29CE484222325):
    for b in text.encode(): state = ((state ^ b) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return state


def row(t, s):
    """Ids and offsets without start and end tokens, ids with them, text of these without and with special tokens."""
    e = t.encode(s, add_special_tokens=False)
    ids = t.encode(s).ids
    return [e.ids, [x for o in e.offsets for x in o], ids, t.decode(ids, skip_special_tokens=True), t.decode(ids, skip_special_tokens=False)]


def spm_row(p, s):
    ids = p.encode(s)
    return [ids, [], ids, p.decode(ids), ""]


def flat(r):
    return "|".join([" ".join(map(str, r[0])), " ".join(map(str, r[1])), " ".join(map(str, r[2])), r[3], r[4]])


def short(r, s):
    """0 for what says nothing new: ids as without start and end, the text as given, the text as before."""
    return [r[0], r[1], 0 if r[2] == r[0] else r[2], 0 if r[3] == s else r[3], 0 if r[4] == r[3] else r[4]]


def write(name, texts, tricky, rand):
    with open(f"{OUT}/{name}.cases.json", "w") as f:
        f.write('{"tricky": [\n' + ",\n".join(json.dumps(short(r, s), ensure_ascii=True, separators=(",", ":")) for r, s in zip(tricky, texts)) +
                '\n], "random": "' + "".join(f"{fnv(flat(r)) & 0xFFFFFFFF:08x}" for r in rand) + '"}\n')


def main():
    os.makedirs(OUT, exist_ok=True)
    wanted = set(sys.argv[1:])
    tricky, rand = strings()[:400], random_strings()
    with open(f"{OUT}/strings.json", "w") as f: json.dump({"versions": {"tokenizers": tokenizers.__version__, "sentencepiece": spm_module.__version__}, "tricky": tricky}, f, indent=0)
    for name, make in shapes():
        if wanted and name not in wanted: continue
        t = make()
        with open(f"{OUT}/{name}.json", "w") as f: f.write(t.to_str())
        write(name, tricky, [row(t, s) for s in tricky], [row(t, s) for s in rand])
        print(name, t.get_vocab_size())
    for name, make in pieces():
        if wanted and name not in wanted: continue
        data = make()
        with open(f"{OUT}/{name}.model", "wb") as f: f.write(data)
        p = spm_module.SentencePieceProcessor(model_proto=data)
        # What stands for an unknown piece is the reader's choice: such texts are not decoded.
        def of(s):
            r = spm_row(p, s)
            if p.unk_id() in r[0]: r[3] = ""
            return r
        write(name, tricky, [of(s) for s in tricky], [of(s) for s in rand])
        print(name, p.vocab_size())


main()

#!/usr/bin/env python3
"""Other software doing the works of `quire bench`, with the same inputs and the same number of threads.

    python3 peer.py llamacpp FILE.gguf         prefill, decode, load to first token, resident memory
    python3 peer.py transformers FOLDER        prefill and decode, bf16
    python3 peer.py embed FOLDER               sentences to vectors, f32
    python3 peer.py train FOLDER full|lora     training steps in f32, and their peak memory
    python3 peer.py char                       the small character model from random weights
    python3 peer.py tokenizers FILE.json TEXT
    python3 peer.py openblas SIZE              f32 product by the OpenBLAS library Quire uses
    python3 peer.py torchmatmul SIZE           bf16 product

llama.cpp is measured as it was built; version 0.3.36 of llama-cpp-python, built for a CPU with AMX, was seen to stop
with an illegal instruction in its tile code (build it with -DGGML_NATIVE=OFF and the AVX-512 options then).

THREADS sets the number of threads (2). Prints one JSON object a line: {"work", "value", "unit"}; values are
medians. Exit code 3: a package is not installed.
"""
import json, os, statistics, sys, time

THREADS = int(os.environ.get("THREADS", "2"))


def say(work, value, unit):
    print(json.dumps({"work": work, "value": value, "unit": unit}), flush=True)


def seconds(run, times, warm=1):
    for _ in range(warm):
        run()
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def peak_mib():
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def llamacpp(path):
    import ctypes
    import llama_cpp as L
    L.llama_backend_init()
    silent = L.llama_log_callback(lambda *_: None)
    L.llama_log_set(silent, ctypes.c_void_p(0))
    name = os.path.basename(path)

    class Running:
        def __init__(self):
            self.model = L.llama_model_load_from_file(path.encode(), L.llama_model_default_params())
            options = L.llama_context_default_params()
            options.n_ctx = 1024
            options.n_batch = options.n_ubatch = 512
            options.n_threads = options.n_threads_batch = THREADS
            self.context = L.llama_init_from_model(self.model, options)
            self.vocabulary = L.llama_vocab_n_tokens(L.llama_model_get_vocab(self.model))

        def close(self):
            L.llama_free(self.context)
            L.llama_model_free(self.model)

        def clear(self):
            L.llama_memory_clear(L.llama_get_memory(self.context), True)

        def feed(self, ids):
            tokens = (L.llama_token * len(ids))(*ids)  # the batch points into it
            if L.llama_decode(self.context, L.llama_batch_get_one(tokens, len(ids))) != 0:
                sys.exit("llama_decode failed")
            L.llama_synchronize(self.context)
            # The greedy choice, as Quire makes it.
            row = L.llama_get_logits_ith(self.context, -1)
            import numpy
            return int(numpy.ctypeslib.as_array(row, (self.vocabulary,)).argmax())

    prompt = [3 + i % 200 for i in range(512)]

    def first():
        running = Running()
        running.feed(prompt[:8])
        running.close()

    say(f"load to first token {name}", seconds(first, 3) * 1e3, "ms")
    running = Running()

    def prefill():
        running.clear()
        running.feed(prompt)

    say(f"prefill 512 {name}", 512 / seconds(prefill, 3), "tokens/s")
    rates = []
    for _ in range(6):
        running.clear()
        token = running.feed(prompt[:8])
        begin = time.perf_counter()
        for _ in range(31):
            token = running.feed([token])
        rates.append(31 / (time.perf_counter() - begin))
    say(f"decode 32 {name}", statistics.median(rates[1:]), "tokens/s")
    say(f"resident memory {name}", peak_mib(), "MiB")


def transformers(folder):
    import torch
    from transformers import LlamaForCausalLM
    torch.set_num_threads(THREADS)
    name = os.path.basename(os.path.normpath(folder))
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()
    ids = torch.tensor([[3 + i % 200 for i in range(512)]])
    with torch.no_grad():
        say(f"prefill 512 {name}", 512 / seconds(lambda: model(ids, logits_to_keep=1), 3), "tokens/s")
        write = lambda: model.generate(ids[:, :8], max_new_tokens=32, min_new_tokens=32, do_sample=False)
        say(f"decode 32 {name}", 32 / seconds(write, 3), "tokens/s")


def embed(folder):
    import torch
    from transformers import AutoModel
    torch.set_num_threads(THREADS)
    name = os.path.basename(os.path.normpath(folder))
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    ids = torch.tensor([[1000 + (text * 31 + i * 7) % 8000 for i in range(71)] for text in range(64)])
    ids %= model.config.vocab_size
    pool = lambda: torch.nn.functional.normalize(model(input_ids=ids).last_hidden_state.mean(1))
    with torch.no_grad():
        say(f"embed 64x71 {name}", 64 / seconds(pool, 5), "sentences/s")


def steps(model, ids, times):
    import torch
    model.train()
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-4)

    def step():
        model(input_ids=ids, labels=ids).loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return ids.numel() / seconds(step, times)


def train(folder, method):
    import torch
    from transformers import LlamaForCausalLM
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    name = os.path.basename(os.path.normpath(folder))
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if method == "lora":
        from peft import LoraConfig, get_peft_model
        model = get_peft_model(
            model, LoraConfig(r=8, lora_alpha=16, task_type="CAUSAL_LM", target_modules="all-linear"))
    ids = torch.randint(0, model.config.vocab_size, (4, 256))
    work = f"train {method} 4x256 {name}"
    say(work, steps(model, ids, 3), "tokens/s")
    say(f"peak memory {work}", peak_mib(), "MiB")


def char():
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(
        vocab_size=65, n_positions=64, n_embd=128, n_layer=4, n_head=4, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0))
    ids = torch.randint(0, 65, (12, 64))
    say("train full 12x64 char 0.8M", steps(model, ids, 20), "tokens/s")


def tokenizers(path, text):
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(path)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    with open(text, encoding="utf-8") as file:
        words = file.read()
    say(f"encode {os.path.basename(path)}",
        len(words.encode()) / 1e6 / seconds(lambda: tokenizer.encode(words), 5), "MB/s")


def openblas(size):
    import ctypes
    import ctypes.util
    import numpy
    n = int(size)
    found = ctypes.util.find_library("openblas")
    if not found:
        print("no OpenBLAS library", file=sys.stderr)
        sys.exit(3)
    blas = ctypes.CDLL(found)
    blas.openblas_set_num_threads(THREADS)
    random = numpy.random.default_rng(1)
    a, b = (random.standard_normal((n, n), dtype=numpy.float32) for _ in range(2))
    c = numpy.empty((n, n), numpy.float32)
    matrix = lambda x: x.ctypes.data_as(ctypes.c_void_p)
    one, zero = ctypes.c_float(1), ctypes.c_float(0)
    run = lambda: blas.cblas_sgemm(101, 111, 111, n, n, n, one, matrix(a), n, matrix(b), n, zero, matrix(c), n)
    say(f"matmul f32 {n}", 2 * n**3 * 1e-9 / seconds(run, 9), "GFLOP/s")


def torchmatmul(size):
    import torch
    torch.set_num_threads(THREADS)
    n = int(size)
    a, b = (torch.randn(n, n, dtype=torch.bfloat16) for _ in range(2))
    say(f"matmul bf16 {n}", 2 * n**3 * 1e-9 / seconds(lambda: a @ b, 9), "GFLOP/s")


if __name__ == "__main__":
    works = dict(llamacpp=llamacpp, transformers=transformers, embed=embed, train=train, char=char, tokenizers=tokenizers,
                 openblas=openblas, torchmatmul=torchmatmul)
    if len(sys.argv) < 2 or sys.argv[1] not in works:
        sys.exit(__doc__)
    try:
        works[sys.argv[1]](*sys.argv[2:])
    except ModuleNotFoundError as error:
        print(f"not installed: {error.name}", file=sys.stderr)
        sys.exit(3)

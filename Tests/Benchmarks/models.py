#!/usr/bin/env python3
"""Makes what the benchmarks run on: models with random weights and tokenizers of usual sizes.

    python3 models.py weights OUT          OUT/{smol135,llama1b} as folders (bf16) and
                                           OUT/NAME-{BF16,Q8_0,Q4_0,Q4_K_M}.gguf, without vocabularies (7 GB)
    python3 models.py tokenizers OUT TEXT  OUT/{bpe,wordpiece}.json, trained on the text

Needs torch, transformers, gguf, llama-cpp-python (weights) and tokenizers (tokenizers).
"""
import os, sys

# Shapes of SmolLM-135M and TinyLlama-1.1B.
SHAPES = {
    "smol135": dict(vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30,
                    num_attention_heads=9, num_key_value_heads=3, tie_word_embeddings=True),
    "llama1b": dict(vocab_size=32000, hidden_size=2048, intermediate_size=5632, num_hidden_layers=22,
                    num_attention_heads=32, num_key_value_heads=4, tie_word_embeddings=False),
}
# llama.cpp's own numbers for its file types.
FILE_TYPES = {"Q8_0": 7, "Q4_0": 2, "Q4_K_M": 15}


def gguf_name(key):
    """The name of a tensor in GGUF."""
    outer = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
    inner = {"q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
             "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down",
             "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}
    path = key.removesuffix(".weight")
    if path in outer:
        return outer[path] + ".weight"
    words = path.split(".")
    return f"blk.{words[2]}.{inner[words[-1]]}.weight"


def paired(weight, heads):
    """Rows of each head in GGUF's order: rotated pairs side by side."""
    rows, columns = weight.shape
    size = rows // heads
    return weight.view(heads, 2, size // 2, columns).transpose(1, 2).reshape(rows, columns)


def write_gguf(model, name, path):
    import gguf, numpy, torch
    c = model.config
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_context_length(c.max_position_embeddings)
    writer.add_embedding_length(c.hidden_size)
    writer.add_block_count(c.num_hidden_layers)
    writer.add_feed_forward_length(c.intermediate_size)
    writer.add_head_count(c.num_attention_heads)
    writer.add_head_count_kv(c.num_key_value_heads)
    writer.add_layer_norm_rms_eps(c.rms_norm_eps)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(c.hidden_size // c.num_attention_heads)
    writer.add_vocab_size(c.vocab_size)
    writer.add_tokenizer_model("no_vocab")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16)
    for key, weight in model.state_dict().items():
        if key == "lm_head.weight" and c.tie_word_embeddings:
            continue
        if key.endswith("q_proj.weight"):
            weight = paired(weight, c.num_attention_heads)
        elif key.endswith("k_proj.weight"):
            weight = paired(weight, c.num_key_value_heads)
        if weight.ndim == 1:
            writer.add_tensor(gguf_name(key), weight.float().numpy())
        else:
            raw = weight.contiguous().view(torch.int16).numpy().view(numpy.uint8)
            writer.add_tensor(gguf_name(key), raw, raw_dtype=gguf.GGMLQuantizationType.BF16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def weights(out):
    import llama_cpp, torch
    from transformers import LlamaConfig, LlamaForCausalLM
    os.makedirs(out, exist_ok=True)
    torch.set_default_dtype(torch.bfloat16)
    for name, shape in SHAPES.items():
        torch.manual_seed(0)
        model = LlamaForCausalLM(LlamaConfig(max_position_embeddings=2048, rms_norm_eps=1e-5, **shape))
        model.save_pretrained(os.path.join(out, name))
        source = os.path.join(out, f"{name}-BF16.gguf")
        write_gguf(model, name, source)
        for kind, number in FILE_TYPES.items():
            options = llama_cpp.llama_model_quantize_default_params()
            options.ftype = number
            target = os.path.join(out, f"{name}-{kind}.gguf")
            if llama_cpp.llama_model_quantize(source.encode(), target.encode(), options) != 0:
                sys.exit(f"{target} could not be written")
        print(f"{name}: made")


def tokenizers(out, text):
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    os.makedirs(out, exist_ok=True)
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.train([text], trainers.BpeTrainer(
        vocab_size=50257, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    bpe.save(os.path.join(out, "bpe.json"))
    piece = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    piece.normalizer = normalizers.BertNormalizer()
    piece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    piece.decoder = decoders.WordPiece()
    piece.train([text], trainers.WordPieceTrainer(
        vocab_size=30522, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"], show_progress=False))
    piece.save(os.path.join(out, "wordpiece.json"))


if __name__ == "__main__":
    works = {"weights": (weights, 1), "tokenizers": (tokenizers, 2)}
    if len(sys.argv) < 2 or sys.argv[1] not in works or len(sys.argv) != works[sys.argv[1]][1] + 2:
        sys.exit(__doc__)
    works[sys.argv[1]][0](*sys.argv[2:])

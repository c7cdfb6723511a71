"""A model of about 130k parameters that reads and writes characters, without weights: what the makers of its tasks share.

write(OUT, characters, words, context) puts config.json, tokenizer.json and tokenizer_config.json into OUT. Every character is a token, and
so is every word: words are ordinary text to a reader, only the end, <eos>, is special.
"""
from demo_data import write_json

END = "<eos>"


def byte_level(character):
    """The character's token in the byte-level alphabet: the space and control characters move up by 256."""
    return character if "!" <= character <= "~" else chr(256 + ord(character))


def added_token(token, token_id):
    return {"id": token_id, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": token == END}


def tokenizer_json(characters, words):
    vocabulary = {byte_level(character): index for index, character in enumerate(characters)}
    byte_level_stage = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [added_token(token, len(characters) + index) for index, token in enumerate([*words, END])],
        "normalizer": None, "pre_tokenizer": byte_level_stage, "post_processor": None, "decoder": byte_level_stage,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
            "vocab": vocabulary, "merges": [],
        },
    }


def tokenizer_config(context):
    return {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": END, "pad_token": END,
            "model_max_length": context, "clean_up_tokenization_spaces": False,
            "chat_template": "{% for message in messages %}{{ message['content'] }}{% endfor %}"}


def model_config(characters, words, context):
    eos = len(characters) + len(words)
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "dtype": "float32",
        "vocab_size": eos + 1, "hidden_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 16, "intermediate_size": 256,
        "hidden_act": "silu", "rms_norm_eps": 1e-5, "max_position_embeddings": context,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
        "attention_bias": False, "attention_dropout": 0.0, "mlp_bias": False, "tie_word_embeddings": False,
        "initializer_range": 0.05, "bos_token_id": None, "eos_token_id": eos, "pad_token_id": eos, "use_cache": True,
    }


def write(out, characters, words, context):
    write_json(out / "config.json", model_config(characters, words, context))
    write_json(out / "tokenizer.json", tokenizer_json(characters, words))
    write_json(out / "tokenizer_config.json", tokenizer_config(context))

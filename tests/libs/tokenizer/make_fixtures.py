#!/usr/bin/env python3
"""Makes the small tokenizers of this folder's tests again: `make_fixtures.py data`. Needs Hugging Face's `tokenizers`.

pairs/   every byte, merges as [a, b], Digits then ByteLevel, added tokens that overlap and that take space along
split/   lacks bytes, merges as "a b", ignore_merges, Llama 3's pattern in a Split, then ByteLevel without its own
spaced/  lacks bytes, a prefix space, an unknown token for them, fused, runs of digits together
"""
import json
import pathlib
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

TEXT = """The learner issues prompts; the actors answer them. What is 12 + 30? It's 42, they're sure, we'll see.
for (int i = 0; i < 10; ++i) {\n    total += values[i];\n}\n\n\tthe end   of the line\r\nthen the next one's there
ä ö ü é à ç ñ ß 你好 世界 안녕 하세요 привет мир 👩‍👩‍👧 🙂 the the then them there these
""" * 4
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")


def trained(stages, alphabet, size, **model):
    tokenizer = Tokenizer(models.BPE(**model))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(stages)
    tokenizer.decoder = decoders.ByteLevel()
    special = [model["unk_token"]] if "unk_token" in model else []
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator([TEXT], trainer)
    return tokenizer


def without(tokenizer, lacking):
    """The same tokenizer when its vocabulary never had these characters."""
    values = json.loads(tokenizer.to_str())
    model = values["model"]
    kept = [token for token in model["vocab"] if not set(token) & set(lacking) or token == model["unk_token"]]
    model["vocab"] = {token: index for index, token in enumerate(kept)}
    model["merges"] = [pair for pair in model["merges"] if "".join(pair) in model["vocab"]]
    for token in values["added_tokens"]:
        token["id"] = model["vocab"][token["content"]]
    return Tokenizer.from_str(json.dumps(values))


def write(folder, tokenizer, eos, merges_as_text=False):
    values = json.loads(tokenizer.to_str())
    if merges_as_text:
        values["model"]["merges"] = [" ".join(pair) for pair in values["model"]["merges"]]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(values, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": eos}) + "\n", encoding="utf-8")


def main(out):
    every_byte = sorted(pre_tokenizers.ByteLevel.alphabet())
    digits_alone = pre_tokenizers.Digits(individual_digits=True)

    pairs = trained([digits_alone, pre_tokenizers.ByteLevel(add_prefix_space=False)], every_byte, 420)
    pairs.add_special_tokens([AddedToken("<|end|>", special=True), AddedToken("<|e", special=True),
                              AddedToken("<left>", lstrip=True, special=True),
                              AddedToken("<right>", rstrip=True, special=True)])
    pairs.add_tokens([AddedToken("<think>"), AddedToken("</think>"), AddedToken("<think>more"), AddedToken("思考 完"),
                      AddedToken("end|>"), AddedToken("é")])
    write(out / "pairs", pairs, "<|end|>")

    split = trained([pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
                     pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)], every_byte, 400)
    split = without(split, "ðŁĻĢ")
    values = json.loads(split.to_str())
    values["model"]["ignore_merges"] = True
    values["model"]["vocab"]["Ġvalues"] = len(values["model"]["vocab"])  # a whole word that no merge makes
    split = Tokenizer.from_str(json.dumps(values))
    split.add_special_tokens([AddedToken("<|end|>", special=True)])
    write(out / "split", split, "<|end|>", merges_as_text=True)

    spaced = trained([pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.ByteLevel(add_prefix_space=True)],
                     every_byte, 380, unk_token="<unk>", fuse_unk=True)
    write(out / "spaced", without(spaced, "ðŁÃäæ"), "<unk>")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))

"""Goldens of the decoder: logits of transformers in float64.

    make_goldens.py tiny OUT             three small random Llamas with their logits (committed in goldens/)
    make_goldens.py smollm2 MODEL OUT    logits and 200 greedy tokens of a real model (made when absent, not committed)

Needs torch, transformers 5 and safetensors. Seeds are fixed: the same versions write the same files.
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

TINY = {
    # Grouped queries, tied head.
    "tied": dict(vocab_size=97, hidden_size=32, intermediate_size=56, num_hidden_layers=2, num_attention_heads=4,
                 num_key_value_heads=2, head_dim=8, tie_word_embeddings=True, rope_theta=10000.0, rms_norm_eps=1e-6),
    # A head_dim that is neither hidden / heads nor a multiple of 16; one head of keys; untied.
    "untied": dict(vocab_size=70, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3,
                   num_key_value_heads=1, head_dim=20, tie_word_embeddings=False, rope_theta=100000.0,
                   rms_norm_eps=1e-5),
    # A head of keys for every query.
    "plain": dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
                  num_key_value_heads=2, head_dim=16, tie_word_embeddings=True, rope_theta=500.0, rms_norm_eps=1e-5),
}
TINY_TOKENS = 150  # more than two blocks of keys
TINY_EVERY = 3  # logits of each third row
PROMPT = "Explain in a few sentences why the sky is blue and the sunset is red."
GREEDY_STEPS = 200
LOGIT_ROWS = 48


def logits_of(model, tokens):
    with torch.no_grad():
        return model(input_ids=tokens[None]).logits[0]


def make_tiny(out):
    for seed, (name, shape) in enumerate(TINY.items()):
        torch.manual_seed(seed)
        theta = shape.pop("rope_theta")
        config = LlamaConfig(**shape, max_position_embeddings=256, initializer_range=0.15,
                             rope_parameters={"rope_type": "default", "rope_theta": theta}, bos_token_id=1,
                             eos_token_id=2, pad_token_id=0)
        model = LlamaForCausalLM(config)
        with torch.no_grad():
            for weight in model.parameters():
                if weight.dim() == 1:
                    weight.add_(torch.randn_like(weight) * 0.2)
        model.save_pretrained(out / name)
        (out / name / "generation_config.json").unlink(missing_ok=True)
        tokens = torch.randint(0, config.vocab_size, (TINY_TOKENS,))
        logits = logits_of(model.double().eval(), tokens)
        save_file({"tokens": tokens, "logits": logits[::TINY_EVERY].float().contiguous()}, out / name / "golden.safetensors")


def make_smollm2(directory, out):
    tokenizer = AutoTokenizer.from_pretrained(directory)
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float64).eval()
    prompt = tokenizer.apply_chat_template([{"role": "user", "content": PROMPT}], add_generation_prompt=True,
                                           return_tensors="pt", return_dict=False)[0]
    tokens, margins, cache = prompt.tolist(), [], None
    with torch.no_grad():
        step = prompt[None]
        for _ in range(GREEDY_STEPS):
            result = model(input_ids=step, past_key_values=cache, use_cache=True)
            cache = result.past_key_values
            best = result.logits[0, -1].topk(2)
            margins.append((best.values[0] - best.values[1]).item())
            tokens.append(best.indices[0].item())
            step = best.indices[:1][None]
    tokens = torch.tensor(tokens)
    rows = torch.linspace(0, len(tokens) - 1, LOGIT_ROWS).long()
    save_file({"tokens": tokens, "prompt_length": torch.tensor([len(prompt)]), "rows": rows,
               "margins": torch.tensor(margins, dtype=torch.float32),
               "logits": logits_of(model, tokens)[rows].float().contiguous()}, out)


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1] == "tiny":
        make_tiny(pathlib.Path(sys.argv[2]))
    else:
        make_smollm2(sys.argv[2], sys.argv[3])

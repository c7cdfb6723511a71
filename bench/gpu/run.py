"""Runs the pilots, each in a process group of its own under its own limit: run.py --out DIR [--library libnccl.so.2.xz] NAME[:SECONDS] ...

A pilot that fails or runs out of time is named; the next one starts all the same.
"""
import argparse
import os
import pathlib
import signal
import subprocess
import sys
import time

LIMITS = {"batch_bits": 150, "attention_bits": 90, "row_ops_bits": 40, "weights_moves": 90, "nccl_faults": 170, "decode_step": 90}
HERE = pathlib.Path(__file__).parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--library", default="", help="NCCL for nccl_faults, .xz or not")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    for entry in arguments.names or LIMITS:
        name, _, seconds = entry.partition(":")
        limit = float(seconds or LIMITS[name])
        command = [sys.executable, "-u", HERE / f"{name}.py", "--out", arguments.out]
        command += ["--library", arguments.library] if name == "nccl_faults" and arguments.library else []
        command += ["--smoke"] if arguments.smoke else []
        print(f"== {name}", flush=True)
        began = time.monotonic()
        with open(pathlib.Path(arguments.out) / f"{name}.err", "wb") as errors:
            pilot = subprocess.Popen(command, stderr=errors, start_new_session=True)
            try:
                code = pilot.wait(limit)
            except subprocess.TimeoutExpired:
                code = "time is up"
            try:
                os.killpg(pilot.pid, signal.SIGKILL)  # with its ranks and readers, stopped ones too
            except ProcessLookupError:
                pass
            pilot.wait()
        errors = pathlib.Path(arguments.out) / f"{name}.err"
        tail = errors.read_text(errors="replace").strip()[-400:]
        if not tail:
            errors.unlink()
        print(f"== {name}: {code}, {time.monotonic() - began:.0f} s" + (f"\n{tail}" if code else ""), flush=True)


main()

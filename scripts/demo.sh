#!/usr/bin/env bash
# Runs one of the demos and prints its curve, samples and verdict: demo.sh demo|demo-zero|demo-code [SEED].
set -euo pipefail
cd "$(dirname "$0")/.."
name=$1
seed=${2:-0}
run=runs/$name
bin=${COHORT_BIN:-build/bin}

case $name in
  demo)
    .venv/bin/python scripts/make_smollm2.py models/smollm2
    .venv/bin/python scripts/make_arithmetic.py data/arithmetic
    bounds=(--require-before-at-most .25 --require-after-at-least .70) ;;
  demo-zero)
    python3 scripts/make_parity.py data/parity
    bounds=(--require-before-at-most .70 --require-after-at-least .95 --require-length-ratio-at-least 2) ;;
  demo-code)
    python3 scripts/make_stack_programs.py data/stack
    bounds=(--require-before-at-most .25 --require-after-at-least .75) ;;  # tripled, at least
  *)
    echo "demo.sh: \"$name\" is no demo; use demo, demo-zero or demo-code" >&2
    exit 2 ;;
esac

began=$SECONDS
"$bin/cohort" up "configs/$name.toml" --clean --run.seed="$seed" --run.directory="$run"
"$bin/cohort" report "$run" --name "$name" --seconds $((SECONDS - began)) "${bounds[@]}"

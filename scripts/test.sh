#!/usr/bin/env bash
# Makes what the tests read and runs them; CTest's summary comes last. Further arguments go to CTest.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-build}
shift || true
export COHORT_DATA=${COHORT_DATA:-$(dirname "$PWD")/shared/data}
if [ -x .venv/bin/python ] && ! printf '%s\n' "$@" | grep -qx quick; then
  .venv/bin/python scripts/make_smollm2.py models/smollm2
fi
exec ctest --test-dir "$folder" --output-on-failure "$@"

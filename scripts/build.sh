#!/usr/bin/env bash
# Configures and compiles into a folder (default: build).
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-build}
jobs=${COHORT_JOBS:-2}
if [ ! -e "$folder/build.ninja" ]; then
  cmake -S . -B "$folder" -G Ninja >"/dev/null"
fi
exec ninja -C "$folder" -j "$jobs"

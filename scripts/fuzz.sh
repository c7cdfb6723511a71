#!/usr/bin/env bash
# Builds every fuzz target with clang and libFuzzer and runs it from its committed corpus; the last line counts all inputs.
#
#   scripts/fuzz.sh [--scale F] [TARGET...]     F times the inputs below (default 1: ten million, about 15 minutes on a core)
#   scripts/fuzz.sh --minimise [TARGET...]      takes what an earlier run found into tests/fuzz/corpus
#
# What was found lies in build-fuzz/found/TARGET, an input at fault in build-fuzz/fault/TARGET-*.
set -uo pipefail
cd "$(dirname "$0")/.."

# target, inputs, longest input in bytes: quick targets carry the number, slow ones get their minute.
targets='
client_envelope  1600000  4096
broker_envelope  1600000  4096
prompt           1800000  2048
rollout          1800000  2048
scored           1600000  2048
weights_message  1600000  2048
journal_change   1000000  2048
journal_restore   100000  4096
journal_segments  300000  8192
allow_list        1000000  2048
config_toml        60000  2048
safetensors       150000  2048
model_config      100000  2048
tokenizer_json     25000  2048
prompt_file        50000  1024
math_answer       500000   512
'

scale=1
minimise=
while [[ ${1:-} == --* ]]; do
  case $1 in
    --scale) scale=$2; shift 2 ;;
    --minimise) minimise=1; shift ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
done

if ! command -v clang++-14 >/dev/null; then
  echo "fuzz: there is no clang++-14: apt-get install clang-14 libclang-rt-14-dev libfuzzer-14-dev" >&2
  exit 1
fi
folder=build-fuzz
if [ ! -e $folder/build.ninja ]; then
  cmake --preset fuzz >/dev/null || exit 1
fi
ninja -C $folder -j "${COHORT_JOBS:-2}" fuzz_targets >$folder/build.log 2>&1 || { tail -20 $folder/build.log; exit 1; }
mkdir -p $folder/found $folder/fault

total=0 crashes=0 leaks=0 hangs=0
printf '%-18s %10s %10s %8s  %s\n' target inputs exec/s corpus end
while read -r target runs longest; do
  [ -n "$target" ] || continue
  if [ $# -gt 0 ] && ! printf '%s\n' "$@" | grep -qx "$target"; then continue; fi
  program=$folder/fuzz/fuzz_$target
  corpus=tests/fuzz/corpus/$target
  found=$folder/found/$target
  log=$found.log
  mkdir -p "$found"
  if [ -n "$minimise" ]; then
    kept=$(mktemp -d "$folder/kept-XXXXXX")
    "$program" -merge=1 -max_len="$longest" "$kept" "$corpus" "$found" >"$log" 2>&1
    # Seeds stay by their names; of what was found the smallest, up to 30 KB a target.
    bytes=0
    while read -r size file; do
      cmp -s "$file" /dev/null && continue
      bytes=$((bytes + size))
      [ "$bytes" -gt 30000 ] && break
      cp "$file" "$corpus/"
    done < <(find "$kept" -type f -printf '%s %p\n' | sort -n)
    rm -rf "$kept"
    echo "$target: $(find "$corpus" -type f | wc -l) files, $(du -sb "$corpus" | cut -f1) bytes"
    continue
  fi
  runs=$(awk -v n="$runs" -v f="$scale" 'BEGIN { printf "%d", n * f }')
  "$program" -runs="$runs" -max_len="$longest" -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix=$folder/fault/"$target"- "$found" "$corpus" >"$log" 2>&1
  code=$?
  done_runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
  end=done
  if [ $code -ne 0 ]; then
    if grep -q 'LeakSanitizer' "$log"; then
      end=leak leaks=$((leaks + 1))
    elif grep -q 'libFuzzer: timeout' "$log"; then
      end=hang hangs=$((hangs + 1))
    else
      end=crash crashes=$((crashes + 1))
    fi
    end="$end: $(grep -m1 -E 'ERROR|runtime error|broken promise' "$log")"
  fi
  total=$((total + ${done_runs:-0}))
  printf '%-18s %10s %10s %8s  %s\n' "$target" "${done_runs:-0}" "${rate:-?}" "$(find "$found" -type f | wc -l)" "$end"
done <<<"$targets"
[ -n "$minimise" ] && exit 0
echo "fuzz inputs=$total crashes=$crashes leaks=$leaks hangs=$hangs"
[ $((crashes + leaks + hangs)) -eq 0 ]

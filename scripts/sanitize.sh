#!/usr/bin/env bash
# The suites of broker, messaging and reward workers under AddressSanitizer with UndefinedBehaviorSanitizer, and under ThreadSanitizer.
# Builds what they need and no libtorch; the last line of each half says how many passed.
#
#   scripts/sanitize.sh [asan|tsan]...        (default: both)
set -uo pipefail
cd "$(dirname "$0")/.."

tests=(messaging_test queue_machine_test broker_model_test broker_server_test broker_throughput_test broker_program_test
       broker_durability_test broker_guard_test broker_identity_test journal_storage_test journal_crash_test
       scoring_test math_test run_test protocol_test reward_worker_test plugins_test scorer_tool_test)
export COHORT_DATA=${COHORT_DATA:-$PWD/../shared/data}
export COHORT_MODEL_COMMANDS=${COHORT_MODEL_COMMANDS:-100000}
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=suppressions=$PWD/tests/tsan.supp:second_deadlock_stack=1:history_size=4

failed=0
for kind in "${@:-asan tsan}"; do
  for preset in $kind; do
    folder=build-$preset
    [ -e "$folder/build.ninja" ] || cmake --preset "$preset" >/dev/null || exit 1
    ninja -C "$folder" -j "${COHORT_JOBS:-2}" "${tests[@]}" >"$folder/build.log" 2>&1 || { tail -20 "$folder/build.log"; exit 1; }
    names=$(IFS='|'; echo "${tests[*]}")
    verdict=clean
    ctest --test-dir "$folder" --output-on-failure -R "^($names)\$" | sed -n '/^Test project/d;p' || { verdict=FAILED; failed=1; }
    echo "sanitize $preset: $verdict"
  done
done
exit $failed

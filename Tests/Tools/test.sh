#!/usr/bin/env bash
# test.sh all|quick|fuzz: builds and runs the tests in release mode (numeric tests need the optimiser,
# and C is built at -O0 in debug) and ends with a line that counts them. `fuzz` runs the fuzzers alone,
# FUZZ seconds a room.
set -uo pipefail
cd "$(dirname "$0")/../.."
mode=${1:-all}
# One scratch folder with one set of flags for both modes: the quick part is not built twice.
flags=(-c release --scratch-path .build/tests
  --explicit-target-dependency-import-check error -Xswiftc -enable-testing)
if [ "$mode" = quick ]; then
  # The rooms that need no model and little of the house built.
  export QUIRE_ROOMS=Diagnostics,JSON,Files,Digests,Plots,NotebookFormat,Tokenizers,Hub,LayeringTests
fi
only=()
if [ "$mode" = fuzz ]; then
  export QUIRE_FUZZ=${FUZZ:-60} QUIRE_FUZZ_SEED=${FUZZ_SEED:-0}
  only=(--filter 'FuzzTests')
fi
# What the tests write goes with them; what failed is said once more as the last thing, where a log
# that was cut still shows it.
scratch=$(mktemp -d)
log=$scratch/log
failures=$scratch/failures
ending() {
  if [ -s "$failures" ]; then
    echo "What failed:"
    cut -c1-600 "$failures" | head -60
  fi
  rm -rf "$scratch"
}
trap ending EXIT
# Some tests give up the rights of root: the folder is open to all.
chmod 755 "$scratch"
mkdir -m 1777 "$scratch/tmp"

echo "Building the tests ($mode) ..."
if ! swift build --build-tests "${flags[@]}" >"$log" 2>&1; then
  grep -E 'error:|warning:' "$log" | sort -u | head -40
  tail -5 "$log"
  exit 1
fi

echo "Running the tests ($mode) ..."
TMPDIR=$scratch/tmp swift test --skip-build --disable-xctest "${flags[@]}" "${only[@]}" \
  >"$log" 2>&1
status=$?
# What failed in full; what was skipped, with its reason; one line a suite.
grep -E '^(✘|➜|↳)|skipped|Fatal|signal' "$log" | head -200
grep -E '^(✔ Suite|fuzz:)' "$log"
total=$(grep -oE 'Test run with [0-9]+ tests?' "$log" | grep -oE '[0-9]+' | tail -1)
failed=$(grep -E '^✘ Test ' "$log" | grep -vE '^✘ Test run ' | grep -cE ' failed after ')
grep -E '^(✘ Test |↳)' "$log" | grep -vE ' failed after |^✘ Test run|Library Version|Target Platform' \
  >>"$failures"
if [ -z "$total" ]; then
  tail -20 "$log"
  echo "the test run did not end"
  exit 1
fi
echo "$((total - failed)) passed, $failed failed"

# Arithmetic once more with fewer vector instructions than this CPU has.
[ "$mode" = all ] || exit "$status"
for level in scalar avx2 avx512 vnni bf16; do
  if QUIRE_SIMD=$level TMPDIR=$scratch/tmp swift test --skip-build --disable-xctest "${flags[@]}" \
    --filter '^TensorsTests\.' >"$log" 2>&1 && grep -q 'Test run with [1-9]' "$log"; then
    echo "tensors at level $level: $(grep -oE 'Test run with [0-9]+ tests?' "$log" | tail -1)"
  elif grep -q 'QUIRE_SIMD: no level' "$log"; then
    echo "tensors at level $level: not on this CPU"
  else
    grep -E '^(✘|➜|↳)|Fatal|signal' "$log" | head -50
    grep -E '^✘ Test |Fatal|signal' "$log" | sed "s/^/level $level: /" >>"$failures"
    echo "tensors at level $level: failed"
    status=1
  fi
done
exit "$status"

#!/usr/bin/env bash
# test.sh all|quick: builds and runs the tests in release mode (numeric tests need the optimiser,
# and C is built at -O0 in debug) and ends with a line that counts them.
set -uo pipefail
cd "$(dirname "$0")/../.."
mode=${1:-all}
flags=(-c release --static-swift-stdlib --explicit-target-dependency-import-check error)
arguments=()
if [ "$mode" = quick ]; then
  # Rooms whose tests take seconds and need little of the house built.
  export QUIRE_ROOMS=Language,NotebookFormat,Tokenizers,Plots,Files,Digests,JSON,Diagnostics,LayeringTests
  arguments+=(--scratch-path .build/quick)
fi
echo "Building the tests ..."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift build --build-tests "${flags[@]}" "${arguments[@]}" >"$log" 2>&1 \
  || { grep -E 'error|warning' "$log" | head -50; tail -20 "$log"; exit 1; }
if [ "$mode" = all ]; then
  swift build "${flags[@]}" --product quire >"$log" 2>&1 || { tail -30 "$log"; exit 1; }
fi
echo "Running the tests ..."
swift test --skip-build "${flags[@]}" "${arguments[@]}" 2>&1 | tee "$log" | grep -vE '^(◇|✔) (Test|Suite) '
status=${PIPESTATUS[0]}
passed=$(grep -cE '^✔ Test [^r]|^✔ Test "|^✔ Test run' "$log" || true)
grep -E 'Test run with' "$log" | tail -1
exit "$status"

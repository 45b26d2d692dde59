#!/usr/bin/env bash
# start.sh QUIRE: start-up of `quire -c 1` beside `python3 -c 1`, alternated in one run.
set -euo pipefail
exec /usr/bin/python3 "$(dirname "$0")/start.py" "${1:-.build/release/quire}"

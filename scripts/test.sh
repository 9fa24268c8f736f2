#!/usr/bin/env bash
# The tests that fit in minutes; `scripts/test.sh -m slow` runs the long ones, and with `--shard 2/3` the second of
# three parts of them, for three machines or three evenings.
set -euo pipefail
cd "$(dirname "$0")/.."
python -m pytest "$@"

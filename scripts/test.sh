#!/usr/bin/env bash
# The tests that fit in minutes; `scripts/test.sh -m slow` runs the long ones.
set -euo pipefail
cd "$(dirname "$0")/.."
python -m pytest "$@"

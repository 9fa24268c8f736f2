#!/usr/bin/env bash
# Imports, names, style and types; the messages say the mend (`scripts/format.sh` mends what can be mended by itself).
set -euo pipefail
cd "$(dirname "$0")/.."
ruff check .
ruff format --check .
pyrefly check

#!/usr/bin/env bash
# Mend what can be mended by itself: imports, names, and how lines are broken.
set -euo pipefail
cd "$(dirname "$0")/.."
ruff check --fix .
ruff format .

#!/usr/bin/env bash
# Mend what the linter can mend by itself.
set -euo pipefail
cd "$(dirname "$0")/.."
ruff check --fix .

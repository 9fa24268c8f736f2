#!/usr/bin/env bash
# Imports, names and style; the messages say the mend.
set -euo pipefail
cd "$(dirname "$0")/.."
ruff check .

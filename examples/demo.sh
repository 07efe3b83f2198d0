#!/usr/bin/env bash
# What `make demo` shows: an unchanged script is recorded, then what was recorded is read.
set -euo pipefail
cd "$(dirname "$0")/.."
export AUTOLOG_STORE=demo-runs AUTOLOG_EXPERIMENT=digits
rm -rf "$AUTOLOG_STORE"
trap 'rm -rf "$AUTOLOG_STORE"' EXIT

say() { printf '\n$ %s\n' "$*"; "$@"; }

echo "== examples/train.py is plain scikit-learn; autolog runs it, unchanged"
say autolog run examples/train.py
echo
echo "== every candidate of the search is a run"
say autolog runs --tree
echo
echo "== the best of them"
best=$(autolog runs "tags.\`autolog.best\` = 'true'" --columns id --format csv | tail -n 1 | cut -c 1-8)
say autolog show "$best"

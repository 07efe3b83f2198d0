#!/usr/bin/env bash
# What `make demo` shows: two unchanged scripts are recorded, then what was recorded is read.
set -euo pipefail
cd "$(dirname "$0")/.."
export AUTOLOG_STORE=demo-runs
rm -rf "$AUTOLOG_STORE"
trap 'rm -rf "$AUTOLOG_STORE"' EXIT

say() { printf '\n$ %s\n' "$*"; "$@"; }
first() { autolog runs "$1" --columns id --format csv | tail -n 1 | cut -c 1-8; }  # the newest

echo "== examples/train.py is plain scikit-learn; autolog runs it, unchanged"
say autolog run --experiment digits examples/train.py
echo
echo "== examples/frameworks.py: a PyTorch loop, Lightning, XGBoost and Optuna, unchanged too"
say autolog run --experiment frameworks examples/frameworks.py
echo
echo "== every training is a run, and so is every candidate of a search and every trial of a study"
say autolog runs --experiment digits --tree
say autolog runs --experiment frameworks --tree \
    --columns id,name,status,duration,metrics.loss,metrics.val_accuracy,metrics.best_score,metrics.value
echo
echo "== the best of the search"
say autolog show "$(first "experiment = 'digits' and tags.\`autolog.best\` = 'true'")"
echo
echo "== the loop, which has no line about logging"
say autolog show "$(first "tags.\`autolog.framework\` = 'torch'")"

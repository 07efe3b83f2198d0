"""All benchmarks, one after the other, into RESULTS.md. Arguments are passed on to each."""

from __future__ import annotations

import subprocess
import sys

from .harness import RESULTS, ROOT

NAMES = [
    *("startup", "log_metric", "small_fit", "search"),
    *("torch_loop", "torch_compile", "torch_gpu", "lightning_fit", "xgboost_train", "optuna_study"),
    *("index", "query", "history", "chart", "disk"),
    *("model_save", "model_load", "model_large", "serve", "predict"),
    *("server_start", "log_batch", "remote_client", "remote_search", "remote_store", "soak"),
]
HEAD = "# Results\n\nWritten by `make bench`; how it is measured: [README.md](README.md).\n\n"


def main() -> int:
    RESULTS.write_text(HEAD)
    failed = []
    for name in NAMES:
        command = [sys.executable, "-m", f"benchmarks.{name}", "--append", *sys.argv[1:]]
        if subprocess.run(command, cwd=ROOT).returncode:
            failed.append(name)
    print(f"written: {RESULTS.relative_to(ROOT)}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Threads that write to one run at once, from its first line on."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from autolog.store.folder import FolderStore


def test_many_threads_begin_one_file_together(tmp_path: Path) -> None:
    top = FolderStore(tmp_path).create("e", "top")
    top.close()
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        run = FolderStore(tmp_path).join(top.id, address=top.address)
        barrier.wait()
        for step in range(100):
            run.point(f"m{number}", step, step, float(step))

    for path in tmp_path.glob("e/*/events-*.jsonl"):
        path.unlink()  # so that the threads begin the file
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (path,) = tmp_path.glob("e/*/events-*.jsonl")
    lines = [json.loads(text) for text in path.read_text().splitlines()]
    assert sum("autolog" in line for line in lines if isinstance(line, dict)) == 1
    assert sum(isinstance(line, list) for line in lines) == 800

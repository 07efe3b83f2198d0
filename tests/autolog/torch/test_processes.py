"""Training loops and processes: how they end, workers that read data, several that train one model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch.distributed.fsdp

import autolog
from autolog.store.runs import Run

pytestmark = pytest.mark.slow

LOOP = """
import autolog
autolog.enable(store="store")
import os, signal, sys, torch
torch.manual_seed(0)
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(6):
    loss = model(torch.ones(4, 2)).pow(2).mean()
    loss.backward()
    optimizer.step()
    print(loss.item())
"""

WORKERS = """
import autolog
autolog.enable(store="store")
import torch
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(0)
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
data = TensorDataset(torch.ones(8, 2))
loader = DataLoader(data, batch_size=4, num_workers=4, multiprocessing_context="fork")
for epoch in range(200):
    for (xs,) in loader:
        loss = model(xs).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""

TOGETHER = """
import autolog
autolog.enable(store="store")
import os, sys, torch
from torch import distributed, nn

def work(rank, kind):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=sys.argv[2])
    distributed.init_process_group("gloo", rank=rank, world_size=2)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
    if kind == "ddp":
        wrapped = nn.parallel.DistributedDataParallel(model)
    else:
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard
        wrapped = fully_shard(model, mesh=init_device_mesh("cpu", (2,)))
    optimizer = torch.optim.SGD(wrapped.parameters(), lr=0.1)
    for step in range(5):
        optimizer.zero_grad()
        loss = wrapped(torch.full((4, 2), float(rank + 1))).pow(2).mean()
        loss.backward()
        optimizer.step()
        if rank == 0:
            print(loss.item(), flush=True)
    distributed.destroy_process_group()

if __name__ == "__main__":
    torch.multiprocessing.spawn(work, (sys.argv[1],), nprocs=2)
"""


def ran(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = folder / "program.py"
    script.write_text(program)
    command = [sys.executable, "-u", str(script), *arguments]  # what was printed is there after a kill
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )


def the_run(folder: Path) -> Run:
    (run,) = autolog.search_runs(store=folder / "store")
    return run


def lines(folder: Path) -> list[object]:
    files = list((folder / "store").rglob("events-*.jsonl"))
    assert len(files) == 1, "one process writes"
    return [json.loads(line) for line in files[0].read_text().splitlines()]


@pytest.mark.parametrize(
    ("end", "code", "status"),
    [
        ("sys.exit(3)", 3, "FAILED"),
        ("raise LookupError('mine')", 1, "FAILED"),
        ("os.kill(os.getpid(), signal.SIGINT)", -2, "KILLED"),
    ],
)
def test_it_ends_as_its_process_does(tmp_path: Path, end: str, code: int, status: str) -> None:
    done = ran(tmp_path, LOOP + end)
    assert done.returncode == code, done.stderr
    assert "autolog" not in done.stderr
    run = the_run(tmp_path)
    assert run.status == status
    assert list(run.history("loss").value) == [float(line) for line in done.stdout.split()]
    assert run.metrics["steps"] == 6
    assert "model/model.safetensors" in list(run.artifacts())


def test_killed_it_keeps_its_steps(tmp_path: Path) -> None:
    done = ran(tmp_path, LOOP + "os.kill(os.getpid(), signal.SIGKILL)")
    assert done.returncode == -9
    run = the_run(tmp_path)
    assert len(run.history("loss").value) == len(done.stdout.split()) == 6


def test_forked_workers_write_nothing(tmp_path: Path) -> None:
    done = ran(tmp_path, WORKERS)
    assert done.returncode == 0, done.stderr
    written = lines(tmp_path)
    steps = [line[2] for line in written if isinstance(line, list) and line[1] == "loss"]
    assert steps == list(range(400))
    kinds = [line.get("event") for line in written if isinstance(line, dict)]
    assert (kinds.count("start"), kinds.count("end")) == (1, 1)
    assert the_run(tmp_path).metrics["epoch"] == 200


@pytest.mark.parametrize("kind", ["ddp", "fsdp"])
def test_two_processes_make_one_run(tmp_path: Path, kind: str) -> None:
    if kind == "fsdp" and not hasattr(torch.distributed.fsdp, "fully_shard"):
        pytest.skip("this PyTorch shards on GPUs alone")
    port = 20000 + os.getpid() % 20000 + (kind == "ddp")
    done = ran(tmp_path, TOGETHER, kind, str(port))
    assert done.returncode == 0, done.stderr
    run = the_run(tmp_path)
    assert run.status == "FINISHED"
    assert list(run.history("loss").value) == [float(line) for line in done.stdout.split()]
    assert run.params["world_size"] == 2
    assert run.params["optimizer"] == "SGD"

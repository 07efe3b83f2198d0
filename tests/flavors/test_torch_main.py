"""Modules of classes that stand in the script itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TRAIN = """
import torch
from torch import nn
import autolog

WIDTH = 2

class Half(nn.Module):
    def forward(self, rows):
        return rows / 2

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, WIDTH), Half())

    def forward(self, rows):
        return self.layers(rows)

print("training")
net = Net()
nn.init.constant_(net.layers[0].weight, 1.0)
nn.init.constant_(net.layers[0].bias, 0.0)
autolog.save_model(net, "model")
again = autolog.load_model("model", trust=["train.Net"])
assert type(again) is Net, type(again)
"""
ELSEWHERE = """
import autolog, torch
from autolog.flavors import ModelUntrusted
try:
    autolog.load_model("model")
except ModelUntrusted as error:
    assert error.types == ("train.Net",), error.types
else:
    raise AssertionError
net = autolog.load_model("model", trust=["train.Net"])
print(type(net).__module__, net(torch.ones(1, 3)).tolist())
"""


def run(folder: Path, name: str, source: str) -> str:
    (folder / name).write_text(source)
    done = subprocess.run([sys.executable, name], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_loads_elsewhere_and_trains_nothing(tmp_path: Path) -> None:
    run(tmp_path, "train.py", TRAIN)
    (tmp_path / "train.py").unlink()
    assert run(tmp_path, "elsewhere.py", ELSEWHERE) == "train [[1.5, 1.5]]\n"


def test_another_class_of_that_name_is_not_taken_for_it(tmp_path: Path) -> None:
    run(tmp_path, "train.py", TRAIN)
    changed = "class Net: pass\n" + ELSEWHERE
    assert run(tmp_path, "train.py", changed) == "train [[1.5, 1.5]]\n"

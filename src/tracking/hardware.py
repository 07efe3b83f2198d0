"""The machine under a run: processor, memory, graphics cards. Only files are read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

_NVIDIA = Path("/proc/driver/nvidia/gpus")


def describe_machine() -> dict[str, Any]:
    """Name and number of processors, how many this process may use, memory in bytes, graphics cards."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cpu": _cpu(),
        "cpus": os.cpu_count(),
        "cpus_usable": usable,
        "memory": _memory(),
        "gpus": _gpus(),
    }


def _cpu() -> str:
    """The processor's name; the architecture where Linux gives no name."""
    with open("/proc/cpuinfo", "rb") as file:
        start = file.read(4096).decode(errors="replace")  # the first core; the file has all of them
    for line in start.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in {"model name", "Model", "cpu model"}:
            return value.strip()
    return os.uname().machine


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _gpus() -> list[str]:
    """Names of NVIDIA's cards as their driver lists them. Asking it for more takes a process."""
    names = []
    for folder in sorted(_NVIDIA.iterdir()) if _NVIDIA.is_dir() else ():
        for line in (folder / "information").read_text(errors="replace").splitlines():
            if line.startswith("Model:"):
                names.append(line.partition(":")[2].strip())
    return names

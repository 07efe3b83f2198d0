"""The state of the user's git repository: read from its files, and from `git` for changes.

Commit, branch and remote are read without starting a process, since every first run
needs them. What differs from the commit only `git` itself can tell; `git_changes` asks
it, and is meant for a background thread.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from .places import top_level
from .redact import redact_text

LONGEST_DIFF = 1_000_000
"""Bytes of git's output that are read, and characters of a diff that are kept."""

_TIMEOUT = 10  # seconds for each call of git: a huge tree on a network file system takes longer
_LONGEST_FILE = 10_000_000  # bytes of packed-refs or config that are read
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")  # SHA-1, or SHA-256


@dataclass(frozen=True)
class Head:
    """What is checked out. None: not known, or (branch) detached, or (commit) not born yet."""

    commit: str | None
    branch: str | None
    remote: str | None


@dataclass(frozen=True)
class Changes:
    """What differs from the commit. ``diff`` is redacted and at most LONGEST_DIFF long.

    Files that git does not know do not make it dirty; their names are in ``untracked``.
    """

    dirty: bool
    diff: str
    untracked: tuple[str, ...]


def head(top: Path) -> Head:
    """Commit, branch and remote of the repository at ``top``, from its files. Never raises."""
    folder = _git_folder(top)
    common = _common_folder(folder)
    remote = _remote(_read(common / "config"))
    text = _read(folder / "HEAD").strip()
    if not text.startswith("ref:"):
        return Head(_hash(text), None, remote)
    ref = text[4:].strip()
    commit = _hash(_read(folder / ref)) or _hash(_read(common / ref)) or _packed(common, ref)
    return Head(commit, ref.removeprefix("refs/heads/"), remote)


def git_changes(folder: Path) -> Changes | None:
    """What `git status` and `git diff HEAD` say, or None where git cannot say.

    Takes as long as git takes, up to 20 seconds. Runs no code that the repository's
    configuration names (file system monitor, external diff, text conversion).
    """
    status = _git(folder, "status", "--porcelain", "--untracked-files=normal")
    if status is None:
        return None
    entries = status.splitlines()
    untracked = tuple(redact_text(entry[3:]) for entry in entries if entry.startswith("?? "))
    if len(untracked) == len(entries):
        return Changes(False, "", untracked)
    diff = _git(folder, "diff", "--no-ext-diff", "--no-textconv", "--no-color", *_base(folder))
    return Changes(True, redact_text(diff or "")[:LONGEST_DIFF], untracked)


def _base(folder: Path) -> tuple[str, ...]:
    """Against HEAD; before the first commit there is none, and the index is all there is."""
    return ("HEAD",) if head(top_level(folder) or folder).commit else ("--cached",)


def _git_folder(top: Path) -> Path:
    """The real git folder: a ``.git`` file says where it is."""
    place = top / ".git"
    text = _read(place) if place.is_file() else ""
    return top / text[len("gitdir:") :].strip() if text.startswith("gitdir:") else place


def _common_folder(folder: Path) -> Path:
    """Where branches and configuration are: a worktree shares those of its repository."""
    text = _read(folder / "commondir").strip()
    return folder / text if text else folder


def _read(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(_LONGEST_FILE).decode(errors="replace")
    except (OSError, ValueError):
        return ""


def _hash(text: str) -> str | None:
    text = text.strip()
    return text if _HASH.match(text) else None


def _packed(common: Path, ref: str) -> str | None:
    for line in _read(common / "packed-refs").splitlines():
        commit, _, name = line.partition(" ")
        if name == ref:
            return _hash(commit)
    return None


def _remote(config: str) -> str | None:
    """The address of origin (else of the first remote), without user and password."""
    remotes: dict[str, str] = {}
    section = ""
    for line in map(str.strip, config.splitlines()):
        if line.startswith("["):
            section = line
        elif section.startswith('[remote "') and (found := re.match(r"url\s*=\s*(.+)", line)):
            remotes.setdefault(section, found[1])
    address = remotes.get('[remote "origin"]') or next(iter(remotes.values()), None)
    return redact_text(_without_user(address)) if address else None


def _without_user(address: str) -> str:
    return re.sub(r"(?<=://)[^/]*@", "", address)


def _git(folder: Path, *arguments: str) -> str | None:
    """The output of one git command, or None when it failed, took too long or is not there.

    Output past LONGEST_DIFF is not waited for: a changed table can be gigabytes.
    """
    import subprocess
    from threading import Timer

    plain = ("--no-pager", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
    command = ["git", *plain, "-C", str(folder), *arguments]
    null, pipe = subprocess.DEVNULL, subprocess.PIPE
    try:
        process = subprocess.Popen(command, env=_environment(), stdin=null, stdout=pipe, stderr=null)
    except (OSError, RuntimeError):  # no git, or the interpreter is about to end
        return None
    limit = Timer(_TIMEOUT, process.kill)
    limit.daemon = True  # the end of the user's program does not wait for it
    with process:
        limit.start()
        assert process.stdout is not None
        output = process.stdout.read(LONGEST_DIFF + 1)
        if cut := len(output) > LONGEST_DIFF:
            process.kill()
        code = process.wait()
    limit.cancel()
    if code != 0 and not cut:
        return None
    text = output.decode(errors="replace")
    return text.rpartition("\n")[0] if cut else text  # no half line: half a secret is not recognised


def _environment() -> dict[str, str]:
    """Ours, so that git asks nothing, locks nothing and looks at the folder it is given."""
    elsewhere = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}
    kept = {name: value for name, value in os.environ.items() if name not in elsewhere}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}

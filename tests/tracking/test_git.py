"""Commit, branch and changes of real repositories, each as git itself says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from autolog.tracking import git
from autolog.tracking.git import Head, git_changes, head, top_level

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def run(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always"]
    command = ["git", *who, "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One file, one commit, on the branch ``work/x``."""
    folder = tmp_path / "project"
    folder.mkdir()
    run(folder, "init", "-q", "-b", "work/x")
    (folder / "train.py").write_text("lr = 1\n")
    run(folder, "add", ".")
    run(folder, "commit", "-q", "-m", "first")
    return folder


def commit_of(folder: Path) -> str:
    return run(folder, "rev-parse", "HEAD")


def test_commit_and_branch(repository: Path) -> None:
    assert head(repository) == Head(commit_of(repository), "work/x", None)


def test_packed_refs(repository: Path) -> None:
    run(repository, "pack-refs", "--all")
    assert not (repository / ".git" / "refs" / "heads" / "work" / "x").exists()
    assert head(repository).commit == commit_of(repository)


def test_detached_head(repository: Path) -> None:
    run(repository, "checkout", "-q", "--detach")
    assert head(repository) == Head(commit_of(repository), None, None)


def test_branch_without_a_commit(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q", "-b", "new")
    assert head(tmp_path) == Head(None, "new", None)
    (tmp_path / "a.py").write_text("a = 1\n")
    run(tmp_path, "add", "a.py")
    changes = git_changes(tmp_path)
    assert changes is not None
    assert changes.dirty
    assert "+a = 1" in changes.diff


def test_worktree(repository: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    run(repository, "remote", "add", "origin", "git@host:a/b.git")
    run(repository, "worktree", "add", "-q", "-b", "side", str(tree))
    assert top_level(tree) == tree
    assert head(tree) == Head(commit_of(tree), "side", "git@host:a/b.git")
    run(repository, "pack-refs", "--all")
    assert head(tree).commit == commit_of(tree)


def test_submodule(repository: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    run(outer, "init", "-q")
    run(outer, "submodule", "add", "-q", str(repository), "inner")
    assert top_level(outer / "inner") == outer / "inner"
    assert head(outer / "inner").commit == commit_of(repository)


def test_top_level(repository: Path, tmp_path: Path) -> None:
    deep = repository / "a" / "b"
    deep.mkdir(parents=True)
    assert top_level(deep) == repository
    assert top_level(tmp_path) is None


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:hunter2@host/a.git", "https://host/a.git"),
        ("https://ghp_abc@host/a.git", "https://host/a.git"),
        ("https://host/a.git", "https://host/a.git"),
        ("git@host:a/b.git", "git@host:a/b.git"),
    ],
)
def test_the_remote_has_no_user(repository: Path, address: str, shown: str) -> None:
    run(repository, "remote", "add", "other", "https://elsewhere")
    run(repository, "remote", "add", "origin", address)
    assert head(repository).remote == shown


@pytest.mark.parametrize("content", [b"", b"ref: ", b"\xff\xfe", b"ref: refs/heads/\0", b"nonsense"])
def test_a_broken_repository_is_no_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_bytes(content)
    assert head(tmp_path).commit is None
    assert git_changes(tmp_path) is None


def test_no_changes(repository: Path) -> None:
    (repository / "new.txt").write_text("x")
    assert git_changes(repository) == git.Changes(False, "", ("new.txt",))


def test_changes(repository: Path) -> None:
    (repository / "train.py").write_text("lr = 2\n")
    (repository / "staged.py").write_text("api_key = 'hunter2'\n")
    run(repository, "add", "staged.py")
    changes = git_changes(repository)
    assert changes is not None
    assert changes.dirty
    assert "-lr = 1\n+lr = 2" in changes.diff
    assert "+api_key = '[redacted]'" in changes.diff


def test_a_long_diff_is_cut_at_a_line(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "LONGEST_DIFF", 2000)
    (repository / "train.py").write_text("".join(f"line {i:05}\n" for i in range(100_000)))
    changes = git_changes(repository)
    assert changes is not None
    assert 1900 < len(changes.diff) <= 2000
    assert changes.diff.splitlines()[-1].removeprefix("+line ").isdigit()


def test_code_named_by_the_repository_does_not_run(repository: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f'#!/bin/sh\ntouch {tmp_path}/sprung\ncat "$1"\n')
    trap.chmod(0o755)
    (repository / ".gitattributes").write_text("*.py diff=own\n")
    for key in ("core.fsmonitor", "diff.external", "core.pager", "diff.own.textconv", "diff.own.command"):
        run(repository, "config", key, str(trap))
    (repository / "train.py").write_text("lr = 2\n")
    changes = git_changes(repository)
    assert changes is not None
    assert "+lr = 2" in changes.diff
    assert not (tmp_path / "sprung").exists()


def test_the_index_is_not_touched(repository: Path) -> None:
    index = repository / ".git" / "index"
    os.utime(repository / "train.py", (0, 0))  # git status would write the new times down
    before = index.stat().st_mtime_ns, index.read_bytes()
    git_changes(repository)
    assert (index.stat().st_mtime_ns, index.read_bytes()) == before


def test_variables_of_a_git_hook_do_not_mislead(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    (repository / "train.py").write_text("lr = 2\n")
    changes = git_changes(repository)
    assert changes is not None
    assert changes.dirty


def test_without_git_nothing_is_known(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert git_changes(repository) is None


def test_a_git_that_hangs_is_given_up(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = tmp_path / "bin" / "git"
    hanging.parent.mkdir()
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    hanging.chmod(0o755)
    monkeypatch.setenv("PATH", f"{hanging.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(git, "_TIMEOUT", 0.2)
    assert git_changes(repository) is None

"""True final status, however a process ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import autolog

HEAD = "import os, signal, sys, time, autolog\nautolog.log_metric('x', 1.0)\n"
IN_BLOCK = """import os, signal, sys, time, autolog
with autolog.run('block'):
    autolog.log_metric('x', 1.0)
    """
# A shell starts background jobs with SIGINT ignored, the tests may be in one.
INTERRUPT = "signal.signal(signal.SIGINT, signal.default_int_handler); signal.raise_signal(signal.SIGINT)"


def run_script(tmp_path: Path, code: str, *, expect: int) -> autolog.store.runs.Run:  # type: ignore[name-defined]
    script = tmp_path / "script.py"
    script.write_text(code)
    command = [sys.executable, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == expect, done.stderr
    (run,) = autolog.search_runs("parent IS NULL")
    assert run.metrics == {"x": 1.0}
    return run


@pytest.mark.parametrize("head", [HEAD, IN_BLOCK], ids=["process run", "block"])
@pytest.mark.parametrize(
    ("end", "code", "status", "error"),
    [
        ("pass", 0, "FINISHED", None),
        ("raise ValueError('no')", 1, "FAILED", "ValueError: no"),
        ("sys.exit(0)", 0, "FINISHED", None),
        ("sys.exit(1)", 1, "FAILED", "SystemExit: 1"),
        ("exit(3)", 3, "FAILED", "SystemExit: 3"),
        ("sys.exit('sorry')", 1, "FAILED", "SystemExit: sorry"),
        ("raise KeyboardInterrupt", -2, "KILLED", "KeyboardInterrupt"),
        (INTERRUPT, -2, "KILLED", "KeyboardInterrupt"),
    ],
)
def test_status_and_exit_code(
    tmp_path: Path, head: str, end: str, code: int, status: str, error: str | None
) -> None:
    run = run_script(tmp_path, head + end, expect=code)
    assert (run.status, run.error, run.stale) == (status, error, False)
    assert run.end_time is not None


@pytest.mark.parametrize("head", [HEAD, IN_BLOCK], ids=["process run", "block"])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_that_kills_kills_at_once_and_is_seen(tmp_path: Path, head: str, name: str) -> None:
    run = run_script(tmp_path, f"{head}os.kill(os.getpid(), signal.{name})", expect=-getattr(signal, name))
    assert run.status == "KILLED"
    assert name in (run.error or "") or "signal" in (run.error or "")


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), signal.SIGKILL)", "os._exit(0)"])
def test_a_process_that_is_gone_leaves_a_stale_run(tmp_path: Path, end: str) -> None:
    run = run_script(tmp_path, HEAD + end, expect=-9 if "SIGKILL" in end else 0)
    assert (run.status, run.stale) == ("RUNNING", True)


def test_the_users_own_signal_handler_runs(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys, autolog\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('mine'), sys.exit(7)))\n"
        "autolog.log_metric('x', 1.0)\n"
        "assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    run = run_script(tmp_path, code, expect=7)
    assert run.status == "FAILED"


def test_a_running_process_is_running(tmp_path: Path) -> None:
    code = HEAD + "print('on', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    (run,) = autolog.search_runs()
    assert (run.status, run.stale, run.metrics) == ("RUNNING", False, {"x": 1.0})
    process.kill()
    process.wait()
    process.stdout.close()
    (run,) = autolog.search_runs()
    assert (run.status, run.stale) == ("RUNNING", True)


def test_a_forked_child_ends_nothing_of_its_parents(tmp_path: Path) -> None:
    code = (
        HEAD + "if os.fork() == 0:\n    autolog.log_metric('child', 2.0)\n    sys.exit(3)\n"
        "os.wait()\nautolog.log_metric('after', 3.0)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    subprocess.run([sys.executable, str(script)], check=True)
    (run,) = autolog.search_runs()
    assert run.status == "FINISHED" and run.metrics == {"x": 1.0, "child": 2.0, "after": 3.0}


@pytest.mark.slow
def test_killed_by_force_everything_logged_is_there(tmp_path: Path) -> None:
    code = (
        HEAD + "i = 0\nwhile True:\n    autolog.log_metric('i', float(i))\n    i += 1; print(i, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    time.sleep(1.0)
    process.send_signal(signal.SIGKILL)
    returned = process.stdout.read().split(b"\n")[:-1]
    process.wait()
    process.stdout.close()
    (run,) = autolog.search_runs()
    values = list(run.history("i").value)
    assert values == [float(i) for i in range(len(values))]
    assert 100 < len(returned) <= len(values) <= len(returned) + 1


def test_nothing_is_left_of_a_clean_process(tmp_path: Path) -> None:
    run_script(tmp_path, HEAD, expect=0)
    live = tmp_path / "autoruns" / ".autolog" / "live"
    assert os.listdir(live) == []

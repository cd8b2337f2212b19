"""The commands that a person types first: what they do on a bare machine, and that the second call
costs nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.system.processes import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": path or os.environ["PATH"]}
    for name in (
        "MAKEFLAGS",
        "MAKELEVEL",
        "ONCE",
    ):  # Those of the `make test` that this may run under.
        environment.pop(name, None)
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A virtual environment that looks complete, whose Python says what it is asked to run."""
    script(tmp_path / "bin" / "python", 'echo "$DJANGO_SETTINGS_MODULE: $*"; echo noise >&2')
    for stamp in (".made", ".demo", ".dev"):
        (tmp_path / stamp).touch()
    return tmp_path


def test_an_old_python_is_refused_with_a_sentence(tmp_path: Path) -> None:
    old = script(tmp_path / "old", "exit 1")
    done = make(f"VENV={tmp_path / 'venv'}", f"PYTHON={old}", "demo")
    assert done.returncode != 0
    assert f"AsClaimed needs Python 3.11 or newer; {old} is older." in done.stderr
    assert not (tmp_path / "venv").exists()


def test_no_python_is_said_so(tmp_path: Path) -> None:
    for name in ("make", "sh", "echo", "test"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    done = make(f"VENV={tmp_path / 'venv'}", "test", path=str(tmp_path))
    assert done.returncode != 0
    assert "none is on PATH" in done.stderr


def test_the_first_python_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    for name in ("make", "sh", "echo", "test"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    script(tmp_path / "python3", "exit 1")
    script(tmp_path / "python3.12", 'case "$1" in -m) echo "asked to make one" >&2; exit 1;; esac')
    done = make(f"VENV={tmp_path / 'venv'}", "demo", path=str(tmp_path))
    assert "with python3.12" in done.stderr
    assert "apt-get install python3-venv" in done.stderr


@pytest.mark.parametrize(
    ("once", "expected"),
    [("1", "config.settings.demo: -m demo --once\n"), ("0", "config.settings.demo: -m demo\n")],
)
def test_only_the_demo_itself_writes_to_standard_output(
    installed: Path, once: str, expected: str
) -> None:
    done = make(f"VENV={installed}", f"ONCE={once}", "demo")
    assert (done.returncode, done.stdout) == (0, expected)


def test_a_second_call_installs_nothing_and_a_changed_requirement_does(installed: Path) -> None:
    assert "pip" not in make(f"VENV={installed}", "test").stdout
    for stamp in (".made", ".demo", ".dev"):
        os.utime(installed / stamp, (1, 1))
    assert (
        "--require-hashes -r requirements-dev.txt" in make("-n", f"VENV={installed}", "test").stdout
    )


def test_an_interrupted_installation_is_done_again(installed: Path) -> None:
    script(installed / "bin" / "python", "exit 1")
    (installed / ".demo").unlink()
    assert make(f"VENV={installed}", "demo").returncode != 0
    assert not (installed / ".demo").exists()


def test_what_ci_runs_is_a_script_that_parses() -> None:
    assert subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT).returncode == 0
    text = (ROOT / ".ci" / "run").read_text()
    assert 'make "$target"' in text
    assert "for target in check test" in text

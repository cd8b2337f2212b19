"""The project as text: every file that git knows or would take."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = (
    "config",
    "demo",
    "reports",
    "verdicts",
    "evidence",
    "claims",
    "notifications",
    "accounts",
    "ledger",
    "jobs",
    "ui",
    "engines",
)


@cache
def tracked() -> tuple[Path, ...]:
    """Files of the project; where git is absent (an unpacked archive), everything but what is made
    here."""
    try:
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = (
            subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
            .stdout.decode()
            .split("\0")
        )
        paths = [ROOT / name for name in names if name]
    except (OSError, subprocess.CalledProcessError):
        made_here = {".venv", "var", ".git", "__pycache__"}
        paths = [
            path for path in ROOT.rglob("*") if not made_here & set(path.relative_to(ROOT).parts)
        ]
    return tuple(sorted(path for path in paths if path.is_file()))


def texts(*suffixes: str) -> list[tuple[str, str]]:
    """Path (from the root) and text of every text file, or of those with these suffixes."""
    found = []
    for path in tracked():
        if suffixes and path.suffix not in suffixes:
            continue
        try:
            found.append((str(path.relative_to(ROOT)), path.read_text()))
        except UnicodeDecodeError:
            continue
    return found


@cache
def trees() -> dict[str, ast.Module]:
    """The syntax of every Python module of the apps, by path."""
    return {
        name: ast.parse(text)
        for name, text in texts(".py")
        if name.split("/")[0] in APPS and "/migrations/" not in name
    }

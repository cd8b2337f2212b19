"""Disks for tests: a small file system of one's own that can be filled, made read-only and mended
again."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

import pytest


class Disk:
    """A tmpfs mounted at `path`, of `size` kibibytes."""

    def __init__(self, path: Path, size: int = 2048) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        try:
            self._mount(
                "-t", "tmpfs", "-o", f"size={size}k,nr_inodes=1000,mode=0755", "tmpfs", str(path)
            )
        except (OSError, subprocess.CalledProcessError):
            pytest.skip(
                "no file system can be mounted here: only root may, outside of most containers"
            )

    def _mount(self, *arguments: str) -> None:
        subprocess.run(["mount", *arguments], check=True, capture_output=True)

    def fill(self, leave: int = 0) -> None:
        """Take all room but `leave` bytes. What is written already stays."""
        with contextlib.suppress(OSError), (self.path / ".ballast").open("ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        with (self.path / ".ballast").open("ab") as file:
            file.truncate(max(0, file.tell() - leave))

    def fill_names(self) -> None:
        """Take all inodes: there is room for bytes, but no file can be made."""
        folder = self.path / ".names"
        folder.mkdir()
        with contextlib.suppress(OSError):
            for number in range(10_000):
                (folder / str(number)).touch()

    def empty(self) -> None:
        """Give the room back."""
        (self.path / ".ballast").unlink(missing_ok=True)
        for one in (self.path / ".names").glob("*"):
            one.unlink()

    def read_only(self) -> None:
        self._mount("-o", "remount,ro", str(self.path))

    def writable(self) -> None:
        self._mount("-o", "remount,rw", str(self.path))

    def unmount(self) -> None:
        subprocess.run(["umount", "-l", str(self.path)], check=False, capture_output=True)

    @property
    def free(self) -> int:
        disk = os.statvfs(self.path)
        return disk.f_bavail * disk.f_frsize

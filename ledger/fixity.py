"""Which stored files must still have their SHA-256. The apps that store files say so here;
`verify_record` reads them all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import TypeAlias

Reader: TypeAlias = Callable[[], BufferedIOBase]
Expected: TypeAlias = "tuple[Path | Reader, str, str]"
"""Where the bytes are, the SHA-256 they must have (hexadecimal), and what they are, in words."""
FileOrFault: TypeAlias = "Expected | str"
"""What an app says of one file: what to expect, or, where it knows already that something is wrong,
the sentence."""

_sources: dict[str, Callable[[], Iterable[FileOrFault]]] = {}


def register(name: str, source: Callable[[], Iterable[FileOrFault]]) -> None:
    """Say under a name where an app's files are. `source` is called by each verification, and may
    stream."""
    _sources[name] = source


def unregister(name: str) -> None:
    _sources.pop(name, None)


def faults() -> Iterator[str]:
    """A sentence for every file that is missing, unreadable or not what it was."""
    for name, source in sorted(_sources.items()):
        for item in source():
            if isinstance(item, str):
                yield f"{name}: {item}"
                continue
            where, expected, what = item
            try:
                with where.open("rb") if isinstance(where, Path) else where() as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
            except FileNotFoundError:
                yield f"{name}: {what} is missing"
                continue
            except OSError as error:
                yield f"{name}: {what} cannot be read ({error.strerror or error})"
                continue
            if digest != expected:
                yield (
                    f"{name}: {what} was changed: its SHA-256 is {digest[:16]}… where "
                    f"{expected[:16]}… belongs"
                )


def count() -> int:
    """How many apps have registered."""
    return len(_sources)

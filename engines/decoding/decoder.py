"""The caller's side of decoding a photo."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from engines.decoding.confinement import Limits
from engines.decoding.results import (
    SIZES,
    Code,
    DecodedPicture,
    InconsistentResultError,
    RefusedPicture,
    Size,
    decoded_from,
)
from engines.decoding.sandbox import AbnormalEnd, Sandbox, Source

_TASK = "engines.decoding.pictures:work"
_ENDS = {
    "late": Code.TIMEOUT,
    "memory": Code.MEMORY,
    "crashed": Code.CRASHED,
    "too_large": Code.TOO_LARGE,
}
MEGAPIXELS = 60
#: A JPEG is read at a half, a quarter or an eighth of its size, so phones of 64, 108 and 200
#: megapixels are within the same limits.
REDUCED_MEGAPIXELS = 250


class Decoder:
    """Decodes photos in confined children of one warm parent, which is started at the first photo.

    Use one per process (`decoder()`), or as a context that ends the warm parent when left.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        pixels: int = MEGAPIXELS * 1_000_000,
        task: str = _TASK,
    ) -> None:
        self.pixels = pixels
        self.reduced = max(pixels, REDUCED_MEGAPIXELS * 1_000_000)
        self.sandbox = Sandbox(task, limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self.sandbox.close()

    def facts(self) -> dict[str, Any]:
        """What is in force: accepted formats, versions, and which guards this machine's kernel
        gives. Starts the warm parent."""
        self.sandbox.start()
        return {**self.sandbox.facts, "guards": dict(self.sandbox.capabilities)}

    def decode(
        self, source: Source, *, sizes: Sequence[Size] = SIZES
    ) -> DecodedPicture | RefusedPicture:
        """Read one photo: path of a regular file, open descriptor of one, or bytes.

        Every end that the bytes can bring about is a RefusedPicture. Raises SandboxUnavailableError
        when we cannot decode anything just now (try again later), OSError when the source cannot be
        opened.
        """
        request = {
            "pixels": self.pixels,
            "reduced": self.reduced,
            "sizes": [[size.name, size.edge, size.mime, size.quality] for size in sizes],
        }
        answer = self.sandbox.run(source, request)
        if isinstance(answer, AbnormalEnd):
            return RefusedPicture(_ENDS[answer.reason], answer.detail)
        try:
            return decoded_from(
                answer.header, answer.parts, sizes=sizes, pixels=self.pixels, reduced=self.reduced
            )
        except InconsistentResultError as error:
            return RefusedPicture(Code.CRASHED, f"an answer that no decoder gives: {error}")


_shared: Decoder | None = None
_lock = threading.Lock()


def decoder() -> Decoder:
    """The decoder of this process, made on first use. It ends with the process, however that
    ends."""
    global _shared
    with _lock:
        if _shared is None:
            _shared = Decoder()
        return _shared


def _renew_lock() -> None:
    global _lock
    _lock = threading.Lock()  # A thread of the process we were forked from may have held it.


os.register_at_fork(after_in_child=_renew_lock)

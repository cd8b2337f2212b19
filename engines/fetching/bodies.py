"""The body of an answer, unpacked as it comes in, never larger than allowed."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable

from engines.fetching.failures import FetchError
from engines.fetching.limits import KIB, Deadline, Limits

STEP = 64 * KIB  # the most that one step of unpacking may add
MAX_MEMBERS = 100  # a gzip body may be several in a row; a million empty ones would only burn time

_GZIP = "gzip"
_DEFLATE = "deflate"


def content_encoding(values: Iterable[str]) -> str:
    """Return "", "gzip" or "deflate" from the values of Content-Encoding; raise
    FetchError("encoding") for any other."""
    names = [name.strip().lower() for value in values for name in value.split(",")]
    names = [name for name in names if name not in {"", "identity"}]
    if not names:
        return ""
    if names in (["gzip"], ["x-gzip"]):
        return _GZIP
    if names == ["deflate"]:
        return _DEFLATE
    raise FetchError("encoding", "The answer is compressed in a way we did not ask for.")


class Body:
    """Collects a body both as it came (`wire`) and unpacked (`decoded`).

    Unpacking goes in steps of bounded output, so a bomb is noticed one step after it passes a
    limit, whatever it would grow to. The deadline is asked at each step, because unpacking costs
    time without the network waiting.
    """

    def __init__(self, encoding: str, limits: Limits, deadline: Deadline) -> None:
        self._encoding = encoding
        self._limits = limits
        self._deadline = deadline
        self._wire = io.BytesIO()
        self._decoded = io.BytesIO() if encoding else self._wire
        self._stream: zlib._Decompress | None = None
        self._members = 0
        self._pending = b""

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body. Raises FetchError("too_large") or ("encoding")."""
        self._wire.write(data)
        if not self._encoding:
            self._check_size()
            return
        data = self._pending + data
        self._pending = b""
        more_inside = False
        while data or more_inside:
            self._deadline.left()
            if self._stream is None:
                if len(data) < 2:  # too little to tell what begins here
                    self._pending = data
                    return
                if self._members and not data.strip(b"\0"):
                    return  # some servers pad the end with zeros
                self._stream = self._open(data)
            try:
                unpacked = self._stream.decompress(data, STEP)
            except zlib.error as error:
                raise FetchError("encoding", "The compressed body is damaged.") from error
            self._decoded.write(unpacked)
            self._check_size()
            if self._stream.eof:
                data, self._stream, more_inside = self._stream.unused_data, None, False
            else:
                # A full step may leave output inside the decompressor with no input left over.
                data, more_inside = self._stream.unconsumed_tail, len(unpacked) == STEP

    def finish(self) -> tuple[bytes, bytes]:
        """Return the body as it came and unpacked; raise FetchError("encoding") if it stops in the
        middle."""
        if (
            self._stream is not None
            or self._pending.strip(b"\0")
            or (self._pending and not self._members)
        ):
            raise FetchError("encoding", "The compressed body stops in the middle.")
        return self._wire.getvalue(), self._decoded.getvalue()

    def _open(self, beginning: bytes) -> zlib._Decompress:
        self._members += 1
        if (
            self._encoding == _GZIP
            and beginning.startswith(b"\x1f\x8b")
            and self._members <= MAX_MEMBERS
        ):
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        if self._encoding == _DEFLATE and self._members == 1:
            # "deflate" means the zlib format (RFC 9110, section 8.4.1.2), but some servers send the
            # bare stream.
            is_zlib = beginning[0] & 0x0F == 8 and int.from_bytes(beginning[:2], "big") % 31 == 0
            return zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        raise FetchError(
            "encoding", "The compressed body holds something else besides what it should."
        )

    def _check_size(self) -> None:
        size = self._decoded.tell()
        if size > self._limits.decoded_bytes:
            raise FetchError(
                "too_large",
                f"The body is larger than {self._limits.decoded_bytes} bytes once unpacked.",
            )
        if size > self._limits.ratio_from_bytes and size > self._limits.ratio * self._wire.tell():
            raise FetchError(
                "too_large",
                f"The body swells to more than {self._limits.ratio} times its size when unpacked.",
            )

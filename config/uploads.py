"""Bodies of requests: whole or refused, and waiting in files without a name.

A sender that goes away looks to Django like the end of the body, and its multipart parser takes a
file that just ends for a whole one: half a photo would be filed, and the same Idempotency-Key sent
again would be answered with it.
"""

from __future__ import annotations

import json
import tempfile
import weakref
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse, UnreadablePostError

CUT_OFF = (
    "The connection was lost before everything arrived. Nothing was saved. Please send it again."
)


class _BodyReader:
    """A stream that must give as many bytes as the request said it has."""

    def __init__(self, stream: Any, length: int) -> None:
        self._stream, self._left = stream, length

    def _got(self, chunk: bytes, asked: int | None) -> bytes:
        self._left -= len(chunk)
        if self._left > 0 and not chunk and asked != 0:
            # HttpRequest makes it an UnreadablePostError
            raise OSError("the body ended before its end")
        return chunk

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            whole = b""
            while chunk := self.read(1 << 16):
                whole += chunk
            return whole
        return self._got(self._stream.read(size), size)

    def readline(self, size: int = -1, /) -> bytes:
        return self._got(self._stream.readline(size), size)

    def close(self) -> None:
        """Django closes a body that it has read whole: that of every form without files."""
        self._stream.close()


class WholeBodiesOnly:
    """Refuses a body that is shorter than it was said to be: 400, for whoever may still listen."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and len(length) < 19 and int(length):
            request._stream = _BodyReader(request._stream, int(length))  # type: ignore[assignment]  # WSGIRequest's own, limited to the length
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, UnreadablePostError):
            return None
        if request.path_info.startswith("/api/"):
            problem = {
                "type": "about:blank#cut_off",
                "title": "Bad request",
                "status": 400,
                "detail": CUT_OFF,
            }
            return HttpResponse(
                json.dumps(problem), status=400, content_type="application/problem+json"
            )
        return HttpResponse(CUT_OFF, status=400, content_type="text/plain; charset=utf-8")


class NamelessUploads(FileUploadHandler):
    """Django's temporary files but for their names (O_TMPFILE): a killed process leaves none
    behind, the kernel takes the blocks back."""

    file: UploadedFile[bytes]

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Called for each file that the handler for small ones left to us."""
        super().new_file(*args, **kwargs)
        # Unbuffered, so that a full disk says so here and not when the file is closed.
        self.waiting = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, buffering=0)  # noqa: SIM115  it goes with the request
        # Django closes what was received whole, with the request;
        # what failed half-way is ours to close.
        self._closer = weakref.finalize(self, self.waiting.close)
        self.file = UploadedFile(
            self.waiting,
            self.file_name,
            self.content_type,
            0,
            self.charset,
            self.content_type_extra,
        )

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        rest = memoryview(raw_data)
        while rest:
            rest = rest[self.waiting.write(rest) :]

    def file_complete(self, file_size: int) -> UploadedFile[bytes]:
        self._closer.detach()
        self.file.seek(0)
        self.file.size = file_size
        return self.file

    def upload_interrupted(self) -> None:
        if hasattr(self, "file"):
            self.file.close()

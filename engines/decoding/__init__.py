"""Reading untrusted photos without being harmed by them.

No web or worker process ever decodes a file. `decode` hands it to a warm process that forks, for
this one file, a child with little memory, little time, no network and no files; the child answers
plain data and freshly encoded renditions; the caller measures every length, walks the renditions'
segments, and decodes nothing.

    from engines import decoding
    match decoding.decode(path):
        case decoding.DecodedPicture() as photo: ...
        case decoding.RefusedPicture() as refused: ...  # refused.code, refused.sentence
"""

from __future__ import annotations

from collections.abc import Sequence

from engines.decoding.confinement import Limits
from engines.decoding.decoder import Decoder, decoder
from engines.decoding.results import (
    FORMATS,
    SENTENCES,
    SIZES,
    Code,
    DecodedPicture,
    RefusedPicture,
    Rendition,
    Size,
)
from engines.decoding.sandbox import Sandbox, SandboxUnavailableError, Source

__all__ = [
    "FORMATS",
    "SENTENCES",
    "SIZES",
    "Code",
    "DecodedPicture",
    "Decoder",
    "Limits",
    "RefusedPicture",
    "Rendition",
    "Sandbox",
    "SandboxUnavailableError",
    "Size",
    "decode",
    "decoder",
]


def decode(source: Source, *, sizes: Sequence[Size] = SIZES) -> DecodedPicture | RefusedPicture:
    """Read one photo by the decoder of this process. See Decoder.decode."""
    return decoder().decode(source, sizes=sizes)

"""Reading strangers' photos without being harmed by them.

No web or worker process ever decodes a file. `decode` hands it to a warm process that forks, for this one file, a child with
little memory, little time, no network and no files; the child answers plain data and freshly encoded renditions; the caller
measures every length, walks the renditions' segments, and decodes nothing.

    from engines import decoding
    match decoding.decode(path):
        case decoding.Decoded() as photo: ...
        case decoding.Refused() as refused: ...  # refused.code, refused.sentence
"""

from __future__ import annotations

from collections.abc import Sequence

from engines.decoding.chamber import Chamber, SandboxUnavailableError, Source
from engines.decoding.confinement import Limits
from engines.decoding.decoder import Decoder, decoder
from engines.decoding.results import FORMATS, SENTENCES, SIZES, Code, Decoded, Refused, Rendition, Size

__all__ = [
    "FORMATS",
    "SENTENCES",
    "SIZES",
    "Chamber",
    "Code",
    "Decoded",
    "Decoder",
    "Limits",
    "Refused",
    "Rendition",
    "SandboxUnavailableError",
    "Size",
    "decode",
    "decoder",
]


def decode(source: Source, *, sizes: Sequence[Size] = SIZES) -> Decoded | Refused:
    """Read one photo by the decoder of this process. See Decoder.decode."""
    return decoder().decode(source, sizes=sizes)

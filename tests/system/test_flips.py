"""One bit of one file at a time: whichever it is, `verify_record` says so; and put back, it says
nothing."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engines.storage.blobs import BlobStore, Fixity
from ledger.sequencing import sequence
from ledger.verify import audit
from tests import scenes
from tests.system.test_fixity import overwrite, verify

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_keys(settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


def files(settings: Any) -> list[Path]:
    """All that the log and the stores hold."""
    kept = [Path(getattr(settings, name)) for name in ("LEDGER_DIR", "BLOBS_DIR", "RENDITIONS_DIR")]
    return sorted(
        path
        for folder in kept
        for path in folder.rglob("*")
        if path.name != "lock" and path.is_file() and path.stat().st_size
    )


def flip(content: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(content) * 8)
    changed = bytearray(content)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def test_a_flipped_bit_is_found_wherever_it_is(settings: Any) -> None:
    dice = random.Random(4)
    scenes.build_post(scenes.build_evidence(scenes.build_claim()))
    sequence()
    assert verify()[0] == 0
    kinds: Counter[str] = Counter()
    for path in files(settings):
        content = path.read_bytes()
        overwrite(path, flip(content, dice))
        status, said = verify()
        assert status == 1, f"a flipped bit of {path} was not found"
        kind = next(
            (
                part
                for part in ("entries", "tile", "checkpoint", "blobs", "renditions")
                if part in path.parts
            ),
            path.name,
        )
        kinds[kind] += 1
        if kind in {"blobs", "renditions"}:
            assert said.count("was changed") == 1
            root = next(parent for parent in path.parents if parent.name == kind)
            assert BlobStore(root).verify(path.name) is Fixity.DAMAGED
        overwrite(path, content)
    assert set(kinds) == {"entries", "tile", "checkpoint", "key", "blobs", "renditions"}
    assert sum(kinds.values()) >= 12
    assert verify()[0] == 0
    audit(Path(settings.LEDGER_DIR))

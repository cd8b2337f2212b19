"""The worked example in the documentation is true, and the page names what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import ledger
from ledger import bundle, canonical, leaf, proof, tiles
from ledger.bundle import Bundle, Opening
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.note import VerifierKey
from tests.ledger.logs import KEY

PAGE = (Path(ledger.__path__[0]).parent / "docs/wire-formats.md").read_text()
EXAMPLE = dict(
    re.findall(r"^([a-z ]+?) {2,}(.+)$", PAGE.rpartition("## A worked example")[2], re.MULTILINE)
)
CHECKPOINT = PAGE.rpartition("```\nlog.example")[2].join(["log.example", ""]).removesuffix("```\n")


def test_the_worked_example_holds() -> None:
    document = canonical.parse(EXAMPLE["document"].encode())
    assert canonical.digest(document) == EXAMPLE["digest"]
    assert leaf.commit(bytes(range(32)), "风道不通。") == EXAMPLE["commitment"]
    entry = leaf.Leaf.parse(EXAMPLE["leaf"].encode())
    assert (entry.document, entry.commits) == (
        EXAMPLE["digest"],
        {"rationale": EXAMPLE["commitment"]},
    )
    assert entry.hash().hex() == EXAMPLE["leaf hash"]
    key = VerifierKey.parse(EXAMPLE["key"])
    assert key == KEY.verifier
    assert open_checkpoint(CHECKPOINT, key) == Checkpoint(key.name, 1, entry.hash())
    Bundle.build(
        leaf=entry.to_bytes(),
        index=0,
        hashes=[],
        checkpoint=CHECKPOINT,
        key=key,
        document=document,
        openings={"rationale": Opening(bytes(range(32)), "风道不通。")},
    )


def test_the_page_names_every_member_and_path() -> None:
    for name in (
        "v",
        "kind",
        "object",
        "at",
        "actor",
        "fields",
        "commits",
        "document",
        "format",
        "leaf",
        "proof",
        "key",
        "openings",
    ):
        assert f"| `{name}` |" in PAGE
    for text in (
        bundle.FORMAT,
        proof.HEADER,
        "tile/entries/<N>[.p/<W>]",
        "tile/<L>/<N>[.p/<W>]",
        f"{tiles.MAX_ENTRY:,}",
    ):
        assert text in PAGE
    assert f"{canonical.MAX_DEPTH} levels" in PAGE
    assert bundle.MAX_BYTES == 16 * 2**20

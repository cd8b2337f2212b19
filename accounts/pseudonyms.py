"""Names under which people stand in the public record: two words and a number, drawn at random,
saying nothing about anyone."""

from __future__ import annotations

import secrets

_COLOURS = (
    "amber", "ash", "blue", "brown", "coral", "copper", "dusk", "flint", "gold", "green", "grey",
    "hazel", "indigo", "iron", "ivory",
    "jade", "lilac", "moss", "night", "ochre", "pearl", "red", "rust", "sable", "sand", "silver",
    "slate", "snow", "teal", "umber",
)  # fmt: skip
_BIRDS = (
    "avocet", "bittern", "bunting", "crane", "crake", "curlew", "dipper", "dove", "dunlin", "eider",
    "falcon", "finch", "godwit", "grebe",
    "heron", "hobby", "ibis", "jay", "kestrel", "kite", "knot", "lark", "linnet", "loon", "magpie",
    "martin", "merlin", "nightjar",
    "oriole", "osprey", "owl", "petrel", "pipit", "plover", "quail", "rail", "raven", "redstart",
    "robin", "ruff", "shrike", "siskin",
    "skua", "snipe", "starling", "stilt", "stork", "swallow", "swan", "swift", "tern", "thrush",
    "wagtail", "warbler", "wren",
)  # fmt: skip


def new_pseudonym() -> str:
    """For example `grey-heron-4821`."""
    return f"{secrets.choice(_COLOURS)}-{secrets.choice(_BIRDS)}-{secrets.randbelow(9000) + 1000}"

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

import ledger


class Heron:
    """Someone who acts."""

    pk = uuid.UUID(int=7)
    pseudonym = "heron"


@pytest.fixture(autouse=True)
def _own_keys(settings, tmp_path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


@pytest.fixture
def act() -> Callable[..., AbstractContextManager[uuid.UUID]]:
    def acting(kind: str = "note.changed", **more: Any) -> AbstractContextManager[uuid.UUID]:
        return ledger.act(kind, **{"by": Heron(), "role": "moderator", "reason": "because", **more})

    return acting

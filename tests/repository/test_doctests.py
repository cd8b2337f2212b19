"""Examples in docstrings say what happens."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

from tests.repository.sources import APPS, texts

WITH_EXAMPLES = [
    name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    for name, text in texts(".py")
    if ">>> " in text and name.split("/")[0] in APPS
]


def test_there_are_examples() -> None:
    assert len(WITH_EXAMPLES) >= 5


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_hold(name: str) -> None:
    outcome = doctest.testmod(import_module(name))
    assert outcome.attempted > 0
    assert outcome.failed == 0

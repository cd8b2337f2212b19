"""The names under which objects stand in the public log, for ever."""

from __future__ import annotations

from pathlib import Path

from ledger import registry

NAMES = Path(__file__).with_name("permanent_names.txt")


def _logged(own: str = "tests.") -> set[str]:
    models = {record.name: record.model for record in registry.records()} | registry.batched
    return {name for name, model in models.items() if not model.__module__.startswith(own)}


def test_the_names_of_the_log_never_change() -> None:
    """A name in the file may lose its model, and a new one may be added at the end; none is
    changed, and none is given twice."""
    kept = NAMES.read_text().split()
    assert len(set(kept)) == len(kept)
    assert _logged() <= set(kept), (
        "a new name goes at the end of permanent_names.txt; an old one never changes"
    )


def test_a_name_says_nothing_about_where_its_model_lives() -> None:
    for record in registry.records():
        assert "." not in record.name
        assert record.name != record.model._meta.label_lower


def test_a_changed_name_would_be_noticed() -> None:
    """Control: without its line in the file a name is found to be new."""
    assert not _logged() <= set(NAMES.read_text().split()) - {"verdict"}

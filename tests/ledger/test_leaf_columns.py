"""Leaves that are built by column are those that are built row by row, byte for byte."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from hypothesis import given
from hypothesis import strategies as st

import ledger
from claims.localized_text import LocalizedTextField, write
from ledger import copy_format, leaf_columns, leaves, registry
from ledger.canonical import canonical
from ledger.leaf import LeafError, commit, timestamp
from ledger.leaf_columns import commit_column
from ledger.leaves import BuiltLeaf
from ledger.recording import RECORDABLE
from ledger.registry import Record
from ledger.sealing import SealedField
from ledger.values import plain, written
from tests.ledger.scratch.models import Note, Paper, Tally

ODD = [
    "", "plain", 'a "quote" \\ and /', "双风道 \u2028\u2029", "𝒳 é \x01\x1f\x7f", "%s %% {0}",
    "\n\t",
]  # fmt: skip
POSITIVE = (
    models.PositiveIntegerField, models.PositiveSmallIntegerField, models.PositiveBigIntegerField,
)  # fmt: skip
VALUES: dict[type[models.Field[Any, Any]], list[Any]] = {
    models.BooleanField: [True, False],
    models.BinaryField: [b"", b"\x00\xff"],
    models.DateTimeField: [
        datetime(2025, 6, 3, 9, 41, 7, tzinfo=UTC), datetime(1, 1, 2, tzinfo=UTC),
    ],
    models.DateField: [date(2025, 3, 1), date(1, 1, 1)],
    models.DecimalField: [Decimal("1.50"), Decimal("-0.01"), Decimal(0)],
    models.GenericIPAddressField: ["192.0.2.1", "2001:db8::1"],
    models.BigIntegerField: [0, -1, 2**53 - 1, 2**53, -(2**63)],
    models.SmallIntegerField: [0, -1, 32767],
    models.IntegerField: [0, -1, 2**31 - 1],
    models.UUIDField: [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)],
    models.JSONField: [
        {}, [], {"b": 1, "a": [None, True, 1.5, 2**60, "双"]}, "text", 7, None, {"é": 1, "z": 2},
        {"deep": [[[[[[[[[[["far"]]]]]]]]]]]}, {"1": {"": 2}},
    ],
}  # fmt: skip


def values_of(field: models.Field[Any, Any]) -> list[Any]:
    """Odd values that the column of an event row can hold; None is one of them, as after an
    erasure."""
    if isinstance(field, SealedField):
        return [None, b"", b"not sealed with any key"]
    if isinstance(field, models.ForeignKey):
        return values_of(field.target_field)
    if isinstance(field, ArrayField):
        return [None, [], [value for value in values_of(field.base_field) if value is not None]]
    if isinstance(field, LocalizedTextField):
        return [None, *(write("en", f"odd {text}", zh_Hans=text) for text in ODD)]
    for kind, values in VALUES.items():
        if isinstance(field, kind):
            if isinstance(field, POSITIVE):
                return [None, *(abs(value) for value in values if value > -(2**31))]
            if isinstance(field, models.DecimalField) and field.decimal_places == 0:
                return [None, Decimal(5)]
            return [None, *values]
    assert isinstance(field, models.CharField | models.TextField), field
    return [None, *(text[: field.max_length] for text in ODD)]


CONTEXTS = [
    None,
    {"kind": "note.changed", "role": "moderator", "name": "heron", "reason": "", "by": None},
    {"kind": "note.changed", "role": "moderator", "name": "heron", "reason": "because 双"},
    {"kind": "note.changed", "role": "moderator", "name": "100 % heron", "reason": "%s"},
    {"kind": "outside.x", "role": "r", "name": "n", "reason": ""},
    ["forged"],
]


def event_rows(record: Record) -> list[int]:
    """Event rows of a model that hold each of its odd values, in each kind of act."""
    fields = {name: record.event_model._meta.get_field(name) for name in record.names}
    columns = {name: values_of(field) for name, field in fields.items()}
    count = max(len(values) for values in columns.values()) + len(CONTEXTS)
    key = record.model._meta.pk
    rows = []
    for number in range(count):
        held = {
            fields[name].attname: values[(number + place) % len(values)]
            for place, (name, values) in enumerate(columns.items())
        }
        if record.document:
            held[record.document] = ["", "ab" * 32, None][number % 3]
        rows.append(
            record.event_model(
                pgh_created_at=datetime(2025, 6, 3, 9, 41, 7, 1200 * number, tzinfo=UTC),
                pgh_label=["insert", "update", "delete"][number % 3],
                pgh_obj_id=uuid.uuid4() if isinstance(key, models.UUIDField) else number,
                pgh_context=CONTEXTS[number % len(CONTEXTS)],
                **held,
            )
        )
    made = record.event_model._base_manager.bulk_create(rows)
    return [row.pgh_id for row in made]  # type: ignore[attr-defined]  # every event row has it


def row_by_row(record: Record, built: dict[int, BuiltLeaf | str]) -> dict[int, BuiltLeaf | str]:
    """The leaves of the same event rows with the same keys, each built by itself."""
    events = leaves.read_events(record, built)
    keys = leaves.keys_for(record, events.values())
    made: dict[int, BuiltLeaf | str] = {}
    for event_id, row in events.items():
        leaf = built[event_id]
        given = iter(leaf.openings.values() if isinstance(leaf, BuiltLeaf) else ())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                leaves, "new_keys",
                lambda names, given=given: dict(zip(names, given, strict=False)),
            )  # fmt: skip
            patch.setattr(leaves, "new_key", lambda given=given: next(given))
            try:
                made[event_id] = leaves.build(record, row, keys)
            except (ValueError, TypeError) as error:
                made[event_id] = f"no leaf can be made of it: {error}"
    return made


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(registry.recorded))
def test_every_recorded_model_gives_the_same_leaves(name):
    record = registry.recorded[name]
    ids = event_rows(record)
    built = leaf_columns.build(record, ids)
    assert set(built) == set(ids)
    assert built == row_by_row(record, built)
    assert sum(isinstance(leaf, BuiltLeaf) for leaf in built.values()) > len(ids) // 2


@pytest.mark.django_db
def test_a_sealed_value_is_committed_to_as_what_is_sealed(settings, tmp_path):
    settings.KEYS_DIR = tmp_path / "keys"
    notes = [Note() for _ in range(3)]
    ledger.seal(notes[0], contact="owner@example.org")
    ledger.seal(notes[1], contact=b"\x00\x01")
    Note.objects.bulk_create(notes)
    record = registry.of(Note)
    ids = list(record.event_model._base_manager.values_list("pgh_id", flat=True))
    built = leaf_columns.build(record, ids)
    assert built == row_by_row(record, built)
    commits = {leaf.openings["contact"]: leaf.entry for leaf in built.values()}  # type: ignore[union-attr]  # all are leaves
    for value in ("owner@example.org", plain(b"\x00\x01"), None):
        assert any(commit(key, value).encode() in entry for key, entry in commits.items())


@pytest.mark.django_db
def test_a_leaf_that_fits_no_entry_commits_to_its_largest_fields_and_its_neighbours_do_not():
    Tally.objects.bulk_create([Tally(data={"long": "x" * size}) for size in (10, 70_000, 20)])
    record = registry.of(Tally)
    ids = list(record.event_model._base_manager.order_by("pgh_id").values_list("pgh_id", flat=True))
    built = leaf_columns.build(record, ids)
    assert ["data" in built[event_id].openings for event_id in ids] == [False, True, False]  # type: ignore[union-attr]  # all are leaves


@pytest.mark.django_db
def test_a_document_that_is_no_digest_keeps_its_own_row_out_alone():
    Paper.objects.bulk_create([Paper(body_digest=text) for text in ("ab" * 32, "nonsense", "")])
    record = registry.of(Paper)
    ids = list(record.event_model._base_manager.order_by("pgh_id").values_list("pgh_id", flat=True))
    built = leaf_columns.build(record, ids)
    assert [isinstance(built[event_id], str) for event_id in ids] == [False, True, False]


@pytest.mark.django_db
def test_event_rows_that_are_not_there_are_left_out():
    assert leaf_columns.build(registry.of(Note), [1, 2]) == {}


def test_there_are_odd_values_for_every_kind_of_field():
    kinds = {
        type(field)
        for record in registry.records()
        for field in record.model._meta.concrete_fields
        if field.name in record.names
    }
    assert all(issubclass(kind, RECORDABLE) for kind in kinds)


# ── values ────────────────────────────────────────────────────────────────────────────────────────

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.floats() | st.decimals(allow_nan=False),
    lambda inner: st.one_of(
        st.lists(inner), st.dictionaries(TEXTS, inner), st.dictionaries(st.text("ab"), inner)
    ),
    max_leaves=20,
)  # fmt: skip
OTHERS = (
    st.uuids() | st.binary() | st.dates() | st.datetimes(timezones=st.just(UTC)) | st.ip_addresses()
)


@given(JSON | OTHERS)
def test_a_value_is_written_as_its_plain_form_is(value):
    assert written(value).encode() == canonical(plain(value))


@pytest.mark.parametrize("depth", [1, 7, 8, 9, 40, 59, 60, 61, 70])
def test_nesting_is_written_as_its_plain_form_is(depth):
    value: Any = ["x"]
    for _ in range(depth):
        value = {"a": [value]} if depth % 2 else [value]
    assert written(value).encode() == canonical(plain(value))


@pytest.mark.parametrize("value", [object(), {"a": object()}, [set()]])
def test_a_type_without_a_form_is_refused(value):
    with pytest.raises(TypeError):
        written(value)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_of_the_database_is_written_as_any_other(moment):
    elsewhere = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    assert timestamp(moment) == f"{elsewhere}Z"


@given(st.lists(st.tuples(st.binary(min_size=32, max_size=32), JSON)))
def test_a_column_of_commitments_is_that_of_each(pairs):
    keys = [key for key, _ in pairs]
    texts = [written(value) for _, value in pairs]
    assert commit_column(keys, texts) == [commit(key, plain(value)) for key, value in pairs]


def test_a_short_key_is_refused():
    with pytest.raises(LeafError):
        commit_column([b"short"], ["1"])


# ── COPY ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_rows_in_the_format_of_copy_are_stored_as_they_were():
    rows = [(1, b"", "", 2**63 - 1), (-2, b"\x00\xff" * 40_000, "双风道 \\N \t%", -(2**63))]
    parts = [copy_format.HEADER]
    for first, data, text, last in rows:
        parts += (copy_format.row(4, first), copy_format.data(data), copy_format.text(text))
        parts.append(copy_format.number(last))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE copied (a bigint, b bytea, c varchar(90), d bigint)")
        with cursor.copy("COPY copied FROM STDIN (FORMAT BINARY)") as sink:
            sink.write(b"".join([*parts, copy_format.TRAILER]))
        cursor.execute("SELECT * FROM copied ORDER BY a DESC")
        assert [(a, bytes(b), c, d) for a, b, c, d in cursor.fetchall()] == rows

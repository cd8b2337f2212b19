"""Many rows, one leaf: for rows written in bulk, such as looks that found nothing new.

The rows' model has a foreign key to `ledger.Batch` and is listed as `derived(reason="logged by
batch", name="…")`. The batch is recorded like any other row; its `root` is the Merkle root over the
rows in the order of their ids, each hashed as

    {"object":"<name>/<id>","fields":{…every stored field but the id and the batch…}}

so that a changed, missing or added row of a batch is found by `verify_record`, and one row can be
shown to belong to a leaf. Everything in such rows must be public: the root would let anyone who has
the other rows confirm a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils import timezone

from ledger import merkle, registry
from ledger.canonical import canonical
from ledger.models import Batch
from ledger.values import plain

M = TypeVar("M", bound=models.Model)


def batch_field(model: type[models.Model]) -> models.ForeignKey[Any, Any]:
    """The model's foreign key to Batch. Raises TypeError when it has none."""
    for field in model._meta.local_concrete_fields:
        if isinstance(field, models.ForeignKey) and field.related_model is Batch:
            return field
    raise TypeError(f"{model._meta.label_lower} has no foreign key to ledger.Batch")


def _name(model: type[models.Model]) -> str:
    """The permanent name of a model whose rows are logged by batch. Raises TypeError when it has
    none."""
    for name, batched in registry.batched.items():
        if batched is model:
            return name
    raise TypeError(f"{model._meta.label} has no permanent name: derived(reason=…, name=…)")


def batch(model: type[M], rows: Sequence[M], *, now: datetime | None = None) -> Batch:
    """Write the rows and log them as one leaf, inside the caller's `ledger.act`. Returns the
    batch."""
    if not rows:
        raise ValueError("a batch has at least one row")
    field = batch_field(model)
    made = Batch(object_label=_name(model), count=len(rows), created_at=now or timezone.now())
    with transaction.atomic():
        for row in rows:
            setattr(row, field.attname, made.pk)
        model._base_manager.bulk_create(rows, batch_size=1000)
        # Read back, so that the root is over what is stored
        # (a decimal gains its places on the way in).
        made.root = merkle.root_of(hashes(model, made)).hex()
        made.save(force_insert=True)
    return made


def entries(model: type[models.Model], which: Batch) -> Iterable[tuple[str, bytes]]:
    """(id, canonical bytes) of every row of a batch, in the order of the tree. One query."""
    field = batch_field(model)
    key = model._meta.pk
    assert key is not None
    names = [f.name for f in model._meta.local_concrete_fields if f is not key and f is not field]
    rows = model._base_manager.filter(**{field.name: which.pk}).values(key.name, *names)
    for row in sorted(rows, key=lambda row: str(row[key.name])):
        object_id = row.pop(key.name)
        fields = {name: plain(value) for name, value in row.items()}
        yield str(object_id), canonical({"object": f"{_name(model)}/{object_id}", "fields": fields})


def hashes(model: type[models.Model], which: Batch) -> list[bytes]:
    """The leaf hashes of a batch's rows."""
    return [merkle.leaf_hash(entry) for _, entry in entries(model, which)]


def proof(row: models.Model) -> tuple[bytes, int, list[bytes]]:
    """What shows that a row belongs to its batch: its canonical bytes, its position, and the path
    to `Batch.root`."""
    model = type(row)
    which = getattr(row, batch_field(model).name)
    rows = list(entries(model, which))
    position = [object_id for object_id, _ in rows].index(str(row.pk))
    digests = [merkle.leaf_hash(entry) for _, entry in rows]

    def read(level: int, index: int) -> bytes:
        return merkle.complete_root(digests[index << level : (index + 1) << level])

    return rows[position][1], position, merkle.inclusion_proof(position, len(digests), read)

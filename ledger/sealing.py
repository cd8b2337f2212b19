"""Values that never stand in the open: encrypted in the row, in its history and in every backup.

Each record has a random 256-bit key of its own, kept in `ledger_sealedkey`, itself encrypted under
the operator's master key (KEYS_DIR/master.key, or the file MASTER_KEY_FILE names). Forgetting one
record's key erases its sealed values everywhere.

    stored value   nonce[12] ‖ AES-256-GCM(record key, type byte ‖ value,
                                           aad = "<label>/<id>/<field>")
    stored key     nonce[12] ‖ AES-256-GCM(master key, record key, aad = "<label>/<id>")

The type byte is `s` for text (UTF-8) and `b` for bytes. The associated data ties a value to its
place: a ciphertext copied to another row or field does not open.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models, transaction

from ledger import registry


class MasterKeyUnusableError(Exception):
    """The master key is missing although sealed values exist, is malformed, or is not the one that
    wrapped a key."""


class KeyDestroyedError(Exception):
    """The record's key was destroyed by an erasure: nothing of it is ever sealed again."""

    def __init__(self, label: str, object_id: str) -> None:
        super().__init__(f"the key of {label}/{object_id} was destroyed by an erasure")


class SealedField(models.BinaryField):  # type: ignore[type-arg]  # BinaryField takes no parameters at run time
    """A column holding a sealed value. Write with `ledger.seal`, read with `ledger.unseal`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("null", True)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)


# ── keys ──────────────────────────────────────────────────────────────────────────────────────────


def master_key_path() -> Path:
    """Where the master key is: MASTER_KEY_FILE of the settings, else KEYS_DIR/master.key."""
    named = getattr(settings, "MASTER_KEY_FILE", None)
    return Path(named) if named else Path(settings.KEYS_DIR) / "master.key"


def in_use() -> bool:
    """Whether any record has a key that was wrapped by the master key."""
    from ledger.models import SealedKey

    return SealedKey.objects.exists()


@lru_cache(maxsize=4)
def _read_key(path: Path, stamp: float) -> bytes:
    key = path.read_bytes()
    if len(key) != 32:
        raise MasterKeyUnusableError(f"{path.name} must hold exactly 32 bytes")
    return key


def _master() -> AESGCM:
    """The master key. Made on first use; never made anew while keys wrapped by a lost one are
    stored."""
    path = master_key_path()
    if not path.exists():
        if in_use():
            raise MasterKeyUnusableError(
                f"{path.name} is gone, and sealed values exist that only it opens: put it back"
            )
        write_secret(path, secrets.token_bytes(32))
    return AESGCM(_read_key(path, path.stat().st_mtime))


def write_secret(path: Path, content: bytes) -> None:
    """Store a new secret file readable by its owner alone, complete or not at all. An existing file
    wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # unlike rename, fails when another process was first
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _unwrap(label: str, object_id: str, wrapped: bytes) -> AESGCM:
    try:
        return AESGCM(
            _master().decrypt(wrapped[:12], wrapped[12:], f"{label}/{object_id}".encode())
        )
    except InvalidTag:
        raise MasterKeyUnusableError(
            f"the master key does not open the key of {label}/{object_id}"
        ) from None


def keys_of(label: str, ids: Iterable[Any]) -> dict[str, AESGCM]:
    """The keys of many records of one type in one query; a record whose key was erased is
    absent."""
    from ledger.models import SealedKey

    rows = SealedKey.objects.filter(
        object_label=label, object_id__in=[str(i) for i in ids]
    ).values_list("object_id", "wrapped")
    return {object_id: _unwrap(label, object_id, bytes(wrapped)) for object_id, wrapped in rows}


def _key_of(obj: models.Model) -> AESGCM:
    """The key of one record, made when it has none."""
    if obj.pk is None:
        raise ValueError("a record needs its id before a value can be sealed for it")
    sealed = {field.name for field in obj._meta.concrete_fields if isinstance(field, SealedField)}
    return _key_for(registry.of(obj).name, str(obj.pk), sealed)


def _key_for(label: str, object_id: str, sealed: Collection[str] = ()) -> AESGCM:
    from ledger.models import SealedKey

    key = SealedKey.objects.filter(object_label=label, object_id=object_id).first()
    if key is None:
        # Asked after the key was missed: an erasure is written down in the transaction that
        # destroys the key.
        if not erased_fields(label, object_id).isdisjoint(sealed):
            raise KeyDestroyedError(label, object_id)
        nonce = secrets.token_bytes(12)
        wrapped = nonce + _master().encrypt(
            nonce, secrets.token_bytes(32), f"{label}/{object_id}".encode()
        )
        with transaction.atomic():
            SealedKey.objects.bulk_create(
                [SealedKey(object_label=label, object_id=object_id, wrapped=wrapped)],
                ignore_conflicts=True,
            )
        key = SealedKey.objects.get(object_label=label, object_id=object_id)
    return _unwrap(label, object_id, bytes(key.wrapped))


def erased_fields(label: str, object_id: str) -> set[str]:
    """The fields of one record that erasures took, by name."""
    from ledger.models import Erasure

    taken = Erasure.objects.filter(object_label=label, object_id=object_id).values_list(
        "fields", flat=True
    )
    return {name for fields in taken for name in fields}


# ── values ────────────────────────────────────────────────────────────────────────────────────────


def seal(obj: models.Model, **values: str | bytes | None) -> None:
    """Put encrypted values on an instance; save it afterwards, in the same transaction. None clears
    a field.

    Raises KeyDestroyedError for a record whose sealed values were erased, MasterKeyUnusableError.
    """
    for name in values:
        if not isinstance(obj._meta.get_field(name), SealedField):
            raise TypeError(f"{obj._meta.label_lower}.{name} is not a SealedField")
    key = _key_of(obj) if any(value is not None for value in values.values()) else None
    for name, value in values.items():
        if value is None or key is None:
            setattr(obj, name, None)
            continue
        plain = b"s" + value.encode() if isinstance(value, str) else b"b" + value
        nonce = secrets.token_bytes(12)
        setattr(
            obj,
            name,
            nonce + key.encrypt(nonce, plain, _place(registry.of(obj).name, obj.pk, name)),
        )


def unseal(obj: models.Model, name: str) -> str | bytes | None:
    """The value of a sealed field, or None when it is empty or its key was erased. Raises
    MasterKeyUnusableError."""
    stored = getattr(obj, name)
    if stored is None:
        return None
    label = registry.of(obj).name
    return open_with(keys_of(label, [obj.pk]).get(str(obj.pk)), label, obj.pk, name, stored)


def open_with(
    key: AESGCM | None, label: str, object_id: Any, name: str, stored: bytes | memoryview | None
) -> str | bytes | None:
    """Decrypt one stored value with its record's key; None without a key, or when the stored bytes
    are not a sealed value."""
    if key is None or stored is None:
        return None
    stored = bytes(stored)
    try:
        plain = key.decrypt(stored[:12], stored[12:], _place(label, object_id, name))
    except (InvalidTag, ValueError):
        # written by someone who had no key, or copied from another place: it holds nothing
        return None
    return plain[1:].decode() if plain[:1] == b"s" else plain[1:]


def _place(label: str, object_id: Any, name: str) -> bytes:
    return f"{label}/{object_id}/{name}".encode()


# ── secrets of another package's rows ─────────────────────────────────────────────────────────────


def seal_apart(purpose: str, text: str) -> bytes:
    """Encrypt a text whose row belongs to another package, under one key for the purpose. Raises
    MasterKeyUnusableError."""
    nonce = secrets.token_bytes(12)
    return nonce + _key_for(purpose, "").encrypt(
        nonce, b"s" + text.encode(), _place(purpose, "", "")
    )


def unseal_apart(purpose: str, stored: bytes) -> str | None:
    """The text that `seal_apart` encrypted; None when the bytes are not one of its values. Raises
    MasterKeyUnusableError."""
    opened = open_with(keys_of(purpose, [""]).get(""), purpose, "", "", stored)
    return opened if isinstance(opened, str) else None

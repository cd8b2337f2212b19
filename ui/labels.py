"""What codes are called on pages: every app hands in its vocabularies, so that a template names any
of them by `{% word %}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db.models import TextChoices
from django.utils.functional import Promise

Vocabulary = type[TextChoices] | Mapping[str, str | Promise]

_VOCABULARIES: Final[dict[str, Vocabulary]] = {}


def register(**vocabularies: Vocabulary) -> None:
    """Hand in vocabularies by the names that templates use. Idempotent."""
    _VOCABULARIES.update(vocabularies)


def label(vocabulary: str, code: str) -> str:
    """The name of a code in the language of the page. Raises KeyError for a vocabulary that nobody
    handed in.

    A code that its vocabulary does not know is of a later version of the program, and shown as it
    stands rather than as nothing.
    """
    known = _VOCABULARIES[vocabulary]
    if isinstance(known, Mapping):
        return str(known.get(code, code))
    try:
        return str(known(code).label)
    except ValueError:
        return code

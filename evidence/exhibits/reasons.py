"""Reasons that moderators give again and again. Each stands on the review page as a button that
fills in the words, to be edited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import override

from evidence.exhibits.states import SubmissionStatus

LANGUAGES: Final = {"en": "en", "zh-Hans": "zh-hans"}


@dataclass(frozen=True)
class Reason:
    """A reason for one decision. `key` names it in the form."""

    key: str
    decision: str
    text: str | Promise

    def in_both(self) -> dict[str, str]:
        """The words by language, as a written text names languages."""
        texts = {}
        for lang, code in LANGUAGES.items():
            with override(code):
                texts[lang] = str(self.text)
        return texts


REASONS: Final = (
    Reason(
        "clear",
        SubmissionStatus.ACCEPTED,
        lazy("The photos are clear, and the description can be checked against them."),
    ),
    Reason(
        "method",
        SubmissionStatus.ACCEPTED,
        lazy("Instrument and method are stated, so the measurement can be repeated."),
    ),
    Reason(
        "whole",
        SubmissionStatus.RETURNED,
        lazy("Please add a photo that shows the whole part and where it belongs."),
    ),
    Reason(
        "how",
        SubmissionStatus.RETURNED,
        lazy(
            "Please say how it was measured, with which instrument, and with which measurement "
            "uncertainty."
        ),
    ),
    Reason(
        "others",
        SubmissionStatus.RETURNED,
        lazy(
            "Faces, names or number plates of other people are visible. Please cover them and "
            "submit again."
        ),
    ),
    Reason(
        "elsewhere",
        SubmissionStatus.REFUSED,
        lazy("It is not about this claim. Please submit it on the claim that it is about."),
    ),
    Reason(
        "twice",
        SubmissionStatus.REFUSED,
        lazy("The same picture was submitted before. Duplicate photos count once."),
    ),
    Reason(
        "unreadable",
        SubmissionStatus.REFUSED,
        lazy("The pictures cannot be displayed, and the description alone cannot be checked."),
    ),
)


def reason(key: str) -> Reason | None:
    """The reason named `key`, or None."""
    return next((reason for reason in REASONS if reason.key == key), None)


def fill(text: str, words: str) -> str:
    """What stands in the box after a button was pressed: a suggestion is replaced by the next, own
    words are kept above it."""
    own = text.strip()
    suggested = {text for reason in REASONS for text in reason.in_both().values()}
    return words if not own or own in suggested else own if words in own else f"{own}\n{words}"

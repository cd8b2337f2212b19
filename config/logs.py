"""Log lines for machines: one JSON object a line, with nothing in it that would name a person or
open a door.

Whoever reads logs (an operator, a log service, a thief) must not learn from them which owner talked
to us. So every text is cleaned before it is written: e-mail and network addresses, credentials in
URLs, key=value secrets, bearer tokens, and the tokens that sign-in mails carry in their paths.
Tracebacks keep file, line and function, and lose the values. Control characters are escaped by
JSON, so that no one can forge a line by putting a line break into a header.

    {"at": "2026-05-01T08:00:00.123Z", "level": "WARNING", "logger": "django.request", "message":
    "Not Found: /claims/x/"}
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime

# The id of the request that is being answered, set by config.request_ids.
request: ContextVar[str] = ContextVar("request", default="")

# Each takes time in proportion to the text: no two repetitions dispute the same characters, and
# a repetition begins only where none of its characters stands before.
_RULES = [
    (re.compile(r"(?<=://)[^/@\s]++@"), "[credentials]@"),
    (re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)++"), "[e-mail]"),
    (re.compile(r"(?i)\b(bearer|basic|token)\s++[\w.~+/=-]{8,}+"), r"\1 [secret]"),
    (
        re.compile(
            r"(?i)((?:password|passwd|secret|token|api[_-]?key|authorization|cookie"
            r"|session(?:[_-]?id)?)[\"']?\s*+[=:]\s*+)[^\s,;&}\]]++"
        ),
        r"\1[secret]",
    ),
    (
        re.compile(r"(?i)(/(?:reset/key|confirm-email|reset|login/code|invitations)/)[^\s/]++"),
        r"\1[secret]",
    ),
    (re.compile(r"\?\S++"), "?[query]"),
    (re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\w)"), "[address]"),
    (
        re.compile(
            r"(?i)(?<![\w:.])(?=[0-9a-f:.]{0,60}::|(?:[0-9a-f]{1,4}:){7})"
            r"[0-9a-f:]{2,39}(?:%\w++)?(?![\w:])"
        ),
        "[address]",
    ),
]
#: The longest text that is cleaned; the rest is cut off before.
LONGEST = 4000
_LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}


def clean(text: str) -> str:
    """`text` without e-mail addresses, network addresses, credentials, tokens and query strings.

    A long one is cut first, at a space: half of an address or a secret would not be recognised.
    """
    if len(text) > LONGEST:
        whole = text[:LONGEST].rsplit(None, 1)
        kept = whole[0] if len(whole) == 2 else ""
        text = f"{kept} [{len(text) - len(kept)} characters cut]"
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def frames(error: BaseException) -> list[str]:
    """Where an exception came from, outermost first: file, line, function and no values."""
    return [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]


class Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": clean(record.getMessage()),
        }
        if request.get():
            line["request"] = request.get()
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            line["error"] = f"{type(error).__name__}: {clean(str(error))}"
            line["frames"] = frames(error)
        return json.dumps(line, ensure_ascii=True)


class PlainFormatter(logging.Formatter):
    """One readable line, as clean as the other: for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{record.levelname} {record.name}: {clean(record.getMessage())}"
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            where = " < ".join(reversed(frames(error)[-6:]))
            text += f" — {type(error).__name__}: {clean(str(error))} ({where})"
        return "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
        )


def configuration(*, level: str, machine: bool = True) -> dict[str, object]:
    """Django's LOGGING: everything to standard error, as JSON lines or, for a terminal, as plain
    ones."""
    if level not in _LEVELS:
        raise ValueError(f"LOG_LEVEL is {level!r}: it must be one of {', '.join(sorted(_LEVELS))}")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": Json if machine else PlainFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            "celery.app.trace": {"level": "WARNING"},
            # At their ease they write credentials, and the addresses of unpublished files.
            "boto3": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
            "urllib3": {"level": "WARNING"},
        },
    }

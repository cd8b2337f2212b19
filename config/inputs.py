"""What no text has is refused at the entrance, in one place: whatever is asked for, no view, form
or query ever meets it.

PostgreSQL stores no NUL, UTF-8 has no lone surrogates, and Django reads forms in UTF-8 alone. Each
of these made a 500 wherever a value reached the database or a form was read once more for a page
that says what is wrong with it.
"""

from __future__ import annotations

import codecs
import logging
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any, Final

from django.core.exceptions import BadRequest
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from config import unavailable

logger = logging.getLogger(__name__)

DEEPEST = 40  # levels of a JSON body: ours have three


#: Nothing is seen of these: fillers, joiners and selectors (Unicode, Default_Ignorable_Code_Point),
#: and the empty Braille cell.
_FILLERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_SELECTORS: Final = frozenset(
    map(chr, [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
)
_UNSEEN: Final = _FILLERS | _SELECTORS


class UnreadableInputError(BadRequest):
    """The request holds what cannot be read or stored; `sentence` is for its sender."""

    def __init__(self, sentence: Promise) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


def is_text(text: str) -> bool:
    """Whether a text can be stored: no NUL, and nothing that UTF-8 cannot write (RFC 3629 §3, lone
    surrogates)."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shows_nothing(text: str) -> bool:
    """Whether nothing is seen of a text: it is empty, or all of it is space, order or filler.

    >>> shows_nothing(" \\u200b\\u202e\\u3164"), shows_nothing("\\u200bא")
    (True, False)
    """
    return all(
        unicodedata.category(character) in {"Cc", "Cf", "Zs", "Zl", "Zp"} or character in _UNSEEN
        for character in text
    )


def check_texts(texts: Iterable[str]) -> None:
    """Raises UnreadableInputError if one of them is none."""
    if not all(map(is_text, texts)):
        raise UnreadableInputError(
            _(
                "The request contains an invalid character (NUL or half a character). Nothing "
                "was saved. Remove it and try again."
            )
        )


def _is_utf8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name in {"utf-8", "ascii"}
    except (LookupError, ValueError):
        return False


class Charset:
    """In front of Django, which looks for the charset of a body while it makes its request, where
    nothing catches an error yet.

    Every body is read as UTF-8. What says that it is in another charset is told so by `Readable`.
    """

    STRANGE = "asclaimed.strange_charset"

    def __init__(self, behind: Callable[..., Iterable[bytes]]) -> None:
        self.behind = behind

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        kind, *parameters = environ.get("CONTENT_TYPE", "").split(";")
        charsets = [
            parameter for parameter in parameters if parameter.strip().lower().startswith("charset")
        ]
        if charsets:
            environ["CONTENT_TYPE"] = ";".join(
                [kind, *(parameter for parameter in parameters if parameter not in charsets)]
            )
            environ[self.STRANGE] = not all(
                _is_utf8(parameter.partition("=")[2].strip(" \"'")) for parameter in charsets
            )
        return self.behind(environ, start_response)


class ReadableInputs:
    """Outside of all that reads the request: the path, the query, cookies and headers are text, and
    the body is in UTF-8."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        strange = request.META.get(Charset.STRANGE) or (
            request.encoding is not None and not _is_utf8(request.encoding)
        )
        request.encoding = "utf-8"
        for name in [name for name, value in request.COOKIES.items() if not is_text(name + value)]:
            # a browser could not get rid of it itself, and none of ours is like that
            del request.COOKIES[name]
        check_texts([request.path_info])
        check_texts(text for name, values in request.GET.lists() for text in (name, *values))
        check_texts(
            value
            for name, value in request.META.items()
            if name.startswith("HTTP_") and name != "HTTP_COOKIE"
        )
        if strange and request.method not in {"GET", "HEAD"}:
            raise UnreadableInputError(
                _("Forms and bodies must be in UTF-8. Nothing was saved. Send it again in UTF-8.")
            )
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The last wall: a value that a field took and PostgreSQL does not is the sender's, and is
        told to us."""
        if not isinstance(error, DataError):
            return None
        logger.warning("a value that no field refused: %s", request.path_info, exc_info=error)
        raise UnreadableInputError(
            _(
                "Something in the request is too long, too large or too far in time. Nothing was "
                "saved. Check it and try again."
            )
        ) from error


class ReadableForms:
    """After the check of form tokens, which reads every form but never one that a stranger just
    throws at us.

    A field of which nothing is seen is empty: a reason, a reply or a name of zero-width spaces is
    none, and each form says so itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """The API reads its bodies itself, by the parser below and by serializers."""
        if request.method != "POST" or getattr(view, "csrf_exempt", False):
            return None
        try:
            form = request.POST
        except OSError as error:  # no room for the files that came with it
            if (status := unavailable.status_of(error)) is None:
                raise
            return unavailable.answer(request, status)
        check_texts(text for name, values in form.lists() for text in (name, *values))
        if any(
            value and shows_nothing(value) for _name, values in form.lists() for value in values
        ):
            seen = form.copy()
            for name, values in form.lists():
                seen.setlist(name, ["" if shows_nothing(value) else value for value in values])
            seen._mutable = False
            request.POST = seen  # type: ignore[assignment]  # its type is only the immutable form, which it is again
        return None


class ReadableJSON(JSONParser):
    """JSON whose texts are texts, whose numbers are finite and which is not nested beyond
    reason."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """What was sent. Raises ParseError."""
        try:
            given = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError(_too_deep()) from None
        _check_json(given, DEEPEST)
        return _seen(given)


def _seen(value: Any) -> Any:
    """The same, with an empty text for each of which nothing is seen."""
    if isinstance(value, str):
        return "" if shows_nothing(value) else value
    if isinstance(value, dict):
        return {name: _seen(member) for name, member in value.items()}
    return [_seen(member) for member in value] if isinstance(value, list) else value


def _too_deep() -> str:
    return f"The JSON is nested more than {DEEPEST} levels deep. Nothing was saved."


def _check_json(value: Any, left: int) -> None:
    if left < 0:
        raise ParseError(_too_deep())
    if isinstance(value, str) and not is_text(value):
        raise ParseError(
            "The JSON holds a character that no text has (NUL or half a character). Nothing was "
            "stored."
        )
    if isinstance(value, float) and value in {float("inf"), float("-inf")}:
        raise ParseError("The JSON holds a number that is too large. Nothing was saved.")
    if isinstance(value, dict):
        for name, member in value.items():
            _check_json(name, left)
            _check_json(member, left - 1)
    if isinstance(value, list):
        for member in value:
            _check_json(member, left - 1)

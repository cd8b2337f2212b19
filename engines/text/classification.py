"""What one look at a source came back with.

`classify` turns an answer, or the lack of one, into one of twelve types. Only `ok` may become a
version; `refused`, `transient`, `blocked` and the rest say something about the visit, nothing about
the text.

A page that says "deleted" is told from a page that writes about deletion by its structure, never by
a phrase:

- A **notice** is a page of which *every* statement is a notice or its furniture. Statements are the
  sentences of the main text; furniture is what stands around notices ("go to the home page", a help
  link, the name of the site, any link). One statement that is neither, and the page is live: "This
  post was deleted. Here is what it said: …" is an article.
- The title alone decides only where the main text says nothing at all, or, for "not found", where
  it is short and shares no sentence with what the source said before.
- Patterns match whole statements, in the folded form of `anchors.fold` (widths, white space and
  curly quotes do not count), in small letters, without the punctuation at their end.

What this cannot tell: a live post whose entire text is the platform's sentence about deleted posts;
a platform that shows its notice in the middle of a page full of other things (that is `ok` here).
For whatever no pattern knows there is `continues`: an answer that shares no sentence with the
version before it is *suspect* (`actions.looking`), and becomes a version only when looks over hours
agree.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from engines.text.anchors import Quote, Sight, fold, sight, weight
from engines.text.deletion_notices import (
    BLOCKS,
    FURNITURE,
    LOGINS,
    NOT_FOUND,
    SCRIPTS,
    TOMBSTONES,
    TROUBLES,
)
from engines.text.extraction import Extract
from engines.text.extraction import extract as read_page
from engines.text.sentences import clauses, sentences


class ObservationResult(StrEnum):
    OK = "ok"
    UNCHANGED = "unchanged"
    GONE = "gone"
    TOMBSTONE = "tombstone"
    MOVED = "moved"
    SOFT_404 = "soft_404"
    LOGIN_WALL = "login_wall"
    BLOCKED = "blocked"
    TRANSIENT = "transient"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Classification:
    """The type, and in one English sentence (at most 300 characters) why."""

    type: ObservationResult
    reason: str = ""


# Kinds of `engines.fetching.FetchError`, complete (a test compares them).
FAILURES = {
    "dns": ObservationResult.TRANSIENT,
    "connect": ObservationResult.TRANSIENT,
    "timeout": ObservationResult.TRANSIENT,
    "tls": ObservationResult.TRANSIENT,
    "protocol": ObservationResult.TRANSIENT,
    "encoding": ObservationResult.TRANSIENT,
    "too_many_redirects": ObservationResult.TRANSIENT,
    "too_large": ObservationResult.TOO_LARGE,
    "refused": ObservationResult.REFUSED,
}

STATUSES = {
    204: (ObservationResult.EMPTY, "The answer has no content"),
    205: (ObservationResult.EMPTY, "The answer has no content"),
    206: (ObservationResult.TRANSIENT, "The server sent only a part of the page"),
    401: (ObservationResult.LOGIN_WALL, "The server asks for credentials"),
    404: (ObservationResult.GONE, "The server says that there is no such page"),
    407: (ObservationResult.BLOCKED, "A proxy asks for credentials"),
    408: (ObservationResult.TRANSIENT, "The server waited too long for the request"),
    410: (ObservationResult.GONE, "The server says that the page was removed for good"),
    425: (ObservationResult.TRANSIENT, "The server wants the request again later"),
    429: (ObservationResult.BLOCKED, "The server says that we ask too often"),
    451: (ObservationResult.BLOCKED, "The page is withheld for legal reasons"),
}

# A notice has few statements, each short; a login form has the most.
MOST_STATEMENTS = 14
LONGEST_STATEMENT = 160
LONGEST_NOTICE = 500
# A page with a "not found" title may say this much in its own words before it counts as live.
LONGEST_NOT_FOUND = 300


def classify(  # noqa: PLR0913 — what a server's answer consists of
    *,
    asked: str,
    failure: str | None = None,
    status: int | None = None,
    headers: Iterable[tuple[str, str]] = (),
    final_url: str = "",
    body: bytes = b"",
    extract: Extract | None = None,
    previous: str | None = None,
    previous_url: str = "",
) -> Classification:
    """The type of one look.

    Either `failure` (a kind of FetchError) or `status` with what came. `extract` may be left out;
    the body is then read here. `previous` is the text of the latest version, None before the first;
    `previous_url` where the latest good look ended (`asked` if nothing is given): a source that
    always redirected has not moved.

    Raises ValueError for an unknown failure, or when neither a failure nor a status is given.
    """
    if failure is not None:
        if failure not in FAILURES:
            raise ValueError(f"unknown failure: {failure}")
        return Classification(FAILURES[failure], f"The visit failed: {failure}")
    if status is None:
        raise ValueError("a look is a failure or an answer with a status")
    named = {name.lower(): value for name, value in headers}
    if "challenge" in named.get("cf-mitigated", "").lower():
        return Classification(
            ObservationResult.BLOCKED, "The server set us a challenge for browsers"
        )
    if not 200 <= status < 300 or status in STATUSES:
        return _by_status(status, previous)
    page = (
        extract
        if extract is not None
        else read_page(body, named.get("content-type", ""), final_url or asked)
    )
    if page.too_large:
        return Classification(
            ObservationResult.TOO_LARGE, "The page has more text or markup than we read"
        )
    notice = _notice(page, previous)
    if notice is not None:
        return notice
    return _by_address(page, asked, final_url or asked, previous, previous_url)


def _by_status(status: int, previous: str | None) -> Classification:
    if status in STATUSES:
        return Classification(*STATUSES[status])
    if status == 304:
        if previous is None:
            return Classification(
                ObservationResult.TRANSIENT,
                "The server says that nothing changed since a visit that we never made",
            )
        return Classification(ObservationResult.UNCHANGED, "The server says that nothing changed")
    if 300 <= status < 400:
        return Classification(
            ObservationResult.MOVED,
            f"The server points elsewhere (status {status}) without saying where",
        )
    if 400 <= status < 500:
        return Classification(
            ObservationResult.BLOCKED, f"The server refuses the request (status {status})"
        )
    return Classification(
        ObservationResult.TRANSIENT, f"The server is in trouble (status {status})"
    )


def _by_address(
    page: Extract, asked: str, final: str, previous: str | None, previous_url: str
) -> Classification:
    """Steps for a page that is no notice: redirected to a login or to a front page, empty,
    elsewhere, the same, new."""
    target = (
        page.refresh
        if page.refresh
        and len(page.core) <= LONGEST_NOT_FOUND
        and not _same_place(page.refresh, final)
        else final
    )
    asked_at, ended_at = _parts(asked), _parts(target)
    known_at = _parts(previous_url) if previous_url else asked_at
    redirected = not _same_place(asked, target)
    known = previous is not None and page.text == previous
    if redirected and _is_login(ended_at) and not _is_login(asked_at):
        return Classification(ObservationResult.LOGIN_WALL, "The visit ended at a login page")
    if (
        redirected
        and not _same_place(previous_url or asked, target)
        and _is_above(ended_at, known_at)
    ):
        return Classification(
            ObservationResult.SOFT_404,
            "The visit was sent to a page above the one that was asked for",
        )
    if (
        redirected
        and not known
        and not _same_place(previous_url or asked, target)
        and _is_sink(ended_at)
        and not _is_sink(asked_at)
    ):
        return Classification(
            ObservationResult.SOFT_404, "The visit was sent to a page for what is not found"
        )
    if _is_bare_shell(page, previous):
        return Classification(
            ObservationResult.EMPTY,
            "The page has a place for a text that its scripts would fill, and nothing else",
        )
    if not _says_anything(page.text):
        if page.media_type not in {
            "text/html",
            "application/xhtml+xml",
            "text/plain",
            "text/markdown",
        }:
            return Classification(
                ObservationResult.EMPTY,
                f"The answer is {page.media_type[:80]}, in which we read no text",
            )
        if target is not final:
            return Classification(
                ObservationResult.MOVED,
                "The page is empty and sends its readers to another address",
            )
        return Classification(
            ObservationResult.EMPTY, "The page holds no text without running its scripts"
        )
    if previous is not None and page.text == previous:
        return Classification(ObservationResult.UNCHANGED, "The text is the same")
    if target is not final or (
        previous is not None and not _same_place(previous_url or asked, target)
    ):
        return Classification(
            ObservationResult.MOVED,
            "The visit ended at another address, where the text is not the one we knew",
        )
    return Classification(ObservationResult.OK, "The page shows text")


# --- Addresses ------------------------------------------------------------------------------------

# Added by whoever shares a link; the page is the same without them.
_TRACKING = re.compile(
    r"utm_\w+|spm|scm|from|gclid|fbclid|share_\w+|src|ref|timestamp|_t", re.IGNORECASE
)
_LOGIN_PATH = re.compile(r"/(?:log-?in|sign-?in|passport|sso|visitor)(?:[/.]|$)", re.IGNORECASE)
_LOGIN_HOST = re.compile(r"(?:^|\.)(?:passport|login|sso|signin|accounts?)\.", re.IGNORECASE)
_INDEX = re.compile(r"/(?:index|default|home)\.\w{2,5}$|/$", re.IGNORECASE)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError:
        return urlsplit("")
    return parts


def _host(parts: SplitResult) -> tuple[str, int]:
    """The host without what does not tell sites apart, and the port where it is an unusual one."""
    port = parts.port or 0
    return re.sub(r"^(?:www|m|wap|mobile)\.", "", (parts.hostname or "").lower()), 0 if port in {
        80,
        443,
    } else port


def _path(parts: SplitResult) -> str:
    return _INDEX.sub("", unquote(parts.path))


def _same_place(first: str, other: str) -> bool:
    """Whether two addresses are one place: http or https, with or without www, a final slash,
    tracking, a title behind the path."""
    a, b = _parts(first), _parts(other)
    if _host(a) != _host(b):
        return False
    queries = [
        sorted(
            (key, value) for key, value in parse_qsl(parts.query) if not _TRACKING.fullmatch(key)
        )
        for parts in (a, b)
    ]
    if queries[0] != queries[1]:
        return False
    path_a, path_b = _path(a), _path(b)
    # "/p/123" answered as "/p/123/the-title"; the other way round something was taken away.
    return path_a == path_b or (path_a != "" and path_b.startswith(path_a + "/"))


def _is_login(parts: SplitResult) -> bool:
    return bool(_LOGIN_PATH.search(parts.path) or _LOGIN_HOST.search(parts.hostname or ""))


# Where servers send whatever they do not find: errors, a front page by its name, a language's root,
# a search.
_SINK = re.compile(
    r"(?:/[a-z]{2}(?:[-_][a-z]{2,4})?)?/(?:404|410|(?:page-?)?not-?found|errors?(?:/[\w-]*)?"
    r"|error[\w-]*|home(?:page)?|index|main|default|portal|search(?:/.*)?|sorry|unavailable"
    r"|offline|removed|gone)(?:\.\w{2,5})?/?",
    re.IGNORECASE,
)
_LANGUAGE_ROOT = re.compile(r"/(?:[a-z]{2}|zh-hans|zh-hant|[a-z]{2}[-_][a-z]{2})/?", re.IGNORECASE)


def _is_sink(parts: SplitResult) -> bool:
    return bool(_SINK.fullmatch(parts.path) or _LANGUAGE_ROOT.fullmatch(parts.path))


# What a page that its scripts fill may say around the place they fill: a footer.
LONGEST_SHELL = 200


def _is_bare_shell(page: Extract, previous: str | None) -> bool:
    """Whether a page is the frame that its scripts fill: a place for them, hardly a word, and
    nothing of what was there before."""
    return (
        page.is_shell and len(page.text) <= LONGEST_SHELL and not continues_any(page.text, previous)
    )


def continues_any(text: str, previous: str | None) -> bool:
    """Whether a text shares something with the one before it; not with none."""
    return bool(previous) and continues(text, previous or "")


def _is_above(ended: SplitResult, asked: SplitResult) -> bool:
    """Whether the visit ended at a front page, or on the same host at a directory above what was
    asked for."""
    path, wanted = _path(ended), _path(asked)
    if not wanted or ended.query:
        return False
    return path == "" or (_host(ended) == _host(asked) and wanted.startswith(path + "/"))


# --- Notices --------------------------------------------------------------------------------------

# The first kind that fits decides. Whatever may pass by itself (blocked, trouble) comes before "not
# found", so that a disappearance never rests on it.
_KINDS = (
    (ObservationResult.TOMBSTONE, TOMBSTONES, "The page says only that its content was removed"),
    (ObservationResult.BLOCKED, BLOCKS, "The page says only that we are kept out"),
    (ObservationResult.TRANSIENT, TROUBLES, "The page says only that the server is in trouble"),
    (ObservationResult.SOFT_404, NOT_FOUND, "The page says only that there is no such page"),
    (ObservationResult.LOGIN_WALL, LOGINS, "The page says only that one must log in"),
    (ObservationResult.EMPTY, SCRIPTS, "The page says only that it needs its scripts"),
)
# Spaces are taken from where they begin, and given back to nobody: a title of spaces alone would
# cost the square of its length.
_TITLE_PARTS = re.compile(r"(?:(?<!\s)\s++)?[|｜_·\-–—»«]\s*+")
_EDGES = " \t.,!?:;~…-—|\"'()[]《》「」、"


def _notice(page: Extract, previous: str | None) -> Classification | None:
    """The judgement of a page that is a notice and nothing else; None for every other page."""
    title_parts = {
        part for part in map(_folded, [page.title, *_TITLE_PARTS.split(page.title)]) if part
    }
    statements = _statements(page, title_parts)
    if statements is None:
        return None
    if not statements:
        # The main text says nothing of its own: the title speaks, or the card that the page offers
        # to others.
        return _judged(
            [
                *sorted(title_parts),
                *(
                    _folded(value)
                    for name, value in page.meta
                    if name in {"og:title", "description"}
                ),
            ]
        )
    if all(_judged([statement]) for statement in statements):
        return _judged(statements)
    title = _judged(title_parts)
    known = bool(previous) and continues(page.core, previous or "")
    if (
        title
        and title.type is ObservationResult.SOFT_404
        and len(page.core) <= LONGEST_NOT_FOUND
        and not known
    ):
        return Classification(
            ObservationResult.SOFT_404, "The title says that there is no such page"
        )
    if (
        page.asks_password
        and title
        and title.type is ObservationResult.LOGIN_WALL
        and len(page.core) <= LONGEST_NOT_FOUND
    ):
        return Classification(ObservationResult.LOGIN_WALL, "The page is a form to log in with")
    return None


def _statements(page: Extract, title_parts: set[str]) -> list[str] | None:
    """The statements of the main text, folded, without its furniture; None when there is too much
    of it for a notice."""
    if len(page.core) > LONGEST_NOTICE:
        return None
    links = {_folded(text) for text, _ in page.links}
    judged = []
    for line in page.core.split("\n"):
        whole = _folded(line)
        if whole in links or FURNITURE.fullmatch(whole):
            continue
        for sentence in sentences(line):
            statement = _folded(sentence)
            if not statement or statement in links or FURNITURE.fullmatch(statement):
                continue
            # The name of the site above a notice;
            # a title that is a notice itself counts as a statement.
            if statement in title_parts and not _judged([statement]):
                continue
            judged.append(statement)
    return judged if len(judged) <= MOST_STATEMENTS else None


def _judged(statements: Iterable[str]) -> Classification | None:
    """The first kind, in the order of `_KINDS`, that one of the statements is from beginning to
    end."""
    short = [statement for statement in statements if 0 < len(statement) <= LONGEST_STATEMENT]
    for kind, pattern, reason in _KINDS:
        for statement in short:
            # As it stands, then without the punctuation around it: "[deleted]" needs its brackets,
            # "404!" not its mark.
            if pattern.fullmatch(statement) or pattern.fullmatch(statement.strip(_EDGES)):
                return Classification(kind, f"{reason}: {statement}"[:300])
    return None


# --- The same page, or another --------------------------------------------------------------------

# In the weights of `anchors.weight`: four Han characters or two English words make a sentence that
# pages do not share by accident, six or three a clause. A text that says less than that is compared
# by all it says.
WORTH_SHARING = 8
WORTH_SHARING_IF_PART = 12
# Longer texts are compared by whole clauses only: the nearest passage of each sentence would take
# too long.
LONGEST_COMPARED = 8_000
MOST_COMPARED = 24


def continues(text: str, previous: str) -> bool:
    """Whether a text shares a sentence with the one before it, whole or in part, word for word or
    nearly so.

    What stands on every page of a site (its licence number, "help", "back to the front page") does
    not count. A page of which this is false may be a wall, an error or another page altogether.
    """
    least = min(WORTH_SHARING, _worth(previous), _worth(text))
    before = _pieces(previous, least)
    if not before.isdisjoint(_pieces(text, least)):
        return True
    if max(len(text), len(previous)) > LONGEST_COMPARED:
        return False
    passages = [
        sentence.strip()
        for sentence in sentences(text)
        if _worth(sentence) >= WORTH_SHARING_IF_PART and not _is_furniture(sentence)
    ]
    return any(
        sight(Quote(sentence), previous).kind is not Sight.ABSENT
        for sentence in passages[:MOST_COMPARED]
    )


def _worth(text: str) -> int:
    return weight(text[:LONGEST_COMPARED])


def _pieces(text: str, least: int) -> set[str]:
    """The sentences and clauses of a text that are worth sharing, as quotes are compared."""
    pieces = set()
    for sentence in sentences(text):
        if _is_furniture(sentence):
            continue
        parts = clauses(sentence)
        for piece, enough in (
            (sentence, least),
            *((part, WORTH_SHARING_IF_PART) for part in parts if len(parts) > 1),
        ):
            if weight(piece) >= enough:
                pieces.add(fold(piece).lower().strip(_EDGES))
    return pieces


def _is_furniture(sentence: str) -> bool:
    return len(sentence) <= LONGEST_STATEMENT and FURNITURE.fullmatch(_folded(sentence)) is not None


def _says_anything(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _folded(text: str) -> str:
    folded = fold(text[: 2 * LONGEST_NOTICE]).lower().rstrip(".!?。~… ")
    return folded if any(character.isalnum() for character in folded) else ""

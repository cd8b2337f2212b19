"""What every public page promises: its bytes are the same for every reader, they name what they
show, and caches may keep them as long as they ask each time whether they still hold.

`public_page` says it of a view; `config.public_pages` makes the answer of it, and keeps it in front
of Django (reports.pages.page_cache) if the view said what it shows with `shows`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase
from django.template.response import SimpleTemplateResponse

from claims.compiled_queries import SLOT, PreparedStatement
from reports.pages.dependencies import CHECKPOINT, EVERYTHING

P = ParamSpec("P")


@dataclass
class Shown:
    """What a page shows. Without `is_kept` it is made anew for each reader: it shows what no key
    names."""

    keys: set[str] = field(default_factory=set)
    is_kept: bool = False
    is_list: bool = False


def public_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """For a view that shows everyone the same. Whoever asks, it sees nobody."""

    @wraps(view)
    def answered(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        request.user = AnonymousUser()
        request.public_page = Shown()  # type: ignore[attr-defined]  # Django's request has no place for what is ours
        response = view(request, *args, **kwargs)
        return response.render() if isinstance(response, SimpleTemplateResponse) else response

    return answered


def shown_by(request: HttpRequest) -> Shown:
    """What the view has said of its page so far. Raises AttributeError for a view without
    `public_page`."""
    shown: Shown = request.public_page  # type: ignore[attr-defined]  # put there by public_page, as above
    return shown


def shows(request: HttpRequest, *keys: str, as_list: bool = False) -> None:
    """Say that the answer is a function of its address and of what these keys name (of nothing that
    changes, if there are none). `as_list`: of many things, each of which may be a second old."""
    shown = shown_by(request)
    shown.keys.update(keys)
    shown.is_kept, shown.is_list = True, shown.is_list or as_list


def shows_entries(request: HttpRequest) -> None:
    """Say that it also shows where in the log the last changes of these things stand: as long as
    one of them waits for its checkpoint, each new one concerns the page."""
    shown = shown_by(request)
    if _wait_for_checkpoint(shown.keys):
        shown.keys.add(CHECKPOINT)


def made_now(request: HttpRequest) -> None:
    """Say that the answer depends on the clock: it is kept for nobody."""
    shown_by(request).is_kept = False


#: Whether changes of several keys may still be missing in the log, or in its last checkpoint. A
#: change and its row in the outbox have the time of one statement.
_WAIT: Final = PreparedStatement(
    lambda: (
        """
        SELECT (SELECT size FROM ledger_tree)
                IS DISTINCT FROM (SELECT max(size) FROM ledger_checkpoint)
            OR EXISTS (
                SELECT FROM reports_pagechange
                WHERE key = ANY(%s) AND at >= (
                    SELECT min(queued_at) FROM ledger_pending WHERE error = ''
                )
            )
        """,
        (SLOT,),
    ),
    "text[]",
)


def _wait_for_checkpoint(keys: set[str]) -> bool:
    [(waiting,)] = _WAIT.ask([*keys, EVERYTHING])
    return bool(waiting)

"""Forms outlive a session, and are sent once.

Every form of a signed-in page carries a key (`{% form_key %}`): random, and signed for the account
that opened the page and for its address. Who sends a form after the session has ended signs in
again and finds it filled in (`keep`, `refill`); what was typed waits in the browser's session,
encrypted, for that account alone. A form that comes twice, by Back or a second click, is done once
(`once`).
"""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django import forms
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.datastructures import MultiValueDict
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts.models import SentForm, User
from ledger.sealing import seal_apart, unseal_apart
from ui.languages import in_page_language, without_language

NAME: Final = "form_key"
SALT: Final = "accounts.saved_forms"
#: How long a page may lie open, and for how long what was typed is kept.
OPEN_FOR: Final = timedelta(days=7)
SAVED_FOR: Final = timedelta(hours=12)
SENT_FOR: Final = timedelta(days=30)
MOST: Final = 1_500_000
PURPOSE: Final = "kept_form"
#: Parts of a form that say nothing of what was typed.
OWN: Final = frozenset({NAME, "csrfmiddlewaretoken"})


def new_key(request: HttpRequest) -> str:
    """The key of one form of the page that answers this request; empty for anonymous visitors."""
    if not isinstance(request.user, User):
        return ""
    page = page_of_form(request)
    return signing.dumps(
        {"n": secrets.token_urlsafe(12), "u": _of(request.user), "p": page}, salt=SALT
    )


def page_of_form(request: HttpRequest) -> str:
    """The page on which a form stands: some are sent to an address that only takes them. By its
    permanent address, so that what was typed is found again in the other language."""
    opened = _opened(request) if request.method == "POST" else None
    return opened["p"] if opened else page_of_request(request)


def page_of_request(request: HttpRequest) -> str:
    """What was asked for, by its permanent address."""
    return without_language(request.get_full_path())


def _of(user: User) -> str:
    return salted_hmac(SALT, str(user.pk), algorithm="sha256").hexdigest()[:24]


def _opened(request: HttpRequest) -> dict[str, str] | None:
    """What the key of the form that was sent says, if it is one of ours."""
    try:
        content: dict[str, str] = signing.loads(
            request.POST.get(NAME, ""), salt=SALT, max_age=OPEN_FOR
        )
    except signing.BadSignature:
        return None
    return content


# --- a session that was lost ----------------------------------------------------------------------


def save_form(request: HttpRequest) -> str | None:
    """Keep what was typed into a form of ours for the account that opened it. The address of its
    page, or None for any other form.

    Only a form that a signed-in account was given is kept, so anonymous visitors fill no sessions.
    """
    opened = _opened(request) if request.method == "POST" else None
    if opened is None or (isinstance(request.user, User) and opened["u"] != _of(request.user)):
        return None
    typed = urlencode(
        [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name not in OWN
        ]
    )
    if len(typed) > MOST:
        return None
    sealed = base64.b64encode(seal_apart(PURPOSE, typed)).decode()
    request.session[PURPOSE] = {
        "user": opened["u"],
        "page": opened["p"],
        "at": time.time(),
        "typed": sealed,
    }
    return opened["p"]


def redirect_to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and from there back to where one was: for a form, to its page."""
    page = save_form(request)
    if page is not None:
        sentence = _(
            "You were signed out. Nothing is saved yet, but we kept your text: it is in the form "
            "again once you sign in."
        )
        if request.FILES:
            sentence += " " + _("Please choose the files again.")
        messages.warning(request, sentence)
    answer: HttpResponse = redirect_to_login(
        in_page_language(page) if page else _return_address(request)
    )
    if request.headers.get("HX-Request"):  # a part of a page cannot show the sign-in
        answer = HttpResponse(status=204, headers={"HX-Redirect": answer["Location"]})
    return answer


def keep_for_return(request: HttpRequest) -> str:
    """Keep what was typed, and give the address of the page to come back to after something else
    was asked for."""
    page = save_form(request)
    return in_page_language(page) if page else _return_address(request)


def _return_address(request: HttpRequest) -> str:
    """Where to go on after signing in: the page itself, or the one whose button was pressed."""
    referer = request.headers.get("Referer", "")
    if request.method != "POST" or not url_has_allowed_host_and_scheme(
        referer, {request.get_host()}
    ):
        return request.get_full_path()
    parts = urlsplit(referer)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form from before the last sign-in is shown again, filled in. Any other form without its
    token is refused, nothing is kept."""
    page = save_form(request)
    if page is None:
        return render(request, "403_csrf.html", {"reason": reason}, status=403)
    if not request.user.is_authenticated:
        return redirect_to_sign_in(request)
    return redirect(in_page_language(page))


def _restored(request: HttpRequest) -> QueryDict | None:
    """What was typed into a form of this page before the session was lost, by this very account."""
    if (
        not isinstance(request.user, User)
        or request.method not in {"GET", "HEAD"}
        or PURPOSE not in request.session
    ):
        return None
    held = request.session[PURPOSE]
    if held["user"] != _of(request.user) or time.time() - held["at"] > SAVED_FOR.total_seconds():
        del request.session[PURPOSE]
        return None
    if held["page"] != page_of_request(request):
        return None
    try:
        typed = unseal_apart(PURPOSE, base64.b64decode(held["typed"], validate=True))
    except binascii.Error:
        typed = None
    return QueryDict(typed) if typed else None


def saved_text(request: HttpRequest, name: str) -> str:
    """One text of a form that has no form class; empty if nothing was kept."""
    typed = _restored(request)
    return typed.get(name, "") if typed is not None else ""


def _discard(request: HttpRequest, page: str) -> None:
    if PURPOSE in request.session and request.session[PURPOSE].get("page") == page:
        del request.session[PURPOSE]


def refill(request: HttpRequest, *opened: forms.Form, do: str | None = None) -> None:
    """Fill in the forms of a page with what was typed before the session was lost. `do` says which
    of several forms these are.

    A version that a form carried is filled in too: what was changed since is then seen. The first
    sending forgets what was kept.
    """
    if request.method == "POST":
        _discard(request, page_of_request(request))
        return
    typed = _restored(request)
    if typed is None or (do is not None and typed.get("do") != do):
        return
    for form in opened:
        for name, field in form.fields.items():
            if not isinstance(field, forms.FileField):
                form.initial[name] = field.widget.value_from_datadict(
                    typed, MultiValueDict(), form.add_prefix(name)
                )
        form.refilled = True  # type: ignore[attr-defined]  # templates open what is folded
    if not getattr(request, "told_of_kept", False):
        request.told_of_kept = True  # type: ignore[attr-defined]  # said once, however many forms
        messages.info(
            request, _("Your text is back in the form but not saved yet. Check it, then submit.")
        )


# --- a form that comes twice ----------------------------------------------------------------------


class AlreadySentError(ValidationError):
    """This form was sent and done before, with other content."""

    def __init__(self, location: str) -> None:
        sentence = _(
            "You submitted this form before; it is saved at %(where)s. Later changes are "
            "not saved. To change something, correct it there. Submit this form again "
            "only to add a second one."
        )
        super().__init__(sentence % {"where": location}, code="sent_before")


def run_once(request: HttpRequest, run: Callable[[], str]) -> str:
    """Do what a form asks for, once: `run` gives the address to go on to. Sent again it leads there
    and does nothing.

    Both in one transaction, under a unique constraint: of two at the same time one waits for the
    other. Raises what `run` raises, and AlreadySentError if the form came with other content than
    the first time.
    """
    opened = _opened(request)
    if opened is None:
        return run()
    user, now, content = request.user, timezone.now(), _content(request)
    assert isinstance(user, User)
    if opened["u"] != _of(user):
        raise ValidationError(
            _(
                "Another account opened this form. Nothing was saved. Reload the page to fill it "
                "in as yours."
            )
        )
    SentForm.objects.filter(user=user, sent_at__lt=now - SENT_FOR).delete()
    with transaction.atomic():
        sent, first = SentForm.objects.get_or_create(
            user=user, key=opened["n"], defaults={"content": content, "sent_at": now}
        )
        if first:
            sent.location = without_language(run())
            sent.save(update_fields=["location"])
    _discard(request, opened["p"])
    location = in_page_language(sent.location)
    if first:
        return location
    if sent.content != content:
        raise AlreadySentError(location)
    messages.info(request, _("You submitted this form before. It is saved once."))
    return location


def _content(request: HttpRequest) -> str:
    typed: list[Any] = sorted(
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in OWN
    )
    files = sorted(
        (name, file.name, file.size) for name, values in request.FILES.lists() for file in values
    )
    return salted_hmac(SALT, repr((typed, files)), algorithm="sha256").hexdigest()

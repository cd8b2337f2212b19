"""A page with several small forms, each of which calls one action: its `do` says which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.saved_forms import refill, run_once
from claims.editing import RowChangedError, clash, refused_status


class FormAction(NamedTuple):
    """One form of a page: `make(data)` gives it, `run(**cleaned)` calls the action, `said` tells
    that it was done."""

    make: Callable[[Any], forms.Form]
    run: Callable[..., object]
    message: str


def multi_form_page(
    request: HttpRequest, acts: Mapping[str, FormAction], template: str, context: dict[str, Any]
) -> HttpResponse:
    """The page, with the form that was sent and what is wrong with it; after an action the page
    anew. Raises Http404 for another `do`."""
    do = request.POST.get("do", "") if request.method == "POST" else ""
    made = {name: act.make(request.POST if name == do else None) for name, act in acts.items()}
    for name, form in made.items():
        form.auto_id = f"{name}_%s"  # forms of one page have fields of one name
        refill(request, form, do=name)
    if request.method == "POST":
        if do not in acts:
            raise Http404
        if made[do].is_valid():
            try:
                location = run_once(request, lambda: _run(request, acts[do], made[do]))
            except ValidationError as error:
                made[do].add_error(None, error.messages)
            except RowChangedError as changed:
                clash(made[do], changed)
            else:
                return redirect(location)
    return render(
        request,
        template,
        {**context, "forms": made},
        status=refused_status(made[do]) if do else 200,
    )


def _run(request: HttpRequest, act: FormAction, form: forms.Form) -> str:
    act.run(**form.cleaned_data)
    messages.success(request, act.message)
    return request.path

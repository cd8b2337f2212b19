"""Pieces that stand on many pages: a button shows the sentence that stands against it, and decides
nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.utils.translation import gettext_lazy


def shown(source: str, **context: Any) -> str:
    return Template(source).render(Context(context))


def test_a_button_without_an_objection_can_be_pressed() -> None:
    assert (
        shown('{% button look="second" %}\n  Send it\n{% endbutton %}')
        == '<button class="second">Send it</button>'
    )
    assert (
        shown('{% button name="do" value="go" data_handle=True %}Go{% endbutton %}')
        == '<button name="do" value="go" data-handle>Go</button>'
    )


@pytest.mark.parametrize("nothing", [None, "", [], ()])
def test_no_reason_in_any_form_leaves_it_open(nothing: object) -> None:
    assert shown("{% button why=why %}Go{% endbutton %}", why=nothing) == "<button>Go</button>"


@pytest.mark.parametrize("sentence", ["Sign in to do this.", gettext_lazy("Sign in to do this.")])
def test_one_sentence_stands_after_the_button(sentence: object) -> None:
    markup = shown("{% button why=why %}Go{% endbutton %}", why=sentence)
    assert (
        markup == '<button disabled>Go</button> <span class="small why">Sign in to do this.</span>'
    )


def test_several_stand_before_it_as_a_list() -> None:
    markup = shown("{% button why=why %}Go{% endbutton %}", why=["First.", "Second."])
    assert (
        markup
        == '<ul class="gates"><li>First.</li><li>Second.</li></ul><button disabled>Go</button>'
    )


def test_a_link_that_may_not_be_followed_is_a_button_that_cannot_be_pressed() -> None:
    source = '{% button href="/there/" why=why look="second" data_handle=True %}Go{% endbutton %}'
    assert shown(source, why=None) == '<a class="button second" href="/there/" data-handle>Go</a>'
    assert (
        shown(source, why="Not yet.")
        == '<button disabled>Go</button> <span class="small why">Not yet.</span>'
    )


def test_what_it_is_handed_is_escaped_and_its_label_is_markup_of_the_template() -> None:
    hostile = '"><script>alert(1)</script>'
    for handed in ("why=hostile", "look=hostile", "value=hostile", "href=hostile", "why=reasons"):
        markup = shown(
            "{% button " + handed + " %}Go{% endbutton %}", hostile=hostile, reasons=[hostile]
        )
        assert "<script" not in markup, handed
    assert "<script" not in shown("{% button %}{{ hostile }}{% endbutton %}", hostile=hostile)
    assert (
        shown("{% button %}<kbd>?</kbd> keys{% endbutton %}")
        == "<button><kbd>?</kbd> keys</button>"
    )


def test_a_component_that_is_not_closed_fails_where_the_template_is_loaded() -> None:
    with pytest.raises(TemplateSyntaxError):
        Template("{% button %}Go")


def test_a_button_that_posts_carries_token_and_key(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.templatetags.form_keys.new_key", lambda request: "k1")
    source = '{% post_button "/do/it/" look="plain" aria_label=label %}Do it{% endpost_button %}'
    markup = shown(source, csrf_token="t1", request=rf.get("/"), label="Do “it”")
    assert markup == (
        '<form method="post" action="/do/it/">'
        '<input type="hidden" name="csrfmiddlewaretoken" value="t1">'
        '<input type="hidden" name="form_key" value="k1">'
        '<button aria-label="Do “it”" class="plain">Do it</button></form>'
    )


def test_a_photo_keeps_its_room_and_waits_until_it_comes_near() -> None:
    size = SimpleNamespace(width=320, height=240)
    hostile = '"><script>'
    assert shown('{% photo "/a.jpg" size alt=alt %}', size=size, alt="A hood") == (
        '<img src="/a.jpg" alt="A hood" height="240" loading="lazy" width="320">'
    )
    own = shown('{% photo "/a.jpg" size lazy=False draggable="false" %}', size=size)
    assert own == '<img src="/a.jpg" alt="" draggable="false" height="240" width="320">'
    assert "<script" not in shown("{% photo src size alt=src %}", size=size, src=hostile)

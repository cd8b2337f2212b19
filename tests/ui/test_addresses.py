"""Addresses that are composed once are those that Django would compose each time."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.template import engines
from django.urls import NoReverseMatch, reverse
from django.utils.translation import override

from ui.languages import address, permanent_address

VIEWS: list[tuple[str, tuple[object, ...]]] = [
    ("reports:front", ()),
    ("reports:claim", ("AC-0000-0000",)),
    ("reports:version", (UUID(int=7), 3)),
    ("reports:version", (UUID(int=7), 31)),
    ("reports:entry", (7,)),
    ("api-docs", ()),
]


def shown(template: str, **context: object) -> str:
    return engines["django"].from_string(template).render(context)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(("view", "arguments"), VIEWS)
def test_an_address_is_that_of_django_in_the_language_of_the_page(
    view: str, arguments: tuple[object, ...], language: str
) -> None:
    with override(language):
        wanted = reverse(view, args=arguments)
        assert address(view, *arguments) == address(view, *arguments) == wanted
        names = {f"a{place}": argument for place, argument in enumerate(arguments)}
        assert shown(f"{{% url view {' '.join(names)} %}}", view=view, **names) == wanted
        tag = f"{{% url view {' '.join(names)} as it %}}<{{{{ it }}}}>"
        assert shown(tag, view=view, **names) == f"<{wanted}>"


def test_the_permanent_address_is_the_same_in_both_languages() -> None:
    found = set()
    for language in ("en", "zh-hans"):
        with override(language):
            found.add(permanent_address("reports:claim", "AC-0000-0000"))
    assert len(found) == 1
    assert "/en/" not in found.pop()


def test_an_address_is_escaped_as_django_escapes_it() -> None:
    named = "{% url 'reports:report-file' ref file %}"
    wanted = reverse("reports:report-file", args=["AC-0000-0000", "a&b'.html"])
    assert shown(named, ref="AC-0000-0000", file="a&b'.html") == wanted.replace(
        "&", "&amp;"
    ).replace("'", "&#x27;")
    assert shown(
        f"{{% autoescape off %}}{named}{{% endautoescape %}}", ref="AC-0000-0000", file="a&b'.html"
    ) == (wanted)


def test_a_view_that_is_not_there_is_an_error_unless_it_is_asked_for_a_name() -> None:
    for _again in range(2):
        with pytest.raises(NoReverseMatch):
            address("reports:nowhere")
        with pytest.raises(NoReverseMatch):
            shown("{% url 'reports:nowhere' %}")
    assert shown("{% url 'reports:nowhere' as it %}[{{ it }}]") == "[]"


def test_named_arguments_are_taken() -> None:
    wanted = reverse("reports:claim", kwargs={"ref": "AC-0000-0000"})
    assert shown("{% url 'reports:claim' ref='AC-0000-0000' %}") == wanted
